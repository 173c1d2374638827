"""What happened in a run, frozen; a run's state is its events applied in order.

Rows are row numbers of the run, from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True, slots=True)
class Dated:
    """When it happened: seconds since 1970 (UTC)."""

    at: float


@dataclass(frozen=True, slots=True)
class Started(Dated):
    """The run was defined: `total` jobs, in batches at half the price, under a ceiling or none.

    `adaptive`: caps on output tokens may be lowered to what answers were found to need.
    """

    total: int
    limit: str | None = None
    time_limit: float | None = None
    max_attempts: int = 2
    max_parallel: int = 10
    adaptive: bool = False


@dataclass(frozen=True, slots=True)
class Reused(Dated):
    """These rows have a usable result from earlier; nothing is sent for them."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere(Dated):
    """The same jobs are under way in another run; their results are awaited, nothing is sent."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Returned(Dated):
    """Rows awaited elsewhere are to be sent by this run after all."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Submitting(Dated):
    """The intent, on disk before the request leaves: these rows, under this tag, with this worst case reserved.

    `caps`: model → cap on output tokens, lower than the jobs' own, with which all go out that have not been cut before.
    `way`: how its requests are put, where an endpoint may refuse one way and take another.
    """

    tag: str
    provider: str
    model: str
    rows: tuple[int, ...]
    reserved: str
    owner: str = ""
    caps: Mapping[str, int] | None = None
    way: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted(Dated):
    """The provider accepted the batch. `by_hand`: the user says so."""

    tag: str
    batch_id: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class SubmitFailed(Dated):
    """Provably not accepted. `retry_at` None: it never will be, and the rows are errored with `message`.

    `quota`: the provider asked to slow down, or its queue is full.
    """

    tag: str
    message: str
    retry_at: float | None = None
    kind: str = "provider_error"
    quota: bool = False


@dataclass(frozen=True, slots=True)
class SubmitUncertain(Dated):
    """Perhaps accepted, though no answer came; nothing of its rows is sent until the provider's list decides.

    `returned`: the call is over, so that nothing of it is on its way any more. `again`: sending it again may help.
    """

    tag: str
    message: str
    returned: bool = False
    again: bool = True


@dataclass(frozen=True, slots=True)
class NotFound(Dated):
    """The provider's list was read and has no such batch; once is not yet proof, lists lag behind."""

    tag: str


@dataclass(frozen=True, slots=True)
class Polled(Dated):
    """What the provider said of a batch that goes on."""

    tag: str
    state: str
    word: str
    done: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class Ended(Dated):
    """The provider ended the batch; `handle` is what fetching needs. `rejected`: nothing of it ran.

    `done`: how many rows it says were answered, where it counts them.
    """

    tag: str
    word: str
    handle: Mapping[str, Any]
    reason: str | None = None
    rejected: bool = False
    quota: bool = False
    no_results: bool = False
    done: int | None = None


@dataclass(frozen=True, slots=True)
class Landed(Dated):
    """A chunk of results, stored in the same transaction.

    Attributes:
        rows: `[row, outcome, error_kind, again]` each; `again` sends the row once more.
        cost: What they cost, in dollars.
        released: Reservation they gave back.
        saved: Real-time price less cost.
        cached: What prompt caches saved, in dollars; negative where writing them cost more.
        samples: Up to a few error messages by kind, for display.
        unpriced: Rows whose cost is not known, because no price is.
        cut: The highest cap on output tokens that has cut an answer for good, and the next one to try.
        lengths: Model → input and output tokens of each whole answer, where caps follow from them.
        refused: Rows that the endpoint refused for the way in which they were put, which another way may mend.
        refusal: What it said of one of them.
        unkept: Answers that pass over the schema altogether.
        unsent: Rows that never left this computer; they go out again, and this counts as no attempt.
    """

    tag: str
    rows: tuple[tuple[int, str, str | None, bool], ...]
    cost: str
    released: str
    saved: str = "0"
    cached: str = "0"
    samples: Mapping[str, str] | None = None
    unpriced: int = 0
    lengths: Mapping[str, Sequence[Sequence[int]]] | None = None
    cut: Sequence[int] | None = None
    refused: Sequence[int] | None = None
    refusal: str | None = None
    unkept: int = 0
    unsent: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class TurnedAway(Dated):
    """A batch was accepted, and later rejected because a queue was full: nothing of it ran, and its rows wait."""

    tag: str
    message: str
    retry_at: float


@dataclass(frozen=True, slots=True)
class OtherWay(Dated):
    """The endpoint takes no requests put in the way of this submission: its refused rows are put in another `way`.

    Nothing of them ran and nothing was charged, and it was no fault of theirs: it counts as no attempt. Without rows:
    it answered, and passed over the schema; what is sent from now on goes the other way.
    """

    tag: str
    provider: str
    model: str
    rows: tuple[int, ...]
    way: str
    message: str


@dataclass(frozen=True, slots=True)
class Closed(Dated):
    """All of a submission is accounted for; the rest of its reservation is released."""

    tag: str


@dataclass(frozen=True, slots=True)
class Adopted(Dated):
    """Rows awaited elsewhere have landed there: `[row, outcome, error_kind]` each."""

    rows: tuple[tuple[int, str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Refused(Dated):
    """Rows that cannot be sent after all (a file changed, say); nothing of them left the machine."""

    rows: tuple[int, ...]
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class CancelAsked(Dated):
    """The user, or the time limit, wants the run to end; what has finished is kept."""

    reason: str


@dataclass(frozen=True, slots=True)
class CancelSent(Dated):
    """The provider was asked to cancel one batch."""

    tag: str


@dataclass(frozen=True, slots=True)
class Paused(Dated):
    """Nothing more is sent until resumed; batches under way go on."""


@dataclass(frozen=True, slots=True)
class Resumed(Dated):
    """Sending goes on, also of what was held."""


@dataclass(frozen=True, slots=True)
class LimitSet(Dated):
    """A new ceiling; None for none. `adaptive`: whether caps on output tokens adapt from now on; None: as before."""

    limit: str | None
    adaptive: bool | None = None


@dataclass(frozen=True, slots=True)
class RetryAsked(Dated):
    """These rows are to be sent again, whatever their attempts."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Noted(Dated):
    """Something worth a line in the log."""

    text: str


@dataclass(frozen=True, slots=True)
class Over(Dated):
    """Nothing is under way and nothing will be sent: `finished`, `held`, `cancelled` or `failed`."""

    state: str
    needs: str | None = None
    message: str | None = None


Event = (
    Started | Reused | Elsewhere | Returned | Submitting | Submitted | SubmitFailed | SubmitUncertain | NotFound
    | Polled | Ended | Landed | TurnedAway | OtherWay | Closed | Adopted | Refused | CancelAsked | CancelSent | Paused
    | Resumed | LimitSet | RetryAsked | Noted | Over
)  # fmt: skip

KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
PLAIN_ROWS: frozenset[type[Any]] = frozenset({Reused, Elsewhere, Returned, Submitting, OtherWay, Refused, RetryAsked})
"""Those whose `rows` are row numbers and nothing else."""
