"""A submission of which it is not known whether the provider took it: nothing is sent twice, and nobody is stuck."""

import pytest

from batchata_nb.core.errors import ProviderError, StateError, ValidationError
from batchata_nb.core.results import Reply
from batchata_nb.providers.base import BatchStatus, Found
from tests.runs.edge import Desk, Edge, HeldClock, job


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def outcomes(drive):
    return [drive.state.state_of(row) for row in range(drive.state.total)]


def lose(desk, *, accepted: bool):
    lost = ProviderError("timeout", ambiguous=True, retryable=True)
    lost.accepted = accepted
    desk.edge.submitting = [lost]


def steps(desk, drive, count):
    for _ in range(count):
        desk.clock.at = max(drive.step(), desk.clock.at)


def test_batches_that_are_known_are_no_candidates(desk):
    """Equal submissions that were accepted, in this run or another, are not taken for the lost one."""
    other = desk.start([job(9)], name="other")
    desk.run(other)
    desk.edge.submitting = [None, ProviderError("reset", ambiguous=True, retryable=True)]
    desk.edge.polling = [BatchStatus("running", "in_progress")] * 40
    desk.edge.finds = [Found(candidates=("b1", "b2"))] * 3
    drive = desk.start([job(0), job(1)], items_per_batch=1)

    steps(desk, drive, 45)

    assert 3 == desk.edge.calls.count("find")
    assert {"b1", "b2", "b3"} == set(desk.edge.batches)


def test_a_sender_that_may_still_be_sending_is_waited_for(desk, tmp_path):
    """Taken over from a kernel that is not provably gone: only after half an hour was its request never made."""
    desk.parked = []
    drive = desk.start([job(0)])
    drive.step()
    start = desk.clock.at
    desk.clock.at += 60
    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")

    again = later.run(later.open(drive.state.run_id))

    assert (["succeeded"], 1) == (outcomes(again), desk.edge.calls.count("submit"))
    assert start + 600 <= again.state.submissions[f"{again.state.run_id}-2"].at


def test_an_overtaken_sender_sends_nothing(desk, tmp_path):
    """Between the intent and the request another kernel took over: the request is not made any more."""
    desk.parked = []
    drive = desk.start([job(0)])
    drive.step()
    desk.clock.at += 60
    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    other = later.open(drive.state.run_id)
    other.step()

    with pytest.raises(StateError, match="took this run over"):
        desk.parked[0]()

    assert ("submit" in desk.edge.calls, other.driving) == (False, True)


def test_the_user_may_name_the_batch(desk):
    """reconcile with a batch: it is taken as the lost one, and its results are read."""
    lose(desk, accepted=True)
    desk.edge.finds = [Found(candidates=("b1", "b7"))] * 50
    drive = desk.start([job(0)])
    steps(desk, drive, 3)
    lost = drive.state.open_submissions[0]
    assert (("b1", "b7"), True) == (lost.candidates, "reconcile" in str(lost.note))
    assert "%batchata reconcile run decides now" in drive.summary()["words"]

    drive.command("reconcile", {"batch_id": "b1"})
    desk.run(drive)

    assert (["succeeded"], 1) == (outcomes(drive), desk.edge.calls.count("submit"))


def test_a_wrong_batch_named_by_the_user_is_found_out(desk):
    """None of its rows is ours: it is uncertain again, and nothing was lost or sent."""
    lose(desk, accepted=True)
    desk.edge.batches["b7"] = []
    desk.edge.finds = [Found(candidates=("b1", "b7"))] * 4
    drive = desk.start([job(0)])
    desk.edge.batches["b7"] = [object()]
    desk.edge.replies = lambda batch_id, row: [Reply("stranger-000000", "succeeded")]
    steps(desk, drive, 3)
    drive.command("reconcile", {"batch_id": "b7"})
    steps(desk, drive, 4)
    assert ("uncertain", "submitting") == (drive.state.open_submissions[0].state, drive.state.state_of(0))

    desk.edge.replies, desk.edge.finds = Edge().replies, [Found("b2")]
    desk.run(drive)

    assert (["succeeded"], 1) == (outcomes(drive), desk.edge.calls.count("submit"))
    assert all(s.accounted == len(s.rows) for s in drive.state.submissions.values())


def test_the_user_may_declare_it_never_accepted(desk):
    """reconcile without a batch: its jobs are sent again at once."""
    lose(desk, accepted=False)
    desk.edge.finds = [Found(candidates=("b7",))] * 50
    drive = desk.start([job(0)])
    steps(desk, drive, 3)

    drive.command("reconcile", {"never_accepted": True})
    desk.run(drive)

    assert (["succeeded"], 2, 1) == (outcomes(drive), desk.edge.calls.count("submit"), drive.state.attempts[0])


def test_there_must_be_something_to_decide(desk):
    """Without a lost submission reconcile says so; a batch that is known as another one is refused."""
    drive = desk.run(desk.start([job(0)]))
    with pytest.raises(ValidationError, match="nothing to decide"):
        drive.command("reconcile", {})

    lose(desk, accepted=False)
    desk.edge.finds = [Found(candidates=("b7",))] * 50
    other = desk.start([job(1)], name="other")
    steps(desk, other, 3)
    with pytest.raises(ValidationError, match="known as another"):
        other.command("reconcile", {"batch_id": "b1"})


def test_the_same_jobs_in_two_runs_that_start_at_once_are_sent_once(desk, tmp_path):
    """Neither knew of the other when it was defined: whoever records its intent first sends, the other one waits."""
    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    first, second = desk.start([job(0), job(1)], name="one"), later.start([job(1), job(2)], name="two")
    desk.edge.polling = [BatchStatus("running", "in_progress")] * 4

    first.step()
    second.step()
    desk.run(first)
    later.run(second)

    sent = sorted(row.job.id for rows in desk.edge.batches.values() for row in rows)
    assert (["job-0", "job-1", "job-2"], ["succeeded"] * 2) == (sent, outcomes(second))


def test_a_clock_set_back_delays_nothing(tmp_path):
    """The clock goes back by an hour while a batch runs: it is asked again at its time, not an hour later."""
    clock = HeldClock()
    desk = Desk(tmp_path / "state.db", Edge(polling=[BatchStatus("running", "in_progress")] * 3), clock)
    drive = desk.start([job(0)])
    steps(desk, drive, 2)
    polls = desk.edge.calls.count("poll")
    clock.at -= 3600

    due = drive.step()

    assert due <= clock.at + 15
    desk.run(drive, most=20)
    assert (["succeeded"], True) == (outcomes(drive), desk.edge.calls.count("poll") > polls)


def test_a_machine_that_slept_for_hours_goes_on(tmp_path):
    """After a suspend of a day the run goes on where it was; nothing is sent again."""
    clock = HeldClock()
    desk = Desk(tmp_path / "state.db", Edge(polling=[BatchStatus("running", "in_progress")]), clock)
    drive = desk.start([job(0)])
    drive.step()
    clock.at += 86_400

    desk.run(drive)

    assert (["succeeded"], 1) == (outcomes(drive), desk.edge.calls.count("submit"))


def test_late_news_of_what_is_past_is_not_written(desk, tmp_path):
    """A kernel that lost the run and got it back hears an old answer: nothing impossible gets to disk."""
    drive = desk.start([job(0), job(1)])
    drive.step()
    desk.parked = []
    drive.step()
    assert 1 == len(desk.parked)
    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    desk.clock.at += 60
    other = later.open(drive.state.run_id)
    later.run(other)
    other.release()
    drive.catch_up()
    drive.driving = True
    before = drive.state.seq

    with pytest.raises(StateError, match="took this run over"):
        desk.parked.pop(0)()

    assert before == desk.open(drive.state.run_id).state.seq


def test_results_that_another_kernel_has_stored_are_not_stored_twice(desk, tmp_path):
    """Two kernels read the same result file: the second to write is told, and nothing of its chunk is written."""
    drive = desk.start([job(0)])
    for _ in range(2):
        desk.clock.at = max(drive.step(), desk.clock.at)
    desk.parked = []
    for _ in range(4):
        desk.clock.at = max(drive.step(), desk.clock.at)
    fetching = desk.parked.pop()
    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    desk.clock.at += 60
    later.run(later.open(drive.state.run_id))

    with pytest.raises(StateError, match="took this run over"):
        fetching()

    assert 1 == len(desk.store.attempts(drive.state.run_id, 0))


def test_the_time_limit_keeps_what_finished_and_sends_nothing_more(desk):
    """At the limit open batches are cancelled, what they finished is kept and booked, the rest is marked."""
    desk.edge.polling = [BatchStatus("running", "in_progress")] * 8 + [BatchStatus("ended", "cancelled", done=1)]
    desk.edge.replies = lambda batch_id, row: Edge().replies(batch_id, row) if row.job.id == "job-0" else []
    drive = desk.run(desk.start([job(n) for n in range(4)], time_limit=60.0, items_per_batch=2, max_parallel=1))

    assert ["succeeded", "cancelled", "cancelled", "cancelled"] == outcomes(drive)
    assert ("cancelled", 1, ["b1"]) == (drive.state.over, desk.edge.calls.count("submit"), desk.edge.cancelled)
    assert {2: "time_limit", 3: "time_limit"}.items() <= drive.state.kinds.items()
    assert 0 < drive.state.ledger.spent


def test_a_run_that_met_a_full_disk_goes_on_when_told(desk):
    """After a crash the same handle can resume: it starts again from what is on disk."""
    drive = desk.start([job(0)])
    desk.store._connection().execute("PRAGMA query_only = ON")
    drive.step()
    assert "failed" == drive.state.over
    desk.store._connection().execute("PRAGMA query_only = OFF")

    drive.command("resume", {})

    assert (["succeeded"], None) == (outcomes(desk.run(drive)), drive.crash)
