"""Gemini's protocol, through its SDK."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from batchata_nb.practice import Limits, PracticeServer
from tests.practice.conftest import INVOICE, INVOICE_SCHEMA, Clock

MODEL = "gemini-3.8-flash"


def request(text: str = "Say: hello there.", **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def extract(part: dict[str, Any]) -> dict[str, Any]:
    config = {"responseMimeType": "application/json", "responseJsonSchema": INVOICE_SCHEMA}
    return {"contents": [{"role": "user", "parts": [part, {"text": "Extract."}]}], "generationConfig": config}


def submit(gemini: Any, lines: list[Any], **config: Any) -> Any:
    data = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines).encode()
    uploaded = gemini.files.upload(file=io.BytesIO(data), config={"mime_type": "jsonl", "display_name": "in"})
    return gemini.batches.create(model=MODEL, src=uploaded.name, config={"display_name": "d", **config})


def keyed(*requests: dict[str, Any]) -> list[Any]:
    return [{"key": f"r-{index}", "request": each} for index, each in enumerate(requests)]


def results(gemini: Any, job: Any) -> dict[str, Any]:
    job = gemini.batches.get(name=job.name)
    lines = gemini.files.download(file=job.dest.file_name).split(b"\n")
    return {each["key"]: each for each in map(json.loads, filter(None, lines))}


def raw(gemini: Any, name: str, version: str = "v1") -> Any:
    """The job as it stands on the wire: the SDK drops its error and counts."""
    return json.loads(gemini._api_client.request("get", name, {}, types.HttpOptions(api_version=version)).body)


def test_a_job_goes_through_its_states_and_its_counts_move(gemini: Any, clock: Clock) -> None:
    """Pending, running with moving counts, succeeded with a result file; both API versions tell the same."""
    job = submit(gemini, keyed(*[request(f"Note: {n}") for n in range(8)]))
    seen = [job.state.name]
    clock.tick(5)
    stats = raw(gemini, job.name)["metadata"]["batchStats"]
    seen.append(gemini.batches.get(name=job.name).state.name)
    clock.tick(6)
    seen.append(gemini.batches.get(name=job.name).state.name)

    assert ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"] == seen
    assert {"requestCount": "8", "successfulRequestCount": "4", "pendingRequestCount": "4"} == stats
    assert raw(gemini, job.name) == raw(gemini, job.name, "v1beta")
    assert {f"r-{n}" for n in range(8)} == set(results(gemini, job))


def test_an_invoice_is_read_and_the_count_agrees(gemini: Any, clock: Clock, pdf: bytes, pdf64: str) -> None:
    """An uploaded PDF and one in the request give the same answer; thoughts are counted apart from the candidates."""
    uploaded = gemini.files.upload(file=io.BytesIO(pdf), config={"mime_type": "application/pdf"})
    uploaded = gemini.files.get(name=uploaded.name)
    by_uri = extract({"fileData": {"fileUri": uploaded.uri, "mimeType": "application/pdf"}})
    inline = extract({"inline_data": {"mime_type": "application/pdf", "data": pdf64}})
    job = submit(gemini, keyed(by_uri, inline))
    clock.tick()
    found = results(gemini, job)
    usage = found["r-0"]["response"]["usageMetadata"]

    for answer in found.values():
        assert INVOICE == json.loads(answer["response"]["candidates"][0]["content"]["parts"][0]["text"])
    assert 16 == usage["thoughtsTokenCount"]
    total = usage["promptTokenCount"] + usage["thoughtsTokenCount"] + usage["candidatesTokenCount"]
    assert total == usage["totalTokenCount"]
    part = types.Part.from_uri(file_uri=uploaded.uri, mime_type="application/pdf")
    counted = gemini.models.count_tokens(model=MODEL, contents=[part, "Extract."]).total_tokens
    answered = gemini.models.generate_content(model=MODEL, contents=[part, "Extract."])
    assert counted == answered.usage_metadata.prompt_token_count


def test_inline_requests_are_answered_in_their_order(gemini: Any, clock: Clock) -> None:
    """Inlined responses stand in the order of the requests and bear their metadata; the list leaves them out."""
    source = [types.InlinedRequest(contents=f"Note: {n}", metadata={"key": f"k{n}"}) for n in range(4)]
    job = gemini.batches.create(model=MODEL, src=source, config={"display_name": "d"})
    clock.tick()
    done = gemini.batches.get(name=job.name)
    listed = next(iter(gemini.batches.list()))

    assert ["k0", "k1", "k2", "k3"] == [each.metadata["key"] for each in done.dest.inlined_responses]
    assert ["0", "1", "2", "3"] == [each.response.text.split()[-1] for each in done.dest.inlined_responses]
    assert listed.dest is None or listed.dest.inlined_responses is None


def test_a_document_is_used_only_once_active(gemini: Any, pdf: bytes) -> None:
    """A PDF is PROCESSING when just uploaded, and refused until it was seen ACTIVE."""
    uploaded = gemini.files.upload(file=io.BytesIO(pdf), config={"mime_type": "application/pdf"})
    part = types.Part.from_uri(file_uri=uploaded.uri, mime_type="application/pdf")
    with pytest.raises(errors.ClientError, match="not in an ACTIVE state"):
        gemini.models.generate_content(model=MODEL, contents=[part, "Extract."])

    assert "PROCESSING" == uploaded.state.name
    assert "ACTIVE" == gemini.files.get(name=uploaded.name).state.name
    assert gemini.models.generate_content(model=MODEL, contents=[part, "Total due?"]).text


def test_files_collide_expire_and_are_deleted(gemini: Any, clock: Clock) -> None:
    """A chosen name can be used once; files vanish after 48 hours or when deleted."""
    config = {"mime_type": "text/plain", "name": "files/my-id"}
    gemini.files.upload(file=io.BytesIO(b"Total: 5"), config=config)
    with pytest.raises(errors.ClientError) as taken:
        gemini.files.upload(file=io.BytesIO(b"Total: 5"), config=config)
    other = gemini.files.upload(file=io.BytesIO(b"Total: 5"), config={"mime_type": "text/plain"})
    gemini.files.delete(name=other.name)

    assert 409 == taken.value.code
    assert ["files/my-id"] == [each.name for each in gemini.files.list()]
    clock.tick(48 * 3600)
    assert [] == list(gemini.files.list())
    with pytest.raises(errors.ClientError) as gone:
        gemini.files.get(name="files/my-id")
    assert "PERMISSION_DENIED" == gone.value.status


def test_large_files_come_in_pieces(gemini: Any, clock: Clock) -> None:
    """The SDK uploads over 8 MB in several requests; all of it arrives."""
    bulk = {"parts": [{"text": "word " * 700_000}]}
    lines = keyed(*[request(systemInstruction=bulk) for _ in range(3)])
    job = submit(gemini, lines)
    clock.tick()

    assert 3 == len(results(gemini, job))


REFUSED = {
    "sdk shape": (request(config={"temperature": 0}), "no such field"),
    "loose thinking": (request(thinkingConfig={"thinkingLevel": "LOW"}), "no such field"),
    "list as system": (request(systemInstruction=["Be brief."]), "expected an object"),
    "schema alone": (request(generationConfig={"responseJsonSchema": {"type": "object"}}), "response_mime_type"),
    "unknown in config": (request(generationConfig={"max_tokens": 5}), "no such field"),
    "two parts in one": ({"contents": [{"parts": [{"text": "a", "inlineData": {}}]}]}, "oneof field"),
    "no contents": ({"contents": []}, "contents is not specified"),
    "bad role": ({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, "valid role"),
    "bad base64": (extract({"inlineData": {"mimeType": "application/pdf", "data": "%"}}), "Base64 decoding failed"),
    "docx": (extract({"inlineData": {"mimeType": "application/msword", "data": "AAAA"}}), "Unsupported MIME type"),
    "damaged pdf": (extract({"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0K"}}), "could not be read"),
    "missing file": (extract({"fileData": {"fileUri": "https://x/v1beta/files/none"}}), "may not exist"),
    "both thinkings": (
        request(generationConfig={"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 5}}),
        "only one of thinking",
    ),
    "minimal": (request(generationConfig={"thinkingConfig": {"thinkingLevel": "MINIMAL"}}), "MINIMAL"),
    "candidates": (request(generationConfig={"candidateCount": 2}), "Multiple candidates"),
    "schema keyword": (
        request(
            generationConfig={
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "object", "patternProperties": {}},
            }
        ),
        "'patternProperties' is not supported",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_the_service_refuses_is_refused(gemini: Any, clock: Clock, case: str) -> None:
    """What Gemini answers with 400 or 403 is refused live, and is an error of the row in a file job."""
    given, message = REFUSED[case]
    with pytest.raises(errors.ClientError, match=message):
        gemini._api_client.request("post", f"models/{MODEL}:generateContent", dict(given))
    job = submit(gemini, keyed(given))
    clock.tick()
    error = results(gemini, job)["r-0"]["error"]

    assert message in error["message"]
    assert error["code"] in (3, 7)


@pytest.mark.parametrize("bad", ["{broken", json.dumps({"request": request()}), json.dumps({"key": "a"})])
def test_a_broken_file_fails_the_job(gemini: Any, clock: Clock, bad: str) -> None:
    """A line that is no JSON, or has no key or request, fails the job; its reason is at the top level only."""
    job = submit(gemini, [*keyed(request()), bad])
    clock.tick()

    assert "JOB_STATE_FAILED" == gemini.batches.get(name=job.name).state.name
    assert "line 2" in raw(gemini, job.name)["error"]["message"]


def test_inline_requests_have_a_limit(tmp_path: Any, clock: Clock) -> None:
    """Inline requests over the limit and too many open jobs are refused."""
    limits = Limits(gemini_inline_bytes=2000, gemini_open_batches=1)
    small = [types.InlinedRequest(contents="Hi")]
    with PracticeServer(tmp_path, clock=clock, limits=limits) as server:
        options = types.HttpOptions(base_url=server.environment()["GOOGLE_GEMINI_BASE_URL"])
        with genai.Client(api_key=server.key, http_options=options) as client:
            with pytest.raises(errors.ClientError, match="payload size exceeds"):
                client.batches.create(model=MODEL, src=[types.InlinedRequest(contents="x" * 3000)])
            client.batches.create(model=MODEL, src=small)
            with pytest.raises(errors.ClientError) as busy:
                client.batches.create(model=MODEL, src=small)

    assert (429, "RESOURCE_EXHAUSTED") == (busy.value.code, busy.value.status)


def test_cancel_and_delete(gemini: Any, clock: Clock) -> None:
    """A cancelled job ends as such and keeps its finished rows; a deleted one leaves the list."""
    job = submit(gemini, keyed(*[request(f"Note: {n}") for n in range(10)]))
    clock.tick(5)
    gemini.batches.cancel(name=job.name)
    clock.tick(2)

    assert "JOB_STATE_CANCELLED" == gemini.batches.get(name=job.name).state.name
    assert 5 == len(results(gemini, job))
    gemini.batches.delete(name=job.name)
    assert [] == list(gemini.batches.list())
    with pytest.raises(errors.ClientError) as gone:
        gemini.batches.get(name=job.name)
    assert 404 == gone.value.code


def test_the_list_is_paged_newest_first(gemini: Any, clock: Clock) -> None:
    """The SDK's iterator follows the pages; jobs bear their display names."""
    for number in range(5):
        source = [types.InlinedRequest(contents="Hi")]
        gemini.batches.create(model=MODEL, src=source, config={"display_name": f"d{number}"})
        clock.tick(1)

    assert ["d4", "d3", "d2", "d1", "d0"] == [j.display_name for j in gemini.batches.list(config={"page_size": 2})]


@pytest.mark.parametrize("model", ["gemini-unknown", "gpt-6-sol"])
def test_an_unknown_model_is_not_found(gemini: Any, model: str) -> None:
    """A model that is no Gemini is a 404."""
    with pytest.raises(errors.ClientError) as missing:
        gemini.models.generate_content(model=model, contents="Hi")

    assert (404, "NOT_FOUND") == (missing.value.code, missing.value.status)


def test_a_wrong_key_is_refused(server: PracticeServer) -> None:
    """A wrong key is a 400 with the reason API_KEY_INVALID."""
    options = types.HttpOptions(base_url=server.environment()["GOOGLE_GEMINI_BASE_URL"])
    with genai.Client(api_key="wrong", http_options=options) as client, pytest.raises(errors.ClientError) as refused:
        list(client.models.list())

    assert 400 == refused.value.code
    assert "API_KEY_INVALID" == refused.value.details["error"]["details"][0]["reason"]


def test_an_answer_longer_than_the_cap_is_cut(gemini: Any, pdf64: str) -> None:
    """Output over maxOutputTokens ends with MAX_TOKENS; thinking alone may use the cap up, and then no parts come."""
    cut = gemini.models.generate_content(
        model=MODEL, contents="Note: " + "word " * 50, config={"max_output_tokens": 30}
    ).candidates[0]
    empty = gemini.models.generate_content(model=MODEL, contents="Hi", config={"max_output_tokens": 5}).candidates[0]

    assert ("MAX_TOKENS", "MAX_TOKENS") == (cut.finish_reason.name, empty.finish_reason.name)
    assert cut.content.parts[0].text
    assert empty.content is None
