"""Evidence over all documents of a job."""

from __future__ import annotations

from PIL import Image

from batchata_nb.core.jobs import Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.runs.citing import evidence


def job(tmp_path, *names: str) -> Job:
    """A job with the facts in `facts.txt`, among images."""
    (tmp_path / "facts.txt").write_text("Vendor: Acme Works\nTotal: 12.50\n")
    Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    documents = tuple(open_document(str(tmp_path / name)) for name in names)
    return Job("j", "anthropic", "claude-sonnet-5-5", (Message("user", "?", documents),), 100, cite="native")


def test_a_document_is_numbered_among_all_of_the_job(tmp_path):
    """Images are no documents to a provider; the place that views look up counts them."""
    found = evidence(
        job(tmp_path, "photo.png", "facts.txt"), {"vendor": "Acme Works"}, native=None, quotes=None
    ).citations

    assert ("facts.txt", 1) == (found["vendor"].source, found["vendor"].metadata["document"])


def test_native_citations_point_at_the_right_document(tmp_path):
    """Index 0 of a provider is the first document that is no image."""
    place = {"type": "char_location", "cited_text": "Vendor: Acme Works", "document_index": 0}
    native = [
        {"type": "text", "text": "Acme Works", "citations": [{**place, "start_char_index": 0, "end_char_index": 18}]}
    ]

    plain = evidence(job(tmp_path, "photo.png", "facts.txt"), None, native=native, quotes=None).citations
    typed = evidence(
        job(tmp_path, "photo.png", "facts.txt"), {"vendor": "Acme Works"}, native=native, quotes=None
    ).citations

    assert (0, 18, 1) == (plain[""].start, plain[""].end, plain[""].metadata["document"])
    assert ("native", 1) == (typed["vendor"].metadata["source"], typed["vendor"].metadata["document"])


def test_images_alone_have_nothing_to_point_at(tmp_path):
    """An image is no error, and no evidence; that is said."""
    found = evidence(job(tmp_path, "photo.png"), {"vendor": "Acme"}, native=None, quotes=None)

    assert {} == found.citations
    assert ["This document is a picture: no text to point at."] == [note.text for note in found.notes]
