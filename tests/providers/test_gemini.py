"""Gemini over HTTP: what goes out, and what the provider makes of each answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.errors import BatchSubmissionError, CredentialsError, ProviderError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.providers.base import Found, Row
from batchata_nb.providers.gemini import GeminiProvider

START, CREATE = "POST /upload/v1beta/files", "POST /v1beta/models/gemini-3.8-flash:batchGenerateContent"
SEND = "POST /upload/there"
LIST, ONE = "GET /v1beta/batches", "GET /v1beta/batches/b1"
RESULT = "GET /v1beta/files/batch-b1:download"
SINCE = datetime(2026, 11, 20, 10, tzinfo=UTC)
JOB = Job("j", "gemini", "gemini-3.8-flash", (Message("user", "hi"),), 10)
FILE = {"name": "files/in", "uri": "https://host.example/v1beta/files/in", "state": "ACTIVE"}


def job(state: str = "SUCCEEDED", *, error: Any = None, response: Any = None, **metadata: Any) -> dict[str, Any]:
    """A job of two rows as the API shows it."""
    known = {
        "name": "batches/b1",
        "displayName": "t",
        "state": f"BATCH_STATE_{state}",
        "createTime": "2026-11-20T10:00:05Z",
        "batchStats": {"requestCount": "2", "successfulRequestCount": "1", "failedRequestCount": "1"},
        **metadata,
    }
    extra = {**({"error": error} if error else {}), **({"response": response} if response else {})}
    return {"name": "batches/b1", "metadata": known, "done": bool(extra), **extra}


def line(row_id: str) -> bytes:
    """A line of a result file."""
    candidate = {"content": {"parts": [{"text": "Paris"}]}, "finishReason": "STOP"}
    return json.dumps({"key": row_id, "response": {"candidates": [candidate]}}).encode() + b"\n"


@pytest.fixture
def pauses() -> list[float]:
    """How long the provider waited."""
    return []


@pytest.fixture
def provider(loopback: Any, answer: Any, pauses: list[float]) -> GeminiProvider:
    """A provider that talks to the test's server, whose uploads name a foreign host."""
    url = {"x-goog-upload-url": "http://foreign.invalid/upload/there"}
    loopback.on(START, answer({}, headers=url))
    loopback.on(SEND, answer({"file": FILE}, headers={"x-goog-upload-status": "final"}))
    return GeminiProvider(loopback.environment(), pause=pauses.append)


def test_a_job_is_an_uploaded_file_of_keyed_lines_and_one_create(provider: GeminiProvider, loopback: Any) -> None:
    """The upload stays on our own host whatever its first answer names, and the create names file and tag."""
    loopback.on(CREATE, job("PENDING"))
    assert "batches/b1" == provider.submit("t", [Row("t-0", JOB), Row("t-1", JOB)])
    start, send, create = loopback.calls
    assert [START, SEND, CREATE] == [start.line, send.line, create.line]
    assert ["t-0", "t-1"] == [json.loads(each)["key"] for each in send.body.splitlines()]
    assert {"batch": {"inputConfig": {"fileName": "files/in"}, "displayName": "t"}} == create.json
    assert ("AIzaSecret-3", None) == (create.headers["x-goog-api-key"], send.headers.get("x-goog-api-key"))


def test_an_uploaded_file_is_waited_for(
    provider: GeminiProvider, loopback: Any, answer: Any, pauses: list[float]
) -> None:
    """The job is created only once the file is active."""
    loopback.on(SEND, answer({"file": {**FILE, "state": "PROCESSING"}}, headers={"x-goog-upload-status": "final"}))
    loopback.on("GET /v1beta/files/in", {**FILE, "state": "PROCESSING"}, FILE)
    loopback.on(CREATE, job("PENDING"))
    provider.submit("t", [Row("t-0", JOB)])
    assert ([1.0, 1.0], CREATE) == (pauses, loopback.calls[-1].line)


@pytest.mark.parametrize(
    ("status", "word", "kind", "retryable", "ambiguous", "quota"),
    [
        (400, "INVALID_ARGUMENT", BatchSubmissionError, False, False, False),
        (401, "UNAUTHENTICATED", CredentialsError, False, False, False),
        (403, "PERMISSION_DENIED", CredentialsError, False, False, False),
        (404, "NOT_FOUND", BatchSubmissionError, False, False, False),
        (413, "X", BatchSubmissionError, False, False, False),
        (429, "RESOURCE_EXHAUSTED", ProviderError, True, False, True),
        (500, "INTERNAL", ProviderError, True, True, False),
        (503, "UNAVAILABLE", ProviderError, True, True, False),
    ],
)  # fmt: skip
def test_a_refused_create_is_sent_once_and_classified(
    provider: GeminiProvider, loopback: Any, answer: Any, status: int, word: str, kind: type[ProviderError],
    retryable: bool, ambiguous: bool, quota: bool,
) -> None:  # fmt: skip
    """Each HTTP error of a create is one request, and says whether it may be repeated and whether a job may exist."""
    retry = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}]
    loopback.on(CREATE, answer({"error": {"code": status, "message": "no", "status": word, "details": retry}}, status))
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    found = caught.value
    assert (kind, retryable, ambiguous, quota) == (type(found), found.retryable, found.ambiguous, found.quota)
    assert (1, status, 37.0) == (len(loopback.sent(CREATE)), found.status, found.retry_after)


def test_a_wrong_key_is_told_apart_from_a_wrong_request(provider: GeminiProvider, loopback: Any, answer: Any) -> None:
    """A bad key comes as 400; its reason says that it is the key."""
    reason = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    error = {"code": 400, "message": "API key not valid: AIzaSecret-3", "status": "INVALID_ARGUMENT", "details": reason}
    loopback.on(ONE, answer({"error": error}, 400))
    with pytest.raises(CredentialsError, match="GEMINI_API_KEY") as caught:
        provider.poll("batches/b1")
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("what", ["dropped", "html", "nameless"])
def test_a_create_without_a_readable_answer_is_ambiguous(
    provider: GeminiProvider, loopback: Any, answer: Any, what: str
) -> None:
    """A lost connection, a log-in page and an object without a name may all hide a job."""
    answers = {
        "dropped": answer(drop=True),
        "html": answer(b"<html>", headers={"Content-Type": "text/html"}),
        "nameless": {},
    }
    loopback.on(CREATE, answers[what])
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    assert (True, True, 1) == (caught.value.ambiguous, caught.value.retryable, len(loopback.sent(CREATE)))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (job("PENDING"), {"state": "queued"}),
        (job("RUNNING"), {"state": "running", "total": 2, "done": 1, "failed": 1, "handle": {}}),
        (job("PAUSED"), {"state": "running"}),
        (job("CANCELLING"), {"state": "cancelling"}),
        (job(response={"responsesFile": "files/batch-b1"}), {"state": "ended", "handle": {"file": "files/batch-b1"}}),
        (job("PARTIALLY_SUCCEEDED", output={"responsesFile": "files/x"}),
         {"state": "ended", "handle": {"file": "files/x"}}),
        (job(response={"inlinedResponses": {"inlinedResponses": [{"metadata": {"key": "t-0"}}]}}),
         {"state": "ended", "handle": {"inlined": True}, "no_results": False}),
        (job("CANCELLED"), {"state": "ended", "no_results": True, "rejected": False, "reason": None}),
        (job("EXPIRED"), {"state": "ended", "no_results": True, "rejected": False,
                          "reason": "The job ended as EXPIRED, without a reason."}),
        (job("FAILED", error={"code": 8, "message": "quota"}, batchStats={"requestCount": "2"}),
         {"state": "ended", "rejected": True, "quota": True, "reason": "quota"}),
        (job("FAILED", error={"code": 3, "message": "bad line 2"}, batchStats={}),
         {"rejected": True, "quota": False, "total": None, "reason": "bad line 2"}),
        (job("FAILED", error={"code": 13, "message": "boom"}, batchStats={}), {"rejected": False}),
        (job("FAILED", error={"code": 13, "message": "boom"}, batchStats={"failedRequestCount": "2"}),
         {"rejected": True, "quota": False}),
        (job("FAILED", error={"code": 13, "message": "boom"}),
         {"rejected": False, "no_results": True, "reason": "boom"}),
        (job("TELEPORTING"), {"state": "running", "word": "TELEPORTING"}),
    ],
)  # fmt: skip
def test_states(provider: GeminiProvider, loopback: Any, shown: Any, expected: dict[str, Any]) -> None:
    """Each state has ours, with the counts and the error that the SDK's own job leaves out."""
    loopback.on(ONE, shown)
    status = provider.poll("batches/b1")
    assert expected == {name: getattr(status, name) for name in expected}


def test_results_are_joined_by_key(provider: GeminiProvider, loopback: Any) -> None:
    """Rows come in any order, from the result file or from the job itself, and bear their own ids."""
    loopback.on(RESULT, line("t-1") + line("t-0"))
    assert ["t-1", "t-0"] == [r.row_id for r in provider.fetch("batches/b1", {"file": "files/batch-b1"})]
    inlined = {"metadata": {"key": "t-7"}, "response": json.loads(line("x"))["response"]}
    loopback.on(ONE, job(response={"inlinedResponses": {"inlinedResponses": [inlined]}}))
    assert [("t-7", "Paris")] == [(r.row_id, r.text) for r in provider.fetch("batches/b1", {"inlined": True})]


def test_a_redirected_download_leaves_the_key_behind(provider: GeminiProvider, loopback: Any, answer: Any) -> None:
    """The key goes to our own host only, even where the file is stored elsewhere."""
    loopback.on(RESULT, answer({}, 302, {"Location": "/store/x"}))
    loopback.on("GET /store/x", line("t-0"))
    assert ["t-0"] == [r.row_id for r in provider.fetch("batches/b1", {"file": "files/batch-b1"})]
    assert ["AIzaSecret-3", None] == [call.headers.get("x-goog-api-key") for call in loopback.calls]


def test_a_cut_download_is_started_again(provider: GeminiProvider, loopback: Any, answer: Any) -> None:
    """A connection that breaks off in the middle costs another download, not rows."""
    whole = line("t-0") + line("t-1")
    loopback.on(RESULT, answer(whole, cut=50), answer(whole))
    assert ["t-0", "t-1"] == [r.row_id for r in provider.fetch("batches/b1", {"file": "files/batch-b1"})]


def test_cancelling_what_has_ended_is_no_error(provider: GeminiProvider, loopback: Any, answer: Any) -> None:
    """A refused cancel of a job that ended passes; of one that runs on, it is an error."""
    refusal = {"error": {"code": 400, "message": "no", "status": "FAILED_PRECONDITION"}}
    loopback.on("POST /v1beta/batches/b1:cancel", answer(refusal, 400))
    loopback.on(ONE, job("SUCCEEDED"), job("RUNNING"))
    provider.cancel("batches/b1")
    with pytest.raises(ProviderError):
        provider.cancel("batches/b1")


def test_a_job_is_found_by_its_display_name(provider: GeminiProvider, loopback: Any) -> None:
    """The tag is the display name; pages are followed, and no such name means no such job."""
    other = job(displayName="u")
    pages = [{"operations": [other], "nextPageToken": "p2"}, {"operations": [job()]}]
    loopback.on(LIST, *pages)
    assert Found(batch_id="batches/b1") == provider.find("t", SINCE, 2)
    loopback.on(LIST, {"operations": [other]})
    assert Found() == provider.find("t", SINCE, 2)


def test_tokens_are_counted_with_system_text_and_schema(provider: GeminiProvider, loopback: Any) -> None:
    """What countTokens does not take beside the contents is counted as content."""
    loopback.on("POST /v1beta/models/gemini-3.8-flash:countTokens", {"totalTokens": 5})
    asked = replace(JOB, messages=(Message("system", "Be brief."), *JOB.messages), schema={"type": "object"})
    assert 5 == provider.count_tokens(asked)
    assert [["Be brief.", '{"type":"object"}'], ["hi"]] == [
        [part["text"] for part in content["parts"]] for content in loopback.calls[0].json["contents"]
    ]


def test_a_large_document_is_uploaded_once_for_all_rows(
    provider: GeminiProvider, loopback: Any, tmp_path: Path
) -> None:
    """Two rows over one large image share one upload and refer to it by its URI."""
    from PIL import Image

    path = tmp_path / "noise.png"
    Image.effect_noise((1700, 1700), 99).save(path)
    asked = replace(JOB, messages=(Message("user", "look", (open_document(path),)),))
    loopback.on(CREATE, job("PENDING"))
    provider.submit("t", [Row("t-0", asked), Row("t-1", asked)])
    assert 2 == len(loopback.sent(START))
    rows = [json.loads(each) for each in loopback.sent(SEND)[1].body.splitlines()]
    assert [FILE["uri"]] * 2 == [row["request"]["contents"][0]["parts"][0]["fileData"]["fileUri"] for row in rows]


def test_what_was_given_stands_above_the_process(loopback: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key given with a base URL is used, even if the process has one under the name that the SDK prefers."""
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaTheUsersOwn")
    loopback.on(ONE, job())
    GeminiProvider(loopback.environment()).poll("batches/b1")
    assert "AIzaSecret-3" == loopback.calls[0].headers["x-goog-api-key"]
