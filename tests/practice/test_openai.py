"""OpenAI's protocol, through its SDK."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from batchata_nb.practice import Limits, PracticeServer
from tests.practice.conftest import INVOICE, INVOICE_SCHEMA, Clock

MODEL = "gpt-6-sol"
RESPONSES, CHAT = "/v1/responses", "/v1/chat/completions"
STRICT = {"type": "json_schema", "name": "Invoice", "strict": True, "schema": INVOICE_SCHEMA}


def line(custom_id: str, body: dict[str, Any] | None = None, url: str = RESPONSES, **more: Any) -> dict[str, Any]:
    body = {"model": MODEL, "input": "Say: hello there."} if body is None else body
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body, **more}


def pdf_part(pdf64: str) -> dict[str, Any]:
    return {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{pdf64}"}


def about(part: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = [part, {"type": "input_text", "text": "Extract the invoice."}]
    return {"model": MODEL, "input": [{"role": "user", "content": content}], **more}


def submit(gpt: Any, lines: list[Any], endpoint: Any = RESPONSES, **more: Any) -> Any:
    data = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines).encode()
    uploaded = gpt.files.create(file=("in.jsonl", data), purpose="batch")
    return gpt.batches.create(input_file_id=uploaded.id, endpoint=endpoint, completion_window="24h", **more)


def results(gpt: Any, file_id: str) -> dict[str, Any]:
    parsed = [json.loads(each) for each in gpt.files.content(file_id).read().split(b"\n") if each]
    return {each["custom_id"]: each for each in parsed}


def test_a_batch_goes_through_its_states_and_its_counts_move(gpt: Any, clock: Clock) -> None:
    """Validating, in progress with moving counts, finalizing, completed with both files."""
    reasoned = {"model": MODEL, "input": "Say: hello.", "temperature": 0}
    batch = submit(gpt, [*(line(f"r-{n}") for n in range(7)), line("bad", reasoned)], metadata={"run": "r7"})
    seen = [(batch.status, batch.request_counts.completed)]
    for wait in (3, 4, 2.5, 1):
        clock.tick(wait)
        batch = gpt.batches.retrieve(batch.id)
        seen.append((batch.status, batch.request_counts.completed))

    assert [("validating", 0), ("in_progress", 2), ("in_progress", 6), ("finalizing", 7), ("completed", 7)] == seen
    assert (8, 7, 1) == (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed)
    assert {"run": "r7"} == batch.metadata
    error = results(gpt, batch.error_file_id)["bad"]["response"]
    assert (400, "unsupported_parameter") == (error["status_code"], error["body"]["error"]["code"])
    assert 7 == len(results(gpt, batch.output_file_id))


def test_an_invoice_is_read_and_the_count_agrees(gpt: Any, clock: Clock, pdf64: str) -> None:
    """A PDF in a Responses row comes back in the strict schema; input_tokens counts what the usage says."""
    body = about(pdf_part(pdf64), text={"format": STRICT})
    batch = submit(gpt, [line("r-0", body)])
    clock.tick()
    answer = results(gpt, gpt.batches.retrieve(batch.id).output_file_id)["r-0"]["response"]["body"]
    counted = gpt.responses.input_tokens.count(**body)
    text = next(item for item in answer["output"] if item["type"] == "message")["content"][0]["text"]

    assert INVOICE == json.loads(text)
    assert counted.input_tokens == answer["usage"]["input_tokens"]
    assert "reasoning" == answer["output"][0]["type"]


def test_chat_rows_are_answered_in_the_shape_of_chat(gpt: Any, clock: Clock, pdf64: str) -> None:
    """The chat endpoint takes a PDF as `file` and a strict `response_format`."""
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{pdf64}"}}
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": [part, {"type": "text", "text": "Extract."}]}],
        "max_completion_tokens": 2000,
        "response_format": {"type": "json_schema", "json_schema": {k: v for k, v in STRICT.items() if k != "type"}},
    }
    batch = submit(gpt, [line("r-0", body, CHAT)], CHAT)
    clock.tick()
    answer = results(gpt, gpt.batches.retrieve(batch.id).output_file_id)["r-0"]["response"]["body"]

    assert ("chat.completion", "stop") == (answer["object"], answer["choices"][0]["finish_reason"])
    assert INVOICE == json.loads(answer["choices"][0]["message"]["content"])


def test_live_calls_answer_at_once(gpt: Any) -> None:
    """Responses and Chat Completions answer through the SDK's typed objects."""
    response = gpt.responses.create(model=MODEL, input="Note: the sky is blue.")
    chat = gpt.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Note: the sky is blue."}])

    assert "The document says: Note: the sky is blue." == response.output_text
    assert "The document says: Note: the sky is blue." == chat.choices[0].message.content
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_all_failed_leaves_no_output_file(gpt: Any, clock: Clock) -> None:
    """A completed batch whose rows all failed has an error file only; one that went well has none."""
    failed = submit(gpt, [line("a", {"model": MODEL, "input": "Hi", "temperature": 1})])
    fine = submit(gpt, [line("a")])
    clock.tick()
    failed, fine = gpt.batches.retrieve(failed.id), gpt.batches.retrieve(fine.id)

    assert ("completed", None) == (failed.status, failed.output_file_id)
    assert ("completed", None) == (fine.status, fine.error_file_id)
    assert failed.error_file_id
    assert fine.output_file_id


INVALID = {
    "invalid_json_line": [line("a"), "{broken"],
    "duplicate_custom_id": [line("a"), line("a")],
    "invalid_url": [line("a", url=CHAT)],
    "mismatched_model": [line("a"), line("b", {"model": "gpt-6-luna", "input": "Hi"})],
    "model_not_found": [line("a", {"model": "gpt-unknown", "input": "Hi"})],
    "missing_required_parameter": [{"method": "POST", "url": RESPONSES, "body": {"model": MODEL}}],
    "invalid_method": [line("a", method="GET")],
    "invalid_value": [line("a", {"model": MODEL, "input": "Hi", "stream": True})],
}


@pytest.mark.parametrize("code", INVALID)
def test_an_invalid_file_fails_the_batch_after_creation(gpt: Any, clock: Clock, code: str) -> None:
    """Creation succeeds; then the batch is `failed`, says the line, and has run and billed nothing."""
    batch = submit(gpt, INVALID[code])
    clock.tick()
    failed = gpt.batches.retrieve(batch.id)

    assert ("validating", "failed") == (batch.status, failed.status)
    assert (code, len(INVALID[code])) == (failed.errors.data[0].code, failed.errors.data[0].line)
    assert (None, None) == (failed.output_file_id, failed.error_file_id)


def body(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": "Hi", **more}


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    return body(text={"format": {"type": "json_schema", "name": "n", "strict": True, "schema": schema}})


def chat(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], **more}


def chat_file(data: str) -> dict[str, Any]:
    part = {"type": "file", "file": {"filename": "a", "file_data": data}}
    return {"model": MODEL, "messages": [{"role": "user", "content": [part]}]}


OPEN = {"type": "object", "properties": {}, "required": []}
OPTIONAL = {"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": False}
REFUSED = {
    "temperature": (RESPONSES, body(temperature=0), "'temperature' is not supported"),
    "top_p": (RESPONSES, body(top_p=1), "'top_p' is not supported"),
    "unknown": (RESPONSES, body(max_tokens=5), "Unknown parameter: 'max_tokens'"),
    "small cap": (RESPONSES, body(max_output_tokens=5), "Expected a value >= 16"),
    "open object": (RESPONSES, strict(OPEN), "'additionalProperties' is required"),
    "optional": (RESPONSES, strict(OPTIONAL), "including every key in properties"),
    "unnamed": (RESPONSES, body(text={"format": {"type": "json_schema", "schema": OPEN}}), "text.format.name"),
    "bad effort": (RESPONSES, body(reasoning={"effort": "huge"}), "Supported values are"),
    "always reasons": (
        RESPONSES,
        {"model": "gpt-6-astra", "input": "Hi", "reasoning": {"effort": "none"}},
        "'none' is not",
    ),
    "no input": (RESPONSES, {"model": MODEL}, "Missing required parameter: 'input'"),
    "chat part": (RESPONSES, about({"type": "text", "text": "Hi"}), "Supported values are: 'input_text'"),
    "bad base64": (RESPONSES, about(pdf_part("!!!")), "not valid base64"),
    "damaged pdf": (RESPONSES, about(pdf_part("JVBERi0xLjQK")), "Invalid file data"),
    "no file": (RESPONSES, about({"type": "input_file", "file_id": "file-none"}), "Cannot find file"),
    "json word": (RESPONSES, body(text={"format": {"type": "json_object"}}), "must contain the word 'json'"),
    "max_tokens": (CHAT, chat(max_tokens=5), "Use 'max_completion_tokens' instead"),
    "chat temperature": (CHAT, chat(temperature=1), "'temperature' is not supported"),
    "text in chat": (CHAT, chat_file("data:text/plain;base64,SGk="), "expected a PDF"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_the_service_refuses_is_refused(gpt: Any, clock: Clock, case: str) -> None:
    """What OpenAI answers with 400 is refused live, and stands in the error file of a batch."""
    endpoint, given, message = REFUSED[case]
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.post(endpoint.removeprefix("/v1"), body=given, cast_to=object)
    batch = submit(gpt, [line("a", given, endpoint)], endpoint)
    clock.tick()
    error = results(gpt, gpt.batches.retrieve(batch.id).error_file_id)["a"]["response"]["body"]["error"]

    assert message in refused.value.message
    assert refused.value.body == error


def test_models_without_reasoning_take_sampling_parameters(gpt: Any) -> None:
    """Temperature and max_tokens are fine where the model does not reason, and where effort is none."""
    old = gpt.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "Hi"}], temperature=0, max_tokens=5
    )
    calm = gpt.responses.create(model=MODEL, input="Hi", temperature=0, reasoning={"effort": "none"})

    assert "gpt-4.1" == old.model
    assert 0 == calm.usage.output_tokens_details.reasoning_tokens


def test_cancelling_keeps_what_was_finished(gpt: Any, clock: Clock) -> None:
    """Finished rows stay in the output file, the others are in the error file as cancelled."""
    batch = submit(gpt, [line(f"r-{n}") for n in range(10)])
    clock.tick(5)
    assert "cancelling" == gpt.batches.cancel(batch.id).status
    clock.tick(2)
    batch = gpt.batches.retrieve(batch.id)

    assert "cancelled" == batch.status
    assert 5 == len(results(gpt, batch.output_file_id))
    assert {"batch_cancelled"} == {each["error"]["code"] for each in results(gpt, batch.error_file_id).values()}
    with pytest.raises(openai.ConflictError):
        gpt.batches.cancel(batch.id)


def test_the_list_is_paged_newest_first(gpt: Any, clock: Clock) -> None:
    """The SDK's iterator follows the pages to the oldest batch."""
    made = []
    for number in range(5):
        made.append(submit(gpt, [line("a")], metadata={"n": str(number)}).id)
        clock.tick(1)

    assert made[::-1] == [batch.id for batch in gpt.batches.list(limit=2)]


def test_files_have_a_purpose_a_size_and_an_end(gpt: Any, clock: Clock, pdf: bytes) -> None:
    """Uploads are listed by purpose, vanish when deleted or expired, and result files know their size."""
    kept = gpt.files.create(file=("a.pdf", pdf), purpose="user_data")
    short = gpt.files.create(
        file=("b.pdf", pdf), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    batch = submit(gpt, [line("a")])
    clock.tick()
    output = gpt.batches.retrieve(batch.id).output_file_id
    assert {kept.id, short.id} == {each.id for each in gpt.files.list(purpose="user_data")}
    assert gpt.files.retrieve(output).bytes == len(gpt.files.content(output).read())
    assert "batch_output" == gpt.files.retrieve(output).purpose

    clock.tick(3600)
    assert [kept.id] == [each.id for each in gpt.files.list(purpose="user_data")]
    gpt.files.delete(kept.id)
    with pytest.raises(openai.NotFoundError):
        gpt.files.retrieve(kept.id)


def test_a_file_by_id_is_read(gpt: Any, pdf: bytes) -> None:
    """A PDF uploaded as user data is read like one in the request."""
    uploaded = gpt.files.create(file=("a.pdf", pdf), purpose="user_data")
    part = {"type": "input_file", "file_id": uploaded.id}
    response = gpt.responses.create(**about(part, text={"format": STRICT}))

    assert INVOICE == json.loads(response.output_text)


def test_the_creation_of_a_batch_is_checked(gpt: Any, pdf: bytes) -> None:
    """Endpoint, window, metadata and input file are checked at once."""
    batch_file = gpt.files.create(file=("in.jsonl", json.dumps(line("a")).encode()), purpose="batch").id
    other = gpt.files.create(file=("a.pdf", pdf), purpose="user_data").id
    good = {"input_file_id": batch_file, "endpoint": RESPONSES, "completion_window": "24h"}
    wrong = (
        {"completion_window": "1h"},
        {"endpoint": "/v1/images"},
        {"input_file_id": "file-none"},
        {"input_file_id": other},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {str(n): "v" for n in range(17)}},
    )
    for change in wrong:
        with pytest.raises(openai.BadRequestError):
            gpt.batches.create(**{**good, **change})

    assert [] == list(gpt.batches.list())


def test_limits_of_a_batch(tmp_path: Any, clock: Clock) -> None:
    """Too many rows, bytes or enqueued tokens fail a batch in validation, each with its code."""
    limits = Limits(openai_rows=2, openai_bytes=500, openai_enqueued_tokens=50)
    big = {"model": MODEL, "input": "x" * 500}
    with (
        PracticeServer(tmp_path, clock=clock, limits=limits) as server,
        openai.OpenAI(base_url=server.environment()["OPENAI_BASE_URL"], api_key=server.key, max_retries=0) as client,
    ):
        batches = [
            submit(client, lines) for lines in ([line(c) for c in "abc"], [line("a", big)], [line("a")], [line("a")])
        ]
        clock.tick(2)
        states = [client.batches.retrieve(batch.id) for batch in batches]
    codes = [state.errors.data[0].code if state.errors else state.status for state in states]

    assert ["too_many_tasks", "file_too_large", "in_progress", "token_limit_exceeded"] == codes


@pytest.mark.parametrize("name", ["in.txt", "in.json"])
def test_a_batch_file_is_jsonl(gpt: Any, name: str) -> None:
    """A batch file by another name is refused on upload."""
    with pytest.raises(openai.BadRequestError, match=r"Must be \.jsonl"):
        gpt.files.create(file=(name, b"{}"), purpose="batch")


def test_a_wrong_key_is_refused(server: PracticeServer) -> None:
    """Without the practice key there is a 401 with the service's code."""
    with (
        openai.OpenAI(base_url=server.environment()["OPENAI_BASE_URL"], api_key="wrong") as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.models.list()

    assert "invalid_api_key" == refused.value.code


def test_a_small_cap_leaves_no_text(gpt: Any) -> None:
    """Reasoning eats a small cap: the answer is incomplete, empty, and billed."""
    response = gpt.responses.create(model=MODEL, input="Hi", max_output_tokens=16)

    assert ("incomplete", "max_output_tokens", "") == (
        response.status,
        response.incomplete_details.reason,
        response.output_text,
    )
    assert 16 == response.usage.output_tokens
