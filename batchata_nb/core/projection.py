"""From a sample to the whole: what all jobs will take, by what some of them have taken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, two-sided 95 %, for 1 to 30 degrees of freedom; tables of any statistics textbook."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A projected total.

    Attributes:
        middle: The best guess.
        low: Lower end of the 95 % interval, or None where one value alone tells nothing of the spread.
        high: Its upper end.
    """

    middle: float
    low: float | None = None
    high: float | None = None

    def __add__(self, other: Interval) -> Interval:
        """Return the sum of two totals that were sampled apart: half widths add as squares."""
        middle = self.middle + other.middle
        if self.low is None or other.low is None or self.high is None or other.high is None:
            return Interval(middle)
        low = sqrt((self.middle - self.low) ** 2 + (other.middle - other.low) ** 2)
        high = sqrt((self.high - self.middle) ** 2 + (other.high - other.middle) ** 2)
        return Interval(middle, middle - low, middle + high)


def project(measured: Sequence[float], total: int, *, known: Sequence[float] = (), known_total: float = 0) -> Interval:
    """Return the total of all from the values of a sample.

    Without `known` it is the mean times the number. With it, a ratio estimate: the sample's values in proportion to
    what was known of the same ones beforehand (their estimated tokens), which takes the size of the others into
    account. The interval is Student's t at 95 % over the residuals, with the correction for a sample that is a good
    part of the whole, and never below what was measured. It holds for random samples; the first rows may differ from
    the others in a way that no interval shows.

    Args:
        measured: Values of the sample.
        total: How many there are in all, the sample included.
        known: What was known beforehand of each of the sample.
        known_total: What was known beforehand of all.
    """
    n, so_far = len(measured), float(sum(measured))
    if not n:
        return Interval(0.0)
    base = float(sum(known))
    if base > 0:
        ratio = so_far / base
        middle, residuals = ratio * known_total, [y - ratio * x for y, x in zip(measured, known, strict=True)]
    else:
        mean = so_far / n
        middle, residuals = mean * total, [y - mean for y in measured]
    if n >= total:
        return Interval(so_far, so_far, so_far)
    middle = max(middle, so_far)
    if n == 1:
        return Interval(middle)
    spread = sqrt(sum(r * r for r in residuals) / (n - 1) * (1 - n / total) / n) * total
    half = (_T95[n - 2] if n - 1 <= len(_T95) else 1.96) * spread
    return Interval(middle, max(middle - half, so_far), middle + half)
