"""A cap on output tokens follows from the answers so far, and wastes little."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.lengths import ENOUGH, LEAST, WASTE, Lengths
from batchata_nb.core.pricing import Price, Rate
from batchata_nb.core.results import Usage

PRICE = Price(input=Rate(Decimal(1)), output=Rate(Decimal(5)))


def seen(outputs: list[int], given_tokens: int = 500) -> Lengths:
    lengths = Lengths()
    for output in outputs:
        lengths.add(given_tokens, output)
    return lengths


def test_nothing_is_concluded_from_few_answers():
    """Below the least number of answers there is no cap."""
    assert seen([100] * (ENOUGH - 1)).cap(PRICE) is None
    assert 106 == seen([100] * ENOUGH).cap(PRICE)


def test_no_cap_is_so_low_that_providers_refuse_it():
    """Answers of a few tokens lead to the lowest cap that is taken."""
    assert LEAST == seen([3] * ENOUGH).cap(PRICE)


def test_rare_long_answers_are_cut_and_common_ones_are_not():
    """One long answer in two hundred does not raise the cap; one in ten does."""
    assert 106 == seen([100] * 995 + [2000] * 5).cap(PRICE)
    assert 2101 == seen([100] * 900 + [2000] * 100).cap(PRICE)


@given(st.lists(st.tuples(st.integers(1, 8000), st.integers(20, 200)), min_size=10, max_size=12), st.integers(1, 5000))
def test_what_is_cut_in_vain_stays_within_its_share(lengths_seen, given_tokens):
    """Answers that the cap would have cut cost at most the bearable share of what all cost."""
    outputs = [output for output, times in lengths_seen for _ in range(times)]
    assert len(outputs) >= ENOUGH
    lengths = seen(outputs, given_tokens)
    cap = lengths.cap(PRICE)
    if cap is None:
        return
    cut = sum(output >= cap for output in outputs)
    wasted = cut * PRICE.cost(Usage(given_tokens, cap))
    paid = len(outputs) * PRICE.cost(Usage(given_tokens, sum(outputs) // len(outputs)))
    assert wasted <= WASTE * paid or cap == LEAST
