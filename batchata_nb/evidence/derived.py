"""Values that are derived rather than printed: a cited or quoted passage is their evidence, or there is none."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from ..core.citations import Citation, Confidence
from . import clauses, fold, labels, speak, vocabulary
from .fields import Field
from .native import Passage
from .printed import Printed
from .source import Source

_RELATED = 0.6
_SHARED_WORDS = 0.7


def citations(source: Source, one: Field, passages: Sequence[Passage], scorer: labels.Scorer) -> list[Citation]:
    """Return citations of a value that the document does not print, best first.

    A yes / no or a category may rest on any passage that the model points at. A number, date or name that the document
    does not print is not proved by a provider's loose citation; a quote given for the very field is shown, marked as
    not printing the value.
    """
    found = [p for p in passages if p.spans and p.exact]
    if one.value is None:
        return []
    if isinstance(one.value, bool) or one.hint.choices:
        return _of_judgement(source, found, scorer)
    cited: list[Citation] = []
    for passage in found:
        supports = _paraphrases(source, one.value, passage)
        if supports or passage.kind == "quote":
            how = "It shares most of the value's words." if supports else "It does not print the value itself."
            cited.append(_whole(source, passage, supports, "low", f"The model {_verb(passage)} this passage. {how}"))
    return cited[:2]


def ticked(source: Source, one: Field) -> list[Citation]:
    """Return where a form says yes or no right behind the very name of a field: `Taxable: Yes`, `Insured ☑`."""
    names = (
        [word for word in labels.words_of(str(one.generic[-1])) if word not in vocabulary.STOP] if one.generic else []
    )
    if not names:
        return []
    marks = "|".join(map(re.escape, vocabulary.BOOLEANS[bool(one.value)]))
    name = r"[\W_]{1,3}".join(rf"{re.escape(word)}\w{{0,3}}" for word in names)
    pattern = re.compile(rf"(?<![^\W_]){name}[ \t]*[:?=|.…]*[ \t]*(?P<mark>{marks})(?![^\W_])", re.IGNORECASE)
    places = [Printed(*m.span("mark"), 1.0, "") for m in pattern.finditer(source.text)]
    reason = f"The document says so right behind “{' '.join(names)}”."
    return [speak.citation(source, place, {"source": "located"}, "medium", reason) for place in places[:1]]


def _of_judgement(source: Source, passages: Sequence[Passage], scorer: labels.Scorer) -> list[Citation]:
    ranked = sorted(((scorer.overlap(p.spans), p) for p in passages), key=lambda pair: -pair[0])
    cited: list[Citation] = []
    for related, passage in ranked:
        if cited and related < _RELATED * ranked[0][0]:
            break
        about = related > 0.1
        passage = dataclasses.replace(passage, spans=clauses.narrowed(source, passage.spans, scorer))
        confidence: Confidence = "medium" if about or passage.kind == "quote" else "low"
        reason = f"The model {_verb(passage)} this passage for a value that no document prints as such."
        cited.append(_whole(source, passage, about or None, confidence, reason))
    return cited


def _whole(source: Source, passage: Passage, supports: bool | None, confidence: Confidence, reason: str) -> Citation:
    metadata: dict[str, Any] = {"source": passage.kind, "cited_text": passage.text, "supports": supports}
    if passage.kind == "quote":
        metadata["quote_found"] = True
    spans = passage.spans
    pieces = spans if len(spans) > 1 else ()
    place = Printed(spans[0][0], spans[-1][1], 1.0, "the passage", tuple(pieces))
    return speak.citation(source, place, metadata, confidence, reason)


def _verb(passage: Passage) -> str:
    return "cited" if passage.kind == "native" else "quoted"


def _paraphrases(source: Source, value: Any, passage: Passage) -> bool:
    """Whether a passage has most of the words of a longer text."""
    if not isinstance(value, str):
        return False
    wanted = set(labels.note_terms(value))
    if len(wanted) < 6:
        return False
    there = fold.skeleton(" ".join(source.text[a:b] for a, b in passage.spans))
    return sum(word in there for word in wanted) >= _SHARED_WORDS * len(wanted)
