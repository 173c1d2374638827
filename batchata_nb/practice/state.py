"""What the practice server remembers: batches, their rows, files; one SQLite file and plain files beside it.

A batch's progress is a function of its times and of now, never a running task: so it goes on while no process runs, and
two processes on one folder see the same.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, provider TEXT, created REAL, seconds REAL, total INTEGER,
  cancelled REAL, deleted INTEGER DEFAULT 0, fate TEXT, meta TEXT, source TEXT);
CREATE TABLE IF NOT EXISTS row (
  batch TEXT, idx INTEGER, row_id TEXT, start INTEGER, size INTEGER, digest TEXT, verdict TEXT, mark TEXT, detail TEXT,
  good INTEGER, bad INTEGER, PRIMARY KEY (batch, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, provider TEXT, created REAL, expires REAL, size INTEGER,
  sha256 TEXT, deleted INTEGER DEFAULT 0, meta TEXT);
CREATE TABLE IF NOT EXISTS seen (digest TEXT PRIMARY KEY, owner TEXT);
CREATE TABLE IF NOT EXISTS live (seq INTEGER PRIMARY KEY, provider TEXT, at REAL, digest TEXT, billed INTEGER);
"""
START, RUN = 0.1, 0.8
"""Shares of a batch's time: waiting before its first row, and running; the rest is finishing."""
CANCELLING = 0.1
"""Share of a batch's time that it takes to cancel."""


@dataclass(frozen=True, slots=True)
class RowRecord:
    """One row of a batch, as it was judged on arrival.

    Attributes:
        verdict: `ok`, `error` (refused or failed; `detail` says how), `expired`.
        mark: Word of the fault asked for in the prompt, or "".
        good, bad: Rows judged so up to and including this one.
    """

    idx: int
    row_id: str
    start: int
    size: int
    digest: str
    verdict: str
    mark: str
    detail: dict[str, Any] | None
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch. `fate` is None, or how the whole batch is to end (see `faults.FATES`)."""

    id: str
    provider: str
    created: float
    seconds: float
    total: int
    cancelled: float | None = None
    fate: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def ends(self) -> float:
        """When it ends, in Unix seconds; infinity for one that hangs."""
        if self.cancelled is not None:
            return self.cancelled + CANCELLING * self.seconds
        return float("inf") if self.fate == "stuck" else self.created + self.seconds

    def ended(self, now: float) -> bool:
        """Whether it has ended."""
        return now >= self.ends

    def started(self, now: float) -> bool:
        """Whether its first row could have begun."""
        return now >= self.created + START * self.seconds

    def finishing(self, now: float) -> bool:
        """Whether all rows are done and only the results are being written."""
        return self.fate != "stuck" and now >= self.created + (START + RUN) * self.seconds

    def done(self, now: float) -> int:
        """Number of rows done so far: the first so many; cancelling freezes it."""
        if self.fate == "stuck":
            return 0
        at = now if self.cancelled is None else min(now, self.cancelled)
        share = (at - self.created - START * self.seconds) / (RUN * self.seconds) if self.seconds else 1.0
        most = self.total // 2 if self.fate == "expired" else self.total
        return min(most, max(0, int(share * self.total)))


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One uploaded file."""

    id: str
    provider: str
    created: float
    expires: float | None
    size: int
    sha256: str
    meta: dict[str, Any]


class State:
    """The state folder. Every method is one transaction on a connection of its own, so any thread may call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.database = folder / "practice.db"
        with self._open() as db:
            db.executescript(SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.database, timeout=30)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous=OFF")
            with db:
                yield db
        finally:
            db.close()

    def blob(self, name: str) -> Path:
        """Return the path of a stored body."""
        return self.blobs / name

    def new_blob(self) -> Path:
        """Return a path for a new body."""
        return self.blobs / secrets.token_hex(12)

    def adopt(self, stream: Any, offset: int = 0) -> str:
        """Store the rest of a stream as a body and return its name."""
        path = self.new_blob()
        stream.seek(offset)
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        return path.name

    def add_batch(self, batch: BatchRecord, rows: Iterable[RowRecord]) -> BatchRecord:
        """Record a batch and its rows."""
        good = bad = total = 0
        with self._open() as db:

            def values() -> Iterator[tuple[Any, ...]]:
                nonlocal good, bad, total
                for row in rows:
                    total += 1
                    good += row.verdict == "ok"
                    bad += row.verdict != "ok"
                    detail = json.dumps(row.detail) if row.detail is not None else None
                    yield (batch.id, row.idx, row.row_id, row.start, row.size, row.digest, row.verdict, row.mark,
                           detail, good, bad)  # fmt: skip

            db.executemany("INSERT INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?)", values())
            db.execute(
                "INSERT INTO batch (id, provider, created, seconds, total, fate, meta, source) "
                "VALUES (?,?,?,?,?,?,?,?)",
                (batch.id, batch.provider, batch.created, batch.seconds, total, batch.fate, json.dumps(batch.meta),
                 batch.source),
            )  # fmt: skip
        return self.batch(batch.provider, batch.id) or batch

    def batch(self, provider: str, batch_id: str) -> BatchRecord | None:
        """Return one batch, if there is one that was not deleted."""
        with self._open() as db:
            found = db.execute(
                "SELECT * FROM batch WHERE provider=? AND id=? AND deleted=0", (provider, batch_id)
            ).fetchone()
        return _batch(found) if found else None

    def batches(self, provider: str, *, deleted: bool = False) -> list[BatchRecord]:
        """Return a provider's batches, newest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM batch WHERE provider=? AND deleted<=? ORDER BY seq DESC", (provider, int(deleted))
            ).fetchall()
        return [_batch(row) for row in rows]

    def cancel(self, batch_id: str, at: float) -> None:
        """Note that a batch was asked to cancel, once."""
        with self._open() as db:
            db.execute("UPDATE batch SET cancelled=? WHERE id=? AND cancelled IS NULL", (at, batch_id))

    def delete(self, table: str, item_id: str) -> None:
        """Hide a batch or file; the book keeps it."""
        with self._open() as db:
            db.execute(f"UPDATE {'batch' if table == 'batch' else 'file'} SET deleted=1 WHERE id=?", (item_id,))

    def counts(self, batch_id: str, done: int) -> tuple[int, int]:
        """Return how many of the first `done` rows went well, and how many did not."""
        if done <= 0:
            return 0, 0
        with self._open() as db:
            found = db.execute("SELECT good, bad FROM row WHERE batch=? AND idx=?", (batch_id, done - 1)).fetchone()
        return (found["good"], found["bad"]) if found else (0, 0)

    def rows(self, batch_id: str, *, mixed: bool = False) -> Iterator[RowRecord]:
        """Yield a batch's rows; `mixed` gives an order that is not the input's, as the services may."""
        last: tuple[int, int] = (-1, -1)
        part = "idx % 3" if mixed else "idx % 1"
        while True:
            with self._open() as db:
                page = db.execute(
                    f"SELECT *, {part} AS part FROM row WHERE batch=? AND ({part}, idx) > (?, ?) "
                    f"ORDER BY {part}, idx LIMIT 2000", (batch_id, *last),
                ).fetchall()  # fmt: skip
            if not page:
                return
            for row in page:
                yield _row(row)
            last = (page[-1]["part"], page[-1]["idx"])

    def exists(self, batch_id: str, verdicts: tuple[str, ...], below: int) -> bool:
        """Whether one of the first `below` rows has one of the verdicts."""
        marks = ",".join("?" * len(verdicts))
        with self._open() as db:
            found = db.execute(
                f"SELECT 1 FROM row WHERE batch=? AND idx<? AND verdict IN ({marks}) LIMIT 1",
                (batch_id, below, *verdicts),
            ).fetchone()
        return found is not None

    def add_file(self, record: FileRecord) -> None:
        """Record an uploaded file; raises sqlite3.IntegrityError if the id is taken."""
        with self._open() as db:
            db.execute(
                "INSERT INTO file (id, provider, created, expires, size, sha256, meta) VALUES (?,?,?,?,?,?,?)",
                (record.id, record.provider, record.created, record.expires, record.size, record.sha256,
                 json.dumps(record.meta)),
            )  # fmt: skip

    def file(self, provider: str, file_id: str, *, deleted: bool = False) -> FileRecord | None:
        """Return one file, if there is one that was not deleted."""
        with self._open() as db:
            found = db.execute(
                "SELECT * FROM file WHERE provider=? AND id=? AND deleted<=?", (provider, file_id, int(deleted))
            ).fetchone()
        return _file(found) if found else None

    def files(self, provider: str) -> list[FileRecord]:
        """Return a provider's files, newest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM file WHERE provider=? AND deleted=0 ORDER BY seq DESC", (provider,)
            ).fetchall()
        return [_file(row) for row in rows]

    def first_time(self, digest: str, owner: str) -> bool:
        """Whether `owner` is the first to bring this content, now or before."""
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO seen VALUES (?,?)", (digest, owner))
            found = db.execute("SELECT owner FROM seen WHERE digest=?", (digest,)).fetchone()
        return bool(found["owner"] == owner)

    def add_live(self, provider: str, at: float, digest: str, billed: bool) -> None:
        """Record a real-time request that was answered."""
        with self._open() as db:
            db.execute(
                "INSERT INTO live (provider, at, digest, billed) VALUES (?,?,?,?)", (provider, at, digest, int(billed))
            )

    def live(self, provider: str) -> list[dict[str, Any]]:
        """Return the real-time requests, oldest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT at, digest, billed FROM live WHERE provider=? ORDER BY seq", (provider,)
            ).fetchall()
        return [{"at": row["at"], "digest": row["digest"], "billed": bool(row["billed"])} for row in rows]


def _batch(row: Mapping[str, Any]) -> BatchRecord:
    return BatchRecord(
        row["id"], row["provider"], row["created"], row["seconds"], row["total"], row["cancelled"], row["fate"],
        json.loads(row["meta"]), row["source"],
    )  # fmt: skip


def _row(row: Mapping[str, Any]) -> RowRecord:
    detail = json.loads(row["detail"]) if row["detail"] is not None else None
    return RowRecord(
        row["idx"], row["row_id"], row["start"], row["size"], row["digest"], row["verdict"], row["mark"], detail,
        row["good"], row["bad"],
    )  # fmt: skip


def _file(row: Mapping[str, Any]) -> FileRecord:
    return FileRecord(
        row["id"], row["provider"], row["created"], row["expires"], row["size"], row["sha256"], json.loads(row["meta"])
    )
