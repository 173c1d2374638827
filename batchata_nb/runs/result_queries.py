"""Reading results: by row, by identity, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..core.jobs import JsonObject
from .packing import Place, loosened
from .store_file import StoreFile, chunks

STANDING = """
SELECT j.row AS row, j.job_id AS job_id, r.fields AS fields,
  max(((r.run_id = j.run_id) * 2 + r.usable) * 1000000000000000000 + r.number)
FROM jobs j LEFT JOIN results r
  ON r.fingerprint = j.fingerprint AND (r.run_id = j.run_id OR r.usable) AND r.fields IS NOT NULL
WHERE j.run_id = ? AND j.row IN (SELECT value FROM json_each(?))
GROUP BY j.row
"""
"""The fields that stand for each row of a run: of its own results before another run's, of good ones before others, of
the latest; NULL where there are none. The row with the maximum is the one that SQLite takes `fields` from."""


class ResultQueries(StoreFile):
    """The reading side of results."""

    def known(self, fingerprints: Sequence[str]) -> tuple[set[str], dict[str, str]]:
        """Look jobs up by identity, in any run of this store.

        Returns:
            Those with a usable result; and of the others those under way, with the id of the run that sent them.
        """
        usable: set[str] = set()
        under_way: dict[str, str] = {}
        for chunk in chunks(fingerprints):
            marks = ",".join("?" * len(chunk))
            usable.update(
                str(r[0])
                for r in self._read(
                    f"SELECT DISTINCT fingerprint FROM results WHERE usable AND fingerprint IN ({marks})", *chunk
                )
            )
            found = self._read(
                f"SELECT fingerprint, run_id FROM sent WHERE landed = 0 AND fingerprint IN ({marks})", *chunk
            )
            under_way.update((str(mark), str(run_id)) for mark, run_id in found)
        return usable, under_way

    def answered_places(self, fingerprints: Sequence[str]) -> dict[str, Place]:
        """Return where jobs with these identities stand in the store, of those that have a usable result."""
        found: dict[str, Place] = {}
        for chunk in chunks(fingerprints):
            for mark, run_id, row in self._read(
                "SELECT j.fingerprint, j.run_id, j.row FROM jobs j WHERE j.shape IS NOT NULL "
                f"AND j.fingerprint IN ({','.join('?' * len(chunk))}) "
                "AND EXISTS (SELECT 1 FROM results r WHERE r.fingerprint = j.fingerprint AND r.usable)",
                *chunk,
            ):
                found[str(mark)] = str(run_id), int(str(row))
        return found

    def result(self, run_id: str, row: int) -> JsonObject | None:
        """Return what stands for a row: this run's own latest good result, else any usable one of the same job."""
        return self.results(run_id, [row]).get(row)

    def attempts(self, run_id: str, row: int) -> list[JsonObject]:
        """Return all results that a row has had in this run, oldest first, each with its own `cost`."""
        found: list[Any] = self._read(
            "SELECT body, words, cost FROM results WHERE run_id = ? AND row = ? ORDER BY number", run_id, row
        )
        shared = self.shared(words for _, words, _ in found)
        return [
            {**_loaded(body, shared.get(words)), "cost": None if cost is None else Decimal(str(cost))}
            for body, words, cost in found
        ]

    def results(self, run_id: str, rows: Sequence[int]) -> dict[int, JsonObject]:
        """Return results by row, each with the `cost` of all attempts; rows without one are left out."""
        out: dict[int, JsonObject] = {}
        for chunk in chunks(rows, 400):
            marks = ",".join("?" * len(chunk))
            own: list[tuple[object, ...]] = self._read(
                f"SELECT row, body, words, cost FROM results WHERE run_id = ? AND row IN ({marks}) "
                "ORDER BY usable, number",
                run_id,
                *chunk,
            )
            for row, body, words, cost in own:
                key = int(str(row))
                so_far = out[key]["cost"] if key in out else Decimal(0)
                unknown = cost is None or so_far is None
                out[key] = {"body": body, "words": words, "cost": None if unknown else so_far + Decimal(str(cost))}
            missing = [row for row in chunk if row not in out]
            if missing:
                marks = ",".join("?" * len(missing))
                for row, body, words in self._read(
                    "SELECT j.row, r.body, r.words FROM jobs j "
                    "JOIN results r ON r.fingerprint = j.fingerprint AND r.usable "
                    f"WHERE j.run_id = ? AND j.row IN ({marks}) ORDER BY r.number",
                    run_id,
                    *missing,
                ):
                    out[int(str(row))] = {"body": body, "words": words, "cost": Decimal(0)}
        shared = self.shared(f["words"] for f in out.values())
        return {row: {**_loaded(f["body"], shared.get(f["words"])), "cost": f["cost"]} for row, f in out.items()}

    def fields(self, run_id: str, rows: Sequence[int]) -> dict[int, JsonObject]:
        """Return the flattened fields of rows that have a result with fields."""
        out: dict[int, JsonObject] = {}
        for chunk in chunks(rows):
            sql = f"SELECT row, fields FROM ({STANDING}) WHERE fields IS NOT NULL"
            for row, text in self._read(sql, run_id, json.dumps(list(chunk))):
                out[int(str(row))] = json.loads(str(text))
        return out

    def paid(self, run_id: str) -> dict[int, Decimal | None]:
        """Return what each row's answer cost, all attempts together; of one that was reused, what it had cost before.

        None where no price was known; rows without an answer are left out.
        """
        found = self._read(
            "SELECT j.row, r.run_id, r.usable, r.cost FROM jobs j JOIN results r ON r.fingerprint = j.fingerprint "
            "WHERE j.run_id = ? ORDER BY j.row, r.run_id = j.run_id, r.number",
            run_id,
        )
        out: dict[int, Decimal | None] = {}
        for row, group in groupby(found, key=itemgetter(0)):
            results = list(group)  # this run's own come last
            payer = next((run for _, run, usable, _ in reversed(results) if usable or run == run_id), None)
            costs = [cost for _, run, _, cost in results if run == payer]
            if costs:
                out[int(str(row))] = None if None in costs else sum((Decimal(str(c)) for c in costs), Decimal(0))
        return out

    def gold(self, run_id: str) -> dict[str, JsonObject]:
        """Return what is known to be right, by item and field path."""
        found = self._read("SELECT item, fields FROM gold WHERE run_id = ?", run_id)
        return {str(item): json.loads(str(fields)) for item, fields in found}


def _loaded(body: bytes, words: bytes | None) -> JsonObject:
    data: JsonObject = json.loads(loosened(body, words or b""))
    return data
