"""What comes late: an answer after a cancel, lines after a cut download, a fault after the provider said yes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batchata_nb.core.errors import ProviderError
from batchata_nb.core.results import Reply
from batchata_nb.providers.base import BatchStatus
from batchata_nb.runs import watching
from tests.runs.edge import Desk, job, ok


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def outcomes(drive):
    return [drive.state.state_of(row) for row in range(drive.state.total)]


def lost(*, accepted: bool, error: Exception | None = None):
    found = error or ProviderError("timeout", ambiguous=True, retryable=True)
    found.accepted = accepted
    return found


@pytest.mark.parametrize("how", ["cancel", "time limit"])
@pytest.mark.parametrize("fate", ["refused for now", "not accepted", "turned away"])
def test_nothing_is_sent_after_a_cancel(desk, how, fate):
    """A submission under way that comes back unsent, once the run is cancelled or its time is over, stays unsent."""
    if fate == "refused for now":
        desk.edge.submitting = [ProviderError("slow down", retryable=True, quota=True)]
    elif fate == "not accepted":
        desk.edge.submitting = [lost(accepted=False)]
    else:
        desk.edge.polling = [BatchStatus("ended", "failed", reason="queue is full", rejected=True, quota=True)]
    desk.parked = []
    drive = desk.start([job(0), job(1)], time_limit=60.0 if how == "time limit" else None)
    drive.step()
    if how == "cancel":
        drive.command("cancel", {})
    else:
        desk.clock.at += 61
        drive.step()
    parked, desk.parked = desk.parked, None
    for call in parked:
        call()

    desk.run(drive)

    assert 1 == desk.edge.calls.count("submit")
    assert (["cancelled"] * 2, "cancelled") == (outcomes(drive), drive.state.over)
    assert {0: "cancelled", 1: "cancelled"} == drive.state.kinds or {"time_limit"} == set(drive.state.kinds.values())
    assert not drive.state.ledger.outstanding


@pytest.mark.parametrize(
    "error", [TypeError("odd"), ProviderError("failed in an unexpected way (KeyError)", ambiguous=True)]
)
@pytest.mark.parametrize("accepted", [True, False])
def test_an_unexpected_fault_while_sending_proves_nothing(desk, error, accepted):
    """The provider may have accepted it: its list is asked. What it lacks failed, and is not sent again and again."""
    desk.edge.submitting = [lost(accepted=accepted, error=error)]
    drive = desk.run(desk.start([job(0)], limit="1"))

    assert ["succeeded" if accepted else "errored"] == outcomes(drive)
    assert 1 == desk.edge.calls.count("submit")
    assert (Decimal("0.0002") if accepted else 0) == drive.state.ledger.spent


def test_a_download_that_ends_early_is_looked_at_again(desk):
    """Lines that did not come may be there the next time: they are looked for before they count as missing."""
    passes = []

    def replies(batch_id, row):
        if row.job.id == "job-0":
            passes.append(batch_id)
        return [] if row.job.id == "job-2" and len(passes) < 2 else [ok(row)]

    desk.edge.replies = replies
    drive = desk.run(desk.start([job(n) for n in range(3)], limit="1"))

    assert (["succeeded"] * 3, 1) == (outcomes(drive), desk.edge.calls.count("submit"))
    assert Decimal("0.0006") == drive.state.ledger.spent


def test_a_line_that_never_comes_is_missing(desk):
    """After some looks the row is missing, booked at its worst case, and sent again within its attempts."""
    desk.edge.replies = lambda batch_id, row: [] if batch_id == "b1" else [ok(row)]
    drive = desk.run(desk.start([job(0)], limit="1"))

    assert (["succeeded"], 2) == (outcomes(drive), desk.edge.calls.count("submit"))
    assert Decimal("0.0022") == drive.state.ledger.spent
    assert 2 < desk.edge.calls.count("fetch")


@pytest.mark.parametrize("call", ["polling", "fetching"])
def test_a_batch_that_the_provider_does_not_know_any_more_is_settled(desk, call, monkeypatch):
    """Deleted, or kept no longer: after a day of such answers its rows are missing, booked at their worst case."""
    assert 24 * 3600 == watching.GONE_AFTER
    monkeypatch.setattr(watching, "GONE_AFTER", 1200.0)
    gone = ProviderError("does not know what was asked for", status=404)
    if call == "polling":
        desk.edge.polling = [gone] * 1000
    else:
        desk.edge.fetch = lambda *_: (_ for _ in ()).throw(gone)
    drive = desk.start([job(0)], limit="1")
    start = desk.clock.at
    desk.run(drive, most=2000)

    assert (["missing"], Decimal("0.002")) == (outcomes(drive), drive.state.ledger.spent)
    assert desk.clock.at - start >= 1200
    assert 1 == desk.edge.calls.count("submit")


def test_passing_faults_never_settle_a_batch(desk):
    """Hours of failing polls are weather: the batch is waited for."""
    desk.edge.polling = [ProviderError("fault", status=500, retryable=True)] * 10
    drive = desk.start([job(0)], limit="1")
    desk.run(drive, most=4000)

    assert ["succeeded"] == outcomes(drive)


def test_a_good_line_counts_beside_a_bad_one_of_the_same_row(desk):
    """Two lines for one row: it is said, and the row is not sent again."""
    desk.edge.replies = lambda batch_id, row: [
        ok(row),
        Reply(row.row_id, "errored", error_kind="provider_error", error="x", retryable=True),
    ]
    drive = desk.run(desk.start([job(0)]))

    assert (["succeeded"], 1) == (outcomes(drive), desk.edge.calls.count("submit"))
    assert any("a second line for row 0" in text for _, text in drive.state.log)
