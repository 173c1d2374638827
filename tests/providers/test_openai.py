"""OpenAI over HTTP: what the real SDK sends, and what the provider makes of each answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.errors import BatchSubmissionError, CredentialsError, ModelNotSupportedError, ProviderError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.providers.base import Found, Row
from batchata_nb.providers.openai import OpenAIProvider

UPLOAD, CREATE, LIST, ONE = "POST /v1/files", "POST /v1/batches", "GET /v1/batches", "GET /v1/batches/b1"
SINCE = datetime(2026, 11, 20, 10, tzinfo=UTC)
AT = int(SINCE.timestamp()) + 5
JOB = Job("j", "openai", "gpt-6-sol", (Message("user", "hi"),), 10)


def batch(status: str = "completed", **changes: Any) -> dict[str, Any]:
    """A batch of two rows as the API shows it."""
    return {
        "id": "b1",
        "object": "batch",
        "status": status,
        "created_at": AT,
        "errors": None,
        "metadata": {"batchata_tag": "t"},
        "output_file_id": None,
        "error_file_id": None,
        "request_counts": {"total": 2, "completed": 1, "failed": 1},
        **changes,
    }


def line(row_id: str) -> bytes:
    """A line of an output file."""
    output = [{"type": "message", "content": [{"type": "output_text", "text": "Paris"}]}]
    body = {"object": "response", "status": "completed", "output": output}
    return (
        json.dumps({"custom_id": row_id, "response": {"status_code": 200, "body": body}, "error": None}).encode()
        + b"\n"
    )


@pytest.fixture
def provider(loopback: Any) -> OpenAIProvider:
    """A provider that talks to the test's server, with Responses."""
    loopback.on(UPLOAD, {"id": "file-1", "object": "file"})
    return OpenAIProvider(loopback.environment(), endpoint="responses", pause=lambda seconds: None)


def lines_of(call: Any) -> list[dict[str, Any]]:
    """The JSON lines inside a multipart upload."""
    return [json.loads(each) for each in call.body.split(b"\n") if each.startswith(b'{"custom_id"')]


def test_a_batch_is_an_uploaded_file_and_one_create(provider: OpenAIProvider, loopback: Any) -> None:
    """The input file goes up for the purpose of a batch, and the create names it, the endpoint and the tag."""
    loopback.on(CREATE, batch("validating"))
    assert "b1" == provider.submit("t", [Row("t-0", JOB), Row("t-1", JOB)])
    upload, create = loopback.calls
    assert [("t-0", "/v1/responses"), ("t-1", "/v1/responses")] == [
        (r["custom_id"], r["url"]) for r in lines_of(upload)
    ]
    assert (b'name="purpose"\r\n\r\nbatch' in upload.body, b'filename="t.jsonl"' in upload.body) == (True, True)
    assert {
        "input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h",
        "metadata": {"batchata_tag": "t"},
    } == create.json  # fmt: skip
    assert "Bearer sk-secret-2" == create.headers["authorization"]


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable", "ambiguous", "quota"),
    [
        (400, "invalid_value", BatchSubmissionError, False, False, False),
        (401, "invalid_api_key", CredentialsError, False, False, False),
        (402, "x", ProviderError, False, False, False),
        (403, "x", CredentialsError, False, False, False),
        (404, "model_not_found", ModelNotSupportedError, False, False, False),
        (408, "x", ProviderError, True, True, False),
        (413, "x", BatchSubmissionError, False, False, False),
        (429, "rate_limit_exceeded", ProviderError, True, False, True),
        (429, "insufficient_quota", ProviderError, False, False, False),
        (500, "server_error", ProviderError, True, True, False),
        (503, "server_error", ProviderError, True, True, False),
    ],
)  # fmt: skip
def test_a_refused_create_is_sent_once_and_classified(
    provider: OpenAIProvider, loopback: Any, answer: Any, status: int, code: str, kind: type[ProviderError],
    retryable: bool, ambiguous: bool, quota: bool,
) -> None:  # fmt: skip
    """Each HTTP error of a create is one request, and says whether it may be repeated and whether a batch may exist."""
    loopback.on(CREATE, answer({"error": {"message": "no", "code": code}}, status))
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    found = caught.value
    assert (kind, retryable, ambiguous, quota) == (type(found), found.retryable, found.ambiguous, found.quota)
    assert 1 == len(loopback.sent(CREATE))


@pytest.mark.parametrize("what", ["dropped", "html"])
def test_a_create_without_a_readable_answer_is_ambiguous(
    provider: OpenAIProvider, loopback: Any, answer: Any, what: str
) -> None:
    """A lost connection and a log-in page may both hide a batch."""
    loopback.on(
        CREATE, answer(drop=True) if what == "dropped" else answer(b"<html>", headers={"Content-Type": "text/html"})
    )
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    assert (True, True, 1) == (caught.value.ambiguous, caught.value.retryable, len(loopback.sent(CREATE)))


def test_a_failed_upload_made_no_batch(provider: OpenAIProvider, loopback: Any, answer: Any) -> None:
    """Whatever happens to the upload, no batch can exist before the create."""
    loopback.on(UPLOAD, answer({"error": {"message": "no"}}, 500))
    with pytest.raises(ProviderError) as caught:
        provider.submit("t", [Row("t-0", JOB)])
    assert (False, True, []) == (caught.value.ambiguous, caught.value.retryable, loopback.sent(CREATE))


def test_a_file_that_is_not_there_yet_is_asked_for_again(loopback: Any, answer: Any) -> None:
    """Just after an upload the create may not see the file; that alone is repeated, after a pause."""
    pauses: list[float] = []
    provider = OpenAIProvider(loopback.environment(), endpoint="responses", pause=pauses.append)
    loopback.on(UPLOAD, {"id": "file-1", "object": "file"})
    loopback.on(
        CREATE, answer({"error": {"message": "Cannot find file file-1, or you do not have access"}}, 400), batch()
    )
    assert ("b1", 2, [2.0]) == (provider.submit("t", [Row("t-0", JOB)]), len(loopback.sent(CREATE)), pauses)


FAULT = {
    "object": "list",
    "data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}],
}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (batch("validating"), {"state": "queued"}),
        (batch("in_progress"), {"state": "running", "total": 2, "done": 1, "failed": 1, "handle": {}}),
        (batch("FINALIZING"), {"state": "running"}),
        (batch("cancelling"), {"state": "cancelling"}),
        (batch(output_file_id="o", error_file_id="e"),
         {"state": "ended", "handle": {"output_file_id": "o", "error_file_id": "e"}, "no_results": False,
          "reason": None}),
        (batch(error_file_id="e"), {"state": "ended", "handle": {"error_file_id": "e"}, "rejected": False}),
        (batch("expired", output_file_id="o"), {"state": "ended", "no_results": False, "rejected": False}),
        (batch("cancelled"), {"state": "ended", "no_results": True, "rejected": False}),
        (batch("failed", errors=FAULT, request_counts={"total": 0, "completed": 0, "failed": 0}),
         {"state": "ended", "rejected": True, "quota": True, "no_results": True,
          "reason": "token_limit_exceeded: Enqueued token limit reached"}),
        (batch("failed", errors={"data": [{"code": "invalid_json_line", "message": "bad", "line": 3}]},
               request_counts=None),
         {"rejected": True, "quota": False, "reason": "invalid_json_line (line 3): bad"}),
        (batch("pondering", request_counts=None), {"state": "running", "total": None, "word": "pondering"}),
    ],
)  # fmt: skip
def test_states(provider: OpenAIProvider, loopback: Any, shown: Any, expected: dict[str, Any]) -> None:
    """Each status has its state, whatever its case; only a batch that failed in validation is proof of no charge."""
    loopback.on(ONE, shown)
    status = provider.poll("b1")
    assert expected == {name: getattr(status, name) for name in expected}


def test_both_files_are_read(provider: OpenAIProvider, loopback: Any) -> None:
    """Rows that succeeded and rows that failed come from two files; either may be missing."""
    loopback.on("GET /v1/files/o/content", line("t-0"))
    loopback.on(
        "GET /v1/files/e/content",
        json.dumps({"custom_id": "t-1", "response": None, "error": {"code": "batch_expired"}}).encode(),
    )
    handle = {"output_file_id": "o", "error_file_id": "e"}
    assert [("t-0", "succeeded"), ("t-1", "expired")] == [(r.row_id, r.outcome) for r in provider.fetch("b1", handle)]
    assert [("t-1", "expired")] == [(r.row_id, r.outcome) for r in provider.fetch("b1", {"error_file_id": "e"})]


def test_a_cut_download_is_started_again(provider: OpenAIProvider, loopback: Any, answer: Any) -> None:
    """A connection that breaks off in the middle costs another download, not rows."""
    whole = line("t-0") + line("t-1")
    loopback.on("GET /v1/files/o/content", answer(whole, cut=50), answer(whole))
    assert ["t-0", "t-1"] == [r.row_id for r in provider.fetch("b1", {"output_file_id": "o"})]


def test_cancelling_what_has_ended_is_no_error(provider: OpenAIProvider, loopback: Any, answer: Any) -> None:
    """A refused cancel of a batch that ended passes; of one that runs on, it is an error."""
    loopback.on("POST /v1/batches/b1/cancel", answer({"error": {"message": "no"}}, 409))
    loopback.on(ONE, batch("completed"), batch("in_progress"))
    provider.cancel("b1")
    with pytest.raises(ProviderError):
        provider.cancel("b1")


def test_a_batch_is_found_by_its_tag(provider: OpenAIProvider, loopback: Any) -> None:
    """The tag in the metadata is certain, whatever the order of the list, and on later pages too."""
    first = {"data": [batch(id="b0", metadata={"batchata_tag": "other"})], "has_more": True}
    loopback.on(LIST, first, {"data": [batch()], "has_more": False})
    assert Found(batch_id="b1") == provider.find("t", SINCE, 2)
    assert "after=b0" in loopback.sent(LIST)[1].path


def test_endpoints_that_keep_no_metadata_give_candidates(provider: OpenAIProvider, loopback: Any) -> None:
    """Without metadata, time and number of rows leave candidates; other sizes and older batches are none."""
    rows = [batch(metadata=None), batch(id="b2", metadata=None, request_counts={"total": 9}),
            batch(id="b3", metadata=None, created_at=AT - 200_000), batch(id="b4")]  # fmt: skip
    loopback.on(LIST, {"data": rows, "has_more": False})
    assert Found(candidates=("b1",)) == provider.find("u", SINCE, 2)


@pytest.mark.parametrize(
    ("status", "url"), [(400, "/v1/responses"), (404, "/v1/chat/completions"), (405, "/v1/chat/completions")]
)
def test_another_endpoint_is_asked_once_what_it_has(loopback: Any, answer: Any, status: int, url: str) -> None:
    """An endpoint that is not OpenAI's own gets chat completions when it lacks Responses, and is asked only once."""
    loopback.on(UPLOAD, {"id": "file-1", "object": "file"})
    loopback.on(CREATE, batch())
    loopback.on("POST /v1/responses", answer({"error": {"message": "no"}}, status))
    provider = OpenAIProvider(loopback.environment())
    provider.submit("t", [Row("t-0", JOB)])
    provider.submit("u", [Row("u-0", JOB)])
    assert [url, url] == [lines_of(call)[0]["url"] for call in loopback.sent(UPLOAD)]
    assert (1, {url}) == (len(loopback.sent("POST /v1/responses")), {c.json["endpoint"] for c in loopback.sent(CREATE)})


def test_openai_itself_is_never_asked() -> None:
    """With OpenAI's own base URL, Responses is settled without a request."""
    assert "/v1/responses" == OpenAIProvider({"OPENAI_API_KEY": "k"}).endpoint()


def test_a_large_document_is_uploaded_once_for_all_rows(
    provider: OpenAIProvider, loopback: Any, tmp_path: Path
) -> None:
    """Two rows over one large image share one upload, which expires by itself, and refer to it by id."""
    from PIL import Image

    path = tmp_path / "noise.png"
    Image.effect_noise((1300, 1300), 99).save(path)
    document = open_document(path)
    job = replace(JOB, messages=(Message("user", "look", (document,)),))
    loopback.on(CREATE, batch())
    provider.submit("t", [Row("t-0", job), Row("t-1", job)])
    image, rows = loopback.sent(UPLOAD)
    assert (b"user_data" in image.body, b"604800" in image.body) == (True, True)
    assert {"file-1"} == {row["body"]["input"][0]["content"][0]["file_id"] for row in lines_of(rows)}
    assert provider.encoded_size(job) < 2_000


def test_tokens_are_counted_where_the_endpoint_counts(provider: OpenAIProvider, loopback: Any, answer: Any) -> None:
    """The count comes from the free endpoint; where there is none, there is no count, and no error."""
    loopback.on("POST /v1/responses/input_tokens", {"input_tokens": 11}, answer({}, 404))
    assert (11, None) == (provider.count_tokens(JOB), provider.count_tokens(JOB))
    assert {"model", "input"} == set(loopback.calls[0].json)


def test_keys_are_in_no_message(provider: OpenAIProvider, loopback: Any, answer: Any) -> None:
    """An error that repeats the key, in part or whole, is shown without it."""
    loopback.on(
        ONE, answer({"error": {"message": "Incorrect API key provided: sk-secret-2 (Bearer sk-other-9999999)"}}, 401)
    )
    with pytest.raises(CredentialsError) as caught:
        provider.poll("b1")
    assert not re.search("secret|other", str(caught.value))
    assert "OPENAI_API_KEY" in str(caught.value)
