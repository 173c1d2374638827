"""What a user asks of a run: cancel, pause, resume, retry, another ceiling, the fate of a lost submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.errors import BatchataError, StateError
from . import finding, retrying
from .settings import limit_text

if TYPE_CHECKING:
    from .drive import Drive


def command(drive: Drive, name: str, args: Mapping[str, Any]) -> None:
    """Carry out a command.

    Raises:
        BatchataError: It cannot be done; says why.
    """
    drive.revive()
    now, state = drive.context.clock.now(), drive.state
    if not drive.driving and not drive.lead(now):
        raise StateError(f"Another kernel drives {state.name}; give the command there, or stop that kernel.")
    drive.stopped = drive.stopped if name in ("cancel", "pause") else None
    match name:
        case "cancel":
            if not state.over and not state.cancelled:
                drive.record_events(ev.CancelAsked(now, "user"))
        case "pause":
            if not state.over and not state.paused:
                drive.record_events(ev.Paused(now))
        case "resume":
            drive.record_events(ev.Resumed(now))
        case "retry_failed" if drive.spec.get("foreign"):
            raise BatchataError(
                f"{state.name} was made elsewhere: what its jobs asked is not known, so not sent again."
            )
        case "retry_failed":
            retrying.retry(drive, args, now)
        case "raise_limit":
            adaptive = args.get("adaptive")
            drive.record_events(
                ev.LimitSet(now, limit_text(args.get("usd")), None if adaptive is None else bool(adaptive))
            )
        case "reconcile":
            finding.reconcile(drive, args, now)
        case _:
            raise BatchataError(f"There is no command {name!r}.")
