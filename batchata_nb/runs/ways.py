"""How requests are put to an endpoint that may refuse one way and take another: which way now, and which one next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..core import events as ev
from ..core.submissions import Submission
from ..providers.base import ManyWays, Provider, Row

if TYPE_CHECKING:
    from .drive import Drive

PASSED_OVER = "its answers pass over the response_format"
KNOWN_FOR = 7 * 86400.0
"""How long later runs go by what was found; an endpoint may have been mended since."""


def way_now(drive: Drive, provider: str, model: str) -> str | None:
    """Return the way in which a model's requests go out now; None where a provider has only one."""
    there = drive.context.provider(provider)
    first = there.first_way() if isinstance(there, ManyWays) else None
    if first is None:
        return None
    found = drive.state.ways.get((provider, model))
    if found is None and drive.spec.get("base_url"):
        since = drive.context.clock.now() - KNOWN_FOR
        found = drive.context.store.way(str(drive.spec["base_url"]), provider, model, since)
    return found or first


def sender(provider: Provider, way: str | None) -> Callable[[str, Sequence[Row]], str]:
    """Return what submits the rows of a tag in a way."""
    return partial(provider.submit_in, way) if isinstance(provider, ManyWays) and way else provider.submit


def other_way(drive: Drive, s: Submission, said: str) -> str | None:
    """Return the way to take instead where the endpoint refused that of a submission, or one of its rows."""
    there = drive.context.provider(s.provider)
    return there.other_way(s.way, s.model, said) if isinstance(there, ManyWays) and s.way else None


def turned_back(drive: Drive, s: Submission, now: float) -> bool:
    """Whether a batch that has landed was refused row by row, or its schema passed over, and another way is taken.

    What was answered shows that a way is taken: then a row that was refused beside it is at fault itself. Answers that
    pass over the schema were billed, so that they are sent again only when the user says so.
    """
    if s.outcomes["succeeded"]:
        return False
    if s.refused and not s.outcomes["invalid"]:
        return take_other_way(drive, s, s.refusal, tuple(s.refused), now)
    return s.unkept > 0 and take_other_way(drive, s, PASSED_OVER, (), now)


def take_other_way(drive: Drive, s: Submission, said: str, rows: tuple[int, ...], now: float) -> bool:
    """Record that refused rows go out again in another way, if there is one."""
    found = other_way(drive, s, said)
    if found is None:
        return False
    current = drive.state.ways.get((s.provider, s.model), s.way)  # another submission may have met the refusal first
    way = found if current is None or current == s.way else current
    event = ev.OtherWay(now, s.tag, s.provider, s.model, rows, way, said)
    drive.hold(event)
    drive.context.store.append_unsent(drive.state.run_id, drive.state.seq, event)
    drive.applied(event)
    return True
