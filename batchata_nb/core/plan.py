"""Which jobs go into which submission, and which are held by the ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

ZERO = Decimal(0)
SMALL_REST = Decimal("0.02")
"""A rest under this share of the limit is left unspent: chasing it takes many rounds of a few jobs each."""


class PartLimits(Protocol):
    """What the planner needs to know of a provider's limits."""

    @property
    def rows(self) -> int:
        """Most rows in one submission."""
        ...

    @property
    def bytes(self) -> int:
        """Most bytes of one submission."""
        ...

    @property
    def mixed_models(self) -> bool:
        """Whether one submission may name several models."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job that could be sent: its row, where it goes, its worst case in dollars, its size in bytes."""

    row: int
    provider: str
    model: str
    worst: Decimal
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """One submission to make."""

    provider: str
    model: str
    rows: tuple[int, ...]
    worst: tuple[Decimal, ...]

    @property
    def reserved(self) -> Decimal:
        """Worst case of the whole part."""
        return sum(self.worst, ZERO)


@dataclass(frozen=True, slots=True)
class Plan:
    """Submissions to make now.

    Attributes:
        parts: What to send.
        cut: Whether the ceiling, and not the number of slots, ended the plan.
        needs: Worst case of all candidates that the ceiling left out.
        left_out: How many those are.
    """

    parts: tuple[Part, ...] = ()
    cut: bool = False
    needs: Decimal = ZERO
    left_out: int = 0


def make(
    candidates: Iterable[Candidate],
    limits: Mapping[str, PartLimits],
    *,
    free: Decimal | None,
    limit: Decimal | None = None,
    slots: int,
    items_per_batch: int | None = None,
    room: Mapping[str, int] | None = None,
) -> Plan:
    """Cut jobs, in their order, into as few submissions as the limits allow.

    The longest prefix whose worst case fits into `free` is taken, so that later jobs never overtake earlier ones.
    A part ends where its provider's rows or bytes end (or `items_per_batch`); with all `slots` taken the rest waits.

    Args:
        candidates: Jobs that could be sent now, in the user's order.
        limits: Limits by provider name.
        free: Dollars that may be reserved, None without a ceiling.
        limit: The whole ceiling; below 2 % of it a rest counts as used up.
        slots: How many submissions may be made.
        items_per_batch: The user's own cap on rows in one submission.
        room: Caps on rows in one submission by provider, learnt from quotas.
    """
    open_parts: dict[tuple[str, str], _Open] = {}
    closed: list[_Open] = []
    needs, left_out, cut = ZERO, 0, False
    exhausted = free is not None and limit is not None and free < limit * SMALL_REST
    for job in candidates:
        if cut or (free is not None and (exhausted or job.worst > free)):
            cut, needs, left_out = True, needs + job.worst, left_out + 1
            continue
        provider_limits = limits[job.provider]
        key = (job.provider, "" if provider_limits.mixed_models else job.model)
        most = min(provider_limits.rows, items_per_batch or provider_limits.rows)
        most = min(most, (room or {}).get(job.provider, most))
        part = open_parts.get(key)
        if part is not None and (len(part.rows) >= most or part.size + job.size > provider_limits.bytes):
            closed.append(open_parts.pop(key))
            part = None
        if part is None:
            if len(closed) + len(open_parts) >= slots:
                break
            part = open_parts[key] = _Open(job.provider, job.model)
        part.rows.append(job.row)
        part.worst.append(job.worst)
        part.size += job.size
        if free is not None:
            free -= job.worst
    parts = (Part(p.provider, p.model, tuple(p.rows), tuple(p.worst)) for p in [*closed, *open_parts.values()])
    return Plan(tuple(parts), cut, needs, left_out)


@dataclass(slots=True)
class _Open:
    """A submission that is being filled."""

    provider: str
    model: str
    rows: list[int] = field(default_factory=list)
    worst: list[Decimal] = field(default_factory=list)
    size: int = 0
