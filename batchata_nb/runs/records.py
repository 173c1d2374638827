"""What stands in the store, as values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..core.jobs import Job, JsonObject


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as defined: its identity, where it goes, and what bounds its price."""

    row: int
    job: Job
    fingerprint: str
    bound: int | None
    size: int


@dataclass(frozen=True, slots=True)
class Sizing:
    """What planning needs of a job, without its content."""

    row: int
    fingerprint: str
    provider: str
    model: str
    bound: int | None
    max_tokens: int
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A result on its way into the store."""

    row: int
    fingerprint: str
    outcome: str
    kind: str | None
    cost: Decimal | None
    fields: JsonObject | None
    body: JsonObject


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as listed."""

    run_id: str
    name: str
    created: float
    digest: str
    spec: JsonObject
    total: int
    over: str | None
