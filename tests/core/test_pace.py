"""When a run may end: by its own batches, by earlier ones, or not known."""

from __future__ import annotations

import pytest

from batchata_nb.core import events as ev
from batchata_nb.core.pace import left, usual
from batchata_nb.core.snapshot import summary
from batchata_nb.core.state import RunState, apply

MINUTE = 60.0


def state_of(*happened: ev.Event, total: int = 30) -> RunState:
    state = RunState("r", "run")
    for event in (ev.Started(0.0, total, max_parallel=10), *happened):
        apply(state, event)
    return state


def sent(n: int, rows: range, at: float = 0.0) -> tuple[ev.Event, ev.Event]:
    return ev.Submitting(at, f"t-{n}", "anthropic", "m", tuple(rows), "1"), ev.Submitted(at, f"t-{n}", f"b{n}")


def took(*minutes: float):
    return lambda _: sorted(m * MINUTE for m in minutes)


def test_a_batch_that_counts_goes_on_at_its_own_pace() -> None:
    """A batch with a third done after ten minutes needs twenty more, whatever others took."""
    state = state_of(*sent(1, range(30)), ev.Polled(60.0, "t-1", "running", "in_progress", 8, 2))

    assert 20 * MINUTE == left(state, 10 * MINUTE, took(1, 2))


def test_a_server_that_counts_more_than_there_is_has_none_left() -> None:
    """The end is never expected in the past."""
    state = state_of(*sent(1, range(30)), ev.Polled(60.0, "t-1", "running", "in_progress", 40, 2))

    assert 0.0 == left(state, 10 * MINUTE, took())


def test_one_that_does_not_count_is_told_by_those_that_took_longer() -> None:
    """After ten minutes only those that took longer say something: the middle one of 20, 30 and 100 minutes."""
    state = state_of(*sent(1, range(30)))

    assert 20 * MINUTE == left(state, 10 * MINUTE, took(4, 5, 20, 30, 100))


@pytest.mark.parametrize("before", [(), (4, 9)])
def test_what_nothing_tells_is_not_known(before: tuple[float, ...]) -> None:
    """Without earlier batches, or when it takes longer than any of them did, the end is not known."""
    assert left(state_of(*sent(1, range(30))), 10 * MINUTE, took(*before)) is None


@pytest.mark.parametrize(("limit", "known"), [("2.9", False), ("3", True)])
def test_what_the_limit_will_not_reach_is_in_no_wave(limit: str, known: bool) -> None:
    """Ten jobs are reserved at a dollar and twenty wait: where they cannot all be paid, the end is not known."""
    state = RunState("r", "run")
    for event in (ev.Started(0.0, 30, limit), *sent(1, range(10))):
        apply(state, event)

    assert known == (left(state, 2 * MINUTE, took(10)) is not None)


def test_jobs_that_wait_go_out_in_waves() -> None:
    """Twenty jobs wait behind ten: two more waves, each as long as a batch takes."""
    state = state_of(*sent(1, range(10)))

    assert (8 + 2 * 10) * MINUTE == left(state, 2 * MINUTE, took(10))
    assert left(state, 2 * MINUTE, took()) is None
    apply(state, ev.Paused(130.0))
    assert left(state, 2 * MINUTE, took(10)) is None
    apply(state, ev.CancelAsked(140.0, "user"))
    assert 8 * MINUTE == left(state, 2 * MINUTE, took(10))


def test_a_run_that_is_over_expects_nothing() -> None:
    """Neither an end nor what is usual is told of a run that is over."""
    state = state_of(ev.Over(5.0, "finished"))

    assert (None, None) == (left(state, 9.0, took(1)), usual(state, took(1)))


def test_what_is_usual_leaves_out_the_extremes() -> None:
    """The 10 % and the 90 % point of what batches took."""
    state = state_of(*sent(1, range(10)))

    assert [2 * MINUTE, 10 * MINUTE] == usual(state, took(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99))
    assert usual(state, took()) is None


def test_work_in_real_time_is_not_called_a_batch() -> None:
    """What a run waits for is told as what it is."""
    state = state_of(*sent(1, range(30)))
    told = [
        summary(state, 9.0, models=["m"], practice=False, driver=True, rev=1, live=live)["words"]
        for live in (False, True)
    ]

    assert ["Waiting for a batch at Anthropic", "Waiting for answers of Anthropic, in real time"] == told
