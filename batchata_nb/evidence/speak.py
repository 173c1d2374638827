"""A chosen place becomes a citation, with how sure it is and why, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.citations import Citation, Confidence
from . import fold
from .choose import Choice, within
from .native import Passage
from .printed import Printed
from .source import Source


def located(source: Source, choice: Choice, passages: Sequence[Passage]) -> Citation:
    """The citation of a value that is printed in the document."""
    best = choice.best
    assert best is not None
    metadata: dict[str, Any] = {"source": "located"}
    quotes = [p for p in passages if p.kind == "quote"]
    if quotes:
        metadata["quote_found"] = any(p.spans for p in quotes)
    behind = next((p for p in passages if p.exact and within(best.place, p.spans)), None)
    if behind is not None:
        metadata.update(source=behind.kind, cited_text=behind.text, supports=True)
        if behind.kind == "quote":
            metadata["quote_found"] = True
    elif quotes:
        metadata["supports"] = False
    confidence, reason = _judge(choice, behind, source)
    return citation(source, best.place, metadata, confidence, reason)


def stated(source: Source, passage: Passage, statement: str) -> Citation:
    """The citation of a statement in plain text: the passage that the provider cites for it."""
    metadata: dict[str, Any] = {"source": passage.kind, "cited_text": passage.text, "statement": statement}
    if not passage.spans:
        reason = "The model cited these words; the document's text does not have them."
        return Citation(passage.text, "", metadata=metadata, confidence="low", match_reason=reason)
    hull = passage.spans[0][0], passage.spans[-1][1]
    place = Printed(*hull, 1.0, "the passage", passage.spans if len(passage.spans) > 1 else ())
    if passage.exact:
        return citation(source, place, metadata, "high", "The model cited this passage for what it says.")
    return citation(source, place, metadata, "medium", "The model cited this page; its words were not found on it.")


def citation(source: Source, place: Printed, metadata: dict[str, Any], confidence: Confidence, reason: str) -> Citation:
    """A citation of a place, whole or in pieces."""
    shown = [piece for start, end in place.spans for piece in source.pieces(start, end)]
    rects = [source.rects(*piece) for piece in shown]
    index, start, end = shown[0]
    page = source.pages[index]
    metadata["document"] = page.document
    if len(shown) > 1:
        metadata["pieces"] = [
            {"page": source.pages[i].number, **_span(source, i, a, b), "rects": boxes}
            for (i, a, b), boxes in zip(shown, rects, strict=True)
        ]
    if page.form:
        metadata["form_field"] = True
        reason += " It is what a form field is filled in with."
    return Citation(
        text="\n".join(source.pages[i].text[a:b] for i, a, b in shown),
        source=page.name,
        page=page.number,
        metadata=metadata,
        confidence=confidence,
        match_reason=reason,
        **_span(source, index, start, end),
        rects=rects[0],
    )


def _span(source: Source, index: int, start: int, end: int) -> dict[str, int | None]:
    """The characters of a page's canonical text; a form field's content is in no such text."""
    if source.pages[index].form:
        return {"start": None, "end": None}
    return {"start": start, "end": end}


def _judge(choice: Choice, behind: Passage | None, source: Source) -> tuple[Confidence, str]:
    best = choice.best
    assert best is not None
    place, count = best.place, len(choice.options)
    what = f"The document prints {place.form}"
    if behind is not None:
        whose = "that the model cited" if behind.kind == "native" else "that the model quoted"
        return ("high" if place.quality >= 0.6 else "medium"), f"{what} in the passage {whose}."
    if place.quality < 0.6:
        return "low", f"{what} here; that is likely the value, not certainly."
    if place.form.startswith("nearly"):
        return "medium", f"{what} here."
    telling = len(fold.skeleton(source.text[place.start : place.end])) >= 3
    if count == 1:
        sure: Confidence = "high" if telling or choice.in_row else "medium"
        where = ", in the row of its other values" if choice.in_row else ""
        return sure, f"{what} here and nowhere else{where}."
    if choice.in_row:
        return (
            "high" if choice.margin > 0.1 else "medium",
            f"{what} in {count} places; this one is in the row of its other values.",
        )
    beside = f"beside “{best.term}”" if best.term and best.label > 0.15 else ""
    if choice.margin > 0.25 and (beside or best.company > 0.2):
        return "high", f"{what} in {count} places; this one stands {beside or 'beside related values'}."
    if telling and place.form.endswith("words") and len(source.text[place.start : place.end]) > 8:
        return "high", f"{what} in {count} places; this is the {'likeliest' if beside else 'first'} of them."
    if beside or best.company > 0.2:
        return "medium", f"{what} in {count} places; this one stands {beside or 'beside related values'}."
    return "low", f"{what} in {count} places, and little tells them apart."
