"""What programs written for batchata 0.4 are given: a job as a value, the state of a run as a dict, its batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..core import jobs as core
from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from ..core.submissions import Submission
from .asking import Asked
from .clock import utc
from .ids import safe_name
from .settings import MAX_TOKENS
from .store import Store

if TYPE_CHECKING:
    from .run import BatchRun


@dataclass(slots=True)
class Job:
    """One job as it was asked for; `Batch.jobs` has those of a batch. Jobs are added with `Batch.add_job`.

    Attributes:
        id: The job's id.
        model: Model.
        messages: Turns, `{"role": …, "content": …}`; None where there is a prompt.
        file: Document that the prompt is about.
        prompt: Text of the request; None where there are messages.
        temperature: Sampling temperature; None: the provider's own.
        max_tokens: Cap on output tokens.
        response_model: Pydantic class of the answer.
        enable_citations: Whether its fields get evidence.

    Raises:
        ValidationError: Both or neither of messages and prompt, or a file without a prompt.
    """

    id: str
    model: str
    messages: list[JsonObject] | None = None
    file: Path | None = None
    prompt: str | None = None
    temperature: float | None = None
    max_tokens: int = MAX_TOKENS
    response_model: type[Any] | None = None
    enable_citations: bool = False

    def __post_init__(self) -> None:
        if bool(self.messages) == bool(self.prompt):
            raise ValidationError("A job takes either messages, or a prompt (with or without a file).")
        if self.messages and self.file:
            raise ValidationError("A file goes with a prompt, not with messages.")

    def to_dict(self) -> JsonObject:
        """Return the job as JSON; the response model by its name."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "file": None if self.file is None else str(self.file),
            "response_model": None if self.response_model is None else self.response_model.__name__,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        """Rebuild a job from `to_dict`, but for its response model, of which only the name is kept.

        Args:
            data: The JSON form.
        """
        known = {name: data[name] for name in cls.__slots__ if data.get(name) is not None}
        return cls(**{**known, "file": Path(data["file"]) if data.get("file") else None, "response_model": None})


def asked_job(asked: Asked, defaults: Mapping[str, Any]) -> Job:
    """Return a job of a batch that has not been run."""
    values = {**defaults, **asked.stated}
    given = values.get("temperature"), values.get("max_tokens") or MAX_TOKENS
    return _job(asked.id, asked.model, asked.messages, *given, asked.response_model, bool(asked.cite))


def _job(
    job_id: str,
    model: str,
    messages: Sequence[core.Message],
    temperature: float | None,
    max_tokens: int,
    response_model: type[Any] | None,
    cites: bool,
) -> Job:
    turn, documents = messages[0], messages[0].documents
    if len(messages) > 1 or turn.role != "user" or not turn.text or len(documents) > 1:
        turns = [{"role": m.role, "content": m.text} for m in messages]
        return Job(job_id, model, turns, None, None, temperature, max_tokens, response_model, cites)
    file = Path(documents[0].path or documents[0].name) if documents else None
    return Job(job_id, model, None, file, turn.text, temperature, max_tokens, response_model, cites)


def _job_dict(job: core.Job) -> JsonObject:
    made = _job(job.id, job.model, job.messages, job.temperature, job.max_tokens, None, job.cite is not None)
    return {**made.to_dict(), "response_model": job.schema_name}


class JobsSent(Sequence[Job]):
    """The jobs of one batch at the provider, read from the store when looked at."""

    def __init__(self, store: Store, run_id: str, rows: Sequence[int]) -> None:
        self._store, self._run_id, self._rows = store, run_id, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, key: int) -> Job: ...
    @overload
    def __getitem__(self, key: slice) -> list[Job]: ...
    def __getitem__(self, key: int | slice) -> Job | list[Job]:
        rows = self._rows[key] if isinstance(key, slice) else [self._rows[key]]
        jobs = self._store.jobs(self._run_id, rows)
        made = [_job(j.id, j.model, j.messages, j.temperature, j.max_tokens, None, j.cite is not None) for j in jobs]
        return made if isinstance(key, slice) else made[0]


def batch_dict(s: Submission, jobs: Sequence[Job]) -> JsonObject:
    """Return what batchata's progress callback is told of one batch; its times are local and say no zone."""
    succeeded, is_over = s.outcomes["succeeded"], not s.is_open
    told: JsonObject = {
        "start_time": _local(s.at),
        "status": _status(s),
        "total": len(s.rows),
        "completed": succeeded if is_over or s.done is None else s.done,
        "failed": s.accounted - succeeded if is_over else s.failed or 0,
        "cost": float(s.cost),
        "estimated_cost": float(s.worst),
        "provider": s.provider,
        "jobs": jobs,
    }
    if is_over and s.closed_at is not None:
        told["completion_time"] = _local(s.closed_at)
    if told["status"] == "failed":
        told["error"] = s.reason or s.note or f"{told['failed'] or told['total']} of {told['total']} jobs failed"
    return told


def _status(s: Submission) -> str:
    if s.is_open:
        return "running"
    if s.state == "failed" or s.accounted > s.outcomes["succeeded"] + s.outcomes["cancelled"]:
        return "failed"
    return "cancelled" if s.outcomes["cancelled"] else "complete"


def _local(at: float) -> Any:
    return utc(at).astimezone().replace(tzinfo=None)


def state_dict(run: BatchRun, spec: Mapping[str, Any], jobs: Callable[[Sequence[int]], list[core.Job]]) -> JsonObject:
    """Return the state of a run as JSON, under the keys of batchata's state file."""
    from .launch import runner

    now = utc(runner().clock.now()).isoformat(timespec="seconds")
    results, told = run.results(wait=False), run.status()
    ended = {result.job_id for group in results.values() for result in group}
    open_rows = [row for row, job_id in enumerate(run.job_ids) if job_id not in ended]
    folder, source = spec.get("results_dir"), run.source
    return {
        "created_at": now,
        "pending_jobs": [_job_dict(job) for job in jobs(open_rows)],
        "completed_results": [
            {"job_id": r.job_id, "file_path": str(Path(folder) / f"{safe_name(r.job_id)}.json") if folder else None}
            for r in results["completed"]
        ],
        "failed_jobs": [{"id": r.job_id, "error": r.error, "timestamp": now} for r in results["failed"]],
        "cancelled_jobs": [{"id": r.job_id, "reason": r.error, "timestamp": now} for r in results["cancelled"]],
        "total_cost_usd": told["cost_usd"],
        "config": {
            "state_file": source.settings.state_file if source else str(run.store.path),
            "results_dir": folder,
            "max_parallel_batches": source.settings.max_parallel if source else run.drive.state.max_parallel,
            "items_per_batch": told["items_per_batch"],
            "cost_limit_usd": told["cost_limit_usd"],
            "default_params": {} if source is None else dict(source.defaults),
            "raw_files": bool(spec.get("raw_files", True)),
        },
    }
