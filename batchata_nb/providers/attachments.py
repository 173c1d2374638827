"""Documents on their way into requests: small ones inline, large ones uploaded once per submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..core.jobs import Attachment, Attachments, Document, Job
from ..documents import files

Upload = Callable[[Document], str]
"""Uploads a document, and returns the reference to put into requests."""

_TEXT_GROWTH, _DOCX_GROWTH = 4, 12


@dataclass(frozen=True, slots=True)
class Sizes:
    """Which documents go inline.

    Attributes:
        each: Most bytes on disk of one inline PDF or image.
        total: Most bytes on disk of all inline documents of one job.
    """

    each: int
    total: int


def uploads(job: Job, sizes: Sizes) -> frozenset[str]:
    """Return the digests of those documents of a job that are too large to go inline; text always does."""
    large, room = set(), sizes.total
    for document in job.documents:
        if document.kind == "text":
            continue
        if document.size > sizes.each or document.size > room:
            large.add(document.sha256)
        else:
            room -= document.size
    return frozenset(large)


def placeholders(job: Job, large: frozenset[str]) -> tuple[Attachments, int]:
    """Return attachments without content, and an upper bound of the bytes that their content adds to a JSON line.

    Text grows when it is re-encoded (a byte to three at most) and then escaped or put in base64, a DOCX also by its
    compression; base64 adds a third.
    """
    attachments, extra = {}, 0
    for document in job.documents:
        if document.sha256 in large:
            attachments[document.sha256] = Attachment(document, file_id="x" * 200)
        elif document.kind == "text":
            attachments[document.sha256] = Attachment(document, text="")
            packed = "officedocument" in document.media_type
            extra += document.size * (_DOCX_GROWTH if packed else _TEXT_GROWTH)
        else:
            attachments[document.sha256] = Attachment(document, base64="")
            extra += 4 * ((document.size + 2) // 3)
    return attachments, extra


@dataclass(slots=True)
class Attacher:
    """Makes the documents of one submission's jobs ready.

    A document is uploaded once, however many rows refer to it; references are not kept beyond the submission, since
    providers let files expire.
    """

    sizes: Sizes
    upload: Upload
    _uploaded: dict[str, str] = field(default_factory=dict)
    _last: dict[str, Attachment] = field(default_factory=dict)

    def __call__(self, job: Job) -> Mapping[str, Attachment]:
        """Return the attachments of a job.

        Raises:
            ValidationError: A file is gone or has changed.
        """
        large = uploads(job, self.sizes)
        ready: dict[str, Attachment] = {}
        for document in job.documents:
            key = document.sha256
            if key in ready:
                continue
            if key in large:
                if key not in self._uploaded:
                    self._uploaded[key] = self.upload(document)
                ready[key] = Attachment(document, file_id=self._uploaded[key])
            else:
                known = self._last.get(key)
                ready[key] = known if known is not None and known.document == document else files.load(document)
        # Rows that ask of one document usually follow each other; more than one row's content is not kept.
        self._last = {key: each for key, each in ready.items() if each.file_id is None}
        return ready


def inline(job: Job) -> Mapping[str, Attachment]:
    """Return all attachments of a job inline, whatever their size."""
    return {document.sha256: files.load(document) for document in job.documents}
