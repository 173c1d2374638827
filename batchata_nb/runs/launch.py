"""From a filled `Batch` to a run: check all, then find the run in the store or record it, and have it driven."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.errors import StateError, ValidationError
from ..core.jobs import JsonObject
from . import environment
from .caching import Shared
from .clock import utc
from .context import Context
from .defining import marked_for_cache, planned_provider, probe_all, settler_of, spec_of, stated_prices
from .drive import Drive
from .estimate import Estimate, estimate
from .preview import chosen, whole
from .records import JobRecord, RunRecord
from .runner import Runner
from .schemas import schema_key
from .settling import Definition, Settler
from .store import Store

if TYPE_CHECKING:
    from .builder import Batch
    from .run import BatchRun

AGAIN = ("cancelled", "time_limit", "expired", "missing", "provider_error")
"""What a re-run of the same cell sends again: failures in passing. What was paid for stands until `retry_failed()`."""

MOST_TOLD = 3
"""Shared beginnings that a dry run tells of."""
_runner: list[Runner] = []


def runner() -> Runner:
    """Return this process's runner; made on first use, and anew in a forked child."""
    if not _runner or _runner[0]._pid != os.getpid():
        _runner[:] = [Runner()]
    return _runner[0]


@lru_cache(maxsize=32)
def _store(path: Path, pid: int) -> Store:
    return Store(path)


def store_at(path: str | os.PathLike[str]) -> Store:
    """Return the store of a file, once per process."""
    file = Path(path).expanduser().absolute()
    if not file.exists():
        _store.cache_clear()
    return _store(file, os.getpid())


def launch(batch: Batch, *, name: str, fresh: bool, dry_run: bool) -> BatchRun:
    """Start a batch, or attach to its run.

    Raises:
        BatchataError: It cannot be run as it stands; nothing was sent or written.
    """
    from .dry_run import DryRun

    settings = batch.settings
    if not batch.asked:
        raise ValidationError("There are no jobs: add some with add_job or add_jobs, or --files or --over in a cell.")
    if settings.adaptive and settings.limit is None:
        raise ValidationError("Adaptive max_tokens spares what a cost limit reserves; set one, or leave it out.")
    environment.read_dotenv()
    planned = partial(planned_provider, base_url=settings.base_url)
    alike: list[Shared] = []
    settler = settler_of(batch, planned, partial(marked_for_cache, batch, fresh, alike))
    if batch.skips and (unusable := settler.unusable()):
        batch.leave_out(unusable)
    index, preview = list(batch.index), None
    found: list[JobRecord] = []
    if dry_run or settings.preview is not None:
        everything = list(settler.records())
        found, index = chosen(batch, everything)
        defined = Definition.of(found)
        preview = None if settings.preview is None or dry_run else whole(everything, found, settings)
    else:
        defined = _defined(settler, batch, name, fresh)
    spec = spec_of(batch, defined.models, fresh)
    spec["gold"] = bool(batch.gold)
    if {provider for provider, _ in defined.pairs} == {"openai"} and not settings.practice:
        # A run goes on where it began, also in a kernel whose environment says otherwise.
        spec["base_url"] = environment.endpoint("openai", practice=False, base_url=settings.base_url) or None
    if preview is not None:
        spec["preview"] = preview
    prices = environment.price_book(stated_prices(spec), settings.live)
    limits = {name: planned(name, settings.live).limits for name, _ in defined.pairs}
    if settings.limit is not None:
        for who, model in sorted(defined.pairs):
            prices.reserve(who, model, utc(runner().clock.now()), limits[who].window_hours)
    if dry_run:
        priced = estimate(found, prices, limits, settings.limit, settings.items_per_batch)
        priced.notes[1:1] = [str(shared) for shared in alike[:MOST_TOLD]]
        planned_run = DryRun(name, found, priced, spec)
        planned_run.source = batch
        return planned_run
    if not settings.practice and not _is_recorded(settings.state_file, name, defined.digest):
        probe_all(defined, planned, live=settings.live)
    return _begun(batch, name, defined, settler, spec, index, fresh)


def _begun(
    batch: Batch,
    name: str,
    defined: Definition,
    settler: Settler,
    spec: JsonObject,
    index: Sequence[Any],
    fresh: bool,
) -> BatchRun:
    """Record the run, or find it in the store, and return its handle."""
    from .run import BatchRun

    settings = batch.settings
    store = store_at(settings.state_file)
    models = {schema_key(schema): model for schema, model in batch.asked.models()}
    run_id, attached = _record(store, name, defined, settler, batch, spec, fresh)
    handle = BatchRun(
        _drive(store, run_id, models),
        store,
        models,
        frame_kind=batch.frame_kind,
        index=index,
        skipped=batch.skipped,
    )
    handle.source = batch
    if batch.gold:
        store.set_gold(run_id, batch.gold)
    if attached:
        _go_on(handle, settings.limit, settings.adaptive)
    return handle


def attach(run: str, *, state_file: str | os.PathLike[str], models: Mapping[str, type[Any]] | None = None) -> BatchRun:
    """Attach to a run of a store, by its id or name.

    Raises:
        StateError: The store has no such run; lists those there are.
    """
    if not Path(state_file).expanduser().exists():
        raise StateError(
            f"There is no state file {state_file}, so there are no runs yet. Name one of another name or place with "
            '%config Batchata.state = "…", or set_state(file=…).'
        )
    store = store_at(state_file)
    record = store.run(run) or store.latest_run(run)
    if record is None:
        names = ", ".join(dict.fromkeys(r.name for r in store.runs())) or "none"
        hint = ""
        if run.startswith(("msgbatch_", "batch_", "batches/")):
            hint = " A provider's batch that was made elsewhere is fetched with --provider P (attach_batch in Python)."
        raise StateError(f"This store has no run {run!r}; its runs are: {names}.{hint}")
    environment.read_dotenv()
    return handle_of(store, record.run_id, models or {})


def handle_of(store: Store, run_id: str, models: Mapping[str, type[Any]]) -> BatchRun:
    """Return the handle on a run of a store."""
    from .run import BatchRun

    known = dict(models)
    return BatchRun(_drive(store, run_id, known), store, known)


def _is_recorded(state_file: str, name: str, mark: str) -> bool:
    """Whether there is such a run; a store that is not there yet is not made for the question."""
    return Path(state_file).expanduser().exists() and store_at(state_file).same_run(name, mark) is not None


def _defined(settler: Settler, batch: Batch, name: str, fresh: bool) -> Definition:
    """Define the run. Jobs that the store has already as a run of this name are only identified, not checked again.

    Nor are those of other runs that have an answer.
    """
    if not Path(batch.settings.state_file).expanduser().exists():
        return settler.define()
    store = store_at(batch.settings.state_file)
    if store.has_run(name, len(batch.asked)):
        known = settler.survey()
        if store.same_run(name, known.digest):
            return known
    return settler.define() if fresh else settler.define(store.answered_places)


def _record(
    store: Store, name: str, defined: Definition, settler: Settler, batch: Batch, spec: JsonObject, fresh: bool
) -> tuple[str, bool]:
    """Return the run's id, and whether it was there already."""
    settings, now, mark = batch.settings, runner().clock.now(), defined.digest
    same = store.same_run(name, mark)
    if same is not None and not (fresh and same.over):
        return same.run_id, True
    packed = defined.packed if defined.packed is not None else settler.define().packed
    assert packed is not None
    usable, under_way = (set(), {}) if fresh else store.known(defined.marks)
    first: list[ev.Event] = [
        ev.Started(
            now,
            len(defined.marks),
            settings.limit,
            settings.time_limit,
            settings.max_attempts,
            settings.max_parallel,
            settings.adaptive,
        )
    ]
    rows = list(enumerate(defined.marks))
    reused = tuple(row for row, each in rows if each in usable)
    elsewhere = tuple(row for row, each in rows if each in under_way and each not in usable)
    first += [ev.Reused(now, reused)] if reused else []
    first += [ev.Elsewhere(now, elsewhere)] if elsewhere else []
    run_id = "r" + uuid.uuid4().hex[:9]
    recorded = store.create_run(run_id, name, now, mark, spec, packed, first, attach=not fresh)
    return recorded, recorded != run_id


def _drive(store: Store, run_id: str, models: dict[str, type[Any]]) -> Drive:
    """Return the one drive of a run in this process."""
    key = (str(store.path), run_id)
    owner = runner()

    def make() -> Drive:
        record = store.run(run_id)
        assert record is not None
        return Drive(_context(store, record, models, key), record)

    drive = owner.drive(key, make)
    drive.context.models.update(models)
    return drive


def _context(store: Store, record: RunRecord, models: dict[str, type[Any]], key: tuple[str, str]) -> Context:
    owner = runner()
    practice, live = bool(record.spec.get("practice")), bool(record.spec.get("live"))
    return Context(
        store=store,
        provider=partial(
            environment.provider,
            folder=store.path.parent,
            practice=practice,
            live=live,
            base_url=record.spec.get("base_url"),
        ),
        prices=environment.price_book(stated_prices(record.spec), live),
        clock=owner.clock,
        work=partial(owner.work, key),
        call=owner.call,
        owner=owner.owner,
        models=dict(models),
        wake=lambda other: owner.adopt((str(store.path), other), partial(_other, store, other)),
    )


def _other(store: Store, run_id: str) -> Drive:
    record = store.run(run_id)
    assert record is not None
    return Drive(_context(store, record, {}, (str(store.path), run_id)), record)


def _go_on(run: BatchRun, limit: str | None, adaptive: bool) -> None:
    """The same cell again: take over a changed ceiling, and send again what failed in passing."""
    state = run.drive.state
    if limit != (None if state.ledger.limit is None else str(state.ledger.limit)) or adaptive != state.adaptive:
        run.tell("raise_limit", usd=limit, adaptive=adaptive)
    if state.over == "failed":
        run.tell("resume")
    for kind in AGAIN:
        if state.over and any(k == kind for k in list(state.kinds.values())):
            run.tell("retry_failed", kind=kind)


__all__ = ["Estimate", "attach", "launch", "runner", "store_at"]
