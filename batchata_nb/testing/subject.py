"""What is tested, what is found, and what tests are made of."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, cast

from ..core.errors import ProviderError
from ..core.jobs import Job, Message
from ..core.results import Reply
from ..providers.base import BatchStatus, Provider, Row
from ..providers.common import wait

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PAUSE, LONGEST_PAUSE = 0.05, 10.0
"""Seconds between polls, at first and at most; each pause is a half longer than the last."""


class BrokenRuleError(AssertionError):
    """A rule is broken; the message says how."""


class NotTriedError(Exception):
    """A rule cannot be tried here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one rule.

    Attributes:
        rule: The rule, in one sentence.
        state: `kept`, `broken`, or `skipped` where it could not be tried.
        why: How it was broken, or what is missing to try it; empty where it was kept.
    """

    rule: str
    state: Literal["kept", "broken", "skipped"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider to test.

    Attributes:
        make: Returns the provider, given variables that take precedence over those of the process (or None).
        model: Model that a few small jobs are sent to.
        environment: Variables that lead to a test service.
        key: Name of the variable that holds the key, or None where there is none.
        base_url: Name of the variable that holds the base URL, or None: then no failures are brought about.
        polls: Most polls of one batch before it counts as never ending.
    """

    make: Callable[[Mapping[str, str] | None], object]
    model: str
    environment: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    base_url: str | None = None
    polls: int = 400

    def provider(self, **changes: str) -> Provider:
        """Return the provider.

        Args:
            **changes: Variables that are changed for it.
        """
        return cast("Provider", self.make({**self.environment, **changes}))

    def value(self, variable: str) -> str:
        """Return what a variable holds.

        Args:
            variable: Its name.
        """
        return self.environment.get(variable) or os.environ.get(variable, "")

    @property
    def secret(self) -> str:
        """The key, empty where there is none."""
        return self.value(self.key) if self.key else ""

    def job(self, text: str = "Say yes.", **changes: object) -> Job:
        """Return a small job.

        Args:
            text: Its prompt.
            **changes: Attributes of the `Job` that are other than usual.
        """
        values: dict[str, object] = {
            "id": "job",
            "provider": str(getattr(self.provider(), "name", "")),
            "model": self.model,
            "messages": (Message("user", text),),
            "max_tokens": 64,
            **changes,
        }
        return Job(**values)  # type: ignore[arg-type]

    def rows(self, tag: str, count: int) -> list[Row]:
        """Return rows of small jobs, as a run makes them.

        Args:
            tag: Tag of the submission, in front of each row's id.
            count: How many.
        """
        return [Row(f"{tag}-{n:06d}", self.job(f"Say {n}.", id=f"job-{n}")) for n in range(count)]

    @staticmethod
    def tag() -> str:
        """Return a tag that was never used."""
        return f"r{uuid.uuid4().hex[:9]}-1"

    def ended(self, provider: Provider, batch_id: str) -> BatchStatus:
        """Poll a batch to its end.

        Args:
            provider: The provider.
            batch_id: Its batch.

        Raises:
            BrokenRuleError: It does not end, or a status is none.
        """
        pause = PAUSE
        for _ in range(self.polls):
            status = provider.poll(batch_id)
            ensure(isinstance(status, BatchStatus), f"poll returned {status!r}, which is no BatchStatus")
            if status.state == "ended":
                return status
            ensure(status.state in ("queued", "running", "cancelling"), f"{status.state!r} is no state of a batch")
            wait(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        raise BrokenRuleError(f"the batch did not end within {self.polls} polls")


def ensure(holds: bool, how: str) -> None:
    """Raise `BrokenRuleError` unless something holds."""
    if not holds:
        raise BrokenRuleError(how)


@contextmanager
def raising(kind: type[Exception], what: str) -> Iterator[list[Exception]]:
    """Ensure that the body raises an error of a kind, which stands in the list afterwards."""
    caught: list[Exception] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
    except Exception as error:
        raise BrokenRuleError(f"{what} raised {type(error).__name__} ({error}), not {kind.__name__}") from error
    else:
        raise BrokenRuleError(f"{what} raised nothing; it must raise {kind.__name__}")


def provider_error(caught: Sequence[Exception]) -> ProviderError:
    """Return the provider error that was caught."""
    [error] = caught
    ensure(isinstance(error, ProviderError), f"{type(error).__name__} is no ProviderError")
    return cast("ProviderError", error)


def once_each(replies: Sequence[Reply], rows: Sequence[Row]) -> None:
    """Ensure that each row has exactly one reply, and that there are no others."""
    found, sent = sorted(str(reply.row_id) for reply in replies), sorted(row.row_id for row in rows)
    ensure(found == sent, f"sent the rows {sent}, got replies of {found}")
