"""Driving a run: every fault of product life, without a thread and with a clock that the test holds."""

from dataclasses import replace
from decimal import Decimal

import pytest

from batchata_nb.core.errors import BatchSubmissionError, CredentialsError, ProviderError, StateError
from batchata_nb.core.results import Reply, Usage
from batchata_nb.documents.files import open_document
from batchata_nb.providers.base import BatchStatus, Found, Row
from tests.runs.edge import Desk, Edge, HeldClock, failed, job, ok


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def outcomes(drive):
    return [drive.state.state_of(row) for row in range(drive.state.total)]


def identity_holds(drive):
    return all(s.accounted == len(s.rows) for s in drive.state.submissions.values() if s.state == "closed")


def test_jobs_are_sent_and_land(desk):
    """Three jobs, one batch, three results in the store, and nothing reserved at the end."""
    drive = desk.run(desk.start([job(n) for n in range(3)]))

    assert ("finished", ["succeeded"] * 3) == (drive.state.over, outcomes(drive))
    assert ["submit", "poll", "fetch"] == desk.edge.calls
    assert Decimal(0) == drive.state.ledger.outstanding
    assert Decimal("0.0006") == drive.state.ledger.spent
    assert Decimal("0.0006") == drive.state.ledger.saved
    assert "fine" == desk.store.result(drive.state.run_id, 2)["text"]


def test_the_intent_is_on_disk_before_the_request_leaves(desk):
    """When submit is called, the store already knows of it."""
    desk.parked = []
    drive = desk.start([job(0)])

    drive.step()

    assert ([], ["Started", "Submitting"]) == (
        desk.edge.calls,
        [type(e).__name__ for e in desk.store.events(drive.state.run_id)],
    )


def test_a_passing_fault_while_submitting_is_waited_out(desk):
    """A 429 with Retry-After is obeyed, and the batch is sent once."""
    desk.edge.submitting = [ProviderError("slow down", retryable=True, retry_after=40.0)]
    start = desk.clock.at

    drive = desk.run(desk.start([job(0)]))

    assert ["succeeded"] == outcomes(drive)
    assert desk.clock.at >= start + 40
    assert 1 == len(desk.edge.batches)


def test_a_lost_answer_is_found_in_the_list(desk):
    """The create call took effect, its answer was lost: the provider's list tells, and nothing is sent twice."""
    lost = ProviderError("timeout", ambiguous=True, retryable=True)
    lost.accepted = True
    desk.edge.submitting = [lost]

    drive = desk.run(desk.start([job(0), job(1)]))

    assert ["succeeded"] * 2 == outcomes(drive)
    assert (1, 1) == (len(desk.edge.batches), desk.edge.calls.count("submit"))


def test_a_batch_that_is_nowhere_is_sent_again_after_three_looks(desk):
    """Lists lag: only when the list lacks it three times, over ten poll intervals, was a batch never accepted."""
    start = desk.clock.at
    desk.edge.submitting = [ProviderError("reset", ambiguous=True, retryable=True)]

    drive = desk.run(desk.start([job(0)]))

    assert ["succeeded"] == outcomes(drive)
    assert ["submit", "find", "find", "find", "submit"] == desk.edge.calls[:5]
    assert start + 100 <= drive.state.submissions[f"{drive.state.run_id}-2"].at
    assert 1 == drive.state.attempts[0]


def test_while_candidates_remain_nothing_is_sent(desk):
    """As long as some batch may be ours, its jobs are not sent again."""
    desk.edge.submitting = [ProviderError("reset", ambiguous=True, retryable=True)]
    desk.edge.finds = [Found(candidates=("x",))] * 5 + [Found("b9")]
    desk.edge.batches["b9"] = []
    drive = desk.start([job(0)])

    for _ in range(8):
        desk.clock.at = max(drive.step(), desk.clock.at)

    assert 1 == desk.edge.calls.count("submit")


def test_a_new_process_looks_before_it_sends(desk, tmp_path):
    """Killed between the intent and the answer: the next process asks the provider's list first."""
    desk.parked = []
    drive = desk.start([job(0)])
    drive.step()
    desk.edge.submit(f"{drive.state.run_id}-1", [])
    desk.edge.batches["b1"] = [type("R", (), {"row_id": f"{drive.state.run_id}-1-000000", "job": job(0)})()]
    desk.clock.at += 3600

    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    again = later.run(later.open(drive.state.run_id))

    assert ["succeeded"] == outcomes(again)
    assert 1 == desk.edge.calls.count("submit")


def test_a_poll_that_fails_fails_nothing(desk):
    """Ten failing polls, of any kind, leave the batch running."""
    desk.edge.polling = [ProviderError("boom", retryable=True)] * 5 + [ProviderError("who?", status=401)] * 5
    drive = desk.run(desk.start([job(0)]))

    assert ["succeeded"] == outcomes(drive)


def test_live_counts_are_shown(desk):
    """What the provider counts shows in the summary, and so does the expected time."""
    desk.edge.polling = [BatchStatus("running", "in_progress", total=2, done=1, failed=0)]
    drive = desk.start([job(0), job(1)])
    drive.step()
    desk.clock.at += 60
    drive.step()

    shown = drive.summary()["batches"]["list"][0]
    assert (1, "in_progress", "running") == (shown["done"], shown["word"], shown["state"])
    assert 60.0 == drive.summary()["eta"]


def test_later_runs_expect_what_earlier_batches_took(desk, tmp_path):
    """A store remembers how long batches took that it saw run; one of another endpoint says nothing."""
    running = BatchStatus("running", "in_progress", total=1, done=0, failed=0)
    desk.edge.polling = [running] * 2
    first = desk.start([job(0)])
    assert first.summary()["eta"] is None
    desk.run(first)
    seconds = desk.store.paces("r-other", "batch edge")
    desk.edge.polling = [running]
    second = desk.start([job(1)], name="second")
    second.step()
    shown = second.summary()

    assert 1 == len(seconds)
    assert seconds[0] > 0
    assert (round(seconds[0], 1), [round(seconds[0], 1)] * 2) == (shown["eta"], shown["usual"])
    assert [] == desk.store.paces("r-other", "batch edge http://localhost:1/v1")


@pytest.mark.parametrize(
    "end",
    [
        BatchStatus("ended", "failed", reason="a line is wrong", rejected=True),
        BatchStatus("ended", "cancelled", no_results=True),
    ],
)
def test_a_batch_that_did_not_run_tells_nothing_of_later_ones(desk, end):
    """One that was rejected or called off ended soon, and not because its work was done."""
    desk.edge.polling = [BatchStatus("running", "in_progress"), end]
    desk.run(desk.start([job(0)]))

    assert [] == desk.store.paces("r-other", "batch edge")


def test_a_batch_that_ended_while_the_computer_slept_tells_nothing_of_later_ones(desk):
    """Seen running after ten seconds and ended after eight hours: it took anything in between."""
    desk.edge.polling = [BatchStatus("running", "in_progress")]
    drive = desk.start([job(0)])
    drive.step()
    desk.clock.at += 10
    drive.step()
    assert "running" == drive.state.open_submissions[0].state
    desk.clock.at += 8 * 3600
    desk.run(drive)

    assert [] == desk.store.paces("r-other", "batch edge")


def test_what_was_paid_counts_all_attempts_also_of_what_is_reused(desk):
    """A job that was answered the second time cost both; a run that reuses the answer compares with both, too."""
    bad = [failed(Row("r-1-000000", job(0)), retryable=True)]
    desk.edge.replies = lambda _, row: (
        [replace(bad.pop(), row_id=row.row_id, usage=Usage(50, 50))] if bad else [ok(row)]
    )
    first = desk.run(desk.start([job(0)]))
    second = desk.run(desk.start([job(0), job(1)], name="second"))
    once, twice = desk.store.paid(second.state.run_id)[1], desk.store.paid(second.state.run_id)[0]

    assert (2, 1) == (first.state.attempts[0], second.state.reused)
    assert first.state.ledger.spent == desk.store.paid(first.state.run_id)[0] == twice > once > 0


def test_a_download_that_breaks_is_taken_up_again(desk):
    """Rows that landed before the break are kept, the others follow; none lands twice."""
    desk.edge.fetching = [ProviderError("cut", retryable=True)]
    drive = desk.run(desk.start([job(n) for n in range(3)]))

    assert ["succeeded"] * 3 == outcomes(drive)
    assert Decimal("0.0006") == drive.state.ledger.spent
    assert identity_holds(drive)


def test_odd_lines_harm_no_others(desk):
    """Unknown, duplicate and unreadable lines are reported; a row without a line is missing, and sent once more."""

    def replies(batch_id, row):
        if row.job.id == "job-0" and batch_id == "b1":
            return []
        if row.job.id == "job-1":
            return [
                ok(row),
                ok(row),
                Reply("stranger-1", "succeeded"),
                Reply(None, "errored", error="line 3 is no JSON"),
            ]
        return [ok(row)]

    desk.edge.replies = replies
    drive = desk.run(desk.start([job(n) for n in range(3)]))

    assert ["succeeded"] * 3 == outcomes(drive)
    log = " / ".join(text for _, text in drive.state.log)
    assert all(word in log for word in ("second line", "stranger-1", "no JSON"))
    assert [1, 0] == [s.outcomes["missing"] for s in drive.state.submissions.values()]
    assert identity_holds(drive)


def test_missing_for_good_is_a_failure_with_its_cause(desk):
    """After max_attempts a row without a line is missing, and is booked at its worst case: it may have been charged."""
    desk.edge.replies = lambda batch_id, row: []
    drive = desk.run(desk.start([job(0)], limit="5"))

    assert ["missing"] == outcomes(drive)
    assert 2 == drive.state.attempts[0]
    assert Decimal("0.004") == drive.state.ledger.spent


def test_transient_errors_are_retried_and_permanent_ones_not(desk):
    """A passing error is sent again up to max_attempts; a refused request is not."""
    desk.edge.replies = lambda batch_id, row: [failed(row, retryable=row.job.id == "job-0")]
    drive = desk.run(desk.start([job(0), job(1)]))

    assert ["errored", "errored"] == outcomes(drive)
    assert [2, 1] == list(drive.state.attempts)
    assert {"provider_error", "invalid_request"} == set(drive.state.kinds.values())


def test_the_ceiling_is_never_passed_and_the_rest_is_held(desk):
    """Waves are funded by what earlier ones did not use; what cannot be reached is held, with the amount it needs."""
    seen = []
    original = desk.edge.submit

    def submit(tag, rows):
        seen.append(drive.state.ledger.spent + drive.state.ledger.outstanding)
        return original(tag, rows)

    desk.edge.submit = submit
    drive = desk.start([job(n) for n in range(150)], limit="0.02")
    desk.run(drive)

    assert "held" == drive.state.over
    assert max(seen) <= Decimal("0.02")
    assert drive.state.ledger.spent + Decimal("0.002") > Decimal("0.0196")
    done, held = drive.state.counts["succeeded"], drive.state.counts["held"]
    assert (150, Decimal(held) * Decimal("0.002")) == (done + held, Decimal(drive.state.needs))
    assert len(desk.edge.batches) < done


def test_raising_the_limit_sends_just_the_held(desk):
    """More budget sends the held jobs and no others."""
    drive = desk.run(desk.start([job(n) for n in range(20)], limit="0.003"))
    sent = sum(len(rows) for rows in desk.edge.batches.values())

    drive.command("raise_limit", {"usd": "1"})
    desk.run(drive)

    assert "finished" == drive.state.over
    assert 20 == sum(len(rows) for rows in desk.edge.batches.values())
    assert sent < 20


def test_unbounded_jobs_are_counted_first_under_a_ceiling(desk):
    """Where no bound can be proven, the provider counts before anything is sent."""
    drive = desk.run(desk.start([job(0)], bound=None, limit="1"))

    assert ["succeeded"] == outcomes(drive)
    assert 521 == desk.store.sizings(drive.state.run_id)[0].bound


def test_cancel_keeps_what_has_finished(desk):
    """Cancelling asks the provider, collects what it finished, and marks the rest."""
    desk.edge.polling = [BatchStatus("running", "in_progress"), BatchStatus("ended", "cancelled")]
    desk.edge.replies = lambda batch_id, row: [ok(row)] if row.job.id == "job-0" else []
    drive = desk.start([job(0), job(1)])
    drive.step()

    drive.command("cancel", {})
    desk.run(drive)

    assert ("cancelled", ["succeeded", "cancelled"]) == (drive.state.over, outcomes(drive))
    assert ["b1"] == desk.edge.cancelled
    assert identity_holds(drive)


def test_cancel_before_sending_costs_nothing(desk):
    """Jobs that were never sent are cancelled on the spot."""
    drive = desk.start([job(0)])
    drive.command("pause", {})
    drive.step()
    drive.command("cancel", {})
    desk.run(drive)

    assert ("cancelled", ["cancelled"], []) == (drive.state.over, outcomes(drive), desk.edge.calls)


def test_a_refused_batch_fails_its_rows_with_the_reason(desk):
    """A batch that the provider refuses as a whole costs nothing and is not sent again."""
    desk.edge.submitting = [BatchSubmissionError("bad schema", status=400)]
    drive = desk.run(desk.start([job(0)]))

    assert (["errored"], "bad schema") == (outcomes(drive), drive.state.messages["invalid_request"])


def test_a_batch_rejected_in_validation_is_settled_without_cost(desk):
    """Rejected for its content: errored with the reason. Rejected for a full queue: sent again later."""
    desk.edge.polling = [
        BatchStatus("ended", "failed", reason="queue is full", rejected=True, quota=True),
        BatchStatus("ended", "failed", reason="line 1", rejected=True),
    ]
    drive = desk.run(desk.start([job(0)]))

    assert ["errored"] == outcomes(drive)
    assert Decimal(0) == drive.state.ledger.spent
    assert 2 == len(desk.edge.batches)
    assert "line 1" == desk.store.result(drive.state.run_id, 0)["error"]


def test_no_results_of_an_expired_batch(desk):
    """A batch that expires without results leaves expired rows, which are sent once more."""
    desk.edge.polling = [BatchStatus("ended", "EXPIRED", no_results=True)]
    drive = desk.run(desk.start([job(0)]))

    assert ["succeeded"] == outcomes(drive)
    assert 1 == drive.state.submissions[f"{drive.state.run_id}-1"].outcomes["expired"]


def test_a_wrong_key_stops_sending_and_says_so(desk):
    """Nothing is lost when the key is refused: the run stops with the reason, and goes on when resumed."""
    desk.edge.submitting = [CredentialsError("EDGE_KEY is not valid", status=401)]
    drive = desk.run(desk.start([job(0)]))
    assert ("failed", "EDGE_KEY is not valid") == (drive.state.over, drive.state.message)

    drive.command("resume", {})
    desk.run(drive)

    assert ["succeeded"] == outcomes(drive)


def test_a_file_that_changed_is_refused_and_the_others_are_sent(desk, tmp_path):
    """A job whose file is no longer what was defined is never sent; its neighbours are."""
    path = tmp_path / "a.txt"
    path.write_text("one")
    document = open_document(str(path))
    drive = desk.start([job(0, documents=(document,)), job(1)])
    path.write_text("two")

    desk.run(drive)

    assert ["errored", "succeeded"] == outcomes(drive)
    assert 1 == sum(len(rows) for rows in desk.edge.batches.values())


def test_one_drives_and_the_other_follows(tmp_path):
    """Two processes on one store: the second sees what the first does, and takes over when it is gone."""
    edge, clock = Edge(polling=[BatchStatus("running", "in_progress")] * 3), HeldClock()
    first = Desk(tmp_path / "state.db", edge, clock, owner="first")
    second = Desk(tmp_path / "state.db", edge, clock, owner="second")
    leader = first.start([job(0)])
    leader.step()
    follower = second.open(leader.state.run_id)
    follower.step()

    assert (True, False) == (leader.driving, follower.driving)
    assert 1 == len(follower.state.submissions)
    with pytest.raises(StateError, match="Another kernel"):
        follower.command("cancel", {})

    clock.at += 60
    second.run(follower)
    assert (["succeeded"], 1) == (outcomes(follower), edge.calls.count("submit"))
    leader.step()
    assert ["succeeded"] == outcomes(leader)


def test_finished_jobs_are_reused_by_identity(desk):
    """A second run pays only for what is new; the earlier results stand in it."""
    desk.run(desk.start([job(0), job(1)]))
    drive = desk.run(desk.start([job(0), job(1), job(2)]))

    assert (["succeeded"] * 3, 2, 2) == (outcomes(drive), drive.state.reused, desk.edge.calls.count("submit"))
    assert ["job-2"] == [row.job.id for row in desk.edge.batches["b2"]]
    assert "fine" == desk.store.result(drive.state.run_id, 0)["text"]


def test_jobs_under_way_elsewhere_are_awaited(desk):
    """The same job in two runs is sent once: the second run waits for the first one's result."""
    desk.edge.polling = [BatchStatus("running", "in_progress")] * 2
    first = desk.start([job(0)], name="one")
    first.step()
    second = desk.start([job(0)], name="two")
    second.step()
    assert ([first.state.run_id], 1) == (desk.woken, second.state.counts["elsewhere"])

    desk.run(first)
    desk.run(second)

    assert (["succeeded"], 1) == (outcomes(second), desk.edge.calls.count("submit"))


def test_the_same_definition_is_one_run(desk):
    """Two kernels that define the same run at once get one."""
    first = desk.start([job(0)])
    second = desk.start([job(0)])

    assert first.state.run_id == second.state.run_id


def test_retrying_sends_only_what_failed(desk):
    """retry_failed sends failed rows again, whatever their attempts, and the good ones stay."""
    desk.edge.replies = lambda batch_id, row: [
        ok(row) if row.job.id == "job-0" or batch_id == "b2" else failed(row, retryable=False)
    ]
    drive = desk.run(desk.start([job(0), job(1)]))
    assert ["succeeded", "errored"] == outcomes(drive)

    drive.command("retry_failed", {})
    desk.run(drive)

    assert ["succeeded", "succeeded"] == outcomes(drive)
    assert ["job-1"] == [row.job.id for row in desk.edge.batches["b2"]]


def test_subscribers_get_the_last_word(desk):
    """Summaries go out at most four times a second while it runs, and always once at the end."""
    heard = []
    drive = desk.start([job(0)])
    drive.subscribers.append(heard.append)

    desk.run(drive)

    assert "finished" == heard[-1]["state"]
    assert drive.rev == heard[-1]["rev"]
