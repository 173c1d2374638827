"""Results out of the store: frames and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.citations import flat
from ..core.errors import ValidationError
from ..core.results import JobResult
from .agreement import fields_of
from .equality import same

if TYPE_CHECKING:
    from .reviews import Review
    from .run import BatchRun

LIBRARIES = ("pandas", "polars", "pyarrow")


def to_df(run: BatchRun, reviewed: bool = False) -> Any:
    """Return a frame with one row a job, in the library that the input came in, else the first that is installed.

    Args:
        run: The run.
        reviewed: Whether fields stand as a person left them: corrected values in place, rejected ones empty.

    Raises:
        ValidationError: No frame library is installed.
    """
    frame = table(run, run.frame_kind, reviewed=reviewed)
    index = run.frame_index
    if run.frame_kind == "pandas" and run.source is not None and len(index) == len(frame):
        frame.index = _index(index, run.source.index_names)
    return frame


def _index(labels: list[Any], names: tuple[Any, ...]) -> Any:
    """Return the index that a pandas frame came with, so that results can be joined to it.

    Beside rows of such a frame there may be jobs that have other labels, or none: then each label is one thing.
    """
    import pandas as pd

    if len(names) > 1 and all(isinstance(label, tuple) and len(label) == len(names) for label in labels):
        return pd.MultiIndex.from_tuples(labels, names=names)
    return pd.Index(labels, name=names[0] if len(names) == 1 else None, tupleize_cols=False)


def table(run: BatchRun, kind: str | None, *, reviewed: bool = False) -> Any:
    """Return the results as a frame of one library, or of the first that is installed."""
    reviews = run.reviews()
    gold = run.store.gold(run.run_id) if not run.is_dry else {}
    rows = []
    for result in run:
        said = reviews.get(result.job_id, {})
        rows.append({**line(result, said if reviewed else {}), **_gold(result, gold), **verdicts(said)})
    columns = list(dict.fromkeys(column for row in rows for column in row))
    data = {column: [row.get(column) for row in rows] for column in columns}
    return _frame(data, kind)


def _data(result: JobResult, reviews: Mapping[str, Review]) -> Any:
    """Return what a result says, with a person's corrections in it."""
    from .corrections import reviewed

    right = {path: review.value for path, review in reviews.items() if review.verdict == "corrected"}
    wrong = [path for path, review in reviews.items() if review.verdict == "rejected"]
    parsed = result.parsed_response
    if parsed is None:
        return {"answer": right.get("answer", None if wrong else result.raw_response)}
    if right or wrong:
        return reviewed(parsed, right, wrong)
    return parsed.model_dump() if hasattr(parsed, "model_dump") else parsed


def line(result: JobResult, reviews: Mapping[str, Review] | None = None) -> dict[str, Any]:
    """Return one result as a flat row: id, fields by dots, then status, error, cost, tokens and pages.

    Args:
        result: The result.
        reviews: Verdicts by field, whose corrections take the places of what the answer says.
    """
    fields = flat(_data(result, reviews or {}))
    pages = {path: cited.page for path, cited in result.citation_mappings.items() if cited}
    known = {"job_id", "status", "error", "error_kind", "model", "cost_usd", "input_tokens", "output_tokens", "pages"}
    return {
        "job_id": result.job_id,
        **{(f"{name}_" if name in known else name): value for name, value in fields.items()},
        "status": result.status,
        "error": result.error,
        "error_kind": result.error_kind,
        "model": result.model,
        "cost_usd": result.cost_usd,
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "pages": pages,
    }


def _gold(result: JobResult, gold: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is known to be right: `field.gold` is the value, `field.right` whether the answer has it."""
    known = gold.get(result.job_id) or gold.get(result.job_id.removesuffix(f"@{result.model}")) or {}
    fields = fields_of(result) or {}
    found: dict[str, Any] = {}
    for path, value in known.items():
        found[f"{path}.gold"] = value
        found[f"{path}.right"] = path in fields and same(fields[path], value)
    return found


def verdicts(reviews: Mapping[str, Review]) -> dict[str, Any]:
    """Return what a person said of one result as columns.

    `field.review` is the verdict, `field.corrected` a right value that was typed; `reviewed_by` and `reviewed_at` are
    who looked at the result and when the last verdict was given (ISO 8601, UTC).
    """
    found: dict[str, Any] = {}
    for path, review in reviews.items():
        found[f"{path}.review"] = review.verdict
        if review.verdict == "corrected":
            found[f"{path}.corrected"] = review.value
    if reviews:
        found["reviewed_by"] = ", ".join(dict.fromkeys(review.reviewer for review in reviews.values()))
        found["reviewed_at"] = max(review.to_dict()["at"] for review in reviews.values())
    return found


def _frame(data: dict[str, list[Any]], kind: str | None) -> Any:
    for library in [kind] if kind else LIBRARIES:
        try:
            if library == "pandas":
                import pandas as pd

                return pd.DataFrame(data)
            if library == "polars":
                import polars as pl

                return pl.DataFrame({c: _plain(v) for c, v in data.items()}, strict=False)
            if library == "pyarrow":
                import pyarrow as pa

                return pa.table({c: _plain(v) for c, v in data.items()})
        except ImportError:
            continue
    raise ValidationError(
        "No frame library is installed; install pandas (or polars, or pyarrow), or use to_jsonl(path)."
    )


def _plain(values: list[Any]) -> list[Any]:
    """Columns of typed frames hold one type: nested values, and mixed ones, become JSON text."""
    kinds = {type(v) for v in values if v is not None}
    if kinds & {dict, list, tuple, set} or len(kinds - {int, float}) > 1:
        return [
            None if v is None else v if isinstance(v, str) else json.dumps(v, ensure_ascii=False, default=str)
            for v in values
        ]
    return [getattr(v, "value", v) for v in values]


def to_jsonl(run: BatchRun, path: Path) -> Path:
    """Write one result a line as JSON, to a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    reviews = run.reviews()
    with draft.open("w", encoding="utf-8", errors="backslashreplace") as out:  # half a character is an escape in JSON
        for result in run:
            said = {path: review.to_dict() for path, review in reviews.get(result.job_id, {}).items()}
            body = {**result.to_dict(), **({"reviews": said} if said else {})}
            out.write(json.dumps(body, ensure_ascii=False, default=str) + "\n")
    draft.replace(path)
    return path
