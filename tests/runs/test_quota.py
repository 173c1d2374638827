"""Full queues and rates: the run waits, makes smaller batches where one alone is too large, and goes on."""

import pytest

from batchata_nb import Batch
from batchata_nb.core.errors import ProviderError
from batchata_nb.practice import PracticeServer
from batchata_nb.practice.faults import Fault
from batchata_nb.practice.service import Limits
from batchata_nb.providers.base import BatchStatus
from tests.runs.edge import Desk, job

FULL = BatchStatus("ended", "failed", reason="Enqueued token limit reached", rejected=True, quota=True)
RUNNING = BatchStatus("running", "in_progress")


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def sizes(desk):
    return [len(rows) for rows in desk.edge.batches.values()]


def test_a_batch_that_the_queue_cannot_take_is_halved(desk):
    """Rejected for the queue while alone: half the size next time, and no attempt is counted."""
    desk.edge.polling = [FULL]
    drive = desk.run(desk.start([job(n) for n in range(8)]))

    assert [8, 4, 4] == sizes(desk)
    assert ([1] * 8, 8) == (list(drive.state.attempts), drive.state.counts["succeeded"])
    assert 0 == drive.state.ledger.outstanding


def test_beside_others_it_only_waits_for_them(desk):
    """The queue is full of our own batches: when one ends the next is sent at once, in full size."""
    desk.edge.polling = [RUNNING, FULL, BatchStatus("ended", "completed")]
    drive = desk.run(desk.start([job(n) for n in range(8)], items_per_batch=4))

    assert ([4, 4, 4], {}) == (sizes(desk), drive.state.room)
    late = drive.state.submissions[f"{drive.state.run_id}-3"].at
    assert late < drive.state.started + 100


def test_attempts_are_not_counted_after_a_restart_either(desk, tmp_path):
    """What the next process reads from the store is the same: half the room, no attempt used."""
    desk.edge.polling = [FULL]
    drive = desk.start([job(n) for n in range(8)])
    for _ in range(6):
        if drive.state.room:
            break
        desk.clock.at = max(drive.step(), desk.clock.at)

    again = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next").open(drive.state.run_id)

    assert ([0] * 8, {"edge": 4}) == (list(again.state.attempts), again.state.room)
    assert drive.state.not_before == again.state.not_before


def test_a_rate_limit_is_waited_out_before_anything_is_halved(desk):
    """One 429 is only waited for; a second in a row, with nothing else under way, makes the batch smaller."""
    busy = ProviderError("slow down", status=429, retryable=True, quota=True, retry_after=60.0)
    desk.edge.submitting = [busy, busy]
    start = desk.clock.at
    drive = desk.run(desk.start([job(n) for n in range(8)]))

    assert ([4, 4], [1] * 8) == (sizes(desk), list(drive.state.attempts))
    assert desk.clock.at >= start + 120


def test_room_comes_back(desk):
    """After a batch that fitted and ended, with nothing turned away since, the next may be twice as large."""
    desk.edge.polling = [FULL, FULL]
    drive = desk.start([job(n) for n in range(8)], max_parallel=1)
    desk.run(drive)

    assert [8, 4, 2, 4, 2] == sizes(desk)


def test_hours_of_failing_polls_fail_nothing(desk):
    """Whatever a poll meets, the batch goes on; the run says that it asks again."""
    faults = [ProviderError(text, retryable=True) for text in ("502 bad gateway", "a log-in page", "no such host")]
    desk.edge.polling = faults * 20
    start = desk.clock.at
    drive = desk.start([job(0)])
    drive.step()
    drive.step()
    assert "asked again in" in drive.summary()["batches"]["list"][0]["note"]

    desk.run(drive, most=10_000)

    assert (1, True) == (drive.state.counts["succeeded"], desk.clock.at - start > 3 * 3600)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")

    def serve(**options):
        server = PracticeServer(tmp_path / "provider", seconds=0.3, **options).start()
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        return server

    return serve


def run(model, jobs=6, **options):
    batch = Batch(**options).set_default_params(model=model, max_tokens=100)
    for n in range(jobs):
        batch.add_job(prompt=f"I love it {n}. Good or bad?")
    return batch.run(name="quota", wait=True)


@pytest.mark.parametrize(
    ("model", "limits", "options"),
    [
        ("gpt-6.1-sol", {"openai_enqueued_tokens": 60}, {}),
        ("gemini-3.8-flash", {"gemini_open_batches": 1}, {"items_per_batch": 3}),
        ("claude-sonnet-5-5", {"anthropic_queued_rows": 4}, {}),
    ],
)
def test_a_real_queue_that_is_too_small_takes_all_in_the_end(quick, model, limits, options):
    """Enqueued tokens (OpenAI), open batches (Gemini), queued rows (Anthropic): all jobs get through, none twice."""
    with quick(limits=Limits(**limits)) as server:
        done = run(model, **options)
        book = server.book()

    assert [("succeeded", 1)] * 6 == [(r.status, r.attempts) for r in done]
    assert 6 == sum(batch["billed"] for name in book for batch in book[name]["batches"])


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gemini-3.8-flash", "claude-sonnet-5-5"])
def test_bad_weather_of_every_kind_is_waited_out(quick, model):
    """429 with Retry-After, 529, 502 with HTML, resets and cut downloads on every call: all arrives, once."""
    with quick() as server:
        for kind in ({"kind": "status", "status": 429, "retry_after": 0.1}, {"kind": "reset"}, {"kind": "html"}):
            server.faults.add(Fault(route="batches.retrieve", **kind))
        server.faults.add(Fault("status", route="batches.create", status=529))
        server.faults.add(Fault("html", route="batches.create"))
        server.faults.add(Fault("slow", route="batches.create", seconds=0.2))
        server.faults.add(Fault("cut", route="batches.results", after_bytes=100))
        server.faults.add(Fault("cut", route="files.content", after_bytes=100))
        done = run(model, jobs=3)
        book = server.book()

    assert ["succeeded"] * 3 == [r.status for r in done]
    assert 3 == sum(batch["billed"] for name in book for batch in book[name]["batches"])


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gemini-3.8-flash", "claude-sonnet-5-5"])
def test_a_provider_that_cannot_be_reached_is_waited_for(quick, model, monkeypatch):
    """Nothing answers at the address for a while: the batch is sent once it can be, without any doubt about it."""
    server = quick()
    batch = Batch().set_default_params(model=model, max_tokens=100).add_job(prompt="I love it. Good or bad?")
    server.stop()
    waiting = batch.run(name="away", wait=False)
    while not waiting.drive.failures:
        waiting.drive.context.clock.sleep(0.02)
    with server.start():
        waiting.wait(timeout=60)
        book = server.book()

    states = [s.state for s in waiting.drive.state.submissions.values()]
    assert ("succeeded", 1, {"failed", "closed"}) == (waiting[0].status, waiting[0].attempts, set(states))
    assert 1 == sum(batch["billed"] for name in book for batch in book[name]["batches"])
    assert 0 == sum(s.uncertain_at for s in waiting.drive.state.submissions.values())
