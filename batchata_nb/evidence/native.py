"""A provider's own citations, and quotes the model gave, brought to fields and to places in the document.

Anthropic answers in text blocks, some with citations. A block says which part of the answer a citation is for, so the
fields' values are looked up in the answer first: in its JSON, or beside their names in its lines.
Wire facts: `page_location` counts pages from 1, end exclusive; `char_location` counts characters of the text sent, from
0, end exclusive; `content_block_location` and `search_result_location` index chunks; all carry `cited_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import candidates, fold, strings, vocabulary
from .fields import Field
from .labels import Path
from .page import TextPage
from .source import Source

Span = tuple[int, int]
_INDEX = re.compile(r"\[(\d+)\]|/(\d+)(?=/|$)|\.(\d+)(?=\.|\[|$)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that a citation or quote points at.

    Attributes:
        text: The words as given.
        spans: Where they stand in the source; empty when they are not there.
        exact: Whether the very words are there, rather than only the page that was named.
        kind: `native` or `quote`.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    exact: bool
    kind: str


# --- native citations ------------------------------------------------------------------------------------------------


def passages(blocks: Sequence[Any], fields: Sequence[Field], source: Source) -> dict[str, list[Passage]]:
    """Return for each field (by name) the passages that a provider's citations give for it.

    Args:
        blocks: Content blocks as on the wire.
        fields: The answer's leaves.
        source: The document.
    """
    texts: list[str] = []
    ranges: list[Span] = []
    cited: list[list[Mapping[str, Any]]] = []
    at = 0
    for block in map(_as_dict, blocks):
        text = block.get("text") if block.get("type", "text") == "text" else None
        if not isinstance(text, str):
            continue
        texts.append(text)
        ranges.append((at, at + len(text)))
        cited.append([_as_dict(c) for c in block.get("citations") or ()])
        at += len(text)
    if not any(cited):
        return {}
    answer = "".join(texts)
    known: dict[str, Passage] = {}
    found: dict[str, list[Passage]] = {}
    for places in _in_answer(answer, fields):
        for name, (start, end) in places.items():
            if name in found:
                continue
            for citation in _citations(answer, start, end, ranges, cited):
                key = json.dumps(citation, sort_keys=True, default=str)
                if key not in known:
                    known[key] = _passage(citation, source)
                if known[key].spans:
                    found.setdefault(name, []).append(known[key])
    return found


def statements(blocks: Sequence[Any], source: Source) -> Iterator[tuple[str, Passage]]:
    """Yield each citation of an answer with the text it is for; passages that are not there have no spans."""
    for block in map(_as_dict, blocks):
        for citation in block.get("citations") or ():
            yield str(block.get("text") or ""), _passage(_as_dict(citation), source)


def _as_dict(thing: Any) -> Mapping[str, Any]:
    if isinstance(thing, Mapping):
        return thing
    dumped: Mapping[str, Any] = thing.model_dump() if hasattr(thing, "model_dump") else {}
    return dumped


def _citations(
    answer: str, start: int, end: int, ranges: Sequence[tuple[int, int]], cited: Sequence[list[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """Citations of the blocks that hold a part of the answer; else of the next cited block in the same line."""
    touching = [i for i, (a, b) in enumerate(ranges) if a < end and start < b]
    direct = [citation for i in touching for citation in cited[i]]
    if direct or not touching:
        return direct
    line_start, line_end = answer.rfind("\n", 0, start) + 1, answer.find("\n", end)
    line_end = len(answer) if line_end < 0 else line_end
    for i in (*range(touching[-1] + 1, len(ranges)), *range(touching[0] - 1, -1, -1)):
        a, b = ranges[i]
        if cited[i] and a < line_end and line_start < b and not answer[a:b].strip()[:1].isalnum():
            return list(cited[i])
    return []


def _passage(citation: Mapping[str, Any], source: Source) -> Passage:
    """Where in the source a citation's words stand; the pages it names are searched first."""
    text = str(citation.get("cited_text") or "")
    document = citation.get("document_index")
    if not isinstance(document, int) or source.document_count == 1:
        document = 0 if source.document_count == 1 else None
    low, high = source.document_span(document) if document is not None else (0, len(source.text))
    if citation.get("type") == "char_location":
        start = low + int(citation.get("start_char_index") or 0)
        end = low + int(citation.get("end_char_index") or 0)
        if start < end <= high and fold.skeleton(source.text[start:end]) == fold.skeleton(text):
            return Passage(text, ((start, end),), True, "native")
    if citation.get("type") == "page_location":
        first, last = int(citation.get("start_page_number") or 1), int(citation.get("end_page_number") or 2)
        pages = source.page_range(document or 0, first, max(last, first + 1))
        if pages:
            if spans := passage_spans(source, text, *pages):
                return Passage(text, spans, True, "native")
            if not (spans := passage_spans(source, text, low, high)):
                return Passage(text, (pages,), False, "native")
            return Passage(text, spans, True, "native")
    return Passage(text, passage_spans(source, text, low, high), True, "native")


def passage_spans(source: Source, text: str, low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Where a passage stands within a part of the source: whole, elided, in pieces, or with faults in its letters."""
    needle = fold.skeleton(text)
    if not needle:
        return ()
    first = source.skeleton_at(low)
    at = source.skeleton.find(needle, first, source.skeleton_at(high))
    if at >= 0:
        return ((source.places[at], source.places[at + len(needle) - 1] + 1),)
    for place in strings.loose(source, text):
        if low <= place.start and place.end <= high:
            return place.spans
    return ()


# --- where in the answer is a field's value? -------------------------------------------------------------------------


def _in_answer(answer: str, fields: Sequence[Field]) -> Iterator[dict[str, tuple[int, int]]]:
    """Where each field's value stands in the model's answer: in its JSON, then in the text around that."""
    places, span = _json_places(answer)
    in_json = {one.name: places[one.path] for one in fields if one.path in places}
    if in_json:
        yield in_json
        answer = answer[: span[0]] + re.sub(r"[^\n]", " ", answer[span[0] : span[1]]) + answer[span[1] :]
    if answer.strip():
        yield _in_lines(answer, fields)


def _json_places(answer: str) -> tuple[dict[Path, tuple[int, int]], tuple[int, int]]:
    """Paths and places of the leaves of the longest JSON object or list in a text, and where that stands."""
    decoder = json.JSONDecoder()
    best, reached = (0, 0), 0
    for match in re.finditer(r"[{\[]", answer):
        if match.start() < reached:
            continue
        try:
            _, reached = decoder.raw_decode(answer, match.start())
        except ValueError:
            continue
        if reached - match.start() > best[1] - best[0]:
            best = (match.start(), reached)
    return (dict(_scan(answer, best[0], (), decoder)[1]) if best[1] else {}), best


def _scan(text: str, at: int, path: Path, decoder: json.JSONDecoder) -> tuple[int, list[tuple[Path, Span]]]:
    """Walk valid JSON; return where the value ends and the places of its leaves."""
    if text[at] not in "{[":
        _, end = decoder.raw_decode(text, at)
        return end, [(path, (at, end))]
    leaves: list[tuple[Path, Span]] = []
    closing, index = ("}" if text[at] == "{" else "]"), 0
    at = _blank(text, at + 1)
    while text[at] != closing:
        key: str | int = index
        if closing == "}":
            key, end = decoder.raw_decode(text, at)
            at = _blank(text, _blank(text, end) + 1)
        at, below = _scan(text, at, (*path, key), decoder)
        leaves.extend(below)
        index += 1
        at = _blank(text, at)
        if text[at] == ",":
            at = _blank(text, at + 1)
    return at + 1, leaves


def _blank(text: str, at: int) -> int:
    while text[at].isspace():
        at += 1
    return at


def _in_lines(answer: str, fields: Sequence[Field]) -> dict[str, tuple[int, int]]:
    """Values in prose, lists or tables: the place that prints the value in the line that names the field best."""
    source = Source([TextPage(answer)])
    lines = list(_lines(answer))
    found: dict[str, tuple[int, int]] = {}
    reached = 0
    memory: dict[tuple[type, str], list[tuple[int, int]]] = {}
    for one in fields:
        if one.value is None:
            continue
        key = (type(one.value), repr(one.value))
        if key not in memory:
            memory[key] = _prints(source, one.value)
        best, chosen = 0.0, None
        for start, end in memory[key] or [(a, b) for a, b, _, _ in lines]:
            named = _named(one.path, start, lines)
            score = named + (0.02 if start >= reached else 0.0)
            if score > best:
                best, chosen = score, (start, end)
        if chosen and (best > 0.3 or (len(memory[key]) == 1 and not isinstance(one.value, bool))):
            found[one.name] = chosen
            reached = chosen[0]
    return found


def _prints(source: Source, value: Any) -> list[tuple[int, int]]:
    if isinstance(value, bool):
        words = [word for word in vocabulary.BOOLEANS[value] if len(word) > 1 or not word.isascii()]
        return [
            span
            for word in words
            for span in source.occurrences(word)
            if fold.skeleton(source.text[slice(*span)]) == word
        ]
    return [(place.start, place.end) for place in candidates.find(source, value)]


def _lines(answer: str) -> Iterator[tuple[int, int, frozenset[str], frozenset[str]]]:
    """Lines as (start, end, words, words of the heading above)."""
    heading: frozenset[str] = frozenset()
    at = 0
    for line in answer.split("\n"):
        words = frozenset(_words_of(line))
        if line.lstrip().startswith("#") or re.fullmatch(r"\s*(?:[-*]\s*)?\**[^:]{1,60}\**:?\**\s*", line):
            heading = words or heading
        if line.strip():
            yield at, at + len(line), words, heading
        at += len(line) + 1


def _named(path: Path, at: int, lines: Sequence[tuple[int, int, frozenset[str], frozenset[str]]]) -> float:
    """How well the line at a place names a field: its keys, and the number of its row counted from 1."""
    wanted = [word for key in path for word in (_words_of(key) if isinstance(key, str) else [str(key + 1)])]
    for start, end, words, heading in lines:
        if start <= at <= end:
            hits = sum(1.0 if word in words else 0.6 if word in heading else 0.0 for word in wanted)
            strangers = len(words - set(wanted))
            return hits / max(1, len(wanted)) + 0.1 / (1 + strangers)
    return 0.0


def _words_of(text: str) -> list[str]:
    return [w for w in (fold.skeleton(part) for part in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", text)) if w]


# --- quotes ----------------------------------------------------------------------------------------------------------


def quoted(quotes: Sequence[Mapping[str, Any]], source: Source) -> dict[str, list[Passage]]:
    """Return for each field name the quotes given for it and where they stand; spans are empty where they do not."""
    found: dict[str, list[Passage]] = {}
    for item in quotes:
        name, text = item.get("field"), item.get("quote")
        if isinstance(name, str) and isinstance(text, str) and fold.skeleton(text):
            spans = passage_spans(source, text, 0, len(source.text))
            found.setdefault(field_name(name), []).append(Passage(text, spans, True, "quote"))
    return found


def field_name(name: str) -> str:
    """A field's name as `lines[0].amount`, from that, `/lines/0/amount`, `lines.0.amount` or `$.lines[0].amount`."""
    path = _INDEX.sub(lambda match: f"[{match[1] or match[2] or match[3]}]", name.strip().removeprefix("$"))
    return path.strip("/.").replace("/", ".")
