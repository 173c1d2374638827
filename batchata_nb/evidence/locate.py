"""Locate: an answer's values in, citations out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.citations import Citation, FieldCitations
from ..core.errors import ValidationError
from . import candidates, choose, derived, native, rows, speak
from .fields import Field, fields
from .labels import Labels
from .native import Passage
from .printed import Printed
from .source import Source


def locate(
    values: Any,
    source: Source,
    schema: Mapping[str, Any] | None = None,
    *,
    blocks: Sequence[Any] | None = None,
    quotes: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, FieldCitations]:
    """Return the evidence of each value of an answer.

    Three sources are joined: the places that print the value, a provider's own citations, and quotes that the model
    was asked for. What is printed is cited where it is printed; a citation or quote decides between several places,
    and stands by itself only for what is derived rather than printed.

    Args:
        values: The answer: nested mappings and sequences.
        source: The document or documents.
        schema: JSON schema of the answer.
        blocks: A provider's content blocks with citations, as on the wire.
        quotes: `{"field": path, "quote": words}` as the model gave them.

    Returns:
        Field path to citations, best first; an empty list where nothing in the document proves the value.

    Raises:
        ValidationError: `values` is a single value rather than a mapping or sequence.
    """
    if not isinstance(values, (Mapping, Sequence)) or isinstance(values, (str, bytes)):
        raise ValidationError(
            "values must be a model, a dict or a list; put a single value in a dict such as {'value': 5}."
        )
    leaves = fields(values, schema)
    given = _given(leaves, source, blocks, quotes)
    labels = Labels(source, {one.generic: one.notes for one in leaves})
    cited = {name: [span for p in passages if p.exact for span in p.spans] for name, passages in given.items()}
    inside, outside = _found(leaves, source)
    in_rows = rows.in_rows(labels, inside, cited)
    taken = [choice.best.place for choice in in_rows if choice.best and choice.in_row]
    choices = [*choose.singles(labels, outside, cited, taken), *in_rows]
    result = {one.name: FieldCitations() for one in leaves}
    for choice in choices:
        one = choice.field
        passages = given.get(one.name, [])
        if choice.best and not (one.hint.choices and not choose.is_labelled(choice)):
            result[one.name].append(speak.located(source, choice, passages))
        elif isinstance(one.value, bool) and not any(p.spans for p in passages):
            result[one.name].extend(derived.ticked(source, one))
        elif passages:
            result[one.name].extend(derived.citations(source, one, passages, labels.scorer(one.generic)))
    return result


def cited(source: Source, blocks: Sequence[Any]) -> list[Citation]:
    """Return a provider's citations of an answer in plain text, each with its place in the document.

    Args:
        source: The documents of the request.
        blocks: Content blocks with citations, as on the wire; the block's own text stands under
            `metadata["statement"]`.
    """
    return [speak.stated(source, passage, statement) for statement, passage in native.statements(blocks, source)]


def _given(
    leaves: Sequence[Field], source: Source, blocks: Sequence[Any] | None, quotes: Sequence[Mapping[str, Any]] | None
) -> dict[str, list[Passage]]:
    """All passages given for each field, native ones first."""
    given = native.passages(blocks, leaves, source) if blocks else {}
    for name, passages in (native.quoted(quotes, source) if quotes else {}).items():
        below = [leaf.name for leaf in leaves if leaf.name.startswith((f"{name}.", f"{name}["))]
        for leaf in below or [name]:  # a quote for an object or a list is one for all in it
            given.setdefault(leaf, []).extend(passages)
    return given


Found = list[tuple[Field, Sequence[Printed]]]


def _found(leaves: Sequence[Field], source: Source) -> tuple[Found, Found]:
    """Candidates of each field: those within lists of objects, and the others."""
    inside: Found = []
    outside: Found = []
    memory: dict[Any, list[Printed]] = {}
    for one in leaves:
        key = (type(one.value), repr(one.value), one.hint)
        if key not in memory:
            memory[key] = candidates.find(source, one.value, one.hint)
        (outside if one.row is None else inside).append((one, memory[key]))
    return inside, outside
