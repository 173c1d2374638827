"""How jobs and results are kept small: what many of them have alike stands in the store once, the rest is squeezed.

A job is cut in two: its *shape* (model, parameters, schema), which most jobs of a run share, and its own messages.
Both messages and results are compressed with *words*: the first of their kind in the run, given to zlib as a
dictionary, so that wording, keys and wrapping that all have alike cost a few bytes each.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from ..core.errors import StateError
from ..core.jobs import Job, JsonObject, Message, job_from_json, message_from_json, message_to_json
from .records import JobRecord
from .spool import Spool

LEVEL = 3
WORDS = 16_384
"""Most bytes of a dictionary; what it does not cover, zlib finds in the text itself."""
LONG = 1000
"""Characters from which on an event is compressed: those that name many rows are."""
OWN = ("id", "messages", "copy")
SHAPE = tuple(name for name in Job.__slots__ if name not in OWN)


def dumped(value: Any) -> bytes:
    """Return a value as compact JSON."""
    return _dumped(value).encode()


_dumped = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def squeezed(text: bytes, words: bytes = b"") -> bytes:
    """Compress a text; `words` must be at hand again when it is read."""
    if not words:
        return zlib.compress(text, LEVEL)
    packer = zlib.compressobj(LEVEL, zdict=words)
    return packer.compress(text) + packer.flush()


def loosened(body: bytes, words: bytes = b"") -> bytes:
    """Return what `squeezed` was given; zlib's own checksums tell a wrong dictionary and a damaged body."""
    if not words:
        return zlib.decompress(body)
    unpacker = zlib.decompressobj(zdict=words)
    return unpacker.decompress(body) + unpacker.flush()


def whole(job: Job) -> bytes:
    """Return a job as it is stored where it stands alone."""
    return squeezed(dumped(job.to_json()))


def own_part(job: Job) -> bytes:
    """Return what a job has for itself: its messages, and which copy it is."""
    messages = [message_to_json(message) for message in job.messages]
    return dumped({"messages": messages, "copy": job.copy} if job.copy else {"messages": messages})


def shape_of(job: Job) -> JsonObject:
    """Return what a job has in common with others."""
    return {name: getattr(job, name) for name in SHAPE}


def job_of(job_id: str, shape: Mapping[str, Any] | None, body: bytes) -> Job:
    """Rebuild a job from its stored parts; without a shape the body holds all of it."""
    data = json.loads(body)
    if shape is None:
        return job_from_json(data)
    messages: tuple[Message, ...] = tuple(message_from_json(message) for message in data["messages"])
    return Job(id=job_id, messages=messages, copy=data.get("copy", 0), **shape)


def keep(db: Connection, text: bytes, mark: str = "") -> int:
    """Return the number under which a text stands in the store; it is added when it is new.

    Args:
        db: The connection, in a transaction that writes.
        text: The text.
        mark: What it is called; by its content when empty.
    """
    mark = mark or hashlib.sha256(text).hexdigest()[:32]
    found = db.execute("SELECT number FROM shared WHERE mark = ?", (mark,)).fetchone()
    if found is None:
        found = (db.execute("INSERT INTO shared (mark, body) VALUES (?,?)", (mark, squeezed(text))).lastrowid,)
    return int(found[0])


def result_words(db: Connection, run_id: str, bodies: Sequence[bytes]) -> tuple[int, bytes]:
    """Return the dictionary by which a run's results are compressed: one of its first, with most in it."""
    mark = f"results of {run_id}"
    found = db.execute("SELECT number, body FROM shared WHERE mark = ?", (mark,)).fetchone()
    if found is not None:
        return int(found[0]), loosened(found[1])
    words = max(bodies[:20], key=len, default=b"")[:WORDS]
    return keep(db, words, mark), words


Place = tuple[str, int]
"""Where a job stands in the store: run and row."""
COLUMNS = "fingerprint, provider, model, bound, size, outputs, cache_write, surcharge, body, shape, words"


class PackedJobs:
    """The jobs of one run, packed before the transaction that records them, so that it is short.

    Args:
        records: The jobs, in order.
    """

    def __init__(self, records: Iterable[JobRecord] = ()) -> None:
        self._rows: Spool[tuple[Any, ...]] = Spool()
        self._copies: Spool[tuple[int, str, str, int]] = Spool()
        self._words: bytes | None = None
        self._shapes: list[bytes] = []
        self._latest: dict[bytes, tuple[Any, int]] = {}
        for record in records:
            self.add(record)

    def __len__(self) -> int:
        return len(self._rows) + len(self._copies)

    def copy(self, row: int, job_id: str, place: Place) -> None:
        """Take one more job as it stands in the store already."""
        self._copies.append((row, job_id, *place))

    def add(self, record: JobRecord) -> None:
        """Pack one more job."""
        z, text = record.sizing, own_part(record.job)
        if self._words is None:
            self._words = text[:WORDS]
        self._rows.append(
            (
                z.row, record.job.id, z.fingerprint, z.provider, z.model, z.bound, z.size, z.outputs, z.cache_write,
                z.surcharge, squeezed(text, self._words), self._shape(record.job),
            )
        )  # fmt: skip

    def _shape(self, job: Job) -> int:
        # Jobs that were added together share their very schema, so it need not be written out for each; the rest is
        # small. Compared as text, since the order of a schema's properties is the order in which a model answers.
        shape = shape_of(job)
        rest = dumped({**shape, "schema": None})
        latest = self._latest.get(rest)
        if latest is None or latest[0] is not job.schema:
            self._shapes.append(dumped(shape))
            latest = self._latest[rest] = job.schema, len(self._shapes) - 1
        return latest[1]

    def insert(self, db: Connection, run_id: str) -> None:
        """Write the jobs into the store, within a transaction.

        Raises:
            StateError: A job to be copied is not in this store.
        """
        copied = db.executemany(
            f"INSERT INTO jobs (run_id, row, job_id, {COLUMNS}) SELECT ?, ?, ?, {COLUMNS} FROM jobs "
            "WHERE run_id = ? AND row = ?",
            ((run_id, *copy) for copy in self._copies),
        ).rowcount
        if copied != len(self._copies) and self._copies:
            raise StateError("The state file is not the one that the jobs were looked up in; run the cell again.")
        shapes = [keep(db, shape) for shape in self._shapes]
        words = keep(db, self._words) if self._words is not None else None
        db.executemany(
            f"INSERT INTO jobs (run_id, row, job_id, {COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            ((run_id, *row, shapes[shape], words) for *row, shape in self._rows),
        )
