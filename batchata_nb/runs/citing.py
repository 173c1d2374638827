"""Evidence for one answer over all documents of its job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..core.citations import Citation, FieldCitations
from ..core.jobs import Job, JsonObject


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
    from .locating import cited, locate

    # Providers number documents without the images among them, and images hold no text to point at.
    places = [place for place, document in enumerate(job.documents) if document.kind != "image"]
    documents = [job.documents[place] for place in places]
    if not documents:
        return {}
    if data is None:
        found = {"": FieldCitations(cited(native, documents))} if native else {}
    else:
        found = locate(data, documents, schema=job.schema, native=native, quotes=quotes)
    if len(documents) == len(job.documents):
        return found
    return {path: FieldCitations(_moved(citation, places) for citation in cs) for path, cs in found.items()}


def _moved(citation: Citation, places: Sequence[int]) -> Citation:
    """Return a citation that numbers its document among all of the job's, images included."""
    number = citation.metadata.get("document", 0)
    return replace(citation, metadata={**citation.metadata, "document": places[number]})
