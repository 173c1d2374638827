"""Models side by side: agreement per field, cost per thousand, accuracy against gold values."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from batchata_nb import Batch, ValidationError
from batchata_nb.runs.agreement import Answered, compare
from batchata_nb.runs.equality import key, same

pytestmark = pytest.mark.usefixtures("folder")


class Colour(Enum):
    red = "Red"


def said(item: str, model: str, cost: str | None = "0.002", **fields: Any) -> Answered:
    return Answered(item, model, fields or None, None if cost is None else Decimal(cost))


def test_agreement_counts_items_that_two_models_answered() -> None:
    """A field's share is over items with an answer of at least two models; the others are not compared."""
    found = compare(
        [
            said("a", "x", total=1, name="Acme"),
            said("b", "x", total=2, name="Bolt"),
            said("c", "x", total=3, name="Crane"),
            said("a", "y", total=Decimal("1.00"), name="ACME "),
            said("b", "y", total=2.5, name="bolt"),
            said("c", "y"),
        ],
        {},
    )

    assert (3, 2, None) == (found.items, found.compared, found.best)
    assert [("total", 0.5, {}), ("name", 1.0, {})] == [(f.field, f.share, f.accuracy) for f in found.fields]
    assert [("x", 3, 3, Decimal(2), None), ("y", 3, 2, Decimal(2), None)] == [
        (m.model, m.jobs, m.answered, m.per_thousand, m.accuracy) for m in found.models
    ]


def test_gold_values_score_each_model() -> None:
    """No answer is wrong, a missing gold value is not judged, and the best of equals is the cheaper."""
    answers = [
        said("a", "x", cost="0.004", n=1, s="p"),
        said("b", "x", cost="0.004", n=2, s="q"),
        said("a", "y", cost="0.001", n=1, s="p"),
        said("b", "y", cost="0.001"),
        said("a", "z", cost="0.002", n=1, s="p"),
        said("b", "z", cost="0.002", n=2, s="q"),
    ]
    found = compare(answers, {"a": {"n": 1, "s": None}, "b": {"n": 2, "s": "Q"}})

    assert [("x", 3, 3), ("y", 1, 3), ("z", 3, 3)] == [(m.model, m.right, m.judged) for m in found.models]
    assert ({"x": 1.0, "y": 0.5, "z": 1.0}, "z") == (found.fields[0].accuracy, found.best)


def test_a_cost_that_is_not_known_is_not_guessed() -> None:
    """One job without a price leaves the model without a cost per thousand."""
    assert None is compare([said("a", "x", n=1), said("b", "x", cost=None, n=1)], {}).models[0].per_thousand


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (Decimal("12.50"), 12.5),
        ("Acme  GmbH", " acme gmbh"),
        (Colour.red, "red"),
        (date(2026, 3, 25), datetime(2026, 3, 25)),  # noqa: DTZ001
        ([1, "A"], (1.0, "a")),
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}),
        (np.float64(2.0), 2),
    ],
)
def test_equal_values_have_one_key(one: Any, other: Any) -> None:
    """Types, case and blanks make no difference."""
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), [("007", "7"), (1, "1"), (True, 1), (None, ""), ([1, 2], [2, 1])])
def test_different_values_have_different_keys(one: Any, other: Any) -> None:
    """An id is no number, and nothing is not the empty text."""
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        (Decimal("12.50"), "12.5", True),
        (12, "12.5", False),
        (12, "twelve", False),
        (date(2026, 3, 25), "2026-03-25", True),
        (datetime(2026, 3, 25, 9, 30), "2026-03-25 09:30:00", True),  # noqa: DTZ001
        (date(2026, 3, 25), "25.3.2026", False),
        (True, "yes", True),
        (False, "TRUE", False),
        (None, "x", False),
        ("007", 7, False),
    ],
)
def test_gold_values_may_be_text(answer: Any, gold: Any, expected: bool) -> None:
    """What a file holds as text is read as the answer's type."""
    assert expected is same(answer, gold)


class Invoice(BaseModel):
    invoice_number: str
    total: Decimal


MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol"]


def invoices(models: Any) -> Any:
    frame = pd.DataFrame({"text": [f"Invoice number: A-{n}\nTotal: {n}.50" for n in range(1, 4)]})
    batch = Batch().use_practice().add_jobs("{{ text }}", over=frame, model=models, response_model=Invoice)
    return batch.run(name="compare", wait=True)


def test_a_run_compares_its_models() -> None:
    """Items are told by their ids without the model's name; gold columns stand in the order of the rows."""
    run = invoices(MODELS)

    plain = run.agreement()
    assert (3, 3, MODELS, ["invoice_number", "total"]) == (
        plain.items,
        plain.compared,
        [m.model for m in plain.models],
        [f.field for f in plain.fields],
    )
    assert [1.0, 1.0] == [f.share for f in plain.fields]
    assert all(m.per_thousand and m.per_thousand > 0 for m in plain.models)
    assert "2 models on 3 items" in str(plain)

    frame = pd.DataFrame({"total": ["1.5", "2.50", "99"], "invoice_number": ["a-1", None, "A-3"]})
    judged = run.agreement(gold=frame)
    assert {m: pytest.approx(2 / 3) for m in MODELS} == judged.fields[1].accuracy
    assert dict.fromkeys(MODELS, 1.0) == judged.fields[0].accuracy
    assert [0.8, 0.8] == [m.accuracy for m in judged.models]

    column = run.agreement(gold=frame["total"], field="total")
    assert [(2, 3)] * 2 == [(m.right, m.judged) for m in column.models]

    named = run.agreement(gold={"row-000002": {"total": 2.5}})
    assert [(1, 1)] * 2 == [(m.right, m.judged) for m in named.models]


def test_jobs_that_were_not_sent_make_no_model_cheaper() -> None:
    """The ceiling holds some back: what a thousand jobs cost is told by those that ended, as the view tells it."""
    frame = pd.DataFrame({"text": [f"Invoice number: A-{n}\nTotal: {n}.50" for n in range(8)]})
    batch = Batch(items_per_batch=2, max_parallel_batches=1).use_practice().add_cost_limit(usd=0.003)
    run = batch.add_jobs("{{ text }}", over=frame, model=MODELS, response_model=Invoice, max_tokens=150).run(wait=True)
    told = {m.model: f"{m.per_thousand:f}" for m in run.agreement().models if m.per_thousand is not None}

    assert 0 < run.summary()["counts"]["held"] < 16
    assert run.compare(0, 10)["per_thousand"] == told


@pytest.mark.parametrize(
    ("gold", "field", "words"),
    [
        ([1, 2], "total", "2 gold values for 3 items"),
        ([1, 2, 3], None, "which field"),
        ([1, 2, 3], "totl", "no field 'totl'"),
        ({"row-9": 1}, "total", "no item"),
    ],
)
def test_gold_values_that_do_not_fit_are_refused(gold: Any, field: str | None, words: str) -> None:
    """The sentence says what does not fit."""
    with pytest.raises(ValidationError, match=words):
        invoices(MODELS).agreement(gold=gold, field=field)


def test_one_model_is_compared_with_gold_alone() -> None:
    """Alone a model agrees with itself, which says nothing; gold values still judge it."""
    run = invoices(MODELS[0])
    with pytest.raises(ValidationError, match="one model"):
        run.agreement()

    assert 1.0 == run.agreement(gold=[1.5, 2.5, 3.5], field="total").models[0].accuracy
