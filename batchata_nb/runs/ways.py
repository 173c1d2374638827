"""How requests are put to an endpoint that may refuse one way and take another: which way now, and which one next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import events as ev
from ..core.submissions import Submission

if TYPE_CHECKING:
    from .drive import Drive

KNOWN_FOR = 7 * 86400.0
"""How long later runs go by what was found; an endpoint may have been mended since."""


def way_now(drive: Drive, provider: str, model: str) -> str | None:
    """Return the way in which a model's requests go out now; None where a provider has only one."""
    first = getattr(drive.context.provider(provider), "first_way", lambda: None)()
    if first is None:
        return None
    found = drive.state.ways.get((provider, model))
    if found is None and drive.spec.get("base_url"):
        since = drive.context.clock.now() - KNOWN_FOR
        found = drive.context.store.way(str(drive.spec["base_url"]), provider, model, since)
    return found or first


def other_way(drive: Drive, s: Submission, said: str) -> str | None:
    """Return the way to take instead where the endpoint refused that of a submission, or one of its rows."""
    find = getattr(drive.context.provider(s.provider), "other_way", None)
    found: str | None = None if find is None or s.way is None else find(s.way, s.model, said)
    return found


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
