"""Evidence for one answer over all documents of its job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.citations import Citation, FieldCitations
from ..core.jobs import Document, Job, JsonObject

BEST_FIRST = {"high": 0, "medium": 1, "low": 2, None: 3}


def evidence(
    job: Job, data: Any, *, native: list[JsonObject] | None, quotes: list[JsonObject] | None
) -> dict[str, FieldCitations]:
    """Locate each field's evidence in the documents of its job.

    Args:
        job: The job; its `schema` tells fields that are printed from those that are derived.
        data: The answer as JSON, or None for plain text.
        native: Content blocks with the provider's own citations.
        quotes: `{"field", "quote"}` objects that came beside the answer.

    Returns:
        Field path to citations, best first. Citations of an answer without fields stand under the empty path.
    """
    if data is None:
        return {"": FieldCitations(_plain(job.documents, native or []))} if native else {}
    from .locating import locate

    found: dict[str, FieldCitations] = {}
    for index, document in enumerate(job.documents):
        if document.kind == "image" or document.path is None:
            continue
        blocks = None if native is None else _only(native, index)
        located = locate(data, document.path, schema=job.schema, native=blocks, quotes=quotes)
        for path, citations in located.items():
            named = (_named(c, document.name, index) for c in citations)
            found.setdefault(path, FieldCitations()).extend(named)
    for citations in found.values():
        citations.sort(key=lambda c: BEST_FIRST[c.confidence])
    return found


def _named(citation: Citation, name: str, index: int) -> Citation:
    data = {**citation.to_dict(), "source": name, "metadata": {**citation.metadata, "document": index}}
    return Citation.from_dict(data)


def _only(native: Sequence[JsonObject], index: int) -> list[JsonObject]:
    """Return the blocks with only the citations of one document; the text of all stays: it makes up the answer."""
    return [
        {**block, "citations": [c for c in block.get("citations") or () if c.get("document_index", 0) == index]}
        for block in native
    ]


def _plain(documents: Sequence[Document], native: Sequence[Mapping[str, Any]]) -> list[Citation]:
    citations = []
    for block in native:
        for cited in block.get("citations") or ():
            index = cited.get("document_index", 0)
            if not 0 <= index < len(documents):
                continue
            citations.append(
                Citation(
                    text=cited.get("cited_text", ""),
                    source=documents[index].name,
                    page=cited.get("start_page_number"),
                    start=cited.get("start_char_index"),
                    end=cited.get("end_char_index"),
                    metadata={"source": "native", "document": index, "statement": block.get("text", "")},
                    confidence="high",
                    match_reason="cited by the model",
                )
            )
    return citations
