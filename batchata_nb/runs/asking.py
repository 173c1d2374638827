"""What a user asks for: jobs as they were added, without defaults; many share all but their messages."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from ..core.errors import ValidationError
from ..core.jobs import CiteMode, Document, JsonObject, Message
from .spool import Spool
from .writing import sendable

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


@dataclass(slots=True)
class Part:
    """Jobs that were asked for alike.

    Attributes:
        model: Which model.
        response_model: Pydantic class of the answers.
        schema: Its JSON schema.
        cite: How evidence is asked for.
        stated: Parameters given for these jobs.
        rows: Ids and messages. Several models may share them; then ids get the model's name.
        is_shared: Whether they do.
        is_open: Jobs that are asked for alike may be added to the rows.
    """

    model: str
    response_model: type[Any] | None
    schema: JsonObject | None
    cite: CiteMode | None
    stated: Mapping[str, Any]
    rows: Spool[tuple[str, tuple[Message, ...]]] = field(default_factory=Spool)
    is_shared: bool = False
    is_open: bool = False

    def asked(self, row: tuple[str, tuple[Message, ...]]) -> Asked:
        """Return one of the jobs."""
        job_id, messages = row
        unique = f"{job_id}@{self.model}" if self.is_shared else job_id
        return Asked(unique, messages, self.model, self.response_model, self.schema, self.cite, self.stated, job_id)

    def is_alike(self, other: Part) -> bool:
        """Whether the other's jobs could stand among these."""
        return (
            self.is_open
            and not other.is_shared
            and self.response_model is other.response_model
            and (self.model, self.schema, self.cite, self.stated)
            == (other.model, other.schema, other.cite, other.stated)
        )


class AskedJobs(Sequence[Asked]):
    """All jobs of a batch in the order in which they were added, most of them on disk where they are many."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        """Add jobs; a few that are like the ones before join them."""
        if self._parts and len(part.rows) == 1 and self._parts[-1].is_alike(part):
            self._parts[-1].rows.append(part.rows[0])
        else:
            part.is_open = len(part.rows) == 1 and not part.is_shared
            self._parts.append(part)

    def leave_out(self, items: Collection[str]) -> None:
        """Take away what is asked about some inputs, of every model."""
        kept: dict[int, Spool[tuple[str, tuple[Message, ...]]]] = {}  # models share their rows
        for part in self._parts:
            if id(part.rows) not in kept:
                kept[id(part.rows)] = Spool(row for row in part.rows if row[0] not in items)
        self._parts = [replace(part, rows=kept[id(part.rows)]) for part in self._parts]

    def of_model(self, model: str) -> AskedJobs:
        """Return what one model is asked, under the ids of the inputs."""
        made = AskedJobs()
        made._parts = [replace(p, is_shared=False, is_open=False) for p in self._parts if p.model == model]
        return made

    def models(self) -> list[tuple[JsonObject, type[Any]]]:
        """Return the schemas and Pydantic classes that answers have."""
        return [(p.schema, p.response_model) for p in self._parts if p.schema is not None and p.response_model]

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self._parts)

    def __iter__(self) -> Iterator[Asked]:
        for part in self._parts:
            for row in part.rows:
                yield part.asked(row)

    @overload
    def __getitem__(self, key: int) -> Asked: ...
    @overload
    def __getitem__(self, key: slice) -> list[Asked]: ...
    def __getitem__(self, key: int | slice) -> Asked | list[Asked]:
        if isinstance(key, slice):
            return [self[at] for at in range(len(self))[key]]
        at = range(len(self))[key]
        for part in self._parts:
            if at < len(part.rows):
                return part.asked(part.rows[at])
            at -= len(part.rows)
        raise IndexError(key)


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
