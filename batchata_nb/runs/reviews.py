"""What a person said about the fields of results: confirmed, corrected or rejected.

A verdict is on one value of one answer. It is kept by the job's fingerprint, so that every run that reuses the answer
shows it, together with the value that was seen: where a new answer says something else, the old verdict does not count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..core.citations import leaves
from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from .clock import minute, utc
from .corrections import corrected
from .environment import reviewer_name
from .schemas import schema_key
from .store import Store
from .store_file import chunks

if TYPE_CHECKING:
    from .drive import Drive

Verdict = Literal["confirmed", "corrected", "rejected"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
TABLE = """CREATE TABLE IF NOT EXISTS reviews (
  fingerprint TEXT NOT NULL, path TEXT NOT NULL, seen TEXT NOT NULL, verdict TEXT NOT NULL, value TEXT,
  at REAL NOT NULL, reviewer TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (fingerprint, path)) WITHOUT ROWID"""
ADD_REVIEWER = "ALTER TABLE reviews ADD COLUMN reviewer TEXT NOT NULL DEFAULT ''"
"""For stores whose first verdict was given before reviewers were named."""
ANSWER = "answer"
"""What an answer that has no fields is called; inside its path is empty."""


@dataclass(frozen=True, slots=True)
class Review:
    """A person's verdict on one field.

    Attributes:
        verdict: `confirmed`, `corrected` or `rejected`.
        value: The right value, as JSON, where it was corrected.
        at: When, in seconds since 1970.
        reviewer: Who, or nothing where that is not known.
    """

    verdict: Verdict
    value: Any = None
    at: float = 0.0
    reviewer: str = ""

    def to_dict(self) -> JsonObject:
        """Return what exports are given."""
        when = utc(self.at).isoformat(timespec="seconds")
        return {"verdict": self.verdict, "value": self.value, "reviewer": self.reviewer, "at": when}


def values_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer says by path; an answer that is text stands under the empty path."""
    data = body.get("data")
    values = dict(leaves(data)) if data is not None else {}
    if "" in (body.get("citations") or {}) or (data is None and body.get("text")):
        values = {"": body.get("text", ""), **values}
    return values


def of_bodies(store: Store, run_id: str, bodies: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, Review]]:
    """Return the verdicts that count for these results, by row and path.

    Args:
        store: The store.
        run_id: The run.
        bodies: Results by row, as the store keeps them.
    """
    kept = _kept(store, run_id, list(bodies))
    found: dict[int, dict[str, Review]] = {}
    for row, reviews in kept.items():
        values = values_of(bodies[row])
        counting = {p: review for p, (seen, review) in reviews.items() if p in values and _seen(values[p]) == seen}
        if counting:
            found[row] = counting
    return found


def _seen(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _columns(store: Store) -> set[str]:
    """Return the table's columns; none where nobody has reviewed anything: it is made with the first verdict."""
    return {str(row[1]) for row in store._read("PRAGMA table_info(reviews)")}


def _kept(store: Store, run_id: str, rows: Sequence[int]) -> dict[int, dict[str, tuple[str, Review]]]:
    found: dict[int, dict[str, tuple[str, Review]]] = {}
    there = _columns(store) if rows else ()
    if not there:
        return found
    who = "r.reviewer" if "reviewer" in there else "''"
    for chunk in chunks(rows):
        for row, path, seen, verdict, value, at, reviewer in store._read(
            f"SELECT j.row, r.path, r.seen, r.verdict, r.value, r.at, {who} FROM jobs j JOIN reviews r "
            f"ON r.fingerprint = j.fingerprint WHERE j.run_id = ? AND j.row IN ({','.join('?' * len(chunk))})",
            run_id,
            *chunk,
        ):
            right = None if value is None else json.loads(str(value))
            review = Review(verdict, right, float(str(at)), str(reviewer))  # type: ignore[arg-type]
            found.setdefault(int(str(row)), {})[str(path)] = (str(seen), review)
    return found


def _reviewed_rows(store: Store, run_id: str) -> list[int]:
    if not _columns(store):
        return []
    rows = store._read(
        "SELECT DISTINCT j.row FROM reviews r JOIN jobs j ON j.fingerprint = r.fingerprint WHERE j.run_id = ? "
        "ORDER BY j.row",
        run_id,
    )
    return [int(str(row)) for (row,) in rows]


def _keep(store: Store, run_id: str, row: int, path: str, seen: str, review: Review | None) -> None:
    with store._write() as db:
        db.execute(TABLE)
        if "reviewer" not in {row[1] for row in db.execute("PRAGMA table_info(reviews)")}:
            db.execute(ADD_REVIEWER)
        where = "(SELECT fingerprint FROM jobs WHERE run_id = ? AND row = ?)"
        if review is None:
            db.execute(f"DELETE FROM reviews WHERE path = ? AND fingerprint = {where}", (path, run_id, row))
            return
        value = json.dumps(review.value, ensure_ascii=False) if review.verdict == "corrected" else None
        db.execute(
            f"INSERT OR REPLACE INTO reviews VALUES ({where},?,?,?,?,?,?)",
            (run_id, row, path, seen, review.verdict, value, review.at, review.reviewer),
        )


class Reviewable:
    """The part of a run's handle by which a person checks its results."""

    drive: Drive
    store: Store
    post: Callable[[Callable[[], None]], None]
    _models: Mapping[str, type[Any]] = {}
    _progress: tuple[Any, JsonObject] | None = None

    def review(
        self, row: int | str, path: str, verdict: Verdict | None, value: Any = None, *, reviewer: str | None = None
    ) -> Review | None:
        """Mark a field of a result as confirmed, corrected or rejected; kept in the store at once.

        Args:
            row: The result's row from 0, or its job id.
            path: The field, such as `lines[0].amount`; `answer` where the answer is plain text.
            verdict: `confirmed`, `corrected`, `rejected`, or None to take the verdict back.
            value: The right value where it is corrected: as typed, or as the field's own type.
            reviewer: Who says so; if left out, `%config Batchata.reviewer` or BATCHATA_REVIEWER, else the login name.

        Returns:
            What is kept now, with the corrected value as JSON.

        Raises:
            ValidationError: There is no such result or field, no such verdict, or the value does not fit the schema.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise ValidationError(f"There is no verdict {str(verdict)[:40]!r}; use {', '.join(VERDICTS)}, or None.")
        number = self._row_number(row)
        body = self.store.result(self.drive.state.run_id, number) or {}
        values = values_of(body)
        if path not in values and path == ANSWER and "" in values:
            path = ""
        if path not in values:
            known = ", ".join(each or ANSWER for each in list(values)[:8]) or "none, since it has no answer"
            raise ValidationError(f"This result has no field {path[:80]!r}; its fields are {known}.")
        review = None
        if verdict is not None:
            right = None
            if verdict == "corrected":
                found = of_bodies(self.store, self.drive.state.run_id, {number: body}).get(number, {})
                others = {p: r.value for p, r in found.items() if r.verdict == "corrected" and p != path}
                right = self._right(number, body, path, value, others)
            who = reviewer_name() if reviewer is None else reviewer
            review = Review(verdict, right, self.drive.context.clock.now(), who)
        _keep(self.store, self.drive.state.run_id, number, path, _seen(values[path]), review)
        for tell in list(self.drive.reviewed):
            self.post(partial(tell, number))
        return review

    def on_review(self, fn: Callable[[int], None]) -> Callable[[], None]:
        """Have a function called on the runner's thread after each verdict given in this process.

        Args:
            fn: Takes the row; must not wait. The last 64 that were given are called.

        Returns:
            What ends that, when called.
        """

        def remove() -> None:
            if fn in self.drive.reviewed:
                self.drive.reviewed.remove(fn)

        self.drive.reviewed.append(fn)
        return lambda: self.post(remove)

    def _right(self, row: int, body: JsonObject, path: str, value: Any, others: Mapping[str, Any]) -> Any:
        if path == "" or body.get("data") is None:
            return str(value or "")
        schema = self.store.job(self.drive.state.run_id, row).schema
        return corrected(body["data"], path, value, others, schema or {}, self._models.get(schema_key(schema)))

    def _row_number(self, row: int | str) -> int:
        if isinstance(row, str):
            found = self.store._read(
                "SELECT row FROM jobs WHERE run_id = ? AND job_id = ?", self.drive.state.run_id, row
            )
            if not found:
                raise ValidationError(f"{self.drive.state.name} has no job {row!r}.")
            return int(str(found[0][0]))
        if not 0 <= row < self.drive.state.total:
            raise ValidationError(f"{self.drive.state.name} has no row {row}.")
        return row

    def reviews(self) -> dict[str, dict[str, Review]]:
        """Return all verdicts that count, by job id and field."""
        rows = _reviewed_rows(self.store, self.drive.state.run_id)
        ids = [str(r[0]) for r in self._ids(rows)]
        found = of_bodies(self.store, self.drive.state.run_id, self.store.results(self.drive.state.run_id, rows))
        return {
            job_id: {path or ANSWER: review for path, review in found[row].items()}
            for row, job_id in zip(rows, ids, strict=True)
            if row in found
        }

    def _ids(self, rows: Sequence[int]) -> Iterable[tuple[object, ...]]:
        for chunk in chunks(rows):
            marks = ",".join("?" * len(chunk))
            yield from self.store._read(
                f"SELECT job_id FROM jobs WHERE run_id = ? AND row IN ({marks}) ORDER BY row",
                self.drive.state.run_id,
                *chunk,
            )

    def review_progress(self) -> JsonObject:
        """Return how far a person has checked the results.

        Returns:
            `begun` and `done`: results that are checked in part and in every field; the numbers of fields that are
            `confirmed`, `corrected` and `rejected`.
        """
        nothing = {"begun": 0, "done": 0, **dict.fromkeys(VERDICTS, 0)}
        if not _columns(self.store):
            return nothing
        mark = (self.drive.rev, self.store._read("SELECT COUNT(*), MAX(at) FROM reviews"))
        if self._progress is None or self._progress[0] != mark:
            bodies = self.store.results(self.drive.state.run_id, _reviewed_rows(self.store, self.drive.state.run_id))
            found = of_bodies(self.store, self.drive.state.run_id, bodies)
            said: Counter[str] = Counter(review.verdict for reviews in found.values() for review in reviews.values())
            done = sum(len(reviews) == len(values_of(bodies[row])) for row, reviews in found.items())
            self._progress = (mark, {**nothing, "begun": len(found), "done": done, **said})
        return self._progress[1]

    def signature(self) -> str:
        """Return in one sentence how far the results are reviewed, by whom and when: what stands above the report."""
        said = [review for found in self.reviews().values() for review in found.values()]
        total = self.drive.state.counts["succeeded"]
        if not said:
            return f"Not reviewed by a person: {total:,} results stand as they were answered."
        progress = self.review_progress()
        verdicts = ", ".join(f"{progress[verdict]:,} {verdict}" for verdict in VERDICTS if progress[verdict])
        people = ", ".join(dict.fromkeys(review.reviewer or "an unnamed reviewer" for review in said))
        whole = "Reviewed" if progress["done"] == total else "Reviewed in part"
        first, last = (minute(find(review.at for review in said)) for find in (min, max))
        when = first if first == last else f"{first} to {last}"
        return (
            f"{whole} by {people}, {when}: {progress['done']:,} of {total:,} results are checked in every field; "
            f"fields {verdicts}."
        )
