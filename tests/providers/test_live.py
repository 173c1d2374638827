"""Real time behind the verbs of a batch: nothing lost, nothing sent twice, whatever the weather."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Event

import pytest

from batchata_nb.core.errors import ProviderError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.practice import Fault, PracticeServer
from batchata_nb.providers import registry, single
from batchata_nb.providers.base import Row
from batchata_nb.providers.live import LiveProvider
from batchata_nb.providers.live_pass import Gate, Pass

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-3.8-flash"}


@pytest.fixture
def server(tmp_path):
    with PracticeServer(tmp_path / "services", seconds=0.1) as running:
        yield running


@pytest.fixture
def live(server, tmp_path):
    def make(name="openai"):
        return LiveProvider(registry.get(name, environment=server.environment()), tmp_path / "live")

    return make


def rows(count: int, provider: str = "openai", text: str = "Say {n}") -> list[Row]:
    return [
        Row(f"t-1-{n:06d}", Job(f"j{n}", provider, MODELS[provider], (Message("user", text.format(n=n)),), 500))
        for n in range(count)
    ]


def collect(provider, tag="t-1"):
    """Wait for the end of a submission, then fetch it."""
    for _ in range(600):
        status = provider.poll(tag)
        if status.state == "ended":
            return status, list(provider.fetch(tag, status.handle))
        Event().wait(0.05)
    raise AssertionError("never ended")


@pytest.mark.parametrize("name", MODELS)
def test_every_row_is_answered_once(name, live, server):
    """Each provider's real-time API is asked once a row, and the answers read like a batch's."""
    provider = live(name)
    provider.submit("t-1", rows(20, name))

    status, replies = collect(provider)

    assert (20, {"succeeded"}) == (status.done, {r.outcome for r in replies})
    assert 20 == len({r.row_id for r in replies})
    assert 20 == len(server.book()[name]["live"])
    assert all(r.usage.output_tokens > 0 for r in replies)


@pytest.mark.parametrize("sampling", [{"temperature": 0.0}, {"params": {"top_p": 0.9}}, {"params": {"top_k": 4}}])
def test_older_claude_models_take_sampling_parameters(live, sampling):
    """A job with sampling parameters goes out under the API version that has them, as it does in a batch."""
    [row] = rows(1, "anthropic")
    job = replace(row.job, model="claude-haiku-4-5-20251001", **sampling)
    provider = live("anthropic")
    provider.check(job)
    provider.submit("t-1", [replace(row, job=job)])

    _, [reply] = collect(provider)

    assert ("succeeded", None) == (reply.outcome, reply.error)


def test_passing_faults_are_waited_out(live, server):
    """429 and 503 are tried again; each row is billed once."""
    server.faults.add(Fault("status", provider="openai", route="live", status=429, count=3))
    server.faults.add(Fault("status", provider="openai", route="live", status=503, count=2))
    provider = live()
    provider.submit("t-1", rows(6))

    _, replies = collect(provider)

    assert ["succeeded"] * 6 == [r.outcome for r in replies]
    assert 6 == len(server.book()["openai"]["live"])


def test_a_lost_answer_is_booked_at_its_worst_case(live, server):
    """The answer was lost on the way: it may have been billed, so it counts at its worst case, with the reason."""
    server.faults.add(Fault("lost", provider="openai", route="live"))
    provider = live()
    provider.submit("t-1", rows(3))

    status, replies = collect(provider)

    [lost] = [reply for reply in replies if reply.outcome != "succeeded"]
    assert (3, 1) == (len(replies), status.failed)
    assert (False, True, "provider_error") == (lost.metered, lost.retryable, lost.error_kind)
    assert "did not answer" in lost.error


def test_a_refused_key_stops_the_rest(live, server):
    """Without a valid key nothing more is sent, and every row says why."""
    server.faults.add(Fault("status", provider="openai", route="live", status=401, count=-1))
    provider = live()
    provider.submit("t-1", rows(40))

    status, replies = collect(provider)

    assert 40 == len(replies)
    assert {"errored"} == {r.outcome for r in replies}
    assert "OPENAI_API_KEY" in status.reason
    assert [] == server.book()["openai"]["live"]


def test_what_cannot_be_recorded_is_not_sent(live, server, tmp_path):
    """When answers can no longer be kept, sending stops with the reason instead of running on for ever."""
    server.faults.add(Fault("slow", provider="openai", route="live", seconds=0.5, count=-1))
    provider = live()
    provider.submit("t-1", rows(60))
    spool = tmp_path / "live" / "t-1.jsonl"
    spool.rename(tmp_path / "moved")
    spool.mkdir()

    for _ in range(600):
        status = provider.poll("t-1")
        if status.state == "ended":
            break
        Event().wait(0.05)

    assert ("ended", "stopped") == (status.state, status.word)
    assert "Answers cannot be kept" in status.reason
    assert len(server.book()["openai"]["live"]) < 60


def test_a_new_process_sends_what_was_never_sent(live, tmp_path):
    """What a dead process left: answers are kept, the unsent are to be sent, and a torn last line harms nothing."""
    folder = tmp_path / "live"
    folder.mkdir()
    text = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
    usage = {"input_tokens": 1, "output_tokens": 1}
    answer = json.dumps({"id": "r", "object": "response", "status": "completed", "output": [text], "usage": usage})
    lines = [
        '{"rows":["t-1-000000","t-1-000001","t-1-000002"]}',
        '{"sent":"t-1-000000"}',
        '{"sent":"t-1-000001"}',
        f'{{"row":"t-1-000000","answer":{answer}}}',
        '{"row":"t-1-000001","ans',
    ]
    (folder / "t-1.jsonl").write_text("\n".join(lines))
    provider = live()

    status, replies = collect(provider)

    assert "interrupted" == status.word
    assert provider.find("t-1", None, 3).batch_id == "t-1"
    assert [("t-1-000000", "succeeded", False), ("t-1-000002", "expired", True)] == [
        (r.row_id, r.outcome, r.retryable) for r in replies
    ]


def test_a_process_that_stood_still_sends_nothing_that_another_has_collected(live, server):
    """Taken over while its sender stands still: what was not sent yet is the other one's, and the first sends none."""
    first, second = live(), live()
    first.gate.size = 0.0  # it stands still, before its first request
    first.submit("t-1", rows(8))

    status, replies = collect(second)
    with first.gate.condition:
        first.gate.size = 4.0
        first.gate.condition.notify_all()
    stopped, _ = collect(first)

    assert ("interrupted", "stopped") == (status.word, stopped.word)
    assert (8, {"expired"}) == (len(replies), {reply.outcome for reply in replies})
    assert [] == server.book()["openai"]["live"]


def test_what_is_under_way_in_another_process_is_not_taken_for_unsent(live, server):
    """A row whose request has left has no line yet: it is not handed back as one that was never sent."""
    first, second = live(), live()
    server.faults.add(Fault("slow", provider="openai", route="live", seconds=2, count=-1))
    first.submit("t-1", rows(2))
    while (first.folder / "t-1.jsonl").read_bytes().count(b'"sent"') < 2:
        Event().wait(0.02)

    assert [] == list(second.fetch("t-1", {}))


def test_a_file_that_another_process_holds_is_waited_for(tmp_path, monkeypatch):
    """It is said after a while, and asked for again later."""
    monkeypatch.setattr(single, "TRIES", 2)
    with single.held(tmp_path / "f"), pytest.raises(ProviderError, match="holds"), single.held(tmp_path / "f"):
        raise AssertionError("held twice")
    with single.held(tmp_path / "f"):
        assert (tmp_path / "f").exists()


def test_a_submission_is_never_begun_twice(live):
    """The same tag again is refused: its rows are on their way."""
    provider = live()
    provider.submit("t-1", rows(1))

    with pytest.raises(FileExistsError):
        provider.submit("t-1", rows(1))


def test_the_gate_halves_and_grows():
    """Half as many at once after a refusal for crowding, slowly more after successes."""
    gate = Gate()
    gate.slow()
    assert 2.0 == gate.size
    for _ in range(100):
        gate.enter(Event())
        gate.leave(answered=True)
    assert 10 < gate.size <= 16


def test_a_pass_is_over_when_nobody_works(tmp_path):
    """Ended means: no worker, and nothing waiting or everything stopped."""
    from collections import deque

    assert Pass(tmp_path / "x", 0, deque()).over
    assert not Pass(tmp_path / "x", 1, deque(rows(1)), working=1).over
