"""The store: one SQLite file that holds runs, jobs, events and results.

Rollback journal, not WAL, so that it also works in home folders on network drives. Each thread has its own connection; every
write is one `BEGIN IMMEDIATE` transaction, so what belongs together is on disk together or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from ..core import events as ev
from ..core.errors import StateError
from ..core.jobs import Job, JsonObject, job_from_json

Item = TypeVar("Item")
VERSION = 1
SCHEMA = """
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, digest TEXT NOT NULL, spec TEXT NOT NULL, total INTEGER NOT NULL,
  over TEXT, forgotten INTEGER NOT NULL DEFAULT 0);
CREATE INDEX runs_by_name ON runs (name, created);
CREATE TABLE jobs (
  run_id TEXT NOT NULL, row INTEGER NOT NULL, job_id TEXT NOT NULL, fingerprint TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
  bound INTEGER, max_tokens INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (run_id, row)) WITHOUT ROWID;
CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint);
CREATE TABLE events (
  run_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
CREATE TABLE sent (
  run_id TEXT NOT NULL, row INTEGER NOT NULL, tag TEXT NOT NULL, fingerprint TEXT NOT NULL, worst TEXT NOT NULL, landed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, row, tag)) WITHOUT ROWID;
CREATE INDEX sent_by_fingerprint ON sent (fingerprint) WHERE landed = 0;
CREATE TABLE results (
  number INTEGER PRIMARY KEY, run_id TEXT NOT NULL, row INTEGER NOT NULL, tag TEXT NOT NULL, fingerprint TEXT NOT NULL,
  usable INTEGER NOT NULL, outcome TEXT NOT NULL, kind TEXT, cost TEXT, fields TEXT, body BLOB NOT NULL,
  UNIQUE (run_id, row, tag));
CREATE INDEX results_by_fingerprint ON results (fingerprint, usable);
CREATE TABLE leases (run_id TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as defined: its identity, where it goes, and what bounds its price."""

    row: int
    job: Job
    fingerprint: str
    bound: int | None
    size: int


@dataclass(frozen=True, slots=True)
class Sizing:
    """What planning needs of a job, without its content."""

    row: int
    fingerprint: str
    provider: str
    model: str
    bound: int | None
    max_tokens: int
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A result on its way into the store."""

    row: int
    fingerprint: str
    outcome: str
    kind: str | None
    cost: Decimal | None
    fields: JsonObject | None
    body: JsonObject


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as listed."""

    run_id: str
    name: str
    created: float
    digest: str
    spec: JsonObject
    total: int
    over: str | None


class Store:
    """The state of all runs of a folder, in one file.

    Args:
        path: The file; made with its folder on first write.

    Raises:
        StateError: The file is damaged, locked for too long, unwritable or from a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._prepare()

    # connections and transactions

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 20000")
            self._local.connection = connection
        return connection

    def _prepare(self) -> None:
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            ignore = self.path.parent / ".gitignore"
            if self.path.parent.name == ".batchata" and not ignore.exists():
                ignore.write_text(
                    "*\n", encoding="utf-8"
                )  # results of confidential documents do not belong in a repository
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for statement in SCHEMA.split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        if version > VERSION:
            raise StateError(
                f"{self.path} was written by a newer batchata_nb; update the package, or name another file with --state."
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                why = "is locked by another program"
            elif "full" in str(error) or "disk I/O" in str(error):
                why = "cannot be written: the disk is full or failing"
            elif "readonly" in str(error) or "unable to open" in str(error):
                why = "cannot be written here"
            else:
                why = "is damaged or not a batchata_nb store"
            raise StateError(
                f"The state file {self.path} {why} ({error}). Nothing was sent that is not recorded there; "
                "free the cause, or name another file with --state."
            ) from error
        except OSError as error:
            raise StateError(
                f"The state file {self.path} cannot be made here ({error.strerror or error}); name another with --state."
            ) from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _read(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._explained():
            return self._connection().execute(sql, values).fetchall()

    # runs and jobs

    def create_run(
        self, run_id: str, name: str, created: float, digest: str, spec: JsonObject, records: Iterable[JobRecord], first: Sequence[ev.Event],
        *, attach: bool = True,
    ) -> str:  # fmt: skip
        """Record a run with its jobs and first events; return its id.

        With `attach`, an existing latest run of the same name and digest is returned instead, so that two kernels that define
        the same run at the same moment get one.
        """
        with self._write() as db:
            if attach:
                same = db.execute(
                    "SELECT run_id, digest FROM runs WHERE name = ? AND NOT forgotten ORDER BY created DESC, rowid DESC LIMIT 1",
                    (name,),
                ).fetchone()
                if same and same[1] == digest:
                    return str(same[0])
            total = 0
            for record in records:
                total += 1
                job = record.job
                body = zlib.compress(json.dumps(job.to_json(), ensure_ascii=False).encode(), 3)
                db.execute(
                    "INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (
                        run_id,
                        record.row,
                        job.id,
                        record.fingerprint,
                        job.provider,
                        job.model,
                        record.bound,
                        job.max_tokens,
                        record.size,
                        body,
                    ),
                )
            db.execute(
                "INSERT INTO runs (run_id, name, created, digest, spec, total) VALUES (?,?,?,?,?,?)",
                (run_id, name, created, digest, json.dumps(spec), total),
            )
            _append(db, run_id, 0, first)
        return run_id

    def latest_run(self, name: str) -> RunRecord | None:
        """Return the newest run of this name that was not forgotten."""
        found = self._runs("WHERE name = ? AND NOT forgotten ORDER BY created DESC, rowid DESC LIMIT 1", name)
        return found[0] if found else None

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run."""
        found = self._runs("WHERE run_id = ?", run_id)
        return found[0] if found else None

    def runs(self) -> list[RunRecord]:
        """Return all runs that were not forgotten, newest first."""
        return self._runs("WHERE NOT forgotten ORDER BY created DESC, rowid DESC")

    def _runs(self, where: str, *values: object) -> list[RunRecord]:
        rows = self._read(f"SELECT run_id, name, created, digest, spec, total, over FROM runs {where}", *values)
        return [RunRecord(r[0], r[1], r[2], r[3], json.loads(str(r[4])), r[5], r[6]) for r in rows]  # type: ignore[arg-type]

    def forget(self, run_id: str) -> None:
        """Leave a run out of lists and names. Its results stay: they were paid for."""
        with self._write() as db:
            db.execute("UPDATE runs SET forgotten = 1 WHERE run_id = ?", (run_id,))

    def job(self, run_id: str, row: int) -> Job:
        """Return one job."""
        return self.jobs(run_id, [row])[0]

    def jobs(self, run_id: str, rows: Sequence[int]) -> list[Job]:
        """Return jobs by row, in the order asked for."""
        found: dict[int, Job] = {}
        for chunk in _chunks(rows):
            marks = ",".join("?" * len(chunk))
            for row, body in self._read(
                f"SELECT row, body FROM jobs WHERE run_id = ? AND row IN ({marks})", run_id, *chunk
            ):
                found[int(str(row))] = job_from_json(json.loads(zlib.decompress(body)))  # type: ignore[arg-type]
        return [found[row] for row in rows]

    def sizings(self, run_id: str, rows: Sequence[int] | None = None) -> list[Sizing]:
        """Return what planning needs of these rows, or of all; in row order."""
        columns = "row, fingerprint, provider, model, bound, max_tokens, size"
        if rows is None:
            found = self._read(f"SELECT {columns} FROM jobs WHERE run_id = ? ORDER BY row", run_id)
        else:
            found = []
            for chunk in _chunks(rows):
                marks = ",".join("?" * len(chunk))
                found += self._read(
                    f"SELECT {columns} FROM jobs WHERE run_id = ? AND row IN ({marks}) ORDER BY row", run_id, *chunk
                )
        return [Sizing(*row) for row in found]  # type: ignore[arg-type]

    def job_ids(self, run_id: str) -> list[str]:
        """Return all job ids, in row order."""
        return [str(row[0]) for row in self._read("SELECT job_id FROM jobs WHERE run_id = ? ORDER BY row", run_id)]

    # events

    def append(self, run_id: str, seq: int, events: Sequence[ev.Event]) -> None:
        """Append events after number `seq`; commits before it returns.

        Raises:
            StateError: Somebody else has written to this run meanwhile; nothing was written.
        """
        with self._write() as db:
            _append(db, run_id, seq, events)
            _mark_over(db, run_id, events)

    def append_submitting(
        self, run_id: str, seq: int, event: ev.Submitting, fingerprints: Sequence[str], worst: Sequence[Decimal]
    ) -> None:
        """Record the intent to submit, with each row's fingerprint and reservation."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            db.executemany(
                "INSERT INTO sent (run_id, row, tag, fingerprint, worst) VALUES (?,?,?,?,?)",
                [
                    (run_id, row, event.tag, mark, str(w))
                    for row, mark, w in zip(event.rows, fingerprints, worst, strict=True)
                ],
            )

    def append_unsent(self, run_id: str, seq: int, event: ev.SubmitFailed) -> None:
        """Record that a submission was provably not accepted: its rows are no longer under way."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            db.execute("DELETE FROM sent WHERE run_id = ? AND tag = ?", (run_id, event.tag))

    def mark_landed(self, run_id: str, tag: str) -> None:
        """Note that nothing of a submission is under way any more."""
        with self._write() as db:
            db.execute("UPDATE sent SET landed = 1 WHERE run_id = ? AND tag = ?", (run_id, tag))

    def set_bounds(self, run_id: str, bounds: Mapping[int, int]) -> None:
        """Keep counted upper bounds of input tokens, by row."""
        with self._write() as db:
            db.executemany(
                "UPDATE jobs SET bound = ? WHERE run_id = ? AND row = ?",
                [(b, run_id, row) for row, b in bounds.items()],
            )

    def append_landed(self, run_id: str, seq: int, event: ev.Landed, results: Sequence[Stored]) -> None:
        """Store a chunk of results together with the event that says so."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            db.executemany(
                "INSERT INTO results (run_id, row, tag, fingerprint, usable, outcome, kind, cost, fields, body) VALUES (?,?,?,?,?,?,?,?,?,?)",
                [
                    (run_id, r.row, event.tag, r.fingerprint, r.outcome == "succeeded", r.outcome, r.kind, None if r.cost is None else str(r.cost),
                     None if r.fields is None else json.dumps(r.fields, ensure_ascii=False),
                     zlib.compress(json.dumps(r.body, ensure_ascii=False).encode(), 3))
                    for r in results
                ],
            )  # fmt: skip
            db.executemany(
                "UPDATE sent SET landed = 1 WHERE run_id = ? AND row = ? AND tag = ?",
                [(run_id, r.row, event.tag) for r in results],
            )

    def events(self, run_id: str, after: int = 0) -> Iterator[ev.Event]:
        """Yield a run's events after number `after`, in order."""
        for (body,) in self._read("SELECT body FROM events WHERE run_id = ? AND seq > ? ORDER BY seq", run_id, after):
            yield ev.from_json(json.loads(str(body)))

    def reservations(self, run_id: str, tag: str) -> dict[int, tuple[str, Decimal]]:
        """Return row → (fingerprint, worst case) of a submission's rows that have not landed."""
        rows = self._read(
            "SELECT row, fingerprint, worst FROM sent WHERE run_id = ? AND tag = ? AND NOT landed", run_id, tag
        )
        return {int(str(row)): (str(mark), Decimal(str(worst))) for row, mark, worst in rows}

    # identity

    def known(self, fingerprints: Sequence[str]) -> tuple[set[str], dict[str, str]]:
        """Look jobs up by identity, in any run of this store.

        Returns:
            Those with a usable result; and of the others those under way, with the id of the run that sent them.
        """
        usable: set[str] = set()
        under_way: dict[str, str] = {}
        for chunk in _chunks(fingerprints):
            marks = ",".join("?" * len(chunk))
            usable.update(
                str(r[0])
                for r in self._read(
                    f"SELECT DISTINCT fingerprint FROM results WHERE usable AND fingerprint IN ({marks})", *chunk
                )
            )
            found = self._read(
                f"SELECT fingerprint, run_id FROM sent WHERE NOT landed AND fingerprint IN ({marks})", *chunk
            )
            under_way.update((str(mark), str(run_id)) for mark, run_id in found)
        return usable, under_way

    # results

    def result(self, run_id: str, row: int) -> JsonObject | None:
        """Return the result that stands for a row: this run's own latest good one, else any usable one of the same job."""
        return self.results(run_id, [row]).get(row)

    def results(self, run_id: str, rows: Sequence[int]) -> dict[int, JsonObject]:
        """Return results by row; rows without one are left out. Each is the body with `cost` (all attempts) and `attempts`."""
        out: dict[int, JsonObject] = {}
        for chunk in _chunks(rows, 400):
            marks = ",".join("?" * len(chunk))
            own: list[tuple[object, ...]] = self._read(
                f"SELECT row, body, usable, cost FROM results WHERE run_id = ? AND row IN ({marks}) ORDER BY usable, number",
                run_id,
                *chunk,
            )
            for row, body, _, cost in own:
                key = int(str(row))
                so_far = out[key]["cost"] if key in out else Decimal(0)
                unknown = cost is None or so_far is None
                out[key] = {"body": body, "cost": None if unknown else so_far + Decimal(str(cost))}
            missing = [row for row in chunk if row not in out]
            if missing:
                marks = ",".join("?" * len(missing))
                for row, body in self._read(
                    f"SELECT j.row, r.body FROM jobs j JOIN results r ON r.fingerprint = j.fingerprint AND r.usable "
                    f"WHERE j.run_id = ? AND j.row IN ({marks}) ORDER BY r.number", run_id, *missing,
                ):  # fmt: skip
                    out[int(str(row))] = {"body": body, "cost": Decimal(0)}
        return {row: {**json.loads(zlib.decompress(f["body"])), "cost": f["cost"]} for row, f in out.items()}

    def fields(self, run_id: str, rows: Sequence[int]) -> dict[int, JsonObject]:
        """Return the flattened fields of rows that have a result with fields."""
        out: dict[int, JsonObject] = {}
        for chunk in _chunks(rows, 400):
            marks = ",".join("?" * len(chunk))
            for row, text in self._read(
                f"SELECT j.row, r.fields FROM jobs j JOIN results r ON r.fingerprint = j.fingerprint AND (r.run_id = j.run_id OR r.usable) "
                f"WHERE j.run_id = ? AND j.row IN ({marks}) AND r.fields IS NOT NULL ORDER BY r.run_id = j.run_id, r.usable, r.number", run_id, *chunk,
            ):  # fmt: skip
                out[int(str(row))] = json.loads(str(text))
        return out

    def search(self, run_id: str, text: str) -> set[int]:
        """Return rows whose id or fields contain a text, case-insensitively."""
        like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._read(
            "SELECT DISTINCT j.row FROM jobs j LEFT JOIN results r ON r.fingerprint = j.fingerprint "
            "WHERE j.run_id = ? AND (j.job_id LIKE ? ESCAPE '\\' OR r.fields LIKE ? ESCAPE '\\')", run_id, like, like,
        )  # fmt: skip
        return {int(str(row[0])) for row in rows}

    # leases

    def take_lease(self, run_id: str, owner: str, now: float, seconds: float) -> bool:
        """Take or renew the right to drive a run; False while somebody else holds it."""
        with self._write() as db:
            held = db.execute("SELECT owner, expires FROM leases WHERE run_id = ?", (run_id,)).fetchone()
            if held and held[0] != owner and held[1] > now:
                return False
            db.execute("INSERT OR REPLACE INTO leases VALUES (?,?,?)", (run_id, owner, now + seconds))
            return True

    def drop_lease(self, run_id: str, owner: str) -> None:
        """Give the right to drive a run back."""
        with self._write() as db:
            db.execute("DELETE FROM leases WHERE run_id = ? AND owner = ?", (run_id, owner))


def _append(db: sqlite3.Connection, run_id: str, seq: int, events: Sequence[ev.Event]) -> None:
    try:
        db.executemany(
            "INSERT INTO events VALUES (?,?,?)",
            [(run_id, seq + n, json.dumps(ev.to_json(e), ensure_ascii=False)) for n, e in enumerate(events, 1)],
        )
    except sqlite3.IntegrityError as error:
        raise StateError("Another kernel took this run over; this one follows it from now on.") from error


def _mark_over(db: sqlite3.Connection, run_id: str, events: Sequence[ev.Event]) -> None:
    for event in events:
        if isinstance(event, ev.Over):
            db.execute("UPDATE runs SET over = ? WHERE run_id = ?", (event.state, run_id))
        elif isinstance(event, (ev.Resumed, ev.LimitSet, ev.RetryAsked)):
            db.execute("UPDATE runs SET over = NULL WHERE run_id = ?", (run_id,))


def _chunks(items: Sequence[Item], size: int = 900) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
