"""Results into files: CSV, JSON lines, Parquet. A file is whole or not there; one of the user's is never replaced."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from .export import line, table, to_jsonl, verdicts

if TYPE_CHECKING:
    from ..core.results import JobResult
    from .run import BatchRun

_FORMULA = re.compile(r"[=+\-@\t\r]")


def formats() -> list[str]:
    """Return the endings that results can be saved under here: Parquet where pyarrow is installed."""
    return ["csv", "jsonl", *(["parquet"] if importlib.util.find_spec("pyarrow") else [])]


def save(run: BatchRun, ending: str, folder: Path) -> Path:
    """Write the results into a new file of a folder, named after the run; return its path.

    Args:
        run: The run; one that goes on is saved as it stands.
        ending: One of `formats()`.
        folder: Where to. `NAME.csv` there already? Then it is `NAME-2.csv`, and so on.

    Raises:
        ValidationError: There is no such format here, or the folder cannot be written.
    """
    writers: dict[str, Callable[[BatchRun, Path], Path]] = {"csv": to_csv, "jsonl": to_jsonl, "parquet": to_parquet}
    if ending not in formats():
        raise ValidationError(f"Results can be saved as {', '.join(formats())} here, not as {ending[:20]!r}.")
    stem = re.sub(r"[^\w-]+", "_", run.name).strip("_")[:80] or "run"
    try:
        path = _new(folder, stem, ending)
    except OSError as error:
        raise ValidationError(f"Nothing can be written in {folder}: {error.strerror or error}.") from error
    try:
        return writers[ending](run, path)
    except BaseException:
        path.unlink(missing_ok=True)  # our own, and empty
        raise


def _new(folder: Path, stem: str, ending: str) -> Path:
    """Make an empty file that was not there before."""
    number = 1
    while True:
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}.{ending}"
        try:
            path.open("x").close()
        except FileExistsError:
            number += 1
        else:
            return path


def to_csv(run: BatchRun, path: Path) -> Path:
    """Write one line a job, twice read: the columns are only known at the end.

    Spreadsheets run text that begins with `=`, `+`, `-` or `@`: such text gets an apostrophe before it. Numbers stay
    as they are; JSON lines and Parquet hold every text unchanged.
    """
    reviews = run.reviews()

    def cells(result: JobResult) -> dict[str, Any]:
        return {**line(result), **verdicts(reviews.get(result.job_id, {}))}

    heads = list(dict.fromkeys(key for result in run for key in cells(result)))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, heads)
        writer.writerow({head: _cell(head) for head in heads})
        writer.writerows({key: _cell(value) for key, value in cells(result).items()} for result in run)
    draft.replace(path)
    return path


def _cell(value: Any) -> Any:
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def to_parquet(run: BatchRun, path: Path) -> Path:
    """Write one row a job, with the columns of `to_df`."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    pq.write_table(table(run, "pyarrow"), draft)
    draft.replace(path)
    return path
