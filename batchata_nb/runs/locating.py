"""`locate`: documents read, evidence found. Page texts are read once and kept for the next answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from ..core.citations import Citation, FieldCitations, PageNote, leaves, nowhere, page_notes
from ..core.errors import ValidationError
from ..core.jobs import Document
from ..evidence import locate as evidence
from ..evidence.page import Page
from ..evidence.source import Source
from .texts import AnyDocument, Numbered, Text, text_of


def locate(
    values: Any,
    document: AnyDocument | Sequence[Document],
    *,
    schema: Any = None,
    native: Sequence[Any] | None = None,
    quotes: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, FieldCitations]:
    """Find where in a document each value of an answer stands.

    Args:
        values: A Pydantic model or dict (lists and nested ones too).
        document: Path of a file, its bytes, or text; a `Document`, or the documents of one request in their order.
        schema: Model class or JSON schema of the answer; a model brings its own. Names and descriptions of fields
            help to choose among several places.
        native: A provider's content blocks with citations, as on the wire (Anthropic).
        quotes: What the model gave as the words each value rests on: `{"field": path, "quote": words}`.

    Returns:
        Field path, such as `lines[0].amount`, to its citations, best first. A value that the document does not print,
        and no citation or quote supports, has an empty list, whose `note` says what is known about why: that it was
        not found, and which pages have no text to point at.

    Raises:
        ValidationError: The document cannot be used, or `values` is no model, dict or list.
    """
    data, json_schema = _plain(values, schema)
    texts = [text_of(one) for one in _documents(document)]
    if len(texts) == 1:
        text = texts[0]
        with text.lock:
            try:
                found = evidence.locate(data, text.source, json_schema, blocks=native, quotes=quotes)
            finally:
                text.close()
    else:
        found = _locate_in_all(data, texts, json_schema, native, quotes)
    note = nowhere(_notes(texts), [text.name for text in texts])
    values_of = dict(leaves(data))
    for path, citations in found.items():
        if not citations and values_of.get(path) not in (None, ""):
            citations.note = note
    return found


def notes_of(document: AnyDocument | Sequence[Document]) -> list[PageNote]:
    """Return which pages of documents hold nothing that evidence could point at, and why.

    Args:
        document: As for `locate`.

    Raises:
        ValidationError: A document cannot be used.
    """
    return _notes([text_of(one) for one in _documents(document)])


def _notes(texts: Sequence[Text]) -> list[PageNote]:
    return [note for index, text in enumerate(texts) for note in page_notes(text.kinds, index)]


def cited(native: Sequence[Any], document: AnyDocument | Sequence[Document]) -> list[Citation]:
    """Find where in the documents a provider's citations of a plain-text answer stand.

    Args:
        native: Content blocks with citations, as on the wire (Anthropic).
        document: As for `locate`.

    Returns:
        One citation for each of the provider's, in order; `metadata["statement"]` is the part of the answer it is for.
        One whose words are not in the document has no page and no rectangles.

    Raises:
        ValidationError: The document cannot be used.
    """
    texts = [text_of(one) for one in _documents(document)]
    try:
        return evidence.cited(Source(_numbered(texts)), native)
    finally:
        for text in texts:
            with text.lock:
                text.close()


def _numbered(texts: Sequence[Text]) -> list[Page]:
    return [Numbered(page, index) for index, text in enumerate(texts) for page in text.pages]


def _locate_in_all(
    data: Any,
    texts: Sequence[Text],
    schema: Mapping[str, Any] | None,
    native: Sequence[Any] | None,
    quotes: Sequence[Mapping[str, Any]] | None,
) -> dict[str, FieldCitations]:
    try:
        return evidence.locate(data, Source(_numbered(texts)), schema, blocks=native, quotes=quotes)
    finally:
        for text in texts:
            with text.lock:
                text.close()


def _plain(values: Any, schema: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """Values as plain data, and the JSON schema."""
    if schema is None and hasattr(type(values), "model_json_schema"):
        schema = type(values)
    if hasattr(values, "model_dump"):
        values = values.model_dump(by_alias=True)
    if hasattr(schema, "model_json_schema"):
        schema = schema.model_json_schema()
    if schema is not None and not isinstance(schema, Mapping):
        raise ValidationError("schema must be a Pydantic model class or a JSON schema (a dict).")
    return _unwrapped(values), schema


def _unwrapped(value: Any) -> Any:
    """Enum members as their values, all the way down."""
    if isinstance(value, Mapping):
        return {key: _unwrapped(item) for key, item in value.items()}
    if hasattr(value, "model_dump"):
        return _unwrapped(value.model_dump(by_alias=True))
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (str, bytes)):
        return [_unwrapped(item) for item in value]
    return getattr(value, "value", value) if hasattr(type(value), "__members__") else value


def _documents(document: AnyDocument | Sequence[Document]) -> Sequence[AnyDocument]:
    if isinstance(document, Sequence) and not isinstance(document, (str, bytes)):
        return document
    return [document]
