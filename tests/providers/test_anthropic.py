"""Anthropic over HTTP: what the real SDK sends, and what the provider makes of each answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from batchata_nb.core.errors import BatchSubmissionError, CredentialsError, ProviderError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.core.results import Reply
from batchata_nb.providers.anthropic import AnthropicProvider
from batchata_nb.providers.base import Found, Row

CREATE = "POST /v1/messages/batches"
LIST = "GET /v1/messages/batches"
ONE = "GET /v1/messages/batches/b1"
RESULTS = "GET /v1/messages/batches/b1/results"
SINCE = datetime(2026, 11, 20, 10, tzinfo=UTC)
JOB = Job("j", "anthropic", "claude-opus-5-5", (Message("user", "hi"),), 10)


def batch(state: str = "ended", **changes: Any) -> dict[str, Any]:
    """A batch of two rows as the API shows it."""
    counts = {"processing": 2, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    if state == "ended":
        counts |= {"processing": 0, "succeeded": 1, "errored": 1}
    return {"id": "b1", "type": "message_batch", "processing_status": state, "request_counts": counts,
            "created_at": "2026-11-20T10:00:05Z", "archived_at": None,
            "results_url": "https://elsewhere.example/x" if state == "ended" else None, **changes}  # fmt: skip


def line(row_id: str, text: str = "Paris") -> bytes:
    """A line of a result file."""
    message = {"type": "message", "model": "m", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
    return json.dumps({"custom_id": row_id, "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


@pytest.fixture
def provider(loopback: Any) -> AnthropicProvider:
    """A provider that talks to the test's server."""
    return AnthropicProvider(loopback.environment())


def test_a_batch_is_created_once_from_all_rows(provider: AnthropicProvider, loopback: Any) -> None:
    """One POST bears every row under its id, with the key as bearer and the current API version."""
    loopback.on(CREATE, batch("in_progress"))
    assert "b1" == provider.submit("t", [Row("t-0", JOB), Row("t-1", replace(JOB, max_tokens=20))])
    [call] = loopback.calls
    assert [("t-0", 10), ("t-1", 20)] == [(r["custom_id"], r["params"]["max_tokens"]) for r in call.json["requests"]]
    assert "Bearer sk-ant-secret-1" == call.headers["authorization"]
    assert ("application/json", "2026-10-21") == (call.headers["content-type"], call.headers["anthropic-version"])


def test_sampling_parameters_ask_for_the_older_version(provider: AnthropicProvider, loopback: Any) -> None:
    """A model that still takes a temperature gets it under the API version that has it."""
    loopback.on(CREATE, batch("in_progress"))
    provider.submit("t", [Row("t-0", replace(JOB, model="claude-haiku-4-5", temperature=0.0))])
    assert "2023-06-01" == loopback.calls[0].headers["anthropic-version"]


@pytest.mark.parametrize(
    ("status", "error", "kind", "retryable", "ambiguous", "quota"),
    [
        (400, {"type": "invalid_request_error", "message": "no"}, BatchSubmissionError, False, False, False),
        (401, {"type": "authentication_error", "message": "no"}, CredentialsError, False, False, False),
        (402, {"type": "billing_error", "message": "no"}, ProviderError, False, False, False),
        (403, {"type": "permission_error", "message": "no"}, CredentialsError, False, False, False),
        (413, {"type": "request_too_large", "message": "no"}, BatchSubmissionError, False, False, False),
        (429, {"type": "rate_limit_error", "message": "no"}, ProviderError, True, False, True),
        (429, {"type": "rate_limit_error", "message": "no", "details": {"error_code": "enforced_spend_limit_reached"}},
         ProviderError, False, False, False),
        (500, {"type": "api_error", "message": "no"}, ProviderError, True, True, False),
        (529, {"type": "overloaded_error", "message": "no"}, ProviderError, True, True, False),
    ],
)  # fmt: skip
def test_a_refused_create_is_sent_once_and_classified(
    provider: AnthropicProvider, loopback: Any, answer: Any, status: int, error: dict[str, Any],
    kind: type[ProviderError], retryable: bool, ambiguous: bool, quota: bool,
) -> None:  # fmt: skip
    """Each HTTP error of a create is one request, and says whether it may be repeated and whether a batch may exist."""
    loopback.on(CREATE, answer({"type": "error", "error": error}, status, {"retry-after": "7"}))
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    found = caught.value
    assert (kind, retryable, ambiguous, quota) == (type(found), found.retryable, found.ambiguous, found.quota)
    assert (1, status, 7.0) == (len(loopback.calls), found.status, found.retry_after)


@pytest.mark.parametrize("what", ["dropped", "html", "empty"])
def test_a_create_without_a_readable_answer_is_ambiguous(
    provider: AnthropicProvider, loopback: Any, answer: Any, what: str
) -> None:
    """A lost connection, a log-in page and an object without id may all hide a batch, so they are looked up."""
    answers = {
        "dropped": answer(drop=True),
        "html": answer(b"<html>", headers={"Content-Type": "text/html"}),
        "empty": {},
    }
    loopback.on(CREATE, answers[what])
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    assert (True, True, 1) == (caught.value.ambiguous, caught.value.retryable, len(loopback.calls))


def test_a_server_that_is_not_there_took_nothing(loopback: Any) -> None:
    """When no connection could be made, no batch can exist."""
    gone = AnthropicProvider({**loopback.environment(), "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    with pytest.raises(ProviderError) as caught:
        gone.submit("t", [Row("t-0", JOB)])
    assert (False, True) == (caught.value.ambiguous, caught.value.retryable)


@pytest.mark.parametrize(
    ("shown", "state", "done", "failed", "no_results"),
    [
        (batch("in_progress"), "running", None, None, False),
        (batch("canceling"), "cancelling", None, None, False),
        (batch("ended"), "ended", 1, 1, False),
        (batch("ended", results_url=None, archived_at="2026-12-20T10:00:00Z"), "ended", 1, 1, True),
        (batch("levitating"), "running", None, None, False),
    ],
)
def test_states(
    provider: AnthropicProvider, loopback: Any, shown: Any, state: str, done: Any, failed: Any, no_results: bool
) -> None:
    """Each processing status has its state; counts are told only at the end; an unknown word counts as running."""
    loopback.on(ONE, shown)
    status = provider.poll("b1")
    assert (state, 2, done, failed, no_results) == (
        status.state, status.total, status.done, status.failed, status.no_results,
    )  # fmt: skip


def fetched(provider: AnthropicProvider) -> list[Reply]:
    """All replies."""
    return list(provider.fetch("b1", {}))


def test_results_come_from_our_own_base_url(provider: AnthropicProvider, loopback: Any) -> None:
    """The key is never taken to the host that `results_url` names."""
    loopback.on(RESULTS, line("t-1") + line("t-0", "a\u2028b"))
    assert [("t-1", "Paris"), ("t-0", "a\u2028b")] == [(r.row_id, r.text) for r in fetched(provider)]
    assert ["GET /v1/messages/batches/b1/results"] == [call.line for call in loopback.calls]


def test_a_cut_download_is_started_again(provider: AnthropicProvider, loopback: Any, answer: Any) -> None:
    """A connection that breaks off in the middle costs another download, not rows."""
    whole = line("t-0") + line("t-1")
    loopback.on(RESULTS, answer(whole, cut=90), answer(whole))
    assert ["t-0", "t-1"] == [r.row_id for r in fetched(provider)]
    assert 2 == len(loopback.calls)


def test_a_download_that_never_ends_well_is_an_error(provider: AnthropicProvider, loopback: Any, answer: Any) -> None:
    """After three broken downloads the caller is told to try later."""
    loopback.on(RESULTS, answer(line("t-0"), cut=20))
    with pytest.raises(ProviderError) as caught:
        fetched(provider)
    assert (True, False, 3) == (caught.value.retryable, caught.value.ambiguous, len(loopback.calls))


def test_a_malformed_line_is_reported_and_the_others_land(
    provider: AnthropicProvider, loopback: Any, answer: Any
) -> None:
    """A line that is no JSON is a reply without id; it takes no other line with it."""
    loopback.on(RESULTS, answer(line("t-0") + b'{"custom_id": "t-1", "resu\n\n' + line("t-2")))
    replies = fetched(provider)
    assert ["t-0", None, "t-2"] == [reply.row_id for reply in replies]
    assert ("errored", True) == (replies[1].outcome, "no JSON object" in str(replies[1].error))


def test_a_web_page_in_place_of_results_is_no_result(provider: AnthropicProvider, loopback: Any, answer: Any) -> None:
    """A proxy's page must not make every row look missing, which would be paid for again."""
    loopback.on(RESULTS, answer(b"<html>\n<p>log in</p>\n</html>\n"))
    with pytest.raises(ProviderError, match="web page"):
        fetched(provider)


def test_cancelling_what_has_ended_is_no_error(provider: AnthropicProvider, loopback: Any, answer: Any) -> None:
    """A refused cancel of a batch that ended passes; of one that runs on, it is an error."""
    refusal = answer({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400)
    loopback.on("POST /v1/messages/batches/b1/cancel", refusal)
    loopback.on(ONE, batch("ended"), batch("in_progress"))
    provider.cancel("b1")
    with pytest.raises(ProviderError):
        provider.cancel("b1")


def page(*batches: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """A page of the list."""
    return {
        "data": list(batches),
        "has_more": more,
        "first_id": None,
        "last_id": batches[-1]["id"] if batches else None,
    }


def test_an_ended_batch_is_recognised_by_its_rows(provider: AnthropicProvider, loopback: Any, answer: Any) -> None:
    """Of two ended batches of the right size, the one whose rows bear the tag is found, on a later page."""
    old = batch("ended", id="b0", created_at="2026-11-20T08:00:00Z")
    loopback.on(LIST, page(batch("ended", id="b2"), more=True), page(batch("ended"), old))
    loopback.on("GET /v1/messages/batches/b2/results", answer(line("other-0")))
    loopback.on(RESULTS, answer(line("t-1")))
    assert Found(batch_id="b1") == provider.find("t", SINCE, 2)
    assert "after_id=b2" in loopback.sent(LIST)[1].path


def test_a_running_batch_of_the_right_size_is_only_a_candidate(provider: AnthropicProvider, loopback: Any) -> None:
    """Before its end nothing tells whose a batch is; one of another size or from long before is not it."""
    other = batch("in_progress", id="b3", request_counts={"processing": 9})
    long_ago = batch("in_progress", id="b4", created_at="2026-11-18T01:00:00Z")
    loopback.on(LIST, page(batch("in_progress"), other, long_ago))
    assert Found(candidates=("b1",)) == provider.find("t", SINCE, 2)


def test_no_batch_at_all(provider: AnthropicProvider, loopback: Any) -> None:
    """An empty list is proof that the create took no effect."""
    loopback.on(LIST, page())
    assert Found() == provider.find("t", SINCE, 2)


def test_tokens_are_counted_by_what_counts(provider: AnthropicProvider, loopback: Any) -> None:
    """Counting sends the messages and the schema, and nothing that the endpoint does not take."""
    loopback.on("POST /v1/messages/count_tokens", {"input_tokens": 42})
    assert 42 == provider.count_tokens(replace(JOB, schema={"type": "object", "properties": {}}))
    assert {"model", "messages", "output_config"} == set(loopback.calls[0].json)


@pytest.mark.parametrize("verb", ["submit", "poll", "fetch", "find", "count_tokens"])
def test_without_a_key_nothing_is_sent(loopback: Any, verb: str) -> None:
    """Every verb names the variable that is not set, before any request."""
    without = AnthropicProvider({"ANTHROPIC_BASE_URL": loopback.url})
    calls = {
        "submit": lambda: without.submit("t", [Row("t-0", JOB)]),
        "poll": lambda: without.poll("b1"),
        "fetch": lambda: list(without.fetch("b1", {})),
        "find": lambda: without.find("t", SINCE, 1),
        "count_tokens": lambda: without.count_tokens(JOB),
    }
    with pytest.raises(CredentialsError, match="ANTHROPIC_API_KEY"):
        calls[verb]()
    assert [] == loopback.calls
