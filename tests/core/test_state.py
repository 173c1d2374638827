"""The life of a submission and of its jobs, and what is due when."""

import json
from decimal import Decimal

import pytest

from batchata_nb.core import events as ev
from batchata_nb.core.due import Action, due, poll_delay, retry_delay
from batchata_nb.core.errors import StateError
from batchata_nb.core.snapshot import summary
from batchata_nb.core.state import RunState, apply


def started(total: int = 4, **options: object) -> RunState:
    state = RunState("r1", "invoices")
    apply(state, ev.Started(100.0, total, **options))  # type: ignore[arg-type]
    return state


def sent(state: RunState, rows: tuple[int, ...] = (0, 1), tag: str = "r1-1", reserved: str = "1") -> None:
    apply(state, ev.Submitting(101.0, tag, "openai", "gpt-6-sol", rows, reserved))


def test_a_job_goes_from_pending_to_succeeded():
    """Each event moves exactly the jobs it names, and the counts follow."""
    state = started()

    sent(state)
    apply(state, ev.Submitted(102.0, "r1-1", "batch_1"))
    apply(state, ev.Ended(103.0, "r1-1", "completed", {}))
    apply(
        state, ev.Landed(104.0, "r1-1", ((0, "succeeded", None, False), (1, "invalid", "truncated", False)), "0.2", "1")
    )
    apply(state, ev.Closed(105.0, "r1-1"))

    assert ["succeeded", "invalid", "pending", "pending"] == [state.state_of(row) for row in range(4)]
    assert {"succeeded": 1, "invalid": 1, "pending": 2} == {k: v for k, v in state.counts.items() if v}
    assert Decimal("0.2") == state.ledger.spent
    assert Decimal(0) == state.ledger.outstanding


@pytest.mark.parametrize(
    "event",
    [
        ev.Submitted(1.0, "r1-1", "b"),
        ev.Landed(1.0, "r1-1", (), "0", "0"),
        ev.Closed(1.0, "r1-1"),
        ev.Polled(1.0, "r1-1", "running", "in_progress"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_impossible_event_changes_nothing(event):
    """An event that cannot follow is refused, and the state stays as it was."""
    state = started()
    before = (bytes(state.status), dict(state.counts), state.seq)

    with pytest.raises(StateError, match="cannot follow"):
        apply(state, event)

    assert before == (bytes(state.status), dict(state.counts), state.seq)


def test_a_failed_submission_gives_back_its_money_and_its_attempt():
    """What was provably not accepted costs nothing and counts as no attempt."""
    state = started(limit="5")
    sent(state, reserved="3")

    apply(state, ev.SubmitFailed(102.0, "r1-1", "429", retry_at=130.0))

    assert Decimal(5) == state.ledger.free
    assert [0, 0, 0, 0] == list(state.attempts)
    assert [] == due(state, 110.0)
    assert [Action("plan")] == due(state, 131.0)


def test_an_uncertain_submission_keeps_its_reservation_and_is_looked_up():
    """While it is not known whether a batch was accepted, its money stays reserved and nothing of it is sent."""
    state = started(2, limit="5")
    sent(state, reserved="3")

    apply(state, ev.SubmitUncertain(102.0, "r1-1", "timeout"))

    assert Decimal(2) == state.ledger.free
    assert [Action("find", "r1-1")] == due(state, 103.0)


def test_again_sends_a_row_once_more():
    """A row that failed in passing is pending again, and no longer counts as failed."""
    state = started(1)
    sent(state, rows=(0,))
    apply(state, ev.Submitted(102.0, "r1-1", "b"))
    apply(state, ev.Ended(103.0, "r1-1", "ended", {}))

    apply(state, ev.Landed(104.0, "r1-1", ((0, "errored", "provider_error", True),), "0", "1"))

    assert "pending" == state.state_of(0)
    assert {} == state.kinds
    assert 1 == state.submissions["r1-1"].accounted


def test_the_time_limit_cancels():
    """When the deadline has passed the run is stopped: pending jobs are cancelled, open batches are asked to end."""
    state = started(4, time_limit=60.0)
    sent(state)
    apply(state, ev.Submitted(102.0, "r1-1", "b"))
    state.submissions["r1-1"].next_at = 1e9

    assert [Action("stop")] == due(state, 160.0)
    apply(state, ev.CancelAsked(160.0, "time_limit"))
    state.submissions["r1-1"].next_at = 0.0

    assert [Action("cancel", "r1-1")] == due(state, 161.0)
    assert 2 == state.counts["cancelled"]


def test_raising_the_limit_releases_held_jobs():
    """Held jobs go on when the ceiling is raised."""
    state = started(2, limit="0.01")
    apply(state, ev.Over(101.0, "held", needs="0.5"))
    assert 2 == state.counts["held"]

    apply(state, ev.LimitSet(102.0, "2"))

    assert (2, None) == (state.counts["pending"], state.over)


def test_pause_stops_planning_and_not_polling():
    """A paused run sends nothing more; its batches go on."""
    state = started()
    sent(state)
    apply(state, ev.Submitted(102.0, "r1-1", "b"))

    apply(state, ev.Paused(103.0))

    assert [Action("poll", "r1-1")] == due(state, 104.0)


@pytest.mark.parametrize("letter", ["m", "字"])
@pytest.mark.parametrize("total", [10, 100_000])
def test_the_summary_has_constant_size(total, letter):
    """The summary stays under 2 KiB whatever the number of jobs, batches and errors."""
    state = started(total, limit="123.456")
    for n in range(20):
        sent(state, rows=(n % total,), tag=f"r1-{n}")
        apply(state, ev.Submitted(102.0, f"r1-{n}", "batch_" + "x" * 60))
        state.submissions[f"r1-{n}"].note = letter * 500
    for kind in ("truncated", "refused", "filtered", "invalid_output", "missing", "expired"):
        state.kinds[len(state.kinds)] = kind
        state.messages[kind] = letter * 5_000
    apply(state, ev.Noted(103.0, letter * 300))
    apply(state, ev.Over(104.0, "failed", message=letter * 300))

    shown = summary(state, 200.0, models=[letter * 100] * 9, practice=False, driver=True, rev=1)

    assert len(json.dumps(shown, ensure_ascii=False).encode()) <= 2048
    assert [2, 2, 1] <= [len(shown["batches"]["list"]), len(shown["errors"]), len(shown["log"])]


def test_lost_submissions_name_the_batches_that_they_may_be():
    """What a user may decide on stands in the summary with whole ids, and the command is offered."""
    state = started(40)
    for n in range(5):
        sent(state, rows=(n,), tag=f"r1-{n}")
        apply(state, ev.SubmitUncertain(102.0, f"r1-{n}", "timeout " * 40))
        state.submissions[f"r1-{n}"].candidates = tuple("msgbatch_" + letter * 24 for letter in "abc")

    shown = summary(state, 200.0, models=["m"], practice=False, driver=True, rev=1)

    assert len(json.dumps(shown).encode()) <= 2048
    assert {("msgbatch_" + "a" * 24, "msgbatch_" + "b" * 24)} == {tuple(b["maybe"]) for b in shown["batches"]["list"]}
    assert "reconcile" in shown["can"]


def test_an_ordinary_summary_is_not_cut():
    """Five batches, four kinds of errors with a sentence each and four lines of the log fit whole."""
    state = started(1000, limit="5")
    for n in range(2):
        sent(state, rows=(n,), tag=f"r1-{n}")
        apply(state, ev.Submitted(102.0, f"r1-{n}", "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d"))
    state.kinds[9], state.messages["refused"] = "refused", "The model declined to answer: it is about a person. " * 2

    shown = summary(state, 200.0, models=["claude-sonnet-5-5"], practice=False, driver=True, rev=1)

    assert shown["errors"][0]["message"] == state.messages["refused"]
    assert 2 == len(shown["batches"]["list"])


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_day_of_polls_is_few_and_none_is_late(jitter):
    """A batch of 24 h is asked at most 200 times, and its end is noticed within 2 % of the elapsed time.

    Before 74 minutes both at once are impossible: there the end is noticed within 111 s, and within the shortest
    interval or a fifth of the time.
    """
    age, polls = 0.0, 0
    while age < 86_400:
        delay = poll_delay(age, 30.0, jitter)
        assert delay <= max(0.02 * age, min(max(30.0, 0.2 * age), 111.0))
        age, polls = age + delay, polls + 1

    assert 150 < polls <= 200


def test_polls_follow_the_interval_that_was_asked_for():
    """A shorter interval polls more often, a longer one never falls below it."""
    assert [0.05, 0.185, 1.0] == [round(poll_delay(age, 0.05, 1.0), 3) for age in (0, 5, 50)]
    assert [600.0, 2220.0] == [poll_delay(age, 600.0, 1.0) for age in (0, 86_400)]


def test_back_off_obeys_the_provider():
    """A wish of the provider's is a lower bound of the waiting time."""
    assert 120.0 == retry_delay(1, 120.0, 0.5)
    assert 8.0 == retry_delay(3, None, 0.5)
