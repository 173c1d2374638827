"""What goes out for a job, byte for byte, with each provider."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from batchata_nb.core.jobs import Attachment, Document, Job, Message
from batchata_nb.wire import anthropic, gemini, openai
from batchata_nb.wire.envelope import QUOTE_INSTRUCTION, text_of_schema

PDF = Document("lease.pdf", "application/pdf", "pdf", "p", 8, pages=1)
PNG = Document("photo.png", "image/png", "image", "i", 8)
TXT = Document("notes.md", "text/markdown", "text", "t", 8)
INLINE = {
    "p": Attachment(PDF, base64="JVBERg=="),
    "i": Attachment(PNG, base64="iVBO"),
    "t": Attachment(TXT, text="é <b>"),
}
BY_ID = {**INLINE, "p": Attachment(PDF, file_id="file_p"), "i": Attachment(PNG, file_id="file_i")}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**SCHEMA, "additionalProperties": False}
TALK = (
    Message("system", "Be brief."),
    Message("user", "What is it?", (PDF, PNG, TXT)),
    Message("assistant", "A lease."),
    Message("user", "Until when?"),
)


def job(provider: str, **changes: Any) -> Job:
    """A job in four turns with three documents."""
    return Job("j", provider, "m-1", **{"messages": TALK, "max_tokens": 100, **changes})


def test_anthropic_sends_blocks_in_order() -> None:
    """Documents stand before the text of their turn, images and files in their own blocks, the system text on top."""
    expected = {
        "model": "m-1",
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                 "title": "lease.pdf"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é <b>"},
                 "title": "notes.md"},
                {"type": "text", "text": "What is it?"},
            ]},
            {"role": "assistant", "content": [{"type": "text", "text": "A lease."}]},
            {"role": "user", "content": [{"type": "text", "text": "Until when?"}]},
        ],
    }  # fmt: skip
    assert expected == anthropic.encode(job("anthropic"), INLINE)
    assert {"custom_id": "t-1", "params": expected} == anthropic.row("t-1", expected)


def test_anthropic_refers_to_uploaded_files() -> None:
    """An uploaded document or image goes out by its id."""
    content = anthropic.encode(job("anthropic"), BY_ID)["messages"][0]["content"]
    assert [{"type": "file", "file_id": "file_p"}, {"type": "file", "file_id": "file_i"}] == [
        block["source"] for block in content[:2]
    ]


def test_anthropic_sends_a_schema_beside_the_users_own_output_config() -> None:
    """Structured output is native and merges with an effort that the user sets."""
    body = anthropic.encode(job("anthropic", schema=SCHEMA, params={"output_config": {"effort": "low"}}), INLINE)
    assert {"effort": "low", "format": {"type": "json_schema", "schema": CLOSED}} == body["output_config"]


def test_anthropic_cites_all_documents_or_none() -> None:
    """Native citations are enabled on every document block, never on images, and exclude the native schema form."""
    body = anthropic.encode(job("anthropic", schema=SCHEMA, cite="native"), INLINE)
    content = body["messages"][0]["content"]
    assert [{"enabled": True}, None, {"enabled": True}] == [block.get("citations") for block in content[:3]]
    assert "output_config" not in body
    assert "Until when?\n\n" + text_of_schema(SCHEMA) == body["messages"][-1]["content"][0]["text"]


def test_anthropic_asks_in_the_prompt_for_schemas_too_large() -> None:
    """A schema beyond the native form's limits is written into the last user turn."""
    union = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    large = {"type": "object", "properties": {f"f{n}": union for n in range(17)},
             "required": [f"f{n}" for n in range(17)]}  # fmt: skip
    body = anthropic.encode(job("anthropic", schema=large), INLINE)
    assert ("output_config" in body, True) == (
        False,
        text_of_schema(large) in body["messages"][-1]["content"][0]["text"],
    )


def test_openai_sends_responses_parts() -> None:
    """PDF and text go out as files with their names, images as data URLs, the system text as instructions."""
    text = base64.b64encode("é <b>".encode()).decode()
    expected = {
        "model": "m-1",
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [
                {"type": "input_file", "filename": "lease.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "auto"},
                {"type": "input_file", "filename": "notes.md.txt", "file_data": f"data:text/plain;base64,{text}"},
                {"type": "input_text", "text": "What is it?"},
            ]},
            {"role": "assistant", "content": [{"type": "output_text", "text": "A lease."}]},
            {"role": "user", "content": [{"type": "input_text", "text": "Until when?"}]},
        ],
        "max_output_tokens": 100,
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
    }  # fmt: skip
    assert expected == openai.encode(job("openai", temperature=0.5, params={"reasoning": {"effort": "low"}}), INLINE)
    assert {"custom_id": "t-1", "method": "POST", "url": "/v1/responses", "body": expected} == openai.row(
        "t-1", expected
    )


def test_openai_refers_to_uploaded_files() -> None:
    """An uploaded PDF or image goes out by its id."""
    content = openai.encode(job("openai"), BY_ID)["input"][0]["content"]
    assert {"type": "input_file", "file_id": "file_p"} == content[0]
    assert {"type": "input_image", "file_id": "file_i", "detail": "auto"} == content[1]


def test_openai_sends_a_strict_schema_under_a_name_it_takes() -> None:
    """The schema is strict, closed and named in letters that the API allows, beside the user's verbosity."""
    asked = job("openai", schema=SCHEMA, schema_name="Ümsatz 1", params={"text": {"verbosity": "low"}})
    form = {"type": "json_schema", "name": "_msatz_1", "strict": True, "schema": CLOSED}
    assert {"verbosity": "low", "format": form} == openai.encode(asked, INLINE)["text"]


def test_chat_sends_its_own_parts() -> None:
    """Chat Completions gets PDFs as files, images by URL, other text in the prompt, and strings where those will do."""
    body = openai.encode(job("openai", schema=SCHEMA), INLINE, endpoint=openai.CHAT)
    assert [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "file", "file": {"filename": "lease.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO", "detail": "auto"}},
            {"type": "text", "text": '<document name="notes.md">\né <b>\n</document>'},
            {"type": "text", "text": "What is it?"},
        ]},
        {"role": "assistant", "content": "A lease."},
        {"role": "user", "content": "Until when?"},
    ] == body["messages"]  # fmt: skip
    schema = {"name": "answer", "strict": True, "schema": CLOSED}
    assert {"type": "json_schema", "json_schema": schema} == body["response_format"]
    assert (100, None) == (body["max_completion_tokens"], body.get("max_tokens"))
    assert 100 == openai.encode_chat(job("openai"), INLINE, cap="max_tokens")["max_tokens"]


def test_gemini_sends_rest_shape() -> None:
    """Parts are inline data, the assistant is the model, and parameters stand where REST has them."""
    text = base64.b64encode("é <b>".encode()).decode()
    params = {"thinking_config": {"thinkingLevel": "LOW"}, "safetySettings": [], "generationConfig": {"top_k": 3}}
    expected = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
                {"inlineData": {"mimeType": "image/png", "data": "iVBO"}},
                {"inlineData": {"mimeType": "text/plain", "data": text}},
                {"text": "What is it?"},
            ]},
            {"role": "model", "parts": [{"text": "A lease."}]},
            {"role": "user", "parts": [{"text": "Until when?"}]},
        ],
        "generationConfig": {
            "maxOutputTokens": 100,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
            "temperature": 0.0,
            "thinkingConfig": {"thinkingLevel": "LOW"},
            "topK": 3,
        },
        "safetySettings": [],
    }  # fmt: skip
    assert expected == gemini.encode(job("gemini", schema=SCHEMA, temperature=0.0, params=params), INLINE)
    assert {"key": "t-1", "request": expected} == gemini.row("t-1", expected)


def test_gemini_refers_to_uploaded_files() -> None:
    """An uploaded document goes out by its URI with its type."""
    part = gemini.encode(job("gemini"), BY_ID)["contents"][0]["parts"][0]
    assert {"fileData": {"fileUri": "file_p", "mimeType": "application/pdf"}} == part


@pytest.mark.parametrize("provider", ["anthropic", "openai", "gemini"])
def test_quotes_are_asked_for_in_an_envelope(provider: str) -> None:
    """With quotes, the schema on the wire is the envelope, and the last user turn says how to fill it."""
    asked = job(provider, schema=SCHEMA, cite="quotes")
    if provider == "anthropic":
        body = anthropic.encode(asked, INLINE)
        schema, last = body["output_config"]["format"]["schema"], body["messages"][-1]["content"][0]
    elif provider == "openai":
        body = openai.encode(asked, INLINE)
        schema, last = body["text"]["format"]["schema"], body["input"][-1]["content"][0]
    else:
        body = gemini.encode(asked, INLINE)
        schema, last = body["generationConfig"]["responseJsonSchema"], body["contents"][-1]["parts"][0]
    assert ["answer", "quotes"] == list(schema["properties"])
    assert f"Until when?\n\n{QUOTE_INSTRUCTION}" == last["text"]
