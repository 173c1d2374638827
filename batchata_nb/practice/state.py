"""Where the practice server keeps batches, their rows and files: one SQLite file, and plain files beside it."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .records import BatchRecord, FileRecord, RowRecord, batch_record, file_record, row_record

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
        return batch_record(found) if found else None

    def batches(self, provider: str, *, deleted: bool = False) -> list[BatchRecord]:
        """Return a provider's batches, newest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM batch WHERE provider=? AND deleted<=? ORDER BY seq DESC", (provider, int(deleted))
            ).fetchall()
        return [batch_record(row) for row in rows]

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
                yield row_record(row)
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
        return file_record(found) if found else None

    def files(self, provider: str) -> list[FileRecord]:
        """Return a provider's files, newest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM file WHERE provider=? AND deleted=0 ORDER BY seq DESC", (provider,)
            ).fetchall()
        return [file_record(row) for row in rows]

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
