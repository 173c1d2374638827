"""The ceiling holds at every moment, and budgets are used in few, large submissions."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.errors import CostLimitExceededError
from batchata_nb.core.ledger import Ledger
from batchata_nb.core.plan import Candidate, make


@dataclass(frozen=True)
class L:
    rows: int = 100
    bytes: int = 10_000
    mixed_models: bool = False


def jobs(
    count: int, worst: str = "0.01", size: int = 10, provider: str = "openai", model: str = "m"
) -> list[Candidate]:
    return [Candidate(row, provider, model, Decimal(worst), size) for row in range(count)]


def test_a_reservation_past_the_ceiling_is_refused():
    """What does not fit is refused and changes nothing."""
    ledger = Ledger(limit=Decimal(1))
    ledger.reserve("a", Decimal("0.7"))

    with pytest.raises(CostLimitExceededError):
        ledger.reserve("b", Decimal("0.4"))

    assert Decimal("0.3") == ledger.free


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100), st.booleans()), max_size=40), st.integers(1, 200))
def test_spent_and_reserved_never_pass_the_limit(steps, limit):
    """Whatever is reserved, settled at or below its reservation, or released: the sum stays within the ceiling."""
    ledger = Ledger(limit=Decimal(limit))
    for number, (amount, share, release) in enumerate(steps):
        tag, worst = str(number), Decimal(amount)
        try:
            ledger.reserve(tag, worst)
        except CostLimitExceededError:
            continue
        assert ledger.spent + ledger.outstanding <= limit
        if release:
            ledger.release(tag)
        elif share > 50:
            ledger.settle(tag, worst, worst * share / 100)
        assert ledger.spent + ledger.outstanding <= limit


def test_the_longest_prefix_that_fits_is_sent():
    """Jobs keep their order: a later small one does not overtake an earlier one that does not fit."""
    candidates = [
        Candidate(0, "openai", "m", Decimal(3), 1),
        Candidate(1, "openai", "m", Decimal(9), 1),
        Candidate(2, "openai", "m", Decimal(1), 1),
    ]

    plan = make(candidates, {"openai": L()}, free=Decimal(5), limit=Decimal(5), slots=10)

    assert [(0,)] == [part.rows for part in plan.parts]
    assert (True, Decimal(10), 2) == (plan.cut, plan.needs, plan.left_out)


def test_parts_end_at_rows_bytes_and_items_per_batch():
    """A part holds no more rows or bytes than its provider takes, nor more than the user wishes."""
    assert [100, 100, 50] == [len(p.rows) for p in make(jobs(250), {"openai": L()}, free=None, slots=10).parts]
    assert [10, 10, 5] == [len(p.rows) for p in make(jobs(25, size=1000), {"openai": L()}, free=None, slots=10).parts]
    assert [7, 7, 6] == [
        len(p.rows) for p in make(jobs(20), {"openai": L()}, free=None, slots=10, items_per_batch=7).parts
    ]


def test_models_share_a_batch_only_where_the_provider_lets_them():
    """One model per batch, unless the provider mixes."""
    mixed = [Candidate(row, "anthropic", f"m{row % 2}", Decimal(0), 1) for row in range(4)]

    assert [(0, 2), (1, 3)] == [p.rows for p in make(mixed, {"anthropic": L()}, free=None, slots=9).parts]
    assert [(0, 1, 2, 3)] == [
        p.rows for p in make(mixed, {"anthropic": L(mixed_models=True)}, free=None, slots=9).parts
    ]


def test_what_finds_no_slot_is_not_held():
    """Waiting for a slot is no matter of money."""
    plan = make(jobs(250), {"openai": L()}, free=Decimal(100), slots=1)

    assert (1, False, 0) == (len(plan.parts), plan.cut, plan.left_out)


def test_a_small_rest_is_left():
    """Below 2 % of the limit nothing more is sent."""
    assert () == make(jobs(5, "0.001"), {"openai": L()}, free=Decimal("0.01"), limit=Decimal(1), slots=1).parts
