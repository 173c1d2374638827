"""What tables ask of all rows at once: their order by a column, and where a text stands.

SQLite does the work, and other threads run Python meanwhile. All rows are gone through some thousand at a time: whoever
wants to write is never kept waiting for longer than one such stretch takes.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from .result_queries import STANDING
from .store_file import StoreFile, chunks

AT_ONCE = 5000
COLUMNS = {"id": "j.job_id", "model": "j.model"}
"""Columns of the jobs themselves, which never change; all others are fields of results."""
FIELD = "field:"
"""Stands before the path of a field that may be called as a column of the table itself is: `field:state`."""
NUMBER = "CAST(value AS NUMERIC)"
FOLDED = "iif(value GLOB '*[^' || char(1) || '-' || char(127) || ']*', casefold(value), lower(value))"
"""Text without regard to case; Python is asked only about letters that SQLite does not know."""
_UNNAMED = re.compile(r'["\\\x00-\x1f]')
"""What a path of SQLite's cannot name."""


class TableQueries(StoreFile):
    """The reading side of tables."""

    def order(self, run_id: str, total: int, by: str, *, descending: bool) -> array[int]:
        """Return all row numbers of a run in the order of a column.

        Numbers stand before text; numbers in text (as decimals are kept) count as numbers where all that is known of
        the column does. Rows without a value come last in both directions, and what is equal is in job order.

        Args:
            run_id: The run.
            total: How many rows it has.
            by: `id`, `model` or the path of a field, which may stand behind `field:`.
            descending: The greatest first.
        """
        with self._explained():
            db = self._connection()
            db.create_function("casefold", 1, str.casefold, deterministic=True)
            db.create_function("field", 2, _field, deterministic=True)
            db.execute("DROP TABLE IF EXISTS temp.keys")
            db.execute("CREATE TEMP TABLE keys (row INTEGER PRIMARY KEY, value)")
            try:
                sql, *paths = _keys(by)
                for rows in _stretches(range(total)):
                    db.execute(f"INSERT INTO temp.keys {sql}", (*paths, run_id, rows))
                numeric = db.execute(f"SELECT min(typeof(value) != 'text' OR {NUMBER} = value) FROM temp.keys "
                                     "WHERE value IS NOT NULL").fetchone()[0]  # fmt: skip
                key = f"iif(typeof(value) = 'text', {NUMBER if numeric else FOLDED}, value)"
                found = db.execute(
                    "SELECT group_concat(row) FROM (SELECT row FROM temp.keys "
                    f"ORDER BY value IS NULL, {key} {'DESC' if descending else 'ASC'}, row)"
                ).fetchone()[0]
            finally:
                db.execute("DROP TABLE temp.keys")
        return array("I", _numbers(found))

    def search(self, run_id: str, rows: Sequence[int], text: str) -> Iterator[int]:
        """Yield those of these rows whose id or fields contain a text, whatever the case of ASCII letters."""
        spelt = json.dumps(text, ensure_ascii=False)[1:-1]  # as it stands in the fields
        likes = ["%" + re.sub(r"([\\%_])", r"\\\1", each) + "%" for each in (text, spelt)]
        there = "job_id LIKE ? ESCAPE '\\' OR fields LIKE ? ESCAPE '\\'"
        for stretch in _stretches(rows):
            found = self._read(f"SELECT group_concat(row) FROM ({STANDING}) WHERE {there}", run_id, stretch, *likes)
            yield from _numbers(found[0][0])

    def latest_result(self) -> int:
        """Return the number of the newest result of all; 0 if there is none."""
        return int(str(self._read("SELECT coalesce(max(number), 0) FROM results")[0][0]))

    def rows_since(self, run_id: str, number: int) -> list[int]:
        """Return the rows that results newer than this one may stand for."""
        found = self._read(
            "SELECT group_concat(j.row) FROM results r CROSS JOIN jobs j ON j.fingerprint = r.fingerprint "
            "WHERE r.number > ? AND j.run_id = ?",
            number,
            run_id,
        )
        return sorted(set(_numbers(found[0][0])))


def _keys(by: str) -> tuple[str, ...]:
    """What selects each row with its value of a column, and the path it takes before the run and the rows."""
    if by in COLUMNS:
        return (
            f"SELECT j.row, {COLUMNS[by]} FROM jobs j WHERE j.run_id = ? AND j.row IN (SELECT value FROM json_each(?))",
        )
    path = by.removeprefix(FIELD)
    if _UNNAMED.search(path):
        return f"SELECT row, field(fields, ?) FROM ({STANDING})", path
    value = "iif(json_valid(fields), json_extract(fields, ?), field(fields, ?))"
    return f"SELECT row, {value} FROM ({STANDING})", f'$."{path}"', path


def _field(fields: str | None, path: str) -> Any:
    """A field as SQLite would give it: for JSON that only Python reads (NaN), and for paths that only Python names."""
    value = json.loads(fields).get(path) if fields else None
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _stretches(rows: Sequence[int]) -> Iterator[str]:
    """Some thousand row numbers at a time, as one value of a statement."""
    return (json.dumps(list(chunk)) for chunk in chunks(rows, AT_ONCE))


def _numbers(found: object) -> list[int]:
    """Row numbers that SQLite has put into one text: a hundred thousand of them are one step for this thread."""
    numbers: list[int] = json.loads(f"[{found or ''}]")
    return numbers
