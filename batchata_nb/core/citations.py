"""Evidence: where in a document a value stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Literal

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in PDF points on the page as displayed, origin top left."""
_MOST_SAID = 4  # notes
Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One place in one document.

    Attributes:
        text: The words at that place.
        source: Name of the document.
        page: Page from 1; None for text documents.
        metadata: `source` (`native`, `quote` or `located`) and what else is known; evidence in several pieces stands
            under `pieces`, a list of `{"page", "start", "end", "rects"}`, the first piece being the citation itself.
        confidence: How sure it is that the place supports the value.
        match_reason: Why, in plain words.
        start: First character (code points) in the page's canonical text, or in the document's text.
        end: One past the last character.
        rects: Boxes on the page.
    """

    text: str
    source: str
    page: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    confidence: Confidence | None = None
    match_reason: str | None = None
    start: int | None = None
    end: int | None = None
    rects: tuple[Rect, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the citation as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Citation:
        """Rebuild a citation from `to_dict`.

        Args:
            data: The JSON form; unknown keys are left out.
        """
        known = {name: data[name] for name in cls.__slots__ if name in data}
        known["rects"] = tuple(tuple(rect) for rect in data.get("rects") or ())
        return cls(**known)


class FieldCitations(list[Citation]):
    """The citations of one field, best first; hands on the attributes of its first.

    `mappings["total"].page` is the page of the best citation of `total`, or None where no evidence was found.

    Attributes:
        note: Where there is none: what was found out about why, in words. Empty otherwise.
    """

    note: str = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in Citation.__slots__:
            raise AttributeError(name)
        return getattr(self[0], name) if self else None


@dataclass(frozen=True, slots=True)
class PageNote:
    """Pages of a document in which nothing can be pointed at, and why.

    Attributes:
        text: A sentence: "Page 3 is a scan: no text to point at."
        kind: `scan`, `stamped`, `drawn`, `garbled`, `damaged`, or `image` for a document that is a picture.
        document: Index of the document among those of the job.
        first: First page, from 1.
        last: Last page.
    """

    text: str
    kind: str
    document: int = 0
    first: int = 1
    last: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PageNote:
        """Rebuild a note from `to_dict`; unknown keys are left out."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


_SAYS = {
    "scan": ("is a scan: no text to point at.", "are scans: no text to point at."),
    "stamped": (
        "is a scan with a few words of text: only those can be pointed at.",
        "are scans with a few words of text: only those can be pointed at.",
    ),
    "drawn": (
        "has its words drawn as shapes: no text to point at.",
        "have their words drawn as shapes: no text to point at.",
    ),
    "garbled": (
        "has a garbled text layer, unlike what is seen: its values cannot be pointed at.",
        "have a garbled text layer, unlike what is seen: their values cannot be pointed at.",
    ),
    "damaged": (
        "is damaged and cannot be read: no text to point at.",
        "are damaged and cannot be read: no text to point at.",
    ),
    "image": ("This document is a picture: no text to point at.", ""),
}


def page_notes(kinds: Sequence[str], document: int = 0) -> list[PageNote]:
    """Return what is to be said about the pages of a document; pages in a row that are alike share a note.

    Args:
        kinds: The kind of each page in order; `text` and `blank` ones give no note.
        document: Index of the document among those of the job.
    """
    notes: list[PageNote] = []
    for kind, run in groupby(enumerate(kinds, 1), key=lambda pair: pair[1]):
        if kind not in _SAYS:
            continue
        pages = [page for page, _ in run]
        first, last = pages[0], pages[-1]
        one, several = _SAYS[kind]
        if kind == "image":
            words = one
        else:
            words = f"Page {first} {one}" if first == last else f"Pages {first} to {last} {several}"
        notes.append(PageNote(words, kind, document, first, last))
    return notes


def nowhere(notes: Sequence[PageNote], names: Sequence[str]) -> str:
    """Return what is said of a value without evidence.

    Args:
        notes: What is known about the pages.
        names: The documents' names.
    """
    if not notes:
        return "Not found in the document." if len(names) < 2 else "Not found in any of the documents."
    words = [f"{names[n.document]}: {n.text}" if len(names) > 1 else n.text for n in notes[:_MOST_SAID]]
    more = f" And {len(notes) - _MOST_SAID:,} more such notes." if len(notes) > _MOST_SAID else ""
    return f"Not found in the text. {' '.join(words)}{more}"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested mappings and sequences with its path, `lines[0].amount`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def flat(value: Any) -> dict[str, Any]:
    """Flatten nested mappings by dots, `seller.name`; lists stay whole. What is no mapping stands under `value`."""
    if not isinstance(value, Mapping):
        return {"value": value}
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            found.update({f"{key}.{path}": leaf for path, leaf in flat(item).items()})
        else:
            found[str(key)] = item
    return found
