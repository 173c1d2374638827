"""From a sample to the whole."""

from __future__ import annotations

import random

import pytest

from batchata_nb.core.projection import Interval, project


def test_the_interval_holds_what_it_promises() -> None:
    """Of many random samples, about 95 % of the intervals hold the true total, by the mean and by the ratio."""
    source = random.Random(7)
    sizes = [source.uniform(100, 3000) for _ in range(400)]
    values = [1.3 * size + source.gauss(0, 150) for size in sizes]
    held = {"mean": 0, "ratio": 0}
    widths = {"mean": 0.0, "ratio": 0.0}
    for _ in range(600):
        rows = source.sample(range(400), 12)
        taken = [values[row] for row in rows]
        found = {
            "mean": project(taken, 400),
            "ratio": project(taken, 400, known=[sizes[row] for row in rows], known_total=sum(sizes)),
        }
        for name, total in found.items():
            assert total.low is not None
            assert total.high is not None
            held[name] += total.low <= sum(values) <= total.high
            widths[name] += total.high - total.low

    assert all(0.91 <= count / 600 <= 0.985 for count in held.values()), held
    assert widths["ratio"] < widths["mean"] / 3  # what is known beforehand makes the interval narrower


def test_a_whole_that_was_measured_has_no_doubt_left() -> None:
    """With all of it measured the total is exact; with one value alone there is no interval; nothing is zero."""
    assert Interval(6.0, 6.0, 6.0) == project([1, 2, 3], 3)
    assert Interval(50.0) == project([5], 10)
    assert Interval(0.0) == project([], 10)


def test_a_total_is_never_below_what_was_measured() -> None:
    """What has been paid is paid: the low end stays above it, however wide the spread."""
    found = project([1, 1, 100], 4)

    assert (found.low, found.middle) == (102.0, 136.0)


def test_totals_that_were_sampled_apart_add_up() -> None:
    """Half widths add as squares; one total without an interval leaves the sum without one."""
    assert Interval(30, 25, 35) == Interval(10, 7, 13) + Interval(20, 16, 24)
    assert Interval(30) == Interval(10) + Interval(20, 16, 24)


@pytest.mark.parametrize(("n", "half"), [(2, 12.706), (31, 2.042), (40, 1.96)])
def test_few_values_say_less(n: int, half: float) -> None:
    """The factor is that of Student's t for so many values."""
    values = [1.0] * (n - n // 2) + [3.0] * (n // 2)
    mean = sum(values) / n
    spread = (sum((v - mean) ** 2 for v in values) / (n - 1)) ** 0.5
    found = project(values, 10**9)

    assert found.high is not None
    assert (found.high - found.middle) / 10**9 == pytest.approx(half * spread / n**0.5, rel=1e-3)
