"""Where requests go: the providers themselves, or the practice provider on this machine."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..providers.base import Provider
    from ..providers.prices import PriceBook

PRACTICE = "practice"
"""The `Job.endpoint` of jobs for the practice provider: its answers are never taken for a model's."""
SETTINGS = ("ANTHROPIC_", "OPENAI_", "GOOGLE_", "GEMINI_")
POLL_SECONDS, PRACTICE_POLL_SECONDS = 30.0, 0.25


def read_dotenv() -> None:
    """Read `.env` of the working folder or one above into the environment; what is set there already wins."""
    from dotenv import find_dotenv, load_dotenv

    found = find_dotenv(usecwd=True)
    if found:
        load_dotenv(found)


@lru_cache(maxsize=8)
def practice_environment(folder: Path) -> tuple[tuple[str, str], ...]:
    """Start the practice provider over a state folder, once per process; return its keys and base URLs."""
    from ..practice import PracticeServer

    seconds = float(os.environ.get("BATCHATA_PRACTICE_SECONDS", "4"))
    return tuple(PracticeServer(folder / PRACTICE, seconds=seconds).start().environment().items())


def provider(name: str, folder: Path, *, practice: bool) -> Provider:
    """Return a provider, once per process and environment.

    Raises:
        ProviderNotFoundError: There is none of this name.
    """
    return _provider(name, practice_environment(folder) if practice else None, 0 if practice else _mark())


def _mark() -> int:
    """Changes when a key or base URL in the environment does, so that a corrected key takes effect at once."""
    return hash(frozenset(item for item in os.environ.items() if item[0].startswith(SETTINGS)))


@lru_cache(maxsize=64)
def _provider(name: str, environment: tuple[tuple[str, str], ...] | None, mark: int) -> Provider:
    from ..providers import registry

    return registry.get(name, environment=None if environment is None else dict(environment))


@lru_cache(maxsize=64)
def price_book(prices: tuple[tuple[str, str, str], ...]) -> PriceBook:
    """Return the price book with the user's prices: `(model, in, out)`, dollars per million tokens at batch rates."""
    from decimal import Decimal

    from ..providers.prices import PriceBook

    return PriceBook({model: (Decimal(given), Decimal(out)) for model, given, out in prices})


def poll_interval(practice: bool) -> float:
    """Shortest time between two polls of one batch, in seconds; `BATCHATA_POLL_INTERVAL` sets it."""
    given = os.environ.get("BATCHATA_POLL_INTERVAL")
    return float(given) if given else (PRACTICE_POLL_SECONDS if practice else POLL_SECONDS)


def in_kernel() -> bool:
    """Whether a notebook kernel runs this code; asks without importing IPython."""
    import sys

    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return getattr(shell, "kernel", None) is not None
