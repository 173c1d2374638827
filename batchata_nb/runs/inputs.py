"""Prompt sections, files and rows → drafts: the messages of each job, before a model is chosen."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import Document, Message, Role
from .files import File, matched, open_file
from .ids import Names, file_ids, id_text, safe_name, slug
from .rows import FrameKind, Rows, rows_of
from .templates import BUILTINS, Prompt, listed, nearest

__all__ = ["Draft", "Drafts", "drafts", "safe_name"]

_NO_ROWS = "It names a column, so it needs rows: give them with --over."


@dataclass(frozen=True, slots=True)
class Draft:
    """What is asked in one job.

    Attributes:
        id: The job's id, unique among its drafts.
        messages: Turns in order, system turns first; documents stand in the first user turn.
        index: What the row is called where it came from: label of the frame's index, key, or position from 0.
    """

    id: str
    messages: tuple[Message, ...]
    index: Any


@dataclass(slots=True)
class Drafts:
    """Drafts, made one at a time; may be gone through again, unless the rows come from a generator.

    Attributes:
        length: Number of drafts, skipped ones included, or None where only going through them will tell.
        columns: Names of the columns that the rows have.
        frame_kind: Library of the frame that was gone over, or None.
        skipped: What was left out in the last pass, and why; each names its file.
    """

    length: int | None
    columns: tuple[str, ...]
    frame_kind: FrameKind | None
    skipped: list[str]
    _make: Callable[[list[str]], Iterator[Draft]] = field(repr=False)

    def __iter__(self) -> Iterator[Draft]:
        self.skipped.clear()
        found = False
        for draft in self._make(self.skipped):
            found = True
            yield draft
        if not found:
            raise ValidationError(f"No file can be used. {self.skipped[0]}")


def drafts(
    *,
    sections: Sequence[tuple[Role, str]],
    files: Sequence[str | os.PathLike[str] | bytes] | None = None,
    over: Any = None,
    file_column: str | None = None,
    id_column: str | None = None,
    namespace: Mapping[str, Any] | None = None,
    spool: Path | None = None,
    skip_bad_files: bool = False,
) -> Drafts:
    """Read what the user wants to ask about: one job per file, one per row, or a single one.

    Args:
        sections: Roles and prompt templates, in order.
        files: Paths, patterns (`**` works) and contents of files; documents stand before the text.
        over: Rows: a frame, list, dict of id to row, generator, or an awaitable or async iterator of these.
        file_column: Column of `over` that holds a path (or several), attached to that row's job.
        id_column: Column of `over` that holds the jobs' ids.
        namespace: Names that templates may use besides columns; only those that are used are looked up.
        spool: Folder where contents given in memory are kept, as `{sha256}.{ending}`.
        skip_bad_files: Leave jobs with unusable files out instead of raising; `Drafts.skipped` says which and why.

    Raises:
        ValidationError: Template, files or rows cannot be used. What only shows in a single row or file is raised when
            the drafts are gone through.
    """
    if files is not None and over is not None:
        raise ValidationError("Give files or rows, not both; a file for each row goes to --file-column.")
    for option, column in (("--file-column", file_column), ("--id", id_column)):
        if column is not None and over is None:
            raise ValidationError(f"{option} {column!r} has no rows to look at. {_NO_ROWS}")
    writer = _Writer(sections, namespace or {})
    if files is not None:
        found = matched(files, spool)
        opener = _Opener(spool, skip_bad_files)
        return Drafts(len(found), (), None, [], lambda skipped: _per_file(writer, found, opener, skipped))
    if over is None:
        return Drafts(1, (), None, [], lambda _: iter([Draft("job-000001", writer.write({}, (), "", ()), 0)]))
    rows = rows_of(over)
    for option, column in (("--file-column", file_column), ("--id", id_column)):
        if column is not None and column not in rows.columns:
            there = f"Columns: {listed(rows.columns)}." if rows.columns else "The rows have no columns."
            raise ValidationError(f"{option}: there is no column {column!r}.{nearest(column, rows.columns)} {there}")
    per_row = _PerRow(writer, rows, file_column, id_column, _Opener(spool, skip_bad_files))
    return Drafts(rows.length, rows.columns, rows.frame_kind, [], per_row.drafts)


class _Writer:
    """The sections of a prompt, compiled; writes the messages of one job."""

    def __init__(self, sections: Sequence[tuple[Role, str]], namespace: Mapping[str, Any]) -> None:
        filled = [(role, Prompt(text)) for role, text in sections if text.strip() or role == "user"]
        if not any(text.strip() for _, text in sections):
            raise ValidationError("The prompt is empty; write what the model is to do.")
        if not any(role == "user" for role, _ in filled):
            raise ValidationError("The prompt has no user section; write one, below a line '---'.")
        # Providers take system turns apart from the conversation, whatever their place.
        self.sections = sorted(filled, key=lambda section: section[0] != "system")
        self.names = frozenset(name for _, prompt in filled for name in prompt.names)
        self._fixed = {
            name: namespace[name] if name in namespace else BUILTINS[name]
            for name in self.names
            if name in namespace or name in BUILTINS
        }

    def write(
        self, values: Mapping[str, Any], documents: tuple[Document, ...], where: str, columns: Sequence[str]
    ) -> tuple[Message, ...]:
        names = {**self._fixed, **values}
        messages: list[Message] = []
        first = next(i for i, (role, _) in enumerate(self.sections) if role == "user")
        for i, (role, prompt) in enumerate(self.sections):
            text = prompt.render(names, where=where, columns=columns, ours=values)
            attached = documents if i == first else ()
            if text.strip() or attached:
                messages.append(Message(role, text, attached))
        if not any(message.role == "user" for message in messages):
            at = f"At {where}, " if where else ""
            raise ValidationError(f"{at}the prompt is empty once it is filled in; leave such rows out.")
        return tuple(messages)


class _Opener:
    """Opens files once each, however many rows name them."""

    def __init__(self, spool: Path | None, skip_bad_files: bool) -> None:
        self._spool = spool
        self.skips = skip_bad_files
        self._opened: dict[Any, Document] = {}

    def open(self, file: File, skipped: list[str], where: str = "") -> Document | None:
        """Return the document; None if it is unusable and such are to be left out."""
        document = self._opened.get(file)
        if document is not None:
            return document
        try:
            document = self._opened[file] = open_file(file, self._spool)
        except ValidationError as error:
            reason = f"{where}: {error}" if where else str(error)
            if not self.skips:
                raise ValidationError(f"{reason} --skip-bad-files leaves out what cannot be used.") from None
            skipped.append(reason if file.name in reason else f"{file.name}: {reason}")
        return document


def _per_file(writer: _Writer, files: list[File], opener: _Opener, skipped: list[str]) -> Iterator[Draft]:
    ids = file_ids(files)
    for position, (file, job_id) in enumerate(zip(files, ids, strict=True)):
        document = opener.open(file, skipped)
        if document is not None:
            values = {"file": file, "files": [file], "item": file, "index": position}
            yield Draft(job_id, writer.write(values, (document,), file.name, ()), position)


@dataclass(frozen=True, slots=True)
class _PerRow:
    writer: _Writer
    rows: Rows
    file_column: str | None
    id_column: str | None
    opener: _Opener

    def drafts(self, skipped: list[str]) -> Iterator[Draft]:
        seen: dict[str, int] = {}
        names = Names()
        needed: set[str] | None = {*self.writer.names, *filter(None, (self.file_column, self.id_column))}
        if "item" in self.writer.names and "item" not in self.rows.columns:
            needed = None  # the whole row
        for position, (label, row) in enumerate(self.rows.pairs(needed)):
            where = f"row {label!r}" if self.rows.labels != "position" else f"row {position + 1}"
            try:
                files = self._files(row, where)
            except ValidationError as error:
                if not self.opener.skips:
                    raise
                skipped.append(str(error))
                continue
            documents = [self.opener.open(file, skipped, where) for file in files]
            if None in documents:
                continue
            values = self._values(row, label, files)
            messages = self.writer.write(values, tuple(d for d in documents if d), where, self.rows.columns)
            job_id = self._id(row, label, position, files, names)
            if job_id in seen:
                raise ValidationError(self._same_id(job_id, seen[job_id], position))
            seen[job_id] = position
            yield Draft(job_id, messages, label)

    def _values(self, row: Any, label: Any, files: list[File]) -> dict[str, Any]:
        """The names that the template uses, as far as the row has them; its columns before ours."""
        used = self.writer.names
        values: dict[str, Any] = {"index": label, "item": row}
        if files:
            values |= {"file": files[0], "files": files}
        if isinstance(row, Mapping):
            for name, value in row.items():
                if name in used and not (name == "file" and files and self.file_column == "file"):
                    values[str(name)] = _clean(value)
            if "item" in used and "item" not in row:
                values["item"] = {name: _clean(value) for name, value in row.items()}
        return values

    def _files(self, row: Any, where: str) -> list[File]:
        if self.file_column is None:
            return []
        cell: Any = _clean(row.get(self.file_column)) if isinstance(row, Mapping) else None
        cells = list(cell) if isinstance(cell, (list, tuple)) else [cell]
        for value in cells:
            if not isinstance(value, (str, os.PathLike, bytes)) or not value:
                raise ValidationError(
                    f"At {where}, column {self.file_column!r} holds {value!r}, which is no file path."
                )
        return [File.of(value, i) for i, value in enumerate(cells)]

    def _id(self, row: Any, label: Any, position: int, files: list[File], names: Names) -> str:
        if self.id_column is not None:
            value = _clean(row.get(self.id_column)) if isinstance(row, Mapping) else None
            if value is None or not str(value).strip():
                raise ValidationError(f"At row {position + 1}, the id column {self.id_column!r} is empty; fill it in.")
            return id_text(value)
        if self.rows.labels == "id":
            return id_text(label)
        if files or self.rows.labels == "index":
            return names.unique(slug(files[0].stem) if files else id_text(label))
        return f"row-{position + 1:06d}"

    def _same_id(self, job_id: str, first: int, second: int) -> str:
        column = f" of column {self.id_column!r}" if self.id_column else ""
        return (
            f"Rows {first + 1} and {second + 1} have the same id {job_id!r}{column}; ids must differ. "
            "Name another column with --id, or leave it out."
        )


def _clean(value: Any) -> Any:
    """None for what frames put where a value is missing: NaN, NaT, NA."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return None if type(value).__name__ in ("NaTType", "NAType") else value
