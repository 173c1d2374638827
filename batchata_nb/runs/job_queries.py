"""Reading runs and jobs; and what a retry changes of a job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.jobs import Job, JsonObject
from .packing import job_of, loosened
from .records import RunRecord, Sizing
from .store_file import StoreFile, chunks

DEFINED = "j.bound, j.size, j.outputs"
LATEST = "coalesce(c.bound, j.bound), coalesce(c.size, j.size), coalesce(c.outputs, j.outputs)"


class JobQueries(StoreFile):
    """The reading side of runs and jobs."""

    def paces(self, run_id: str, place: str) -> list[float]:
        """Return how long batches took at a place, shortest first: a run's own, or else the store's latest fifty."""
        own = self._read("SELECT seconds FROM paces WHERE run_id = ? AND place = ?", run_id, place)
        latest = "SELECT seconds FROM paces WHERE place = ? ORDER BY at DESC LIMIT 50"
        return sorted(float(str(seconds)) for (seconds,) in own or self._read(latest, place))

    def latest_run(self, name: str) -> RunRecord | None:
        """Return the newest run of this name that was not forgotten."""
        found = self._runs("WHERE name = ? AND NOT forgotten ORDER BY created DESC, rowid DESC LIMIT 1", name)
        return found[0] if found else None

    def same_run(self, name: str, digest: str) -> RunRecord | None:
        """Return the newest run of this name with exactly these jobs, whatever else has had the name since."""
        where = "WHERE name = ? AND digest = ? AND NOT forgotten ORDER BY created DESC, rowid DESC LIMIT 1"
        found = self._runs(where, name, digest)
        return found[0] if found else None

    def has_run(self, name: str, total: int) -> bool:
        """Whether a run of this name has so many jobs."""
        found = self._read("SELECT 1 FROM runs WHERE name = ? AND total = ? AND NOT forgotten LIMIT 1", name, total)
        return bool(found)

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run."""
        found = self._runs("WHERE run_id = ?", run_id)
        return found[0] if found else None

    def runs(self) -> list[RunRecord]:
        """Return all runs that were not forgotten, newest first."""
        return self._runs("WHERE NOT forgotten ORDER BY created DESC, rowid DESC")

    def runs_page(self, start: int, n: int) -> tuple[int, list[RunRecord]]:
        """Return how many runs there are that were not forgotten, and a page of them, newest first."""
        total = self._read("SELECT count(*) FROM runs WHERE NOT forgotten")[0][0]
        page = self._runs("WHERE NOT forgotten ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?", n, start)
        return int(str(total)), page

    def _runs(self, where: str, *values: object) -> list[RunRecord]:
        rows = self._read(f"SELECT run_id, name, created, digest, spec, total, over FROM runs {where}", *values)
        return [RunRecord(r[0], r[1], r[2], r[3], json.loads(str(r[4])), r[5], r[6]) for r in rows]  # type: ignore[arg-type]

    def job(self, run_id: str, row: int) -> Job:
        """Return one job."""
        return self.jobs(run_id, [row])[0]

    def jobs(self, run_id: str, rows: Sequence[int]) -> list[Job]:
        """Return jobs by row, as the user defined them, in the order asked for."""
        return self._jobs(
            "SELECT row, job_id, body, shape, words FROM jobs WHERE run_id = ? AND row IN ({})", run_id, rows
        )

    def jobs_to_send(self, run_id: str, rows: Sequence[int]) -> list[Job]:
        """Return jobs by row, as they are to be sent now: a retry may have changed them."""
        return self._jobs(
            "SELECT j.row, j.job_id, coalesce(c.body, j.body), iif(c.body IS NULL, j.shape, NULL), "
            "iif(c.body IS NULL, j.words, NULL) FROM jobs j LEFT JOIN changed c USING (run_id, row) "
            "WHERE run_id = ? AND row IN ({})",
            run_id,
            rows,
        )

    def _jobs(self, sql: str, run_id: str, rows: Sequence[int]) -> list[Job]:
        found: dict[int, Job] = {}
        for chunk in chunks(rows):
            read: list[Any] = self._read(sql.format(",".join("?" * len(chunk))), run_id, *chunk)
            shared = self.shared({number for _, _, _, *numbers in read for number in numbers})
            shapes: dict[int | None, JsonObject | None] = {None: None}
            for row, job_id, body, shape, words in read:
                if shape not in shapes:
                    shapes[shape] = json.loads(shared[shape])
                found[row] = job_of(job_id, shapes[shape], loosened(body, shared.get(words, b"")))
        return [found[row] for row in rows]

    def sizings(self, run_id: str, rows: Sequence[int] | None = None, *, defined: bool = False) -> list[Sizing]:
        """Return what planning needs of these rows, or of all; see `each_sizing`."""
        return list(self.each_sizing(run_id, rows, defined=defined))

    def each_sizing(self, run_id: str, rows: Sequence[int] | None = None, *, defined: bool = False) -> Iterator[Sizing]:
        """Yield what planning needs of these rows, or of all, in row order; read as it is asked for.

        Args:
            run_id: The run.
            rows: Which rows; None for all.
            defined: As the user defined the jobs, and not as a retry changed them.
        """
        sql = (
            f"SELECT j.row, fingerprint, provider, model, {DEFINED if defined else LATEST}, cache_write, surcharge "
            "FROM jobs j LEFT JOIN changed c ON c.run_id = j.run_id AND c.row = j.row WHERE j.run_id = ?"
        )
        if rows is None:
            rows = range(int(str(self._read("SELECT count(*) FROM jobs WHERE run_id = ?", run_id)[0][0])))
        same: dict[object, object] = {}  # a hundred thousand jobs of one model need its name once
        start, size = 0, 50
        while chunk := rows[start : start + size]:
            start, size = start + size, min(2 * size, 800)  # who stops early has not read much
            marks = ",".join("?" * len(chunk))
            for row, fingerprint, *rest in self._read(f"{sql} AND j.row IN ({marks}) ORDER BY j.row", run_id, *chunk):
                alike = (same.setdefault(v, v) if isinstance(v, str) else v for v in rest)
                yield Sizing(row, fingerprint, *alike)  # type: ignore[arg-type]

    def fingerprints(self, run_id: str, rows: Sequence[int]) -> list[str]:
        """Return the identities of rows, in the order asked for."""
        found: dict[object, str] = {}
        for chunk in chunks(rows):
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT row, fingerprint FROM jobs WHERE run_id = ? AND row IN ({marks})"
            found.update((row, str(mark)) for row, mark in self._read(sql, run_id, *chunk))
        return [found[row] for row in rows]

    def job_ids(self, run_id: str) -> list[str]:
        """Return all job ids, in row order."""
        return [str(row[0]) for row in self._read("SELECT job_id FROM jobs WHERE run_id = ? ORDER BY row", run_id)]

    def set_bounds(self, run_id: str, bounds: Mapping[int, int]) -> None:
        """Keep counted upper bounds of input tokens, by row."""
        with self._write() as db:
            db.executemany(
                "UPDATE jobs SET bound = ? WHERE run_id = ? AND row = ?",
                [(b, run_id, row) for row, b in bounds.items()],
            )
