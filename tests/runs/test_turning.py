"""A provider that takes one way of two, step by step: what goes out in the other way, and what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from batchata_nb.core.errors import ProviderError
from batchata_nb.core.results import Reply
from batchata_nb.providers.base import BatchStatus, Row
from batchata_nb.runs.commands import command
from tests.runs.edge import LIMITS, Desk, Edge, job, ok

RUNNING = BatchStatus("running", "in_progress")


@dataclass
class Picky(Edge):
    """An edge whose requests are put in the way `one` at first, and in `two` once somebody speaks of a form."""

    ways: dict[str, str] = field(default_factory=dict)

    def first_way(self) -> str:
        return "one"

    def submit_in(self, way: str, tag: str, rows: Sequence[Row]) -> str:
        batch_id = self.submit(tag, rows)
        self.ways[batch_id] = way
        return batch_id

    def other_way(self, way: str, model: str, said: str) -> str | None:
        return "two" if way == "one" and "form" in said else None


def refused(row: Row) -> Reply:
    return Reply(row.row_id, "errored", error_kind="invalid_request", error="400: this form is not supported")


def number(row: Row) -> int:
    return int(row.row_id.rpartition("-")[2])


def test_what_the_user_sends_again_meanwhile_goes_out_once(tmp_path):
    """Refused rows of which a retry was asked before their batch was read to its end are not sent once more by it."""
    answered: Counter[int] = Counter()
    asked: list[bool] = []

    def replies(batch_id: str, row: Row) -> list[Reply]:
        if batch_id == "b1":
            if number(row) == 205 and not asked:  # the first chunk has landed
                asked.append(True)
                command(drive, "retry_failed", {})
                edge.polling += [RUNNING] * 3
                drive.step()
            return [refused(row)]
        answered[number(row)] += 1
        return [ok(row)]

    edge = Picky(limits=replace(LIMITS, rows=300), replies=replies)
    desk = Desk(tmp_path / "s.db", edge)
    drive = desk.start([job(n) for n in range(250)], max_parallel=5)
    desk.run(drive)

    assert dict.fromkeys(range(250), 1) == dict(answered)
    assert [("one", 250), ("one", 200), ("two", 50)] == [(edge.ways[b], len(rows)) for b, rows in edge.batches.items()]


def test_a_row_that_failed_in_passing_beside_answers_is_sent_again(tmp_path):
    """Its words may sound like those of a refusal: what was answered beside it shows that the way is taken."""
    tried: Counter[int] = Counter()

    def replies(_: str, row: Row) -> list[Reply]:
        tried[number(row)] += 1
        if number(row) == 1 and tried[1] == 1:
            return [
                Reply(row.row_id, "errored", error_kind="provider_error", error="500: no form of life", retryable=True)
            ]
        return [ok(row)]

    desk = Desk(tmp_path / "s.db", Picky(replies=replies))
    drive = desk.run(desk.start([job(n) for n in range(3)]))

    assert (3, {0: 1, 1: 2, 2: 1}) == (drive.state.counts["succeeded"], dict(tried))


def test_what_was_found_is_known_to_later_runs_however_many_rows_it_was_found_by(tmp_path):
    """Every other row is reused, so that those that were refused stand apart; the next run does not ask again."""
    edge = Picky(limits=replace(LIMITS, rows=1000))
    desk = Desk(tmp_path / "s.db", edge)
    desk.run(desk.start([job(n) for n in range(0, 600, 2)]))
    edge.replies = lambda batch_id, row: [refused(row) if edge.ways[batch_id] == "one" else ok(row)]
    drive = desk.start([job(n) for n in range(600)], name="all")
    desk.run(drive)
    with desk.store._write() as db:
        db.execute("UPDATE runs SET spec = json_set(spec, '$.base_url', 'http://localhost:1/v1')")

    assert "two" == desk.store.way("http://localhost:1/v1", "edge", "m", 0.0)


def test_what_is_said_of_the_list_decides_no_way(tmp_path):
    """A lost submission is put in another way for what its own call met, not for what kept its list from being read."""
    lost = ProviderError("no answer", retryable=True, ambiguous=True)
    unread = ProviderError("the form of the list is odd", retryable=True)
    edge = Picky(submitting=[lost], finds=[unread])
    desk = Desk(tmp_path / "s.db", edge)
    drive = desk.run(desk.start([job(0)]))

    assert (1, ["one"]) == (drive.state.counts["succeeded"], list(edge.ways.values()))


@pytest.mark.parametrize("rule", ["CERTIFICATE", "NO_TLS"])
def test_https_that_is_refused_midway_fails_no_job(tmp_path, rule):
    """The log-in page of another network, say: the run stops with the reason, and goes on when told to."""
    from batchata_nb.providers import errors

    desk = Desk(tmp_path / "s.db", Edge(submitting=[ProviderError(f"It {getattr(errors, rule).says}")]))
    drive = desk.run(desk.start([job(n) for n in range(3)]))
    stood = drive.state.over, drive.state.counts["held"], drive.state.message
    command(drive, "resume", {})
    desk.run(drive)

    assert ("failed", 3, f"It {getattr(errors, rule).says}") == stood
    assert 3 == drive.state.counts["succeeded"]
