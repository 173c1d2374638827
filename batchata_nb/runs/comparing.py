"""Several models on the same inputs: their answers side by side, and how far they agree."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..core.jobs import JsonObject
from ..core.results import OUTCOMES
from ..core.state import RunState
from .agreement import per_thousand
from .equality import same
from .pages import cell
from .reviews import ANSWER
from .store import Store
from .store_file import chunks

AT_ONCE = 1000
"""Inputs whose answers are in memory at once, however many there are."""
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
        the same, of those that at least two have answered), `accuracy` (per field and
        model: gold values that it has right, of those that are known; unanswered ones are wrong once the job has
        ended), `per_thousand` (per model: dollars for a thousand jobs at what these cost) and `rows`.
    """
    gold = store.gold(state.run_id)
    inputs, models = _inputs(store, state)
    key = (str(store.path), state.run_id, state.seq, path)
    found = _remembered(key, gold, lambda: _survey(store, state, inputs, path, gold))
    columns = found.columns
    chosen = path if path in columns or not columns else columns[0]
    ids = found.differ.get(chosen, []) if differ and chosen is not None else list(inputs)
    page = ids[start : start + n]
    known = _values(store, state, [row for each in page for row in inputs[each].values()])
    shown = [_line(state, each, inputs[each], known, chosen or ANSWER, gold.get(each, {})) for each in page]
    return {
        "total": len(ids), "start": start, "models": models, "columns": columns, "path": chosen,
        "agreement": found.agreement, "accuracy": found.accuracy, "per_thousand": found.per_thousand,
        "gold": bool(gold), "rows": shown,
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
    for row, body in store.results(state.run_id, plain).items():
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


@dataclass(frozen=True, slots=True)
class Survey:
    """What all answers of a run tell together.

    Attributes:
        columns: Fields that there are, as first met.
        agreement: By field: inputs on which all models say the same, of those that two have answered.
        accuracy: By field and model: gold values that it has right, of those that are known.
        differ: Inputs on which the models differ, for the field asked for and for the first one.
        per_thousand: By model: what a thousand jobs cost, where prices are known.
    """

    columns: list[str]
    agreement: dict[str, dict[str, int]]
    accuracy: dict[str, dict[str, dict[str, int]]]
    differ: dict[str, list[str]]
    per_thousand: dict[str, str]


_surveys: OrderedDict[tuple[object, ...], tuple[Mapping[str, Mapping[str, Any]], Survey]] = OrderedDict()
"""The latest surveys, each with the gold that it was made with."""
_REMEMBERED = 8


def _remembered(key: tuple[object, ...], gold: Mapping[str, Mapping[str, Any]], look: Callable[[], Survey]) -> Survey:
    """Look at all answers once: turning a page of an unchanged run looks at none again."""
    known = _surveys.get(key)
    if known is None or known[0] != gold:
        known = _surveys[key] = gold, look()
        while len(_surveys) > _REMEMBERED:
            _surveys.popitem(last=False)
    return known[1]


def _survey(
    store: Store,
    state: RunState,
    inputs: Mapping[str, Mapping[str, int]],
    path: str | None,
    gold: Mapping[str, Mapping[str, Any]],
) -> Survey:
    """Look at all answers, some at a time."""
    columns: dict[str, None] = {}
    answered, differs, ids = 0, Counter[str](), dict[str, list[str]]()
    accuracy: dict[str, dict[str, dict[str, int]]] = {}
    for some in chunks(list(inputs), AT_ONCE):
        part = {each: inputs[each] for each in some}
        known = _values(store, state, [row for found in part.values() for row in found.values()])
        for values in known.values():
            columns.update(dict.fromkeys(values) if len(columns) < MOST_COLUMNS else {})
        for each, found in part.items():
            answers = [known[row] for row in found.values() if row in known]
            answered += len(answers) > 1
            for column in dict.fromkeys(p for values in answers for p in values) if len(answers) > 1 else ():
                if _same(found, known, column) is False:
                    differs[column] += 1
                    if column == path or column == next(iter(columns)):
                        ids.setdefault(column, []).append(each)
        _accuracy(accuracy, state, part, known, {each: gold[each] for each in some if each in gold})
    shown = list(columns)[:MOST_COLUMNS]
    agreement = {column: {"same": answered - differs[column], "of": answered} for column in shown}
    return Survey(shown, agreement, accuracy, ids, _costs(store, state, inputs))


def _costs(store: Store, state: RunState, inputs: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    paid = store.paid(state.run_id)
    by_model: dict[str, list[Decimal | None]] = {}
    for rows in inputs.values():
        for model, row in rows.items():
            if row in paid:
                by_model.setdefault(model, []).append(paid[row])
    found = {model: per_thousand(costs) for model, costs in by_model.items()}
    return {model: f"{cost:f}" for model, cost in found.items() if cost is not None}


def _accuracy(
    counts: dict[str, dict[str, dict[str, int]]],
    state: RunState,
    inputs: Mapping[str, Mapping[str, int]],
    known: Mapping[int, Mapping[str, Any]],
    gold: Mapping[str, Mapping[str, Any]],
) -> None:
    """Count on, by field and model, how many gold values of jobs that have ended it has right."""
    for each, values in gold.items():
        for model, row in inputs.get(each, {}).items():
            if row not in known and state.state_of(row) not in OUTCOMES:
                continue
            for path, value in values.items():
                score = counts.setdefault(path, {}).setdefault(model, {"right": 0, "of": 0})
                score["of"] += 1
                score["right"] += row in known and same(known[row].get(path), value)


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
