"""The life of a submission, as one table; whatever is not in it cannot happen.

submitting ──Submitted──▶ running ──Ended──▶ collecting ──Closed──▶ closed
│  └─SubmitUncertain─▶ uncertain ─Submitted─▲   (Landed: a chunk of results)
└────SubmitFailed────▶ failed ◀─SubmitFailed─┘    TurnedAway (a full queue): back to failed
OtherWay, from submitting, uncertain or collecting, ends one in failed: its rows go out again, put in another way.
A batch that the user took for a lost one, and that has none of its rows, goes from collecting back to uncertain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from . import events as ev

NEXT: dict[tuple[str, type], str] = {
    ("", ev.Submitting): "submitting",
    ("submitting", ev.Submitted): "running",
    ("submitting", ev.SubmitFailed): "failed",
    ("submitting", ev.SubmitUncertain): "uncertain",
    ("submitting", ev.OtherWay): "failed",
    ("uncertain", ev.Submitted): "running",
    ("uncertain", ev.SubmitFailed): "failed",
    ("uncertain", ev.SubmitUncertain): "uncertain",
    ("uncertain", ev.NotFound): "uncertain",
    ("running", ev.Polled): "running",
    ("running", ev.CancelSent): "running",
    ("running", ev.Ended): "collecting",
    ("collecting", ev.Ended): "collecting",
    ("collecting", ev.Landed): "collecting",
    ("collecting", ev.TurnedAway): "failed",
    ("uncertain", ev.OtherWay): "failed",
    ("collecting", ev.OtherWay): "failed",
    ("collecting", ev.SubmitUncertain): "uncertain",
    ("collecting", ev.Closed): "closed",
}


@dataclass(slots=True)
class Submission:
    """What a provider accepted, or may have accepted, as one batch."""

    tag: str
    provider: str
    model: str
    rows: tuple[int, ...]
    at: float
    owner: str = ""
    caps: Mapping[str, int] = field(default_factory=dict)
    way: str | None = None
    state: str = ""
    batch_id: str | None = None
    batch_state: str = "queued"
    word: str = ""
    done: int | None = None
    failed: int | None = None
    handle: Mapping[str, Any] = field(default_factory=dict)
    rejected: bool = False
    quota: bool = False
    no_results: bool = False
    reason: str | None = None
    cancel_sent: bool = False
    by_hand: bool = False
    uncertain_at: float = 0.0
    returned: bool = False
    again: bool = True
    doubt: str = ""
    absent: int = 0
    refused: list[int] = field(default_factory=list)
    refusal: str = ""
    unkept: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    worst: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    closed_at: float | None = None
    # set by whoever drives, not by events: what a restart may forget
    busy: bool = False
    next_at: float = 0.0
    note: str | None = None
    looks: int = 0
    gone_since: float | None = None
    candidates: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the provider may still work on it, or results are still to come."""
        return self.state not in ("closed", "failed")

    @property
    def accounted(self) -> int:
        """Rows with an outcome; equal to the rows sent once it is closed."""
        return sum(self.outcomes.values())
