"""Words and shapes that go out beside a user's schema: the envelope for quotes, and JSON asked for in the prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.jobs import Job, JsonObject, Message

ANSWER = "answer"
QUOTES = "quotes"

QUOTE_INSTRUCTION = (
    "Put your answer under `answer`. Under `quotes`, name the evidence: for every field of the answer whose value is "
    "not itself printed in the document (a category, a yes or no, a sum, a judgement), add an entry with `field`, the "
    "path of that field in the answer such as `total` or `lines[0].amount` (`answer` if the answer has no fields), and "
    "`quote`, the words of the document it rests on, copied character by character, one sentence at most. Leave out "
    "fields for which the document says nothing; never invent or shorten a quote."
)

_QUOTES_SCHEMA: JsonObject = {
    "type": "array",
    "description": "Verbatim evidence for the derived fields of the answer.",
    "items": {
        "type": "object",
        "properties": {
            "field": {"type": "string", "description": "Path of the field in the answer, such as lines[0].amount."},
            "quote": {"type": "string", "description": "Words of the document, copied character by character."},
        },
        "required": ["field", "quote"],
        "additionalProperties": False,
    },
}


def with_quotes(schema: Mapping[str, Any]) -> JsonObject:
    """Return the schema of an envelope: `answer` as in the user's schema, and `quotes` beside it.

    Definitions move to the envelope's root, where `#/$defs/…` goes on pointing at them.
    """
    inner = dict(schema)
    envelope: JsonObject = {
        "type": "object",
        "properties": {ANSWER: inner, QUOTES: _QUOTES_SCHEMA},
        "required": [ANSWER, QUOTES],
        "additionalProperties": False,
    }
    for key in ("$defs", "definitions"):
        if key in inner:
            envelope[key] = inner.pop(key)
    return envelope


def open_envelope(data: Any) -> tuple[Any, list[dict[str, str]]]:
    """Return the answer and the quotes of an envelope's parsed JSON.

    Data that is no envelope is taken to be the answer itself, without quotes; entries that are no quotes are left out.
    """
    if not isinstance(data, Mapping) or ANSWER not in data or not set(data) <= {ANSWER, QUOTES}:
        return data, []
    entries = data.get(QUOTES)
    quotes = [
        {"field": entry["field"], "quote": entry["quote"]}
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
        and isinstance(entry.get("field"), str)
        and isinstance(entry.get("quote"), str)
        and entry["quote"].strip()
    ]
    return data[ANSWER], quotes


def answer_schema(job: Job) -> Mapping[str, Any] | None:
    """Return the schema that the answer on the wire follows: the user's own, or the envelope; None for plain text."""
    if job.cite == "quotes":
        return with_quotes(job.schema if job.schema is not None else {"type": "string"})
    return job.schema


def text_of_schema(schema: Mapping[str, Any]) -> str:
    """Return the prompt that asks for JSON of a schema, for where a provider's native form cannot be used."""
    return (
        "Answer with one JSON value that conforms to the JSON schema below. Write the JSON alone: no other words, no "
        "code fence.\n\n" + json.dumps(schema, ensure_ascii=False)
    )


def system_text(job: Job) -> str:
    """Return the job's system turns as one text."""
    return "\n\n".join(message.text for message in job.messages if message.role == "system" and message.text.strip())


def turns(job: Job, *, prompt_schema: Mapping[str, Any] | None) -> list[Message]:
    """Return the turns of the conversation without the system ones, instructions of ours added to the last user turn.

    Args:
        job: The job.
        prompt_schema: The schema to ask for in words, or None where the native form carries it.
    """
    kept = [message for message in job.messages if message.role != "system"]
    extra = []
    if job.cite == "quotes":
        extra.append(QUOTE_INSTRUCTION)
    if prompt_schema is not None:
        extra.append(text_of_schema(prompt_schema))
    users = [index for index, message in enumerate(kept) if message.role == "user"]
    if extra and users:
        last = kept[users[-1]]
        text = "\n\n".join(part for part in (last.text, *extra) if part.strip())
        kept[users[-1]] = Message(last.role, text, last.documents)
    return kept


def framed(name: str, text: str) -> str:
    """Return a text document as part of a prompt, for providers without a block of their own for it."""
    label = json.dumps(name, ensure_ascii=False)
    return f"<document name={label}>\n{text}\n</document>"


def merged(base: JsonObject, extra: Mapping[str, Any]) -> JsonObject:
    """Return `base` with `extra` laid over it; objects are merged, everything else of `extra` wins."""
    result = dict(base)
    for key, value in extra.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, Mapping) else value
    return result
