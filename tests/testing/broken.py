"""Providers that break rules, each in one way, for the tests of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from batchata_nb.core.errors import ProviderError
from batchata_nb.core.results import Reply
from batchata_nb.practice import KEY
from batchata_nb.providers.anthropic import AnthropicProvider
from batchata_nb.providers.base import Found, Row
from batchata_nb.testing import Subject


class Repeats(AnthropicProvider):
    """Sends the request that creates a batch again when it fails."""

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        try:
            return super().submit(tag, rows)
        except ProviderError as error:
            if not error.ambiguous:
                raise
        return super().submit(tag, rows)


class Certain(AnthropicProvider):
    """Takes every failure for proof that nothing took effect."""

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        try:
            return super().submit(tag, rows)
        except ProviderError as error:
            error.ambiguous = False
            raise


class Tells(AnthropicProvider):
    """Shows the key in its messages."""

    def _secrets(self) -> list[str]:
        return []


class Forgets(AnthropicProvider):
    """Ends its results early, without a word."""

    def fetch(self, batch_id: str, handle: Any) -> Iterator[Reply]:
        replies = super().fetch(batch_id, handle)
        yield next(replies)


class Blind(AnthropicProvider):
    """Finds no batch."""

    def find(self, tag: str, since: Any, rows: int) -> Found:
        return Found()


class Rash(AnthropicProvider):
    """Takes the newest batch for the one that is looked for."""

    def find(self, tag: str, since: Any, rows: int) -> Found:
        found = super().find(tag, since, rows)
        return Found(batch_id=found.batch_id or (next(iter(found.candidates), "msgbatch_none")))


class Raises(AnthropicProvider):
    """Raises the SDK's own errors."""

    def translated(self, *, creating: bool = False) -> Any:
        from contextlib import nullcontext

        return nullcontext()


class Deaf(AnthropicProvider):
    """Lacks a verb, and its limits hold nothing."""

    cancel = None  # type: ignore[assignment]
    limits = type(AnthropicProvider.limits)(rows=0, bytes=1, row_bytes=2, mixed_models=True, window_hours=24)


def ready_made() -> Subject:
    """A subject as a third party would write it."""
    return Subject(AnthropicProvider, "claude-sonnet-5-5", {"ANTHROPIC_API_KEY": KEY}, key="ANTHROPIC_API_KEY")


SUBJECT = ready_made()
