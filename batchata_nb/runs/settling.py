"""From what a user asks to jobs: parameters settled, checked by the provider, bounded, identified, and packed.

Jobs pass one by one; of each only its identity is kept, and what is stored of it goes to a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from ..core.jobs import CachedPart, CiteMode, Job, Marker
from .asking import Asked
from .ids import check_id
from .packing import PackedJobs, Place
from .records import JobRecord, Sizing
from .warn import warn

if TYPE_CHECKING:
    from ..providers.base import Provider


Identified = Iterable[tuple[int, Job, str]]
"""Row, job and identity of each."""
Cached = Callable[[Identified], Mapping[int, CachedPart]]
Places = Callable[[list[str]], Mapping[str, Place]]
CHUNK = 500
MARK_BYTES = 128
"""More than what a mark for the prompt cache adds to an encoded row."""


@dataclass(slots=True)
class Definition:
    """What a run is made of.

    Attributes:
        digest: Identifies it: its jobs' ids and identities, in order.
        marks: Identity of each job, in order.
        pairs: Providers and models, in the order of their first jobs.
        packed: The jobs as they are stored; None where they were only identified.
    """

    digest: str = ""
    marks: list[str] = field(default_factory=list)
    pairs: dict[tuple[str, str], None] = field(default_factory=dict)
    packed: PackedJobs | None = None

    @classmethod
    def of(cls, records: Iterable[JobRecord]) -> Definition:
        """Define a run of these jobs, each of which may be forgotten at once."""
        packed = PackedJobs()

        def pack() -> Iterator[tuple[Job, str]]:
            for record in records:
                packed.add(record)
                yield record.job, record.fingerprint

        return _gathered(pack(), cls(packed=packed))

    @property
    def models(self) -> list[str]:
        """Models, in the order of their first jobs."""
        return list(dict.fromkeys(model for _, model in self.pairs))


class Settler:
    """Makes jobs of what was asked for.

    Args:
        asked: What was asked for.
        defaults: Parameters of jobs that do not state their own.
        provider_name: The provider, where the user names it.
        provider: Provider by name.
        endpoint: By provider where answers come from, if not from the provider itself; see `Job.endpoint`.
        max_tokens: Cap on output tokens where none is stated.
        limited: A ceiling is set, so that each job needs a worst case.
        adaptive: Caps may be lowered, so that each job needs one that can be.
        cached: Goes through all jobs, and says by row which are marked for a prompt cache.
    """

    def __init__(
        self,
        asked: Sequence[Asked],
        defaults: Mapping[str, Any],
        *,
        provider_name: str | None,
        provider: Callable[[str], Provider],
        endpoint: Callable[[str], str],
        max_tokens: int,
        limited: bool = False,
        adaptive: bool = False,
        cached: Cached | None = None,
    ) -> None:
        self._asked = asked
        self._defaults = defaults
        self._provider_name = provider_name
        self._provider = provider
        self._endpoint = endpoint
        self._max_tokens = max_tokens
        self._limited, self._adaptive = limited, adaptive
        self._cached = cached
        self._adapters: dict[str, Provider] = {}
        self._left_out: set[tuple[str, str]] = set()
        self._warned = False
        self._latest: tuple[Asked, Job] | None = None

    def survey(self) -> Definition:
        """Identify the jobs, without checking and packing them: enough to know a run again."""

        def known() -> Iterator[tuple[Job, str]]:
            for _, job, mark in self._jobs():
                self._bounded(job)  # a ceiling may be new
                yield job, mark

        return _gathered(known(), Definition())

    def define(self, places: Places | None = None) -> Definition:
        """Check and pack all jobs.

        Args:
            places: Tells which identities have an answer in the store, and where there such a job stands. It was
                checked and packed before and is not sent, so it is taken from there; unless it has documents, whose
                files may since have other names.

        Raises:
            ValidationError: As `records` does.
        """
        if places is None:
            return Definition.of(self.records())
        packed = PackedJobs()

        def pack() -> Iterator[tuple[Job, str]]:
            cached = {} if self._cached is None else self._cached(self._jobs())
            jobs = self._jobs()
            while chunk := list(islice(jobs, CHUNK)):
                known = places([mark for _, job, mark in chunk if not job.documents])
                for row, job, mark in chunk:
                    if place := known.get(mark):
                        self._bounded(job)
                        packed.copy(row, job.id, place)
                    else:
                        packed.add(self._record(row, job, mark, cached))
                    yield job, mark

        return _gathered(pack(), Definition(packed=packed))

    def records(self) -> Iterator[JobRecord]:
        """Yield jobs complete, checked, bounded and with their identity.

        Raises:
            ValidationError: A job that the provider would refuse, two of the same id, or one whose worst case cannot be
                bounded though a ceiling is set; names the job.
        """
        cached = {} if self._cached is None else self._cached(self._jobs())
        for row, job, mark in self._jobs():
            yield self._record(row, job, mark, cached)

    def unusable(self) -> dict[int, str]:
        """Return the rows of jobs whose files their provider does not take, each with the reason."""
        found: dict[int, str] = {}
        for row, job, _ in self._jobs():
            check = getattr(self._adapters[job.model], "check_files", None)
            if check is None or not job.documents:
                continue
            try:
                check(job)
            except ValidationError as error:
                named = any(document.name in str(error) for document in job.documents)
                found[row] = str(error) if named else f"{job.documents[0].name}: {error}"
        return found

    def _record(self, row: int, job: Job, mark: str, cached: Mapping[int, CachedPart]) -> JobRecord:
        adapter = self._adapters[job.model]
        if row in cached:
            job = replace(job, cached=cached[row])
        try:
            adapter.check(job)
        except ValidationError as error:
            raise ValidationError(str(error) if len(self._asked) == 1 else f"Job {job.id}: {error}") from error
        self._bounded(job)
        size = adapter.encoded_size(job) + (MARK_BYTES if job.cached else 0)
        return JobRecord(job, _sizing(row, job, mark, size))

    def _bounded(self, job: Job) -> None:
        from ..providers.worst import fixed_room, unbounded

        if self._limited and (why := unbounded(job)):
            raise ValidationError(f"Job {job.id}: {why} Remove the limit, or what it names.")
        if self._adaptive and (why := fixed_room(job)):
            raise ValidationError(f"Job {job.id}: {why} Leave adaptive max_tokens out, or what it names.")

    def _jobs(self) -> Iterator[tuple[int, Job, str]]:
        """Yield each job with its row and identity; exact duplicates get a number."""
        from ..providers.registry import provider_for

        ids: set[str] = set()
        copies: dict[str, int] = {}
        scans: set[str] = set()
        marker = Marker()
        for row, item in enumerate(self._asked):
            if item.id in ids:
                raise ValidationError(f"Two jobs have the id {item.id!r}; give each its own (job_id= of add_job).")
            ids.add(item.id)
            check_id(item.id)
            if item.model not in self._adapters:
                self._adapters[item.model] = self._provider(provider_for(item.model, self._provider_name))
            job = self._settle(item, self._adapters[item.model])
            mark = marker.mark(job)
            copy = copies.get(mark, 0)
            copies[mark] = copy + 1
            if copy:
                job = replace(job, copy=copy)
                mark = marker.mark(job)
            scans.update(d.name for d in job.documents if job.cite and d.has_text is False)
            yield row, job, mark
        if not self._warned:
            self._warned = True
            _warn_of_scans(scans)

    def _settle(self, item: Asked, adapter: Provider) -> Job:
        """Join a job's own parameters with the defaults."""
        from ..providers.registry import cite_mode

        cite: CiteMode | None = None
        if item.cite is not None:
            documents = tuple(d for m in item.messages for d in m.documents)
            cite = cite_mode(adapter.name, item.cite, has_schema=item.schema is not None, documents=documents)
        before, made = self._latest or (None, None)
        if before is not None and made is not None and _alike(before, item) and made.cite == cite:
            # The next of many: only its id and messages are new.
            return Job(
                item.id, made.provider, made.model, item.messages, made.max_tokens, made.temperature, made.params,
                made.schema, made.schema_name, cite, endpoint=made.endpoint,
            )  # fmt: skip
        made = self._joined(item, adapter, cite)
        self._latest = item, made
        return made

    def _joined(self, item: Asked, adapter: Provider, cite: CiteMode | None) -> Job:
        """Make a job of its own parameters and the defaults; those the model refuses are left out with one warning."""
        shared = {k: v for k, v in self._defaults.items() if k != "model" and k not in item.stated and v is not None}
        made = self._job(item, adapter, cite, {**shared, **item.stated})
        refused: dict[str, str] = getattr(adapter, "refused_params", lambda _: {})(made) if shared else {}
        drop = {name: why for name, why in refused.items() if name in shared}
        for name, why in drop.items():
            if (item.model, name) not in self._left_out:
                self._left_out.add((item.model, name))
                warn(f"{item.model}: the default {name} is left out. {why}")
        if not drop:
            return made
        return self._job(item, adapter, cite, {**{k: v for k, v in shared.items() if k not in drop}, **item.stated})

    def _job(self, item: Asked, adapter: Provider, cite: CiteMode | None, values: dict[str, Any]) -> Job:
        cap, temperature = values.pop("max_tokens", self._max_tokens), values.pop("temperature", None)
        if not isinstance(cap, int) or cap < 1:
            raise ValidationError(f"max_tokens must be a whole number of at least 1, not {cap!r}.")
        name = None if item.schema is None else str(item.schema.get("title") or "answer")
        return Job(
            item.id,
            adapter.name,
            item.model,
            item.messages,
            cap,
            temperature,
            values,
            item.schema,
            name,
            cite,
            endpoint=self._endpoint(adapter.name),
        )


def _alike(one: Asked, other: Asked) -> bool:
    """Whether two jobs differ in their messages only; jobs that were added together share all other objects."""
    return (
        one.model == other.model
        and one.stated is other.stated
        and one.schema is other.schema
        and one.response_model is other.response_model
    )


def _gathered(jobs: Iterable[tuple[Job, str]], into: Definition) -> Definition:
    mark = hashlib.sha256()
    for job, fingerprint in jobs:
        mark.update(_line(job, fingerprint))
        into.marks.append(fingerprint)
        into.pairs[job.provider, job.model] = None
    into.digest = mark.hexdigest()
    return into


def _warn_of_scans(names: set[str]) -> None:
    """Say once that evidence cannot be pointed at where a PDF has no text; models read such pages all the same."""
    if names:
        first, *others = sorted(names)
        more = f" and {len(others):,} more PDFs hold" if others else " holds"
        warn(
            f"{first}{more} images only, no text layer: the model reads them, but no value can be shown in them. "
            "Recognise their text (OCR) first to get evidence."
        )


def _sizing(row: int, job: Job, mark: str, size: int) -> Sizing:
    from ..providers.tokens import bound
    from ..providers.worst import answers, cache_write, surcharge

    limit = bound(job)
    tokens = None if limit.how == "unknown" else limit.tokens
    outputs = job.max_tokens * answers(job)
    return Sizing(row, mark, job.provider, job.model, tokens, size, outputs, cache_write(job), str(surcharge(job)))


def digest(found: Iterable[JobRecord]) -> str:
    """Identify a run's definition: its jobs' ids and identities, in order."""
    mark = hashlib.sha256()
    for record in found:
        mark.update(_line(record.job, record.fingerprint))
    return mark.hexdigest()


def _line(job: Job, fingerprint: str) -> bytes:
    return f"{job.id}\0{fingerprint}\n".encode()
