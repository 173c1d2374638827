"""From what a user asks to jobs: parameters settled, checked by the provider, bounded, and identified."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from ..core.jobs import CiteMode, Document, Job, JsonObject, Message
from .environment import PRACTICE
from .records import JobRecord, Sizing
from .writing import sendable

if TYPE_CHECKING:
    from ..providers.base import Provider

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Asked:
    """One job as the user asked for it.

    `stated` holds the parameters given for it, without defaults; `item` is what it is about: the jobs of several models
    on one input share it.
    """

    id: str
    messages: tuple[Message, ...]
    model: str
    response_model: type[Any] | None
    schema: JsonObject | None
    cite: CiteMode | None
    stated: Mapping[str, Any]
    item: str = ""


def conversation(
    messages: Sequence[Mapping[str, Any]] | None, prompt: str | None, file: str | os.PathLike[str] | None
) -> tuple[Message, ...]:
    """Return the turns of a job given as messages, or as a prompt with or without a file.

    Raises:
        ValidationError: A turn has no known role or no text, or the file cannot be used.
    """
    if messages is None:
        documents: tuple[Document, ...] = ()
        if file is not None:
            from ..documents.files import open_document

            documents = (open_document(os.fspath(file)),)
        return (Message("user", _text(prompt), documents),)
    turns = []
    for number, message in enumerate(messages, 1):
        role = message.get("role")
        if role not in ROLES:
            raise ValidationError(f"Message {number} has the role {role!r}; roles are {', '.join(ROLES)}.")
        turns.append(Message(role, _text(message.get("content"))))
    if not any(turn.role == "user" for turn in turns):
        raise ValidationError("The messages hold no turn of the role user.")
    return tuple([t for t in turns if t.role == "system"] + [t for t in turns if t.role != "system"])


def _text(content: Any) -> str:
    if isinstance(content, Sequence) and not isinstance(content, str):
        parts = [
            part.get("text") if isinstance(part, Mapping) and part.get("type") == "text" else None for part in content
        ]
        content = None if None in parts else "\n".join(str(part) for part in parts)
    if not isinstance(content, str) or not content.strip():
        raise ValidationError(
            "The text of a prompt or message must be a string that is not empty; attach documents with file=…."
        )
    return sendable(content)


def records(
    asked: Sequence[Asked],
    defaults: Mapping[str, Any],
    *,
    provider_name: str | None,
    provider: Callable[[str], Provider],
    practice: bool,
    limited: bool,
    max_tokens: int,
    adaptive: bool = False,
    base_url: str | None = None,
) -> Iterator[JobRecord]:
    """Yield jobs as they are stored: complete, checked, bounded and with their identity.

    Raises:
        ValidationError: A job that the provider would refuse, two of the same id, or one whose worst case cannot be
            bounded though a ceiling is set; names the job.
    """
    from ..providers.registry import provider_for
    from ..providers.worst import fixed_room, unbounded

    seen_ids: set[str] = set()
    copies: dict[str, int] = {}
    left_out: set[tuple[str, str]] = set()
    scans: set[str] = set()
    adapters: dict[str, Provider] = {}
    for row, item in enumerate(asked):
        if item.id in seen_ids:
            raise ValidationError(f"Two jobs have the id {item.id!r}; ids must be unique within a run.")
        seen_ids.add(item.id)
        if item.model not in adapters:
            adapters[item.model] = provider(provider_for(item.model, provider_name))
        adapter = adapters[item.model]
        job = _settle(item, defaults, adapter, PRACTICE if practice else base_url or "", max_tokens, left_out)
        try:
            adapter.check(job)
        except ValidationError as error:
            raise ValidationError(str(error) if len(asked) == 1 else f"Job {item.id}: {error}") from error
        scans.update(d.name for d in job.documents if job.cite and d.has_text is False)
        mark = job.fingerprint
        copy = copies.get(mark, 0)
        copies[mark] = copy + 1
        if copy:
            job = replace(job, copy=copy)
            mark = job.fingerprint
        if limited and (why := unbounded(job)):
            raise ValidationError(f"Job {item.id}: {why} Remove the limit, or what it names.")
        if adaptive and (why := fixed_room(job)):
            raise ValidationError(f"Job {item.id}: {why} Leave adaptive max_tokens out, or what it names.")
        yield JobRecord(job, _sizing(row, job, mark, adapter.encoded_size(job)))
    _warn_of_scans(scans)


def _warn_of_scans(names: set[str]) -> None:
    """Say once that evidence cannot be pointed at where a PDF has no text; models read such pages all the same."""
    if names:
        first, *others = sorted(names)
        more = f" and {len(others):,} more PDFs hold" if others else " holds"
        warnings.warn(
            f"{first}{more} images only, no text layer: the model reads them, but no value can be shown in them. "
            "Recognise their text (OCR) first to get evidence.",
            UserWarning,
            stacklevel=2,
        )


def _settle(
    item: Asked,
    defaults: Mapping[str, Any],
    adapter: Provider,
    endpoint: str,
    max_tokens: int,
    left_out: set[tuple[str, str]],
) -> Job:
    """Join a job's own parameters with the defaults; defaults that the model refuses are left out with one warning."""
    from ..providers.registry import cite_mode

    shared = {k: v for k, v in defaults.items() if k != "model" and k not in item.stated and v is not None}
    documents = tuple(d for m in item.messages for d in m.documents)
    cite = (
        None
        if item.cite is None
        else cite_mode(adapter.name, item.cite, has_schema=item.schema is not None, documents=documents)
    )

    def job(values: Mapping[str, Any]) -> Job:
        values = dict(values)
        cap, temperature = values.pop("max_tokens", max_tokens), values.pop("temperature", None)
        if not isinstance(cap, int) or cap < 1:
            raise ValidationError(f"max_tokens must be a whole number of at least 1, not {cap!r}.")
        name = None if item.response_model is None else item.response_model.__name__
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
            endpoint=endpoint,
        )

    made = job({**shared, **item.stated})
    refused: dict[str, str] = getattr(adapter, "refused_params", lambda _: {})(made) if shared else {}
    drop = {name: why for name, why in refused.items() if name in shared}
    for name, why in drop.items():
        if (item.model, name) not in left_out:
            left_out.add((item.model, name))
            warnings.warn(f"{item.model}: the default {name} is left out. {why}", UserWarning, stacklevel=2)
    return job({**{k: v for k, v in shared.items() if k not in drop}, **item.stated}) if drop else made


def _sizing(row: int, job: Job, mark: str, size: int) -> Sizing:
    from ..providers.tokens import bound
    from ..providers.worst import answers, cache_write, surcharge

    limit = bound(job)
    tokens = None if limit.how == "unknown" else limit.tokens
    outputs = job.max_tokens * answers(job)
    return Sizing(row, mark, job.provider, job.model, tokens, size, outputs, cache_write(job), str(surcharge(job)))


def digest(found: Sequence[JobRecord]) -> str:
    """Identify a run's definition: its jobs' ids and identities, in order."""
    mark = hashlib.sha256()
    for record in found:
        mark.update(f"{record.job.id}\0{record.fingerprint}\n".encode())
    return mark.hexdigest()
