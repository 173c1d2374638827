"""Evidence for one answer over all documents of its job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.citations import Citation, FieldCitations, PageNote, page_notes
from ..core.jobs import Job, JsonObject


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for an answer.

    Attributes:
        citations: Field path to citations, best first. Those of an answer without fields stand under the empty path.
        notes: Which pages of the job's documents have nothing to point at, and why.
    """

    citations: dict[str, FieldCitations]
    notes: list[PageNote]


def evidence(job: Job, data: Any, *, native: list[JsonObject] | None, quotes: list[JsonObject] | None) -> Evidence:
    """Locate each field's evidence in the documents of its job.

    Args:
        job: The job; its `schema` tells fields that are printed from those that are derived.
        data: The answer as JSON, or None for plain text.
        native: Content blocks with the provider's own citations.
        quotes: `{"field", "quote"}` objects that came beside the answer.
    """
    from .locating import cited, locate, notes_of

    # Providers number documents without the images among them, and images hold no text to point at.
    places = [place for place, document in enumerate(job.documents) if document.kind != "image"]
    documents = [job.documents[place] for place in places]
    pictures = [n for place, d in enumerate(job.documents) if d.kind == "image" for n in page_notes(["image"], place)]
    if not documents:
        return Evidence({}, pictures)
    notes = [replace(note, document=places[note.document]) for note in notes_of(documents)]
    said = sorted([*pictures, *notes], key=lambda note: (note.document, note.first))
    if data is None:
        found = {"": FieldCitations(cited(native, documents))} if native else {}
    else:
        found = locate(data, documents, schema=job.schema, native=native, quotes=quotes)
    if len(documents) == len(job.documents):
        return Evidence(found, said)
    moved = {path: FieldCitations(_moved(citation, places) for citation in cs) for path, cs in found.items()}
    return Evidence(moved, said)


def _moved(citation: Citation, places: Sequence[int]) -> Citation:
    """Return a citation that numbers its document among all of the job's, images included."""
    number = citation.metadata.get("document", 0)
    return replace(citation, metadata={**citation.metadata, "document": places[number]})
