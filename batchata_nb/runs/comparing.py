"""Several models on the same inputs: their answers side by side, and how far they agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.jobs import JsonObject
from ..core.results import OUTCOMES
from ..core.state import RunState
from .equality import same
from .pages import cell
from .reviews import ANSWER
from .store import Store

MOST = 20_000
"""Rows of a run up to which agreement is counted over all of it; above, views get each page alone."""
MOST_COLUMNS = 200


def compare(
    store: Store, state: RunState, start: int, n: int, *, path: str | None = None, differ: bool = False
) -> JsonObject:
    """Return a page of inputs with each model's answer.

    Args:
        store: The store.
        state: The run.
        start: First input to return.
        n: How many inputs.
        path: The field to compare; the first one if left out.
        differ: Only inputs on which the models differ.

    Returns:
        `total` inputs, `models`, `columns`, the `path` compared, `agreement` (per field: inputs on which all models say
        the same, of those that at least two have answered; None for runs above `MOST` rows), `accuracy` (per field and
        model: gold values that it has right, of those that are known; unanswered ones are wrong once the job has
        ended) and `rows`.
    """
    gold = store.gold(state.run_id)
    inputs, models = _inputs(store, state)
    rows = [row for found in inputs.values() for row in found.values()]
    known = _values(store, state, rows) if len(rows) <= MOST else {}
    columns = list(dict.fromkeys(p for values in known.values() for p in values))[:MOST_COLUMNS]
    agreement = {column: _agreement(inputs, known, column) for column in columns} if known else None
    accuracy = _accuracy(state, inputs, known, gold) if known else {}
    chosen = path if path in columns or not columns else columns[0]
    ids = list(inputs)
    if differ and known and chosen is not None:
        ids = [each for each in ids if _same(inputs[each], known, chosen) is False]
    page = ids[start : start + n]
    if not known:
        known = _values(store, state, [row for each in page for row in inputs[each].values()])
        columns = list(dict.fromkeys(p for values in known.values() for p in values))[:MOST_COLUMNS]
        chosen = path if path in columns or not columns else columns[0]
    shown = [_line(state, each, inputs[each], known, chosen or ANSWER, gold.get(each, {})) for each in page]
    return {
        "total": len(ids), "start": start, "models": models, "columns": columns, "path": chosen,
        "agreement": agreement, "accuracy": accuracy, "gold": bool(gold), "rows": shown,
    }  # fmt: skip


def _inputs(store: Store, state: RunState) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Return the row of each model by input: jobs of one input have its id, followed by `@` and the model."""
    inputs: dict[str, dict[str, int]] = {}
    ids = store.job_ids(state.run_id)
    sizings = store.sizings(state.run_id)
    for sizing in sizings:
        inputs.setdefault(ids[sizing.row].removesuffix(f"@{sizing.model}"), {})[sizing.model] = sizing.row
    return inputs, list(dict.fromkeys(sizing.model for sizing in sizings))


def _values(store: Store, state: RunState, rows: list[int]) -> dict[int, Mapping[str, Any]]:
    """Return the fields of rows that have a good answer; plain text stands under `answer`."""
    good = [row for row in rows if state.state_of(row) == "succeeded"]
    fields: dict[int, Mapping[str, Any]] = dict(store.fields(state.run_id, good))
    plain = [row for row in good if row not in fields]
    for row, body in store.results(state.run_id, plain[:MOST]).items():
        fields[row] = {ANSWER: body["text"]}
    return fields


def _same(found: Mapping[str, int], known: Mapping[int, Mapping[str, Any]], path: str) -> bool | None:
    """Whether all models that have answered say the same; None where fewer than two have."""
    said = [known[row].get(path) for row in found.values() if row in known]
    return None if len(said) < 2 else len({_plain(value) for value in said}) == 1


def _plain(value: Any) -> str:
    """A value as it is compared: text without regard to case and outer or repeated space."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _agreement(
    inputs: Mapping[str, Mapping[str, int]], known: Mapping[int, Mapping[str, Any]], path: str
) -> dict[str, int]:
    verdicts = [_same(found, known, path) for found in inputs.values()]
    return {"same": verdicts.count(True), "of": len(verdicts) - verdicts.count(None)}


def _accuracy(
    state: RunState,
    inputs: Mapping[str, Mapping[str, int]],
    known: Mapping[int, Mapping[str, Any]],
    gold: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, dict[str, int]]]:
    """Count by field and model how many gold values of jobs that have ended it has right."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for each, values in gold.items():
        for model, row in inputs.get(each, {}).items():
            if row not in known and state.state_of(row) not in OUTCOMES:
                continue
            for path, value in values.items():
                score = counts.setdefault(path, {}).setdefault(model, {"right": 0, "of": 0})
                score["of"] += 1
                score["right"] += row in known and same(known[row].get(path), value)
    return counts


def _line(
    state: RunState,
    each: str,
    found: Mapping[str, int],
    known: Mapping[int, Mapping[str, Any]],
    path: str,
    gold: Mapping[str, Any],
) -> JsonObject:
    cells = {
        model: {
            "row": row,
            "state": {"elsewhere": "pending"}.get(state.state_of(row), state.state_of(row)),
            "value": cell(known[row].get(path)) if row in known else None,
            "right": same(known[row].get(path), gold[path]) if row in known and path in gold else None,
        }
        for model, row in found.items()
    }
    right = cell(gold[path]) if path in gold else None
    return {"id": each, "same": _same(found, known, path), "gold": right, "cells": cells}
