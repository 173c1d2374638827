"""A run that is only planned and priced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from ..core.results import JobResult
from .compat import state_dict
from .estimate import Estimate
from .records import JobRecord
from .run import BatchRun


class DryRun(BatchRun):
    """A planned batch: priced, and neither sent nor recorded."""

    is_dry = True

    def __init__(self, name: str, found: Sequence[JobRecord], priced: Estimate, spec: JsonObject) -> None:
        self._name = name
        self._found = list(found)
        self._estimate = priced
        self._spec = spec
        self.frame_kind, self.frame_index, self.skipped, self._rows = None, [], [], None

    @property
    def name(self) -> str:
        """The name the run would have."""
        return self._name

    @property
    def run_id(self) -> str:
        """Empty: nothing was recorded."""
        return ""

    @property
    def is_final(self) -> bool:
        """Always: nothing is under way."""
        return True

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<DryRun {self.name}: nothing was sent>\n{self._estimate}"

    @property
    def job_ids(self) -> list[str]:
        """The ids the jobs would have."""
        return [record.job.id for record in self._found]

    def _load(self, rows: Sequence[int]) -> list[JobResult]:
        jobs = [self._found[row].job for row in rows]
        return [
            JobResult(
                job.id, status="pending", model=job.model, attempts=0, documents=tuple(d.name for d in job.documents)
            )
            for job in jobs
        ]

    def status(self, print_status: bool = False) -> dict[str, Any]:
        """Return counts under batchata's keys: all pending."""
        limit = self._estimate.limit
        return {
            "total": len(self),
            "pending": len(self),
            "active": 0,
            "completed": 0,
            "failed": 0,
            "cancelled": 0,
            "cost_usd": 0.0,
            "cost_limit_usd": None if limit is None else float(limit),
            "is_complete": False,
            "batches_total": self._estimate.batches,
            "batches_completed": 0,
            "batches_pending": self._estimate.batches,
            "current_batch_index": 0,
            "current_batch_size": 0,
            "items_per_batch": self._spec.get("items_per_batch"),
        }

    def batches(self) -> dict[str, dict[str, Any]]:
        """Return nothing: no batch was made."""
        return {}

    def to_json(self) -> JsonObject:
        """Return the state as a dict for JSON: all pending."""
        return state_dict(self, self._spec, lambda rows: [self._found[row].job for row in rows])

    def estimate(self) -> Estimate:
        """Return what it would cost."""
        return self._estimate

    def wait(self, timeout: float | None = None, *, each: Any = None, interval: float = 1.0) -> BatchRun:
        """Return at once."""
        return self

    def _ended(self) -> BatchRun:
        return self

    def summary(self) -> JsonObject:
        """Return a summary in which nothing was sent."""
        return {
            "name": self.name,
            "state": "planned",
            "words": "Dry run: nothing was sent",
            "total": len(self),
            "elapsed": 0,
            "can": [],
        }

    def tell(self, command: str, **args: Any) -> None:
        """Refuse: a dry run takes no commands."""
        raise self._refusal(f"there is nothing to {command.replace('_', ' ')}")

    def _refusal(self, so: str) -> ValidationError:
        return ValidationError(f"{self.name} is a dry run; nothing was sent, so {so}.")

    def _no_results(self) -> ValidationError:
        return self._refusal("there are no results: run it without the dry run first")

    def __getattr__(self, name: str) -> Any:
        """Refuse what looks at a store or at what drives a run: a dry run has neither."""
        if name in ("drive", "store"):
            raise self._no_results()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def export_html(self, path: str | Path) -> Path:
        """Refuse: there are no results."""
        raise self._no_results()
