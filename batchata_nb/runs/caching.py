"""Prompt caching: beginnings that many jobs share, marked where even few hits pay, and what is said of them.

Facts: Anthropic's documentation of November 2026. Inside a batch hits are best effort, 30 to 98 % of requests; a cache
is written at 1.25 times the input price when it lives five minutes, at twice when it lives an hour. The shorter one is
cheaper than no cache from 22 % of hits on, the longer one from 53 %, so that only the shorter pays whatever the rate.
OpenAI and Gemini cache by themselves, and nothing is to be marked there; how often inside a batch is not documented.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from ..core.errors import UnknownPriceError
from ..core.jobs import CachedPart, Job, canonical
from ..core.results import Usage
from .costs import Prices
from .estimate import dollars

if TYPE_CHECKING:
    from ..core.pricing import Price

LOWEST, HIGHEST = Decimal("0.30"), Decimal("0.98")
"""Share of requests of a batch that hit the cache, at the least and at the most (documentation, November 2026)."""
PROVIDERS = ("anthropic", "openai", "gemini")
WORDS = {"system": "system prompt", "documents": "documents"}


@dataclass(frozen=True, slots=True)
class Shared:
    """A beginning that jobs of one model share.

    Attributes:
        provider: Where they go.
        model: The model.
        part: How far it goes: the system prompt, or the documents behind it too.
        rows: The jobs, by their place among the records.
        tokens: Its estimated tokens.
        least: Fewest tokens that the provider caches for the model.
        saving: What caching saves at the lowest and at the highest rate of hits, in dollars; None: no price is known.
        marked: Whether it was marked for the cache.
    """

    provider: str
    model: str
    part: CachedPart
    rows: Sequence[int]
    tokens: int
    least: int
    saving: tuple[Decimal, Decimal] | None
    marked: bool = False

    def __str__(self) -> str:
        what = f"{len(self.rows):,} jobs of {self.model} begin alike ({WORDS[self.part]}, ~{self.tokens:,} tokens)"
        if self.tokens < self.least:
            return f"No prompt caching: {what}; {self.model} caches from {self.least:,} tokens on."
        if not self.marked and self.provider == "anthropic":
            why = "its price is not known" if self.saving is None else "too few to pay for writing the cache"
            return f"No prompt caching: {what}; {why}."
        if self.saving is None:
            return f"Prompt caching: {what}; no price is known."
        if self.provider != "anthropic":
            return (
                f"Prompt caching: {what}, which {self.provider} may cache by itself; that would save up to "
                f"{dollars(self.saving[1])}, and how often it hits inside a batch is not documented."
            )
        low, high = (dollars(amount) for amount in self.saving)
        return f"Prompt caching: {what}; expected to save {low} to {high}, at 30 to 98 % of hits."


def plan(
    jobs: Iterable[tuple[int, Job, str]],
    prices: Prices,
    at: datetime,
    answered: Callable[[list[str]], AbstractSet[str]],
    *,
    wanted: bool = True,
) -> tuple[list[Shared], dict[int, CachedPart]]:
    """Return the beginnings that jobs share, and by row what is marked of those for which caching pays.

    Args:
        jobs: Row, job and identity of each; gone through once.
        prices: What they are billed by.
        at: The time, for prices.
        answered: Which of these identities have an answer already: those are not sent, so they hit nothing.
        wanted: Whether to mark; False: only to say.
    """
    told: list[Shared] = []
    marks: dict[int, CachedPart] = {}
    for shared in _groups(jobs, prices, at, answered):
        pays = shared.saving is not None and shared.saving[0] > 0 and shared.tokens >= shared.least
        if wanted and pays and shared.provider == "anthropic":
            marks.update(dict.fromkeys(shared.rows, shared.part))
            shared = replace(shared, marked=True)
        if wanted or shared.provider != "anthropic":
            told.append(shared)
    return told, marks


@dataclass(slots=True)
class _Alike:
    """Jobs that begin alike: one of them, and the rows of all with their identities."""

    job: Job
    rows: list[int]
    marks: list[str]


def _groups(
    jobs: Iterable[tuple[int, Job, str]],
    prices: Prices,
    at: datetime,
    answered: Callable[[list[str]], AbstractSet[str]],
) -> list[Shared]:
    """Beginnings shared by two jobs at least, each job counted with the longest it shares."""
    deep: dict[Hashable, _Alike] = {}
    flat: dict[Hashable, _Alike] = {}
    for row, job, mark in jobs:
        key = _key(job)
        if key is None:
            continue
        places = [(flat, key)]
        if documents := _documents(job):
            places.append((deep, (key, documents)))
        for place, name in places:
            alike = place.setdefault(name, _Alike(job, [], []))
            alike.rows.append(row)
            alike.marks.append(mark)
    several = [alike for alike in (*deep.values(), *flat.values()) if len(alike.rows) > 1]
    known = answered(list(dict.fromkeys(mark for alike in several for mark in alike.marks))) if several else set()
    shared: list[Shared] = []
    taken: set[int] = set()
    for part, group in (("documents", deep.values()), ("system", flat.values())):
        for alike in group:
            pairs = zip(alike.rows, alike.marks, strict=True)
            rows = [row for row, mark in pairs if mark not in known and row not in taken]
            has_part = part == "documents" or any(m.role == "system" for m in alike.job.messages)
            if len(rows) > 1 and has_part:
                taken.update(rows)
                shared.append(_shared(alike.job, rows, cast("CachedPart", part), prices, at))
    return shared


def _key(job: Job) -> Hashable | None:
    """What must be alike for two jobs to share a beginning; None where the user marks parts for the cache."""
    if job.provider not in PROVIDERS:
        return None
    params = canonical(dict(job.params)) if job.params else ""
    if "cache_control" in params or "cachedContent" in params or job.endpoint.startswith(("http", "batch:")):
        return None
    system = tuple(message.text for message in job.messages if message.role == "system")
    return (job.provider, job.model, system, params, job.schema_name, job.cite, id(job.schema) if job.schema else 0)


def _documents(job: Job) -> tuple[str, ...]:
    first = next((message for message in job.messages if message.role == "user"), None)
    return tuple(document.sha256 for document in first.documents) if first is not None else ()


def _shared(job: Job, rows: Sequence[int], part: CachedPart, prices: Prices, at: datetime) -> Shared:
    from ..providers.tokens import cache_minimum, estimate

    kept = [message for message in job.messages if message.role == "system"]
    if part == "documents":
        first = next(message for message in job.messages if message.role == "user")
        kept.append(replace(first, text=""))
    tokens = estimate(replace(job, messages=tuple(kept), schema=None, cite=None))
    try:
        price = prices.expected(job.provider, job.model, at)
        saving = (_saving(price, tokens, len(rows), LOWEST), _saving(price, tokens, len(rows), HIGHEST))
    except UnknownPriceError:
        saving = None
    return Shared(job.provider, job.model, part, rows, tokens, cache_minimum(job.provider, job.model), saving)


def _saving(price: Price, tokens: int, jobs: int, hits: Decimal) -> Decimal:
    """What caching saves when the first job and those that do not hit write the cache, and the others read it."""
    plain = price.cost(Usage(input_tokens=tokens))
    write = price.cost(Usage(input_tokens=tokens, cache_write_tokens=tokens))
    read = price.cost(Usage(input_tokens=tokens, cache_read_tokens=tokens))
    others = jobs - 1
    return jobs * plain - (write + others * (hits * read + (1 - hits) * write))


__all__ = ["Shared", "plan"]
