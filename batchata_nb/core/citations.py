"""Evidence: where in a document a value stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in PDF points on the page as displayed, origin top left."""
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
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in Citation.__slots__:
            raise AttributeError(name)
        return getattr(self[0], name) if self else None


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
