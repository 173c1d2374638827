"""A batch that was made elsewhere, by another program or in the provider's console: its results into the store.

Its jobs are known by nothing but the ids of its rows. They become a run of their own that was sent already, so that
what collects results from any batch collects these too. What it cost was not spent here: each result says its cost by
its tokens, the run's own money stays at zero.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.errors import ValidationError
from ..core.jobs import Job, JsonObject
from . import environment
from .launch import handle_of, runner, store_at
from .records import JobRecord, Sizing
from .schemas import schema_key, schema_of
from .settings import STATE_FILE, truth

if TYPE_CHECKING:
    from ..providers.base import BatchStatus, Provider
    from .run import BatchRun
    from .store import Store


def attach_batch(
    batch_id: str,
    *,
    provider: str,
    name: str = "attached",
    response_model: type[Any] | None = None,
    state_file: str | os.PathLike[str] = STATE_FILE,
    practice: bool | None = None,
    base_url: str | None = None,
    wait: bool = False,
) -> BatchRun:
    """Fetch the results of a provider's batch that was made elsewhere; attaching again gives the same run.

    Args:
        batch_id: The provider's id of the batch, such as `msgbatch_…`, `batch_…` or `batches/…`.
        provider: Where it is: `anthropic`, `openai`, `gemini`, or the name of an entry point.
        name: With the store, identifies the run.
        response_model: Pydantic class that the answers are read as; None: plain text.
        state_file: The state store.
        practice: Whether the practice provider has it; None: as `BATCHATA_PRACTICE` says.
        base_url: OpenAI-compatible endpoint that has it.
        wait: Wait for the batch to end; False: one that has not is refused.

    Returns:
        A run whose jobs have the ids of the batch's rows. `cost_usd` of a result is what it cost by its tokens; none of
        it counts as spent by the run.

    Raises:
        ValidationError: It has not ended, has no results, or is a batch of this store's own.
        ProviderError: The provider does not have it, or cannot be reached.
    """
    environment.read_dotenv()
    practice = truth(os.environ.get("BATCHATA_PRACTICE", "")) if practice is None else practice
    schema = None if response_model is None else schema_of(response_model)
    models = {} if response_model is None else {schema_key(schema): response_model}
    store = store_at(state_file)
    mark = _mark("run", provider, base_url or "", batch_id, schema_key(schema))
    same = store.same_run(name, mark)
    if same is not None:
        return handle_of(store, same.run_id, models)
    own = store.run_of_batch(batch_id)
    if own is not None and not own.spec.get("foreign"):
        raise ValidationError(f"{batch_id} is a batch of this store's run {own.name}: attach {own.run_id}.")
    there = environment.provider(provider, store.path.parent, practice=practice, base_url=base_url)
    there.ready()
    status = _ended(there, batch_id, wait)
    found = _rows(there, batch_id, status.handle)
    records = [
        _record(row, provider, batch_id, *pair, schema, response_model) for row, pair in enumerate(found.items())
    ]
    spec = {
        "models": list(dict.fromkeys(model for model in found.values())),
        "practice": practice,
        "base_url": base_url,
        "foreign": batch_id,
        "prices": [],
        "poll_interval": environment.poll_interval(practice),
    }
    run_id = _create(store, name, mark, spec, records, provider, batch_id)
    return handle_of(store, run_id, models)


def _ended(there: Provider, batch_id: str, wait: bool) -> BatchStatus:
    clock = runner().clock
    while (status := there.poll(batch_id)).state != "ended":
        if not wait:
            done = "" if status.total is None else f" ({status.done or 0:,} of {status.total:,} done)"
            raise ValidationError(
                f"{batch_id} has not ended at {there.name}: it is {status.word}{done}. Attach it when it has, or wait "
                "for it (wait=True, --wait)."
            )
        clock.sleep(environment.poll_interval(False))
    if status.rejected or status.no_results:
        why = f": {status.reason}" if status.reason else ""
        raise ValidationError(f"{batch_id} ended at {there.name} as {status.word} and has no results{why}.")
    return status


def _rows(there: Provider, batch_id: str, handle: Mapping[str, Any]) -> dict[str, str]:
    """Return the model of each row by its id, in the order of the results; lines without an id are told later."""
    found: dict[str, str] = {}
    for reply in there.fetch(batch_id, dict(handle)):
        if reply.row_id is not None:
            found.setdefault(reply.row_id, reply.model or "unknown")
    if not found:
        raise ValidationError(f"The results of {batch_id} hold no row with an id.")
    return found


def _record(
    row: int,
    provider: str,
    batch_id: str,
    row_id: str,
    model: str,
    schema: JsonObject | None,
    response_model: type[Any] | None,
) -> JobRecord:
    name = None if response_model is None else response_model.__name__
    job = Job(row_id, provider, model, (), 0, schema=schema, schema_name=name, endpoint=f"batch:{batch_id}")
    # What was asked is not known, so that no job of ours may ever take such an answer for its own.
    mark = _mark("row", provider, batch_id, row_id)
    return JobRecord(job, Sizing(row, mark, provider, model, 0, 0, 0))


def _create(
    store: Store, name: str, mark: str, spec: JsonObject, records: list[JobRecord], provider: str, batch_id: str
) -> str:
    """Record the run with all that says that it was sent: in one transaction, since nothing may ever send it."""
    run_id, now = "r" + uuid.uuid4().hex[:9], runner().clock.now()
    tag, rows = f"{run_id}-1", tuple(record.row for record in records)
    first: list[ev.Event] = [
        ev.Started(now, len(records), max_attempts=1),
        ev.Submitting(now, tag, provider, spec["models"][0], rows, "0"),
        ev.Submitted(now, tag, batch_id),
        ev.Noted(now, "made elsewhere: what it cost is told by its results, and counts as nothing spent here"),
    ]
    return store.create_run(run_id, name, now, mark, spec, records, first, sent=tag)


def _mark(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
