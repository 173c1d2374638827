"""Anthropic's protocol, through its SDK."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from batchata_nb.documents.pdf import open_pdf
from batchata_nb.practice import Limits, PracticeServer
from tests.practice.conftest import INVOICE, INVOICE_SCHEMA, Clock

MODEL = "claude-sonnet-5-5"
FORMAT = {"format": {"type": "json_schema", "schema": INVOICE_SCHEMA}}
LETTER = "Dear tenant,\nthe lease ends on 31 May 2026. The deposit is 900 euros.\nRegards, Müller 🏠\nRent: 750 EUR"


def params(text: str = "Say: hello there.", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 2000, "messages": [{"role": "user", "content": text}], **more}


def with_document(source: dict[str, Any], text: str, *, cited: bool = False, **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "document", "source": source, "title": "A document"}
    if cited:
        document["citations"] = {"enabled": True}
    return params([document, {"type": "text", "text": text}], **more)  # type: ignore[arg-type]


def pdf_source(pdf64: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": "application/pdf", "data": pdf64}


def rows(*bodies: dict[str, Any]) -> list[Any]:
    return [{"custom_id": f"r-{index}", "params": body} for index, body in enumerate(bodies)]


def outcome(claude: Any, clock: Clock, *bodies: dict[str, Any]) -> dict[str, Any]:
    """Send a batch, let it end, and return its results by id."""
    batch = claude.messages.batches.create(requests=rows(*bodies))
    clock.tick()
    return {line.custom_id: line.result for line in claude.messages.batches.results(batch.id)}


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_batch_shows_no_counts_until_it_ends(claude: Any, clock: Clock) -> None:
    """All rows count as processing until the whole batch ends; then the counts add up to the rows."""
    batch = claude.messages.batches.create(requests=rows(params(), params(temperature=0.0), params()))
    clock.tick(6)
    halfway = claude.messages.batches.retrieve(batch.id)
    clock.tick(6)
    ended = claude.messages.batches.retrieve(batch.id)

    assert ("in_progress", 3, 0) == (
        halfway.processing_status,
        halfway.request_counts.processing,
        halfway.request_counts.succeeded,
    )
    assert halfway.results_url is None
    assert ("ended", 0, 2, 1) == (
        ended.processing_status,
        ended.request_counts.processing,
        ended.request_counts.succeeded,
        ended.request_counts.errored,
    )


def test_results_before_the_end_do_not_exist(claude: Any) -> None:
    """A batch in progress has no results."""
    batch = claude.messages.batches.create(requests=rows(params()))

    with pytest.raises(anthropic.AnthropicError, match="Has it finished processing"):
        claude.messages.batches.results(batch.id)


def test_results_do_not_come_in_the_order_sent(claude: Any, clock: Clock) -> None:
    """Every row comes back once, in another order than it was sent."""
    batch = claude.messages.batches.create(requests=rows(*[params(f"Note: {n}") for n in range(9)]))
    clock.tick()
    ids = [line.custom_id for line in claude.messages.batches.results(batch.id)]

    assert [f"r-{n}" for n in range(9)] == sorted(ids)
    assert ids != sorted(ids)


def test_a_forbidden_parameter_is_an_error_of_the_row(claude: Any, clock: Clock) -> None:
    """Temperature is taken at creation and fails the row, as under API version 2026-10-21."""
    result = outcome(claude, clock, params(temperature=0.0))["r-0"]

    assert "errored" == result.type
    assert "invalid_request_error" == result.error.error.type
    assert "temperature: Extra inputs are not permitted" == result.error.error.message


@pytest.mark.parametrize(("model", "status"), [("claude-haiku-4-5", "succeeded"), (MODEL, "errored")])
def test_the_old_version_takes_temperature_for_old_models(
    server: PracticeServer, clock: Clock, model: str, status: str
) -> None:
    """Under version 2023-06-01 models up to 4.6 take temperature; newer ones never do."""
    with anthropic.Anthropic(
        base_url=server.environment()["ANTHROPIC_BASE_URL"],
        api_key=server.key,
        default_headers={"anthropic-version": "2023-06-01"},
    ) as client:
        result = outcome(client, clock, params(model=model, temperature=0.5))["r-0"]

    assert status == result.type


def test_an_invoice_is_read_into_its_schema(claude: Any, clock: Clock, pdf64: str) -> None:
    """Fields and table of a PDF come back in the schema's types, and the counting endpoint agrees with the usage."""
    body = with_document(pdf_source(pdf64), "Extract the invoice.", output_config=FORMAT)
    result = outcome(claude, clock, body)["r-0"]
    counted = claude.messages.count_tokens(**{k: v for k, v in body.items() if k != "max_tokens"})

    assert INVOICE == json.loads(text_of(result.message))
    assert "end_turn" == result.message.stop_reason
    assert counted.input_tokens == result.message.usage.input_tokens
    assert "batch" == result.message.usage.service_tier


def test_character_citations_are_true(claude: Any) -> None:
    """Each cited text is what stands at its character range of the text that was sent."""
    source = {"type": "text", "media_type": "text/plain", "data": LETTER}
    message = claude.messages.create(**with_document(source, "When does the lease end?", cited=True))
    citations = [citation for block in message.content for citation in block.citations or ()]

    assert "the lease ends on 31 May 2026." in [citation.cited_text for citation in citations]
    for citation in citations:
        assert "char_location" == citation.type
        assert LETTER[citation.start_char_index : citation.end_char_index] == citation.cited_text


def test_page_citations_are_true(claude: Any, pdf: bytes, pdf64: str) -> None:
    """Each cited text stands on its page, the end of the page range is exclusive, and the joined text is the answer."""
    prompt = "Answer in JSON for this schema: " + json.dumps(INVOICE_SCHEMA)
    message = claude.messages.create(**with_document(pdf_source(pdf64), prompt, cited=True))
    with open_pdf(pdf) as opened:
        pages = {n: " ".join(opened.text(n).split()) for n in (1, 2)}
    cited = [(block.text, block.citations[0]) for block in message.content if block.citations]

    assert INVOICE == json.loads(text_of(message))
    for _, citation in cited:
        assert citation.end_page_number == citation.start_page_number + 1
        assert citation.cited_text in pages[citation.start_page_number]
    places = {text: citation.start_page_number for text, citation in cited}
    assert (1, 2) == (places['"INV-2041"'], places['"unpaid"'])


def test_chunks_are_cited_whole(claude: Any) -> None:
    """A citation of custom content names the chunk and repeats it whole."""
    chunks = ["The rent is 750 euros.", "The lease ends on 31 May 2026. Nothing else matters."]
    source = {"type": "content", "content": [{"type": "text", "text": chunk} for chunk in chunks]}
    message = claude.messages.create(**with_document(source, "When does the lease end?", cited=True))
    cited = [block.citations[0] for block in message.content if block.citations]

    assert {"content_block_location"} == {citation.type for citation in cited}
    for citation in cited:
        assert chunks[citation.start_block_index] == citation.cited_text
        assert citation.end_block_index == citation.start_block_index + 1


def test_document_indexes_run_over_the_whole_request(claude: Any) -> None:
    """Documents are counted over all turns, images not among them."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    enabled = {"citations": {"enabled": True}}
    first = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Nothing here."},
        **enabled,
    }
    second = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": LETTER}, **enabled}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": pixel}}
    message = claude.messages.create(
        model=MODEL,
        max_tokens=500,
        messages=[
            {"role": "user", "content": [first]},
            {"role": "assistant", "content": "Go on."},
            {"role": "user", "content": [image, second, {"type": "text", "text": "When does the lease end?"}]},
        ],
    )
    texts = {c.document_index: c.cited_text for block in message.content for c in block.citations or ()}

    assert "lease ends" in texts[1]


def test_cancelling_keeps_what_was_finished(claude: Any, clock: Clock) -> None:
    """Rows done before the cancellation succeed, the others are cancelled."""
    batch = claude.messages.batches.create(requests=rows(*[params(f"Note: {n}") for n in range(10)]))
    clock.tick(5)
    assert "canceling" == claude.messages.batches.cancel(batch.id).processing_status
    clock.tick(1.5)
    ended = claude.messages.batches.retrieve(batch.id)
    types = [line.result.type for line in claude.messages.batches.results(batch.id)]

    assert "ended" == ended.processing_status
    assert (5, 5) == (ended.request_counts.succeeded, ended.request_counts.canceled)
    assert (5, 5) == (types.count("succeeded"), types.count("canceled"))


def test_an_ended_batch_cannot_be_cancelled_and_a_running_one_not_deleted(claude: Any, clock: Clock) -> None:
    """Cancel and delete are refused in the wrong state, and deleting takes the batch off the list."""
    batch = claude.messages.batches.create(requests=rows(params()))
    with pytest.raises(anthropic.BadRequestError, match="cannot be deleted"):
        claude.messages.batches.delete(batch.id)
    clock.tick()
    with pytest.raises(anthropic.BadRequestError, match="cannot be canceled"):
        claude.messages.batches.cancel(batch.id)

    assert "message_batch_deleted" == claude.messages.batches.delete(batch.id).type
    assert [] == list(claude.messages.batches.list())


def test_the_list_is_paged_newest_first(claude: Any, clock: Clock) -> None:
    """The SDK's iterator follows the pages to the oldest batch."""
    made = []
    for _ in range(5):
        made.append(claude.messages.batches.create(requests=rows(params())).id)
        clock.tick(1)

    assert made[::-1] == [batch.id for batch in claude.messages.batches.list(limit=2)]


def test_an_uploaded_file_is_cited_with_its_id(claude: Any, pdf: bytes) -> None:
    """A PDF can be uploaded and referred to; it cannot be downloaded, and token counting refuses the reference."""
    uploaded = claude.files.upload(file=("a.pdf", pdf, "application/pdf"), expires_in_seconds=3600)
    body = with_document({"type": "file", "file_id": uploaded.id}, "What is the total due?", cited=True)
    message = claude.messages.create(**body)
    cited = [block.citations[0] for block in message.content if block.citations]

    assert {uploaded.id} == {citation.file_id for citation in cited}
    assert "a.pdf" == claude.files.retrieve_metadata(uploaded.id).filename
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.files.download(uploaded.id)
    assert "file_not_downloadable" == refused.value.error_code
    with pytest.raises(anthropic.BadRequestError, match="token counting"):
        claude.messages.count_tokens(model=MODEL, messages=body["messages"])
    claude.files.delete(uploaded.id)
    with pytest.raises(anthropic.BadRequestError, match="File not found"):
        claude.messages.create(**body)


def test_an_expired_file_is_refused(claude: Any, clock: Clock, pdf: bytes) -> None:
    """A file that outlived its time fails the request that refers to it."""
    uploaded = claude.files.upload(file=("a.pdf", pdf, "application/pdf"), expires_in_seconds=3600)
    clock.tick(3601)

    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.create(**with_document({"type": "file", "file_id": uploaded.id}, "Total?"))
    assert "file_expired" == refused.value.error_code


def deep(**keywords: Any) -> dict[str, Any]:
    """A format whose one field has further schema keywords."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["n"],
        "properties": {"n": {"type": "integer", **keywords}},
    }
    return {"format": {"type": "json_schema", "schema": schema}}


TEXT = {"type": "text", "media_type": "text/plain", "data": "Total: 5"}
REFUSED = {
    "no max_tokens": (lambda b: b.pop("max_tokens"), "max_tokens: Field required"),
    "zero max_tokens": (lambda b: b.update(max_tokens=0), "greater than or equal to 1"),
    "too many tokens": (lambda b: b.update(max_tokens=200_000), "maximum allowed number of output tokens"),
    "top_p": (lambda b: b.update(top_p=1), "top_p: Extra inputs are not permitted"),
    "unknown parameter": (lambda b: b.update(response_format={}), "response_format: Extra inputs are not permitted"),
    "prefill": (lambda b: b["messages"].append({"role": "assistant", "content": "{"}), "prefill"),
    "assistant first": (lambda b: b["messages"].insert(0, {"role": "assistant", "content": "Hi"}), "first message"),
    "system turn": (lambda b: b["messages"].insert(0, {"role": "system", "content": "Hi"}), "'user' or 'assistant'"),
    "empty text": (lambda b: b.update(messages=[{"role": "user", "content": " "}]), "non-whitespace"),
    "no messages": (lambda b: b.update(messages=[]), "at least one message"),
    "budget": (lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 2000}), "thinking.type"),
    "forced tool": (lambda b: b.update(tool_choice={"type": "any"}), "tool_choice"),
    "minimum": (lambda b: b.update(output_config=deep(minimum=0)), "'minimum' is not supported"),
    "old format": (lambda b: b.update(output_format={"type": "json_schema"}), "output_format: Extra inputs"),
    "named format": (
        lambda b: b.update(
            output_config={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}
        ),
        "output_config.format.name: Extra inputs",
    ),
    "open object": (
        lambda b: b.update(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}),
        "'additionalProperties' must be explicitly set to false",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_the_service_refuses_is_refused(claude: Any, clock: Clock, case: str) -> None:
    """What Anthropic answers with 400, live and as an errored row, is refused here in both ways."""
    change, message = REFUSED[case]
    body = params()
    change(body)
    with pytest.raises(anthropic.BadRequestError, match=message):
        claude.post("/v1/messages", body=body, cast_to=object)
    result = outcome(claude, clock, body)["r-0"]

    assert message in result.error.error.message


DOCUMENTS = {
    "bad base64": ({"type": "base64", "media_type": "application/pdf", "data": "not base64!"}, "invalid base64 data"),
    "damaged pdf": (
        {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"},
        "PDF specified was not",
    ),
    "docx as pdf": ({"type": "base64", "media_type": "application/msword", "data": "AAAA"}, "application/pdf"),
    "markdown type": ({"type": "text", "media_type": "text/markdown", "data": "# A"}, "text/plain"),
    "empty text": ({"type": "text", "media_type": "text/plain", "data": ""}, "must not be empty"),
    "missing file": ({"type": "file", "file_id": "file_nowhere"}, "File not found"),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_the_service_cannot_read_is_refused(claude: Any, case: str) -> None:
    """Documents of a wrong type, or broken ones, are a 400."""
    source, message = DOCUMENTS[case]

    with pytest.raises(anthropic.BadRequestError, match=message):
        claude.messages.create(**with_document(source, "Total?"))


def test_citations_and_structured_output_exclude_each_other(claude: Any) -> None:
    """Both together are a 400 that speaks of citations."""
    with pytest.raises(anthropic.BadRequestError, match="citations"):
        claude.messages.create(**with_document(TEXT, "Total?", cited=True, output_config=FORMAT))


def test_citations_are_enabled_on_all_documents_or_none(claude: Any) -> None:
    """One cited and one uncited document in a request are a 400."""
    plain = {"type": "document", "source": TEXT}
    cited = {**plain, "citations": {"enabled": True}}

    with pytest.raises(anthropic.BadRequestError, match="citations must be enabled on all"):
        claude.messages.create(**params([plain, cited, {"type": "text", "text": "Total?"}]))  # type: ignore[arg-type]


def test_documents_belong_into_user_turns(claude: Any) -> None:
    """A document in an assistant turn is a 400."""
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "document", "source": TEXT}]},
        {"role": "user", "content": "Total?"},
    ]
    with pytest.raises(anthropic.BadRequestError, match="only permitted in user turns"):
        claude.messages.create(model=MODEL, max_tokens=10, messages=turns)


@pytest.mark.parametrize("model", ["claude-unknown-1", "gpt-6-sol", "sonnet"])
def test_an_unknown_model_is_not_found(claude: Any, clock: Clock, model: str) -> None:
    """A model that is no Claude is a 404 live, and an error of the row in a batch."""
    with pytest.raises(anthropic.NotFoundError, match=f"model: {model}"):
        claude.messages.create(**params(model=model))

    assert "not_found_error" == outcome(claude, clock, params(model=model))["r-0"].error.error.type


@pytest.mark.parametrize("custom_id", ["", "with space", "ä", "x" * 65, "a.b"])
def test_an_id_outside_the_pattern_refuses_the_batch(claude: Any, custom_id: str) -> None:
    """A custom_id must match ^[a-zA-Z0-9_-]{1,64}$, else no batch is made."""
    with pytest.raises(anthropic.BadRequestError, match="custom_id"):
        claude.messages.batches.create(requests=[{"custom_id": custom_id, "params": params()}])

    assert [] == list(claude.messages.batches.list())


def test_ids_are_unique_in_a_batch(claude: Any) -> None:
    """The same custom_id twice refuses the batch."""
    with pytest.raises(anthropic.BadRequestError, match="not unique"):
        claude.messages.batches.create(requests=[*rows(params()), *rows(params())])


def test_limits_of_a_batch(tmp_path: Any, clock: Clock) -> None:
    """Too many rows or bytes are a 413, too many queued rows a 429 with Retry-After."""
    limits = Limits(anthropic_rows=2, anthropic_bytes=900, anthropic_queued_rows=3)
    with (
        PracticeServer(tmp_path, clock=clock, limits=limits) as server,
        anthropic.Anthropic(
            base_url=server.environment()["ANTHROPIC_BASE_URL"], api_key=server.key, max_retries=0
        ) as client,
    ):
        with pytest.raises(anthropic.APIStatusError) as many:
            client.messages.batches.create(requests=rows(params(), params(), params()))
        with pytest.raises(anthropic.APIStatusError) as large:
            client.messages.batches.create(requests=rows(params("x" * 1000)))
        client.messages.batches.create(requests=rows(params(), params()))
        with pytest.raises(anthropic.RateLimitError) as queued:
            client.messages.batches.create(requests=rows(params(), params()))

    assert (413, 413) == (many.value.status_code, large.value.status_code)
    assert "1" == queued.value.response.headers["retry-after"]


def test_a_wrong_key_is_refused(server: PracticeServer) -> None:
    """Without the practice key there is a 401 of the service's own shape."""
    with (
        anthropic.Anthropic(base_url=server.environment()["ANTHROPIC_BASE_URL"], api_key="wrong") as client,
        pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key") as refused,
    ):
        client.messages.create(**params())

    assert "authentication_error" == refused.value.type


def test_the_version_header_is_required(claude: Any) -> None:
    """An API version that does not exist is a 400."""
    with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
        claude.messages.create(**params(), extra_headers={"anthropic-version": "1999-01-01"})


def test_an_answer_longer_than_the_cap_is_cut(claude: Any, clock: Clock, pdf64: str) -> None:
    """Output over max_tokens is a success with stop_reason max_tokens, and bills the cap."""
    body = with_document(pdf_source(pdf64), "Extract.", output_config=FORMAT, max_tokens=20)
    result = outcome(claude, clock, body)["r-0"]

    assert ("succeeded", "max_tokens", 20) == (
        result.type,
        result.message.stop_reason,
        result.message.usage.output_tokens,
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(text_of(result.message))


def test_thinking_stands_before_the_answer(claude: Any) -> None:
    """With adaptive thinking the first block is no text, and thinking is a part of the output tokens."""
    message = claude.messages.create(**params(thinking={"type": "adaptive"}))

    assert ["thinking", "text"] == [block.type for block in message.content]
    assert 0 < message.usage.output_tokens_details.thinking_tokens < message.usage.output_tokens


def test_any_model_of_the_family_can_be_asked_about(claude: Any) -> None:
    """The models endpoint knows what a model can do."""
    assert claude.models.retrieve("claude-fable-5-2").capabilities.batch.supported
    assert MODEL in [model.id for model in claude.models.list()]
