"""What the drives of a process share: the store, the providers, prices, the clock, and where blocking calls run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..providers.base import Provider
from .clock import Clock
from .costs import Prices
from .owner import is_gone
from .store import Store


class Work(Protocol):
    """Runs blocking calls elsewhere: `fn()` in the pool, then `done(result, error)` back on the runner's thread."""

    def __call__(self, fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Start a call; returns at once."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a drive works with.

    Attributes:
        store: Where everything is recorded.
        provider: Provider by name; raises `ProviderError` when it cannot be had.
        prices: The price book, or None when none is needed.
        clock: The time.
        work: Runs blocking calls off the runner's thread.
        call: Posts a function to the runner's thread and waits for it: back-pressure for streams of results.
        owner: Names this process in leases.
        models: The user's Pydantic classes by `schema_key`.
        wake: Asks the runner to drive another run of the same store too.
        gone: Whether the process of an owner has provably ended.
    """

    store: Store
    provider: Callable[[str], Provider]
    prices: Prices
    clock: Clock
    work: Work
    call: Callable[[Callable[[], None]], None]
    owner: str
    models: dict[str, type[Any]]
    wake: Callable[[str], None]
    gone: Callable[[str], bool] = is_gone
