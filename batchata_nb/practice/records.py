"""What the practice server remembers: batches, their rows, files.

A batch's progress is a function of its times and of now, never a running task: so it goes on while no process runs, and
two processes on one folder see the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

START, RUN = 0.1, 0.8
"""Shares of a batch's time: waiting before its first row, and running; the rest is finishing."""
CANCELLING = 0.1
"""Share of a batch's time that it takes to cancel."""


@dataclass(frozen=True, slots=True)
class RowRecord:
    """One row of a batch, as it was judged on arrival.

    Attributes:
        verdict: `ok`, `error` (refused or failed; `detail` says how), `expired`.
        mark: Word of the fault asked for in the prompt, or "".
        good, bad: Rows judged so up to and including this one.
    """

    idx: int
    row_id: str
    start: int
    size: int
    digest: str
    verdict: str
    mark: str
    detail: dict[str, Any] | None
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch. `fate` is None, or how the whole batch is to end (see `faults.FATES`)."""

    id: str
    provider: str
    created: float
    seconds: float
    total: int
    cancelled: float | None = None
    fate: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def ends(self) -> float:
        """When it ends, in Unix seconds; infinity for one that hangs."""
        if self.cancelled is not None:
            return self.cancelled + CANCELLING * self.seconds
        return float("inf") if self.fate == "stuck" else self.created + self.seconds

    def ended(self, now: float) -> bool:
        """Whether it has ended."""
        return now >= self.ends

    def started(self, now: float) -> bool:
        """Whether its first row could have begun."""
        return now >= self.created + START * self.seconds

    def finishing(self, now: float) -> bool:
        """Whether all rows are done and only the results are being written."""
        return self.fate != "stuck" and now >= self.created + (START + RUN) * self.seconds

    def done(self, now: float) -> int:
        """Number of rows done so far: the first so many; cancelling freezes it."""
        if self.fate == "stuck":
            return 0
        at = now if self.cancelled is None else min(now, self.cancelled)
        share = (at - self.created - START * self.seconds) / (RUN * self.seconds) if self.seconds else 1.0
        most = self.total // 2 if self.fate == "expired" else self.total
        return min(most, max(0, int(share * self.total)))


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One uploaded file."""

    id: str
    provider: str
    created: float
    expires: float | None
    size: int
    sha256: str
    meta: dict[str, Any]


def batch_record(row: Mapping[str, Any]) -> BatchRecord:
    """Return a batch as the database has it."""
    return BatchRecord(
        row["id"], row["provider"], row["created"], row["seconds"], row["total"], row["cancelled"], row["fate"],
        json.loads(row["meta"]), row["source"],
    )  # fmt: skip


def row_record(row: Mapping[str, Any]) -> RowRecord:
    """Return a row as the database has it."""
    detail = json.loads(row["detail"]) if row["detail"] is not None else None
    return RowRecord(
        row["idx"], row["row_id"], row["start"], row["size"], row["digest"], row["verdict"], row["mark"], detail,
        row["good"], row["bad"],
    )  # fmt: skip


def file_record(row: Mapping[str, Any]) -> FileRecord:
    """Return a file as the database has it."""
    return FileRecord(
        row["id"], row["provider"], row["created"], row["expires"], row["size"], row["sha256"], json.loads(row["meta"])
    )
