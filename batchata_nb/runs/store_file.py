"""The store's file: its tables, a connection for each thread, and transactions that are whole or not at all.

Rollback journal, not WAL, so that it also works in home folders on network drives.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from ..core.errors import StateError

Item = TypeVar("Item")
FIRST = """
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, digest TEXT NOT NULL, spec TEXT NOT NULL,
  total INTEGER NOT NULL,
  over TEXT, forgotten INTEGER NOT NULL DEFAULT 0);
CREATE INDEX runs_by_name ON runs (name, created);
CREATE TABLE jobs (
  run_id TEXT NOT NULL, row INTEGER NOT NULL, job_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
  provider TEXT NOT NULL, model TEXT NOT NULL,
  bound INTEGER, size INTEGER NOT NULL, outputs INTEGER NOT NULL, cache_write TEXT, surcharge TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run_id, row)) WITHOUT ROWID;
CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint);
CREATE TABLE events (
  run_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
CREATE TABLE sent (
  run_id TEXT NOT NULL, row INTEGER NOT NULL, tag TEXT NOT NULL, fingerprint TEXT NOT NULL, worst TEXT NOT NULL,
  landed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, row, tag)) WITHOUT ROWID;
CREATE INDEX sent_by_fingerprint ON sent (fingerprint) WHERE landed = 0;
CREATE TABLE results (
  number INTEGER PRIMARY KEY, run_id TEXT NOT NULL, row INTEGER NOT NULL, tag TEXT NOT NULL, fingerprint TEXT NOT NULL,
  usable INTEGER NOT NULL, outcome TEXT NOT NULL, kind TEXT, cost TEXT, fields TEXT, body BLOB NOT NULL,
  UNIQUE (run_id, row, tag));
CREATE INDEX results_by_fingerprint ON results (fingerprint, usable);
CREATE TABLE leases (run_id TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL);
"""
CHANGED_JOBS = """
CREATE TABLE changed (
  run_id TEXT NOT NULL, row INTEGER NOT NULL, bound INTEGER, size INTEGER NOT NULL, outputs INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run_id, row)) WITHOUT ROWID;
"""
SHARED_PARTS = """
CREATE TABLE shared (number INTEGER PRIMARY KEY, mark TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
ALTER TABLE jobs ADD COLUMN shape INTEGER;
ALTER TABLE jobs ADD COLUMN words INTEGER;
ALTER TABLE results ADD COLUMN words INTEGER;
DELETE FROM sent WHERE landed = 1;
"""
"""What jobs and results have alike is kept once; what older versions wrote stays as it is and is read as it is.
Rows that have landed are told by their results, and no longer a second time as sent."""
GOLD = """
CREATE TABLE gold (
  run_id TEXT NOT NULL, item TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (run_id, item)) WITHOUT ROWID;
"""
PACES = """
CREATE TABLE paces (
  run_id TEXT NOT NULL, tag TEXT NOT NULL, place TEXT NOT NULL, at REAL NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (run_id, tag)) WITHOUT ROWID;
CREATE INDEX paces_by_place ON paces (place, at);
"""
MIGRATIONS = (FIRST, CHANGED_JOBS, SHARED_PARTS, GOLD, PACES)
"""From nothing to the newest form, step by step; a file's version is how many of them it has seen. Only ever append."""
VERSION = len(MIGRATIONS)
REMEMBERED = 500
"""Texts in common that are kept in memory; jobs that each have parameters of their own have as many shapes."""


class TakenOverError(StateError):
    """Another process drives the run now; what this one wanted to write was not written."""

    def __init__(self) -> None:
        super().__init__("Another kernel took this run over; this one follows it from now on.")


class _Connection(sqlite3.Connection):
    """The connection of one thread; closes itself when the thread, or the store, is no more.

    An owner that closes it would come too late where both are collected in one cycle: from Python 3.13 on, a connection
    then complains first.
    """

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it could not be opened
            self.close()


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False, factory=_Connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 20000")
    return connection


class StoreFile:
    """One SQLite file, made on first use.

    Args:
        path: The file; its folder is made when missing.

    Raises:
        StateError: The file is damaged, cut off, empty, locked for too long, unwritable, of another program, or from a
            newer version. It is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._prepare()
        self._parts: dict[int, bytes] = {}

    def _connection(self) -> sqlite3.Connection:
        held: sqlite3.Connection | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _connected(self.path)
        return held

    def _prepare(self) -> None:
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            ignore = self.path.parent / ".gitignore"
            if self.path.parent.name == ".batchata" and not ignore.exists():
                ignore.write_text(
                    "*\n", encoding="utf-8"
                )  # results of confidential documents do not belong in a repository
            if not self.path.exists():
                self._make()
            if not self.path.stat().st_size:
                raise StateError(
                    f"The state file {self.path} is empty (0 bytes), as after a failing disk or a broken copy. Put a "
                    "backup in its place; delete it only if no run was ever kept there, or name another with --state."
                )
            self._migrate(self._connection())

    def _make(self) -> None:
        """Make the file whole or not at all, so that an empty one is never ours; two kernels may do so at once."""
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}-{threading.get_ident()}.new")
        try:
            made = _connected(draft)
            self._migrate(made, new=True)
            made.close()
            try:
                os.link(draft, self.path)
            except FileExistsError:
                return
            except OSError:  # a file system without links
                with suppress(FileExistsError), self.path.open("xb") as whole:
                    whole.write(draft.read_bytes())
        finally:
            draft.unlink(missing_ok=True)

    def _migrate(self, connection: sqlite3.Connection, *, new: bool = False) -> None:
        """Bring a store to the newest form; refuse what is no store, not whole, or newer than this."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if not new:
                self._check(connection, version)
            if version < VERSION:
                for statement in "".join(MIGRATIONS[version:]).split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has ended it already
                connection.execute("ROLLBACK")
            raise

    def _check(self, connection: sqlite3.Connection, version: int) -> None:
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if self.path.stat().st_size < pages * size:
            raise sqlite3.DatabaseError("its end is missing")
        if version > VERSION:
            raise StateError(
                f"{self.path} was written by a newer batchata_nb; "
                "update the package, or name another file with --state."
            )
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone() or not version:
            raise StateError(f"{self.path} is a database of something else; name another file with --state.")

    def _is_json(self) -> bool:
        with suppress(OSError), self.path.open("rb") as file:
            return file.read(64).lstrip()[:1] in (b"{", b"[")
        return False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                why = "is locked by another program"
            elif "full" in str(error) or "disk I/O" in str(error):
                why = "cannot be written: the disk is full or failing"
            elif self._is_json():
                raise StateError(
                    f"{self.path} is a JSON file, as batchata 0.4 kept its state in; runs are kept in SQLite here, and "
                    "that file does not say enough to go on with them. It stays as it is: name another file, such as "
                    f"{self.path.with_suffix('.db').name}, with set_state(file=…) or --state."
                ) from None
            elif self.path.is_dir():
                why = "is a folder; name a file in it, such as state.db"
            elif "readonly" in str(error) or "unable to open" in str(error):
                why = "cannot be written here"
            else:
                why = "is damaged or not a batchata_nb store"
            raise StateError(
                f"The state file {self.path} {why} ({error}). Nothing was sent that is not recorded there; "
                "free the cause, or name another file with --state or set_state(file=…)."
            ) from error
        except OSError as error:
            raise StateError(
                f"The state file {self.path} cannot be made here ({error.strerror or error}); "
                "name another with --state or set_state(file=…)."
            ) from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.IntegrityError):  # the same event or result has been written by another
                    raise TakenOverError from error
                raise

    def shared(self, numbers: Iterable[object]) -> dict[int, bytes]:
        """Return texts that jobs or results have in common, by number.

        They never change, so they are remembered; only what is committed is, so never ask within a transaction.
        """
        asked = {int(str(number)) for number in numbers if number is not None}
        parts = self._parts
        found = {number: parts[number] for number in asked if number in parts}
        for chunk in chunks(sorted(asked - found.keys())):
            marks = ",".join("?" * len(chunk))
            for number, body in self._read(f"SELECT number, body FROM shared WHERE number IN ({marks})", *chunk):
                found[int(str(number))] = zlib.decompress(body)  # type: ignore[arg-type]
        # A new dict and not a changed one: several threads read, and none may see it half filled.
        self._parts = found if len(parts) > REMEMBERED else {**parts, **found}
        return found

    def _read(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._explained():
            return self._connection().execute(sql, values).fetchall()


def chunks(items: Sequence[Item], size: int = 900) -> Iterator[Sequence[Item]]:
    """Cut a list into pieces that one statement can take."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
