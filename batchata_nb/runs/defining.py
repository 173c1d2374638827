"""What a run is to be, before it is recorded: its jobs, their marks for the prompt cache, how it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.jobs import CachedPart, JsonObject
from . import environment
from .caching import Shared, plan
from .clock import utc
from .settings import MAX_TOKENS
from .settling import Cached, Definition, Identified, Settler

if TYPE_CHECKING:
    from ..providers.base import Provider
    from .builder import Batch


def marked_for_cache(batch: Batch, fresh: bool, alike: list[Shared], jobs: Identified) -> dict[int, CachedPart]:
    """Say which jobs are marked for the prompt cache; a preview is too small to pay for writing it."""
    from .launch import runner, store_at

    settings = batch.settings
    first = next(iter(batch.asked))
    if settings.preview is not None or not any(m.role == "system" or m.documents for m in first.messages):
        return {}

    def answered(marks: list[str]) -> set[str]:
        there = not fresh and Path(settings.state_file).expanduser().exists()
        return store_at(settings.state_file).known(marks)[0] if there else set()

    prices = environment.price_book(stated_prices(spec_of(batch, [], fresh)), settings.live)
    found, marks = plan(jobs, prices, utc(runner().clock.now()), answered, wanted=settings.cache)
    alike[:] = found
    return marks


def settler_of(batch: Batch, planned: Callable[[str], Provider], cached: Cached) -> Settler:
    """Return what makes jobs of what a batch asks for."""
    settings = batch.settings
    return Settler(
        batch.asked,
        batch.defaults,
        provider_name=settings.provider or ("openai" if settings.base_url else None),
        provider=planned,
        endpoint=partial(environment.endpoint, practice=settings.practice, base_url=settings.base_url),
        max_tokens=MAX_TOKENS,
        limited=settings.limit is not None,
        adaptive=settings.adaptive,
        cached=cached,
    )


def probe_all(defined: Definition, planned: Callable[[str], Provider], *, live: bool) -> None:
    """Ask for a key, and whether the key may use the models."""
    from ..providers.probing import probe

    for name in dict.fromkeys(name for name, _ in defined.pairs):
        planned(name).ready()
    for name, model in sorted(defined.pairs):
        probe(planned(name), model, live=live)


def planned_provider(name: str, live: bool = False, base_url: str | None = None) -> Provider:
    """A provider for what needs no network: checks, sizes and limits."""
    return environment.provider(name, Path(), practice=False, live=live, base_url=base_url)


def spec_of(batch: Batch, models: list[str], fresh: bool) -> JsonObject:
    """Return how a run was asked for, as it is kept with it."""
    settings = batch.settings
    return {
        "models": models,
        "practice": settings.practice,
        "live": settings.live,
        "base_url": settings.base_url,
        "items_per_batch": settings.items_per_batch,
        "fresh": fresh,
        "budget": settings.budget,
        "results_dir": settings.results_dir and str(Path(settings.results_dir).absolute()),
        "raw_files": settings.raw_files,
        "poll_interval": settings.poll_interval or environment.poll_interval(settings.practice or settings.live),
        "prices": [[model, given, out] for model, (given, out) in sorted(batch.prices.items())],
    }


def stated_prices(spec: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return the prices that the user stated for a run: model, in, out."""
    return tuple((str(model), str(given), str(out)) for model, given, out in spec.get("prices") or ())
