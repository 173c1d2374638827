"""The store: runs, jobs, events and results of a folder.

What belongs together is written in one `BEGIN IMMEDIATE` transaction, so it is on disk together or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from ..core import events as ev
from ..core.errors import CostLimitExceededError
from ..core.events_json import event_from_json, event_to_json
from ..core.jobs import JsonObject
from .job_queries import JobQueries
from .leases import Leases
from .packing import LONG, PackedJobs, dumped, loosened, result_words, squeezed, whole
from .records import JobRecord, RunRecord, Stored
from .result_queries import ResultQueries
from .rowset import RowSet
from .store_file import chunks
from .table_queries import TableQueries


class Store(JobQueries, ResultQueries, TableQueries, Leases):
    """The state of all runs of a folder, in one file.

    Args:
        path: The file; made with its folder on first write.

    Raises:
        StateError: The file is damaged, locked for too long, unwritable or from a newer version.
    """

    # runs and jobs

    def create_run(
        self,
        run_id: str,
        name: str,
        created: float,
        digest: str,
        spec: JsonObject,
        records: PackedJobs | Iterable[JobRecord],
        first: Sequence[ev.Event],
        *,
        attach: bool = True,
        sent: str | None = None,
    ) -> str:
        """Record a run with its jobs and first events; return its id.

        With `attach`, the newest run of the same name and digest is returned instead, so that two kernels that define
        the same run at the same moment get one. `sent` is the tag of the submission that all of it went out
        under, where it was sent by somebody else.
        """
        packed = records if isinstance(records, PackedJobs) else PackedJobs(records)
        with self._write() as db:
            if attach:
                same = db.execute(
                    "SELECT run_id FROM runs WHERE name = ? AND digest = ? AND NOT forgotten "
                    "ORDER BY created DESC, rowid DESC LIMIT 1",
                    (name, digest),
                ).fetchone()
                if same:
                    return str(same[0])
            packed.insert(db, run_id)
            if sent is not None:
                db.execute(
                    "INSERT INTO sent (run_id, row, tag, fingerprint, worst) "
                    "SELECT run_id, row, ?, fingerprint, '0' FROM jobs WHERE run_id = ?",
                    (sent, run_id),
                )
            db.execute(
                "INSERT INTO runs (run_id, name, created, digest, spec, total) VALUES (?,?,?,?,?,?)",
                (run_id, name, created, digest, json.dumps(spec), len(packed)),
            )
            _append(db, run_id, 0, first)
        return run_id

    def forget(self, run_id: str) -> None:
        """Leave a run out of lists and names. Its results stay: they were paid for."""
        with self._write() as db:
            db.execute("UPDATE runs SET forgotten = 1 WHERE run_id = ?", (run_id,))

    def set_gold(self, run_id: str, gold: Mapping[str, JsonObject]) -> None:
        """Keep what is known to be right of a run's items, in the place of what was kept before."""
        if gold == self.gold(run_id):
            return
        with self._write() as db:
            db.execute("DELETE FROM gold WHERE run_id = ?", (run_id,))
            db.executemany(
                "INSERT INTO gold VALUES (?,?,?)",
                [(run_id, item, json.dumps(fields, ensure_ascii=False)) for item, fields in gold.items()],
            )

    # events

    def append(self, run_id: str, seq: int, events: Sequence[ev.Event]) -> None:
        """Append events after number `seq`; commits before it returns.

        Raises:
            TakenOverError: Somebody else has written to this run meanwhile; nothing was written.
        """
        with self._write() as db:
            _append(db, run_id, seq, events)
            _mark_over(db, run_id, events)

    def append_submitting(
        self,
        run_id: str,
        seq: int,
        event: ev.Submitting,
        fingerprints: Sequence[str],
        worst: Sequence[Decimal],
        *,
        fresh: bool = False,
        budget: tuple[str, Decimal] | None = None,
    ) -> list[int]:
        """Record the intent to submit, with each row's fingerprint and reservation.

        Args:
            run_id: The run.
            seq: Number of its latest event.
            event: The intent.
            fingerprints: Identity of each row.
            worst: Worst case of each row, in dollars.
            fresh: Pay again for what another run has.
            budget: Name and limit of a budget that several runs share.

        Returns:
            Rows that another run has under way or has a usable result of; where there are some, nothing was written.

        Raises:
            CostLimitExceededError: Together with the other runs it would pass their budget; nothing was written.
        """
        with self._write() as db:
            if budget is not None and budget_used(db, budget[0])[0] + Decimal(event.reserved) > budget[1]:
                raise CostLimitExceededError(f"The budget {budget[0]} leaves no room for this.")
            known = set() if fresh else _known_elsewhere(db, run_id, fingerprints)
            if known:
                return [row for row, mark in zip(event.rows, fingerprints, strict=True) if mark in known]
            _append(db, run_id, seq, [event])
            db.executemany(
                "INSERT INTO sent (run_id, row, tag, fingerprint, worst) VALUES (?,?,?,?,?)",
                (
                    (run_id, row, event.tag, mark, str(w))
                    for row, mark, w in zip(event.rows, fingerprints, worst, strict=True)
                ),
            )
        return []

    def note_pace(self, run_id: str, tag: str, place: str, at: float, seconds: float) -> None:
        """Keep how long a batch took at a place."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO paces VALUES (?,?,?,?,?)", (run_id, tag, place, at, seconds))

    def append_retry(self, run_id: str, seq: int, event: ev.RetryAsked, changed: Sequence[JobRecord]) -> None:
        """Record that rows are sent again, some of them changed from now on."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            _mark_over(db, run_id, [event])
            db.executemany(
                "INSERT OR REPLACE INTO changed VALUES (?,?,?,?,?,?)",
                [(run_id, c.row, c.sizing.bound, c.sizing.size, c.sizing.outputs, whole(c.job)) for c in changed],
            )

    def append_unsent(self, run_id: str, seq: int, event: ev.SubmitFailed | ev.TurnedAway | ev.OtherWay) -> None:
        """Record that nothing of a submission ran: its rows are no longer under way."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            db.execute("DELETE FROM sent WHERE run_id = ? AND tag = ?", (run_id, event.tag))

    def append_landed(self, run_id: str, seq: int, event: ev.Landed, results: Sequence[Stored]) -> None:
        """Store a chunk of results together with the event that says so."""
        with self._write() as db:
            _append(db, run_id, seq, [event])
            bodies = [dumped(r.body) for r in results]
            number, words = result_words(db, run_id, bodies)
            db.executemany(
                "INSERT INTO results (run_id, row, tag, fingerprint, usable, outcome, kind, cost, fields, body, words) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                [
                    (
                        run_id,
                        r.row,
                        event.tag,
                        r.fingerprint,
                        r.outcome == "succeeded",
                        r.outcome,
                        r.kind,
                        None if r.cost is None else str(r.cost),
                        None if r.fields is None else json.dumps(r.fields, ensure_ascii=False),
                        squeezed(body, words),
                        number,
                    )
                    for r, body in zip(results, bodies, strict=True)
                ],
            )
            db.executemany(
                "DELETE FROM sent WHERE run_id = ? AND row = ? AND tag = ?",
                [(run_id, r.row, event.tag) for r in results],
            )

    def events(self, run_id: str, after: int = 0) -> Iterator[ev.Event]:
        """Yield a run's events after number `after`, in order."""
        for (body,) in self._read("SELECT body FROM events WHERE run_id = ? AND seq > ? ORDER BY seq", run_id, after):
            yield event_from_json(json.loads(loosened(body) if isinstance(body, bytes) else str(body)))

    def rows_under_way(self, run_id: str, tag: str) -> RowSet:
        """Return a submission's rows that have not landed."""
        sql = "SELECT row FROM sent WHERE run_id = ? AND tag = ? AND landed = 0"
        with self._explained():
            return RowSet(row for (row,) in self._connection().execute(sql, (run_id, tag)))

    def reservations(self, run_id: str, tag: str, rows: Sequence[int] | None = None) -> dict[int, tuple[str, Decimal]]:
        """Return row → (fingerprint, worst case) of a submission's rows that have not landed; of these rows, or all."""
        sql = "SELECT row, fingerprint, worst FROM sent WHERE run_id = ? AND tag = ? AND landed = 0"
        found: list[tuple[object, ...]] = []
        if rows is None:
            found = self._read(sql, run_id, tag)
        for chunk in chunks(rows or ()):
            found += self._read(f"{sql} AND row IN ({','.join('?' * len(chunk))})", run_id, tag, *chunk)
        return {int(str(row)): (str(mark), Decimal(str(worst))) for row, mark, worst in found}

    def budget_used(self, budget: str) -> tuple[Decimal, Decimal]:
        """Return what the runs of a shared budget have spent and reserved together, and how much is reserved."""
        with self._explained():
            return budget_used(self._connection(), budget)

    def batch_ids(self) -> set[str]:
        """Return the provider's ids of all submissions of all runs."""
        found = self._read('SELECT body FROM events WHERE body LIKE \'{"event": "Submitted"%\'')
        return {str(json.loads(str(body))["batch_id"]) for (body,) in found}

    def way(self, base_url: str, provider: str, model: str, since: float) -> str | None:
        """Return how requests are put to an endpoint, where a run found out after that time that it refuses others."""
        found = self._read(
            "SELECT body FROM events JOIN runs USING (run_id) WHERE json_extract(spec, '$.base_url') = ? "
            'AND body LIKE \'{"event": "OtherWay"%\'',
            base_url,
        )
        events = [json.loads(str(body)) for (body,) in found]
        known = [e for e in events if (e["provider"], e["model"]) == (provider, model) and e["at"] >= since]
        return str(max(known, key=lambda e: e["at"])["way"]) if known else None

    def run_of_batch(self, batch_id: str) -> RunRecord | None:
        """Return the run that sent, or holds, a provider's batch."""
        found = self._read('SELECT run_id, body FROM events WHERE body LIKE \'{"event": "Submitted"%\'')
        owners = [str(run_id) for run_id, body in found if json.loads(str(body))["batch_id"] == batch_id]
        return self.run(owners[0]) if owners else None


def budget_used(db: sqlite3.Connection, budget: str) -> tuple[Decimal, Decimal]:
    """Return what the runs of a budget have spent and reserved together, and how much of that is reserved."""
    runs = "SELECT run_id FROM runs WHERE json_extract(spec, '$.budget') = ?"
    held = db.execute(f"SELECT worst FROM sent WHERE landed = 0 AND run_id IN ({runs})", (budget,))
    reserved = sum((Decimal(str(worst)) for (worst,) in held), Decimal(0))
    paid = db.execute(f"SELECT cost FROM results WHERE cost IS NOT NULL AND run_id IN ({runs})", (budget,))
    return reserved + sum((Decimal(str(cost)) for (cost,) in paid), Decimal(0)), reserved


def _append(db: sqlite3.Connection, run_id: str, seq: int, events: Sequence[ev.Event]) -> None:
    written: list[str | bytes] = []
    for event in events:
        text = json.dumps(event_to_json(event), ensure_ascii=False)
        short = len(text) < LONG or isinstance(event, ev.OtherWay)  # `way` looks for these by their words
        written.append(text if short else squeezed(text.encode()))
    db.executemany("INSERT INTO events VALUES (?,?,?)", [(run_id, seq + n, body) for n, body in enumerate(written, 1)])


def _known_elsewhere(db: sqlite3.Connection, run_id: str, fingerprints: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for chunk in chunks(fingerprints):
        marks = ",".join("?" * len(chunk))
        known.update(
            str(mark)
            for (mark,) in db.execute(
                f"SELECT fingerprint FROM sent WHERE landed = 0 AND run_id != ? AND fingerprint IN ({marks}) "
                f"UNION SELECT fingerprint FROM results WHERE usable AND run_id != ? AND fingerprint IN ({marks})",
                (run_id, *chunk, run_id, *chunk),
            )
        )
    return known


def _mark_over(db: sqlite3.Connection, run_id: str, events: Sequence[ev.Event]) -> None:
    for event in events:
        if isinstance(event, ev.Over):
            db.execute("UPDATE runs SET over = ? WHERE run_id = ?", (event.state, run_id))
        elif isinstance(event, (ev.Resumed, ev.LimitSet, ev.RetryAsked)):
            db.execute("UPDATE runs SET over = NULL WHERE run_id = ?", (run_id,))
