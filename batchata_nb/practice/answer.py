"""Answer a request from the documents in it: JSON for a schema, else matching sentences; then spoil it if told to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from . import guess
from .ask import CITED_DOCUMENT_TOKENS, IMAGE_TOKENS, PAGE_TOKENS, Ask, Leaf, Piece, Reply, text_tokens
from .faults import MARKER
from .fill import Filler
from .reading import Reading, page_count, read, text_page


def answer(ask: Ask, mark: str = "") -> Reply:
    """Return the answer to a request; `mark` is a word of `faults.MARKS` or ""."""
    readings = [read(source, index) for index, source in enumerate(ask.sources)]
    if not any(reading.pages for reading in readings):
        readings = [Reading((text_page(material(ask.prompt), -1),))]
    schema = ask.schema or asked_schema(ask)
    question = ask.prompt if any(source.kind != "image" for source in ask.sources) else ask.prompt.partition("\n")[0]
    if schema is not None or ask.json:
        pieces = list(_json(Filler(readings, schema or {"type": "object"}, question).fill()))
    else:
        pieces = _prose(question, readings)
    if not ask.cited:
        pieces = [Piece("".join(piece.text for piece in pieces))]
    reply = Reply(_spoilt(pieces, mark), input_tokens=input_tokens(ask), thinking_tokens=ask.thinking)
    if mark in ("refuse", "filter"):
        reply.pieces, reply.end = [], "refusal" if mark == "refuse" else "filter"
    _cap(reply, ask.max_tokens, cut=mark == "truncate")
    return reply


def input_tokens(ask: Ask) -> int:
    """Return the tokens of a request; the counting endpoints and the usage of answers agree."""
    total = 8 + sum(text_tokens(text) for text in (ask.prompt, ask.system, ask.history))
    for index, source in enumerate(ask.sources):
        if source.kind == "image":
            total += IMAGE_TOKENS
            continue
        total += sum(text_tokens(page.text) for page in read(source, index).pages)
        if source.kind == "pdf":
            total += PAGE_TOKENS * page_count(source.data)
        total += CITED_DOCUMENT_TOKENS if ask.cited else 0
    if ask.schema is not None:
        total += text_tokens(json.dumps(ask.schema))
    return total


_FRAME = re.compile(r"<(document|doc|file|text|context|message|email)\b[^>]*>\n?(.*?)\n?</\1>", re.S | re.I)
_ABOUT_ANSWER = re.compile(r"\bJSON\b|\bschema\b|`\w+`|^\s*[{\[\]}]", re.I)


def material(prompt: str) -> str:
    """Return the part of a prompt that the instructions are about.

    That is what stands in tags such as `<document>`; else what follows a line that ends with a colon, or all but the
    first paragraph, or all; and never a paragraph on the form of the answer.
    """
    text = MARKER.sub("", prompt)
    if framed := [found[2] for found in _FRAME.finditer(text)]:
        return "\n\n".join(framed)
    paragraphs = text.split("\n\n")
    told = [paragraph for paragraph in paragraphs if not _ABOUT_ANSWER.search(paragraph)]
    text = "\n\n".join(told if "".join(told).strip() else paragraphs)
    lines = text.split("\n")
    for index, line in enumerate(lines[:-1]):
        if line.rstrip().endswith(":") and any(rest.strip() for rest in lines[index + 1 :]):
            return "\n".join(lines[index + 1 :]).strip("\n")
    if len(lines) == 1 and (found := re.match(r"[^:\n]{8,120}:\s+(?=\S)", text)):
        return text[found.end() :]
    head, _, tail = text.strip().partition("\n\n")
    return tail.strip() or head


def asked_schema(ask: Ask) -> dict[str, Any] | None:
    """Return the JSON schema, or example object, that the prompt itself holds when it asks for JSON."""
    text = f"{ask.system}\n{ask.prompt}"
    if "json" not in text.lower() or "{" not in text:
        return None
    decoder = json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except ValueError:
            continue
        if isinstance(value, dict) and value:
            return value if isinstance(value.get("properties"), dict) else _like(value)
    return None


def _like(example: Any) -> dict[str, Any]:
    """Return the schema of an example."""
    if isinstance(example, dict):
        return {"type": "object", "properties": {k: _like(v) for k, v in example.items()}, "required": list(example)}
    if isinstance(example, list):
        return {"type": "array", "items": _like(example[0]) if example else {"type": "string"}}
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, (int, float)):
        return {"type": "number"}
    return {"type": ["string", "null"]}


def _json(tree: Any) -> Iterator[Piece]:
    """Yield a filled schema as JSON; each value that was found is a piece with its place."""
    if isinstance(tree, Leaf):
        yield Piece(json.dumps(tree.value, ensure_ascii=False), tree.place)
    elif isinstance(tree, dict):
        yield Piece("{")
        for index, (key, value) in enumerate(tree.items()):
            yield Piece(f"{', ' if index else ''}{json.dumps(key, ensure_ascii=False)}: ")
            yield from _json(value)
        yield Piece("}")
    else:
        yield Piece("[")
        for index, value in enumerate(tree):
            if index:
                yield Piece(", ")
            yield from _json(value)
        yield Piece("]")


def _prose(question: str, readings: list[Reading]) -> list[Piece]:
    """Quote the sentences that match the question."""
    best = guess.matching(question, [page for reading in readings for page in reading.pages])
    if not best:
        return [Piece("The documents hold no text that could be quoted.")]
    pieces = [Piece("The document says: ")]
    for number, place in enumerate(best):
        pieces += [Piece(" " if number else ""), Piece(" ".join(place.text.split()), place)]
    return pieces


def _spoilt(pieces: list[Piece], mark: str) -> list[Piece]:
    text = "".join(piece.text for piece in pieces)
    if mark == "invalid-json":
        return [Piece(text[:-1] + ", oops")]
    if mark == "wrapped-json":
        return [Piece("Here is the result:\n\n```json\n"), *pieces, Piece("\n```\n\nLet me know if you need more.")]
    if mark == "prose-json":
        before = "I read the {document} with care [1]. What you asked for: "
        return [Piece(before), *pieces, Piece(" I hope that {this} is of use [2].")]
    if mark == "broken-fence":
        return [Piece("```json\n"), *pieces]
    if mark == "sentences":
        said = (Piece(f"It says {piece.text}. ", piece.place) for piece in pieces if piece.place)
        return [Piece("I have read the document. "), *said]
    if mark == "wrong-shape":
        return [Piece('{"unexpected": [1, 2, 3]}')]
    return pieces


def _cap(reply: Reply, most: int | None, *, cut: bool) -> None:
    """Count the output, and cut it at the cap; `cut`: as if the cap were half of the answer."""
    spoken = text_tokens(reply.text)
    room = spoken if most is None else max(0, most - reply.thinking_tokens)
    if cut:
        room = min(room, spoken // 2)
    if spoken > room or cut:
        reply.end = "length"
        left = len(reply.text) * room // max(spoken, 1)
        kept = []
        for piece in reply.pieces:
            kept.append(Piece(piece.text[:left], piece.place) if left < len(piece.text) else piece)
            left -= len(piece.text)
            if left <= 0:
                break
        reply.pieces = [piece for piece in kept if piece.text]
        spoken = min(text_tokens(reply.text), room)
    if most is not None:
        reply.thinking_tokens = min(reply.thinking_tokens, most)
    reply.output_tokens = spoken + reply.thinking_tokens
