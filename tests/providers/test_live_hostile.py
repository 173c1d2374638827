"""Real time against servers that misbehave: nothing is lost, paid twice or waited for in vain; each fault is named."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.jobs import Job, Message
from batchata_nb.core.results import Reply
from batchata_nb.providers import live
from batchata_nb.providers.base import BatchStatus, Row
from batchata_nb.providers.live import LiveProvider
from batchata_nb.providers.live_pass import FIRST
from batchata_nb.providers.openai import OpenAIProvider

from . import certificates
from .compatible import CompatibleServer, Raw

LATER = {"Retry-After": "0.3"}
BUSY = Raw(b'{"error": {"message": "slow down"}}', 429, headers=LATER)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own pauses are short, and no key comes from outside."""
    monkeypatch.setattr(live, "PAUSE", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def rows(count: int) -> list[Row]:
    return [
        Row(f"t-1-{n:06d}", Job(f"j{n}", "openai", "gemma3-270m", (Message("user", f"Say {n}"),), 50))
        for n in range(count)
    ]


def begin(server: CompatibleServer, folder: Path, count: int) -> LiveProvider:
    provider = LiveProvider(OpenAIProvider(base_url=server.url), folder)
    provider.submit("t-1", rows(count))
    return provider


def until(what: Any) -> None:
    for _ in range(1200):
        if what():
            return
        threading.Event().wait(0.02)
    raise AssertionError("never")


def end(provider: LiveProvider) -> tuple[BatchStatus, list[Reply]]:
    until(lambda: provider.poll("t-1").state == "ended")
    return provider.poll("t-1"), list(provider.fetch("t-1", {}))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Raw(b"<html>Log in</html>", kind="text/html"), "proxy or log-in page"),
        (Raw(b"not JSON at all"), "not its API's"),
        (Raw(b'{"choices": [{"mess'), "not its API's"),
        (Raw(b'{"choices": [{"mess', missing=400), "did not answer"),
        (Raw(b"[1, 2]"), "not its API's"),
        (Raw(status=0), "did not answer"),
    ],
)
def test_what_is_no_answer_may_have_been_billed(fault: Raw, words: str, tmp_path: Path) -> None:
    """A page, garbage, half an answer or none: it is not sent again here, counts at its worst case, and says why."""
    with CompatibleServer(faults=[fault]) as server:
        _, replies = end(begin(server, tmp_path, 3))
        asked = len(server.sent("POST /v1/chat/completions"))

    [lost] = [reply for reply in replies if reply.outcome != "succeeded"]
    assert (3, 3) == (len(replies), asked)
    assert (False, True) == (lost.metered, lost.retryable)
    assert words in str(lost.error)


@pytest.mark.parametrize(
    ("body", "asked", "outcome", "words"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 2, "succeeded", None),
        ({"error": {"code": 502, "message": "upstream"}}, 2, "succeeded", None),
        ({"error": "Unexpected endpoint"}, 2, "succeeded", None),
        ({"object": "error", "message": "too long", "code": 400}, 1, "errored", "too long"),
        ({"error": {"code": 402, "message": "no credit"}}, 1, "errored", "no credit"),
    ],
)
def test_an_error_under_the_status_of_success(
    body: Any, asked: int, outcome: str, words: str | None, tmp_path: Path
) -> None:
    """It is taken as the error that it is: sent again if it is passing, else told in its own words, and not billed."""
    with CompatibleServer(faults=[Raw(json.dumps(body).encode())]) as server:
        _, [reply] = end(begin(server, tmp_path, 1))
        sent = len(server.sent("POST /v1/chat/completions"))

    assert (asked, outcome, True) == (sent, reply.outcome, reply.metered)
    assert words is None or words in str(reply.error)


def test_rate_limits_are_waited_out_however_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More refusals than a fault in passing is granted: each is waited for as asked, and every row is answered once."""
    monkeypatch.setattr(live, "TRIES", 1)
    with CompatibleServer(faults=[BUSY] * 12) as server:
        provider = begin(server, tmp_path, 6)
        until(lambda: provider.gate.size == 1)
        word = provider.poll("t-1").word
        status, replies = end(provider)

    assert "told to slow down" == word
    assert (6, "live", {"succeeded"}) == (status.done, status.word, {reply.outcome for reply in replies})
    assert 18 == len(server.sent("POST /v1/chat/completions"))
    assert provider.gate.size > 2


def test_a_limited_server_is_never_asked_faster_than_it_says(tmp_path: Path) -> None:
    """Whoever waits for the end of a rate limit keeps the place: no other row runs into the same refusal meanwhile."""
    with CompatibleServer(faults=[Raw(b"{}", 429, headers={"Retry-After": "30"})] * 16) as server:
        provider = begin(server, tmp_path, 40)
        until(lambda: len(server.faults) <= 12)
        threading.Event().wait(0.5)
        asked = len(server.sent("POST /v1/chat/completions"))
        provider.cancel("t-1")
        _, replies = end(provider)

    assert (FIRST, 40, {"cancelled"}) == (asked, len(replies), {reply.outcome for reply in replies})


def test_cancelling_does_not_wait_for_a_pause(tmp_path: Path) -> None:
    """A row that waits to be sent again is cancelled at once, and costs nothing."""
    with CompatibleServer(faults=[Raw(b"{}", 429, headers={"Retry-After": "3000"})]) as server:
        provider = begin(server, tmp_path, 1)
        until(lambda: provider.poll("t-1").word == "told to slow down")
        provider.cancel("t-1")
        _, [reply] = end(provider)

    assert ("cancelled", True) == (reply.outcome, reply.metered)
    assert 1 == len(server.sent("POST /v1/chat/completions"))


def test_cancelling_does_not_wait_for_another_run(tmp_path: Path) -> None:
    """A run that stands behind another one, which waits for the end of a rate limit, is cancelled at once."""
    with CompatibleServer(faults=[Raw(b"{}", 429, headers={"Retry-After": "3000"})]) as server:
        provider = LiveProvider(OpenAIProvider(base_url=server.url), tmp_path)
        provider.gate.size = 1.0
        provider.submit("t-0", rows(1))
        until(lambda: provider.poll("t-0").word == "told to slow down")
        provider.submit("t-1", rows(3))
        provider.cancel("t-1")
        _, replies = end(provider)
        provider.cancel("t-0")

    assert ["cancelled"] * 3 == [reply.outcome for reply in replies]


def test_a_process_that_dies_in_a_pause_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    """What was refused before the crash was not billed: the next process sends it, and does not book it."""
    with CompatibleServer(faults=[Raw(b"{}", 429, headers={"Retry-After": "3000"})]) as server:
        first = begin(server, tmp_path, 1)
        until(lambda: first.poll("t-1").word == "told to slow down")
        second = LiveProvider(OpenAIProvider(base_url=server.url), tmp_path)
        _, [reply] = end(second)
        first.cancel("t-1")

    assert ("expired", True) == (reply.outcome, reply.retryable)


def test_a_server_that_is_not_there_stops_all(tmp_path: Path) -> None:
    """One that never answered is tried a few times; then all rows say so, and none is in doubt."""
    with CompatibleServer() as server:
        pass
    status, replies = end(begin(server, tmp_path, 30))

    assert ("stopped", 30) == (status.word, len(replies))
    assert {(True, "errored")} == {(reply.metered, reply.outcome) for reply in replies}
    assert all("could not be reached" in str(reply.error) for reply in replies)


def test_a_server_that_comes_back_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has answered and cannot be reached now is waited for: nothing arrived, so nothing is lost."""
    monkeypatch.setattr(live, "TRIES", 1)
    last = Raw(b'{"error": {"message": "I am going"}}', 429, headers={"Retry-After": "0.2", "Connection": "close"})
    with CompatibleServer() as server:
        provider = LiveProvider(OpenAIProvider(base_url=server.url), tmp_path)
        provider.gate.size = 1.0
        provider.gate.enter(threading.Event())
        provider.submit("t-1", rows(2))
        server.faults += [Raw(server.answer(), headers={"Connection": "close"}), last]
        provider.gate.leave(answered=False)
        until(lambda: not server.faults)
    until(lambda: provider.poll("t-1").word == "trying again")
    with CompatibleServer(port=server.port):
        status, replies = end(provider)

    assert (2, {"succeeded"}) == (status.done, {reply.outcome for reply in replies})


@pytest.mark.parametrize(("prefix", "slash"), [("/openai", ""), ("/openai", "/"), ("/api/llm/7", "")])
def test_paths_begin_where_the_base_url_says(prefix: str, slash: str, tmp_path: Path) -> None:
    """A prefix before /v1 and a slash behind it change nothing."""
    from batchata_nb.providers.openai_compatible import base_url

    with CompatibleServer(prefix=prefix) as server:
        provider = LiveProvider(OpenAIProvider(base_url=base_url(server.url + slash)), tmp_path)
        provider.submit("t-1", rows(2))
        _, replies = end(provider)

    assert {"succeeded"} == {reply.outcome for reply in replies}


def test_https_that_is_refused_stops_all_of_it(tmp_path: Path) -> None:
    """No job is at fault: whoever finds out sends nothing more, and no other request is tried in vain."""
    with CompatibleServer(certificate=certificates.make(tmp_path)) as server:
        status, replies = end(begin(server, tmp_path, 60))

    assert "stopped" == status.word
    assert {"provider_error"} == {reply.error_kind for reply in replies}
    assert 60 == len(replies)
    assert all("SSL_CERT_FILE" in (reply.error or "") for reply in replies)
