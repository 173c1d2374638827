"""Where requests go: the providers themselves, or the practice provider on this machine."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ..core.errors import ValidationError
from .costs import LivePrices, Prices

if TYPE_CHECKING:
    from ..providers.base import Provider

LIVE = "live"
PRACTICE = "practice"
"""The `Job.endpoint` of jobs for the practice provider: its answers are never taken for a model's."""
SECRETS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
SETTINGS = ("ANTHROPIC_", "OPENAI_", "GOOGLE_", "GEMINI_", "SSL_CERT_")
POLL_SECONDS, PRACTICE_POLL_SECONDS = 30.0, 0.25


def read_dotenv() -> None:
    """Read keys into the environment: Colab's secrets, then `.env` of the working folder or one above.

    What is set there already wins.
    """
    from dotenv import find_dotenv, load_dotenv

    if "google.colab" in sys.modules:
        _read_colab_secrets()
    found = find_dotenv(usecwd=True)
    if found:
        load_dotenv(found)


def _read_colab_secrets() -> None:
    """Take the keys that the user keeps in Colab's own panel and has opened to this notebook."""
    userdata = import_module("google.colab.userdata")
    for name in SECRETS:
        if name not in os.environ:
            with suppress(Exception):  # not there, not opened to this notebook, or refused in Colab's dialog
                os.environ[name] = str(userdata.get(name))


@lru_cache(maxsize=8)
def practice_environment(folder: Path) -> tuple[tuple[str, str], ...]:
    """Start the practice provider over a state folder, once per process; return its keys and base URLs."""
    from ..practice import PracticeServer

    seconds = float(os.environ.get("BATCHATA_PRACTICE_SECONDS", "4"))
    return tuple(PracticeServer(folder / PRACTICE, seconds=seconds).start().environment().items())


def provider(name: str, folder: Path, *, practice: bool, live: bool = False, base_url: str | None = None) -> Provider:
    """Return a provider, once per process and environment.

    Args:
        name: Its name.
        folder: Where state is kept: the practice provider's, and answers of real-time requests.
        practice: The practice provider in its place.
        live: Its real-time API behind the verbs of a batch API.
        base_url: The OpenAI-compatible endpoint that the user chose; practice stands above it.

    Raises:
        ProviderNotFoundError: There is none of this name.
        ValidationError: It has no real-time API that is known here, or takes no base URL.
    """
    environment, mark = practice_environment(folder) if practice else None, 0 if practice else _mark()
    url = None if practice else base_url
    if live:
        return _live_provider(name, environment, mark, folder / LIVE, url)
    return _provider(name, environment, mark, url)


def endpoint(name: str, *, practice: bool, base_url: str | None) -> str:
    """Return where a provider's answers come from, as a part of a job's identity; empty for the provider itself.

    Args:
        name: The provider.
        practice: The practice provider answers.
        base_url: The OpenAI-compatible endpoint that the user chose; without one, `OPENAI_BASE_URL` says.
    """
    if practice:
        return PRACTICE
    from ..providers.openai_compatible import base_url as in_one_form

    said = os.environ.get("OPENAI_BASE_URL", "").strip() if name == "openai" else ""
    url = base_url or (in_one_form(said) if said else "")
    return "" if urlsplit(url).hostname == "api.openai.com" else url


def _mark() -> int:
    """Changes when a key or base URL in the environment does, so that a corrected key takes effect at once."""
    return hash(frozenset(item for item in os.environ.items() if item[0].startswith(SETTINGS)))


@lru_cache(maxsize=64)
def _provider(
    name: str, environment: tuple[tuple[str, str], ...] | None, mark: int, base_url: str | None = None
) -> Provider:
    from ..providers import registry

    return registry.get(name, environment=None if environment is None else dict(environment), base_url=base_url)


@lru_cache(maxsize=64)
def _live_provider(
    name: str, environment: tuple[tuple[str, str], ...] | None, mark: int, folder: Path, base_url: str | None = None
) -> Provider:
    from ..providers.answering import can_answer
    from ..providers.common import SdkProvider
    from ..providers.live import LiveProvider

    inner = _provider(name, environment, mark, base_url)
    if not can_answer(inner):
        raise ValidationError(f"The provider {name!r} has no real-time API here; leave out --live.")
    return LiveProvider(cast("SdkProvider", inner), folder)


@lru_cache(maxsize=64)
def price_book(prices: tuple[tuple[str, str, str], ...], live: bool = False) -> Prices:
    """Return the price book with the user's prices: `(model, in, out)`, dollars per million tokens.

    Args:
        prices: At batch rates; for real-time work, what the user states is the real-time price.
        live: Whether the work is done in real time.
    """
    from decimal import Decimal

    from ..providers.prices import PriceBook

    stated = {model: (Decimal(given), Decimal(out)) for model, given, out in prices}
    return LivePrices(PriceBook(live_prices=stated)) if live else PriceBook(stated)


def poll_interval(near: bool) -> float:
    """Shortest time between two polls of one batch, in seconds; `BATCHATA_POLL_INTERVAL` sets it.

    Args:
        near: Whether polls leave this machine not at all: practice, and real-time work.
    """
    given = os.environ.get("BATCHATA_POLL_INTERVAL")
    return float(given) if given else (PRACTICE_POLL_SECONDS if near else POLL_SECONDS)


def reviewer_name() -> str:
    """Return who reviews results here: BATCHATA_REVIEWER, else the login name, else nothing."""
    given = os.environ.get("BATCHATA_REVIEWER", "").strip()
    if given:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without such a user
        return ""


def in_kernel() -> bool:
    """Whether a notebook kernel runs this code; asks without importing IPython."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return getattr(shell, "kernel", None) is not None
