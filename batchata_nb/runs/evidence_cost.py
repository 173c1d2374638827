"""What each way of getting evidence adds to the price of a run, to compare before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..core.errors import UnknownPriceError, ValidationError
from ..core.jobs import CiteMode, Job
from ..core.results import Usage
from .costs import Prices

TOKENS_PER_QUOTE = 45
"""Output of one quote: its field's path and a sentence. The model is asked for one for each derived field."""
SAMPLE = 200
"""Jobs that are looked at; the others are taken to be like them."""
_MODES: tuple[CiteMode, ...] = ("native", "quotes", "locate")


@dataclass(slots=True)
class EvidenceCost:
    """What one mode adds to all jobs that ask for evidence.

    Attributes:
        mode: `native`, `quotes` or `locate`.
        jobs: Jobs that use it now.
        possible: Jobs that could.
        input_tokens: Estimated input tokens it adds over `locate`, were it used for all that could.
        output_tokens: Estimated output tokens it adds.
        cost: The same in dollars at batch rates; None where no price is known.
    """

    mode: str
    jobs: int = 0
    possible: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = Decimal(0)

    def __str__(self) -> str:
        chosen = " (chosen)" if self.jobs else ""
        if not self.input_tokens and not self.output_tokens:
            return f"{self.mode}{chosen} adds no tokens"
        words = f"{self.mode}{chosen} ~{self.input_tokens:,} input tokens"
        if self.output_tokens:
            words += f" and ~{self.output_tokens:,} output tokens"
        return words


def evidence_costs(jobs: Sequence[Job], prices: Prices, at: datetime) -> list[EvidenceCost]:
    """Return what each mode adds to the jobs that ask for evidence; nothing where none does.

    Args:
        jobs: All jobs of a run.
        prices: The price book.
        at: When they are sent.
    """
    citing = [job for job in jobs if job.cite]
    step = max(1, len(citing) // SAMPLE)
    sample = citing[::step]
    costs = {mode: EvidenceCost(mode, jobs=sum(job.cite == mode for job in citing)) for mode in _MODES}
    for job in sample:
        for mode in _MODES:
            if (extra := _extra(job, mode)) is not None:
                _add(costs[mode], job, extra, prices, at)
    share = Decimal(len(citing)) / len(sample) if sample else Decimal(0)
    found = [cost for cost in costs.values() if cost.possible]
    for cost in found:
        cost.possible, cost.input_tokens, cost.output_tokens = (
            int(n * share) for n in (cost.possible, cost.input_tokens, cost.output_tokens)
        )
        cost.cost = None if cost.cost is None else cost.cost * share
    return found


def _extra(job: Job, mode: CiteMode) -> Usage | None:
    """The tokens that a mode adds to a job over locating; None where it cannot be used."""
    from ..providers.registry import cite_mode
    from ..providers.tokens import estimate

    try:
        usable = cite_mode(job.provider, mode, has_schema=job.schema is not None, documents=job.documents)
    except ValidationError:
        return None
    if usable != mode:
        return None
    added = max(0, estimate(replace(job, cite=mode)) - estimate(replace(job, cite="locate")))
    quotes = sum(1 for _ in _derived(job.schema or {}, job.schema or {})) if mode == "quotes" else 0
    return Usage(input_tokens=added, output_tokens=quotes * TOKENS_PER_QUOTE)


def _add(cost: EvidenceCost, job: Job, extra: Usage, prices: Prices, at: datetime) -> None:
    cost.possible += 1
    cost.input_tokens += extra.input_tokens
    cost.output_tokens += extra.output_tokens
    try:
        more = prices.expected(job.provider, job.model, at).cost(extra)
    except UnknownPriceError:
        cost.cost = None
    else:
        cost.cost = None if cost.cost is None else cost.cost + more


def _derived(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The fields of a schema whose values are not printed as such: a category, a yes or no."""
    if depth > 8:  # a schema may hold itself
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = root
        for part in reference[2:].split("/"):
            target = target.get(part, {}) if isinstance(target, Mapping) else {}
        yield from _derived(target, root, depth + 1)
    elif "enum" in schema or "const" in schema or schema.get("type") == "boolean":
        yield schema
    else:
        inner = [*(schema.get("properties") or {}).values(), *(schema.get("anyOf") or ()), schema.get("items")]
        for each in inner:
            if isinstance(each, Mapping):
                yield from _derived(each, root, depth + 1)
