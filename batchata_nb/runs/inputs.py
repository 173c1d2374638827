"""Prompt sections, files and rows → drafts: the messages of each job, before a model is chosen."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import Document, JsonObject, Message, Role
from .asking import conversation
from .files import File, content_of, matched, open_file, shortened
from .gold import gold_of
from .ids import Names, file_ids, id_text, safe_name, slug
from .rows import FrameKind, Rows, rows_of
from .templates import listed, nearest
from .writing import Writer

__all__ = ["Draft", "Drafts", "drafts", "safe_name"]

_NO_ROWS = "It names a column, so it needs rows: give them with --over."


@dataclass(frozen=True, slots=True)
class Draft:
    """What is asked in one job.

    Attributes:
        id: The job's id, unique among its drafts.
        messages: Turns in order, system turns first; documents stand in the first user turn.
        index: What the row is called where it came from: label of the frame's index, key, or position from 0.
        gold: What is known to be right, by field path; None where no column says.
    """

    id: str
    messages: tuple[Message, ...]
    index: Any
    gold: JsonObject | None = None


@dataclass(slots=True)
class Drafts:
    """Drafts, made one at a time; may be gone through again, unless the rows come from a generator.

    Attributes:
        length: Number of drafts, skipped ones included, or None where only going through them will tell.
        columns: Names of the columns that the rows have.
        frame_kind: Library of the frame that was gone over, or None.
        index_names: Names of the levels of its index.
        skipped: What was left out in the last pass, and why; each names its file.
    """

    length: int | None
    columns: tuple[str, ...]
    frame_kind: FrameKind | None
    skipped: list[str]
    _make: Callable[[list[str]], Iterator[Draft]] = field(repr=False)
    index_names: tuple[Any, ...] = ()

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
    files: Sequence[Any] | None = None,
    over: Any = None,
    file_column: str | None = None,
    id_column: str | None = None,
    messages_column: str | None = None,
    gold: Sequence[tuple[str | None, str]] = (),
    namespace: Mapping[str, Any] | None = None,
    spool: Path | None = None,
    skip_bad_files: bool = False,
) -> Drafts:
    """Read what the user wants to ask about: one job per file, one per row, or a single one.

    Args:
        sections: Roles and prompt templates, in order.
        files: Paths, patterns (`**` works) and contents of files (bytes, Pillow images); documents stand before the
            text.
        over: Rows: a frame, list, dict of id to row, generator, or an awaitable or async iterator of these.
        file_column: Column of `over` that holds a path or content (or several), attached to that row's job.
        id_column: Column of `over` that holds the jobs' ids.
        messages_column: Column of `over` that holds a conversation, `[{"role": …, "content": …}, …]`; sections that
            are the system's stand before it, the others behind it.
        gold: Fields and columns of `over` that hold what is right; see `gold.gold_columns`.
        namespace: Names that templates may use besides columns; only those that are used are looked up.
        spool: Folder where contents given in memory are kept, as `{sha256}.{ending}`.
        skip_bad_files: Leave jobs with unusable files out instead of raising; `Drafts.skipped` says which and why.

    Raises:
        ValidationError: Template, files or rows cannot be used. What only shows in a single row or file is raised when
            the drafts are gone through.
    """
    if files is not None and over is not None:
        raise ValidationError("Give files or rows, not both; a file for each row goes to --file-column.")
    columns = [("--file-column", file_column), ("--id", id_column), ("--messages", messages_column)]
    columns += [("--gold", column) for _, column in gold]
    for option, column in columns:
        if column is not None and over is None:
            raise ValidationError(f"{option} {column!r} has no rows to look at. {_NO_ROWS}")
    writer = Writer(sections, namespace or {}, alone=messages_column is None)
    if files is not None:
        found = matched(files, spool)
        opener = _Opener(spool, skip_bad_files)
        return Drafts(len(found), (), None, [], lambda skipped: _per_file(writer, found, opener, skipped))
    if over is None:
        return Drafts(1, (), None, [], lambda _: iter([Draft("job-000001", writer.write({}, (), "", ()), 0)]))
    rows = rows_of(over)
    for option, column in columns:
        if column is not None and column not in rows.columns:
            there = f"Columns: {listed(rows.columns)}." if rows.columns else "The rows have no columns."
            raise ValidationError(f"{option}: there is no column {column!r}.{nearest(column, rows.columns)} {there}")
    if file_column is None and messages_column is None and rows.length != 1:
        writer.tell_apart(rows.columns)
    opener = _Opener(spool, skip_bad_files)
    per_row = _PerRow(writer, rows, file_column, id_column, messages_column, opener, tuple(gold))
    return Drafts(rows.length, rows.columns, rows.frame_kind, [], per_row.drafts, rows.index_names)


class _Opener:
    """Opens files once each, however many rows name them."""

    def __init__(self, spool: Path | None, skip_bad_files: bool) -> None:
        self._spool = spool
        self.skips = skip_bad_files
        self._opened: dict[Any, Document] = {}

    def open(self, file: File, skipped: list[str], where: str = "") -> Document | None:
        """Return the document; None if it is unusable and such are to be left out."""
        # By digest, as contents need not be kept in memory once they are on disk.
        key = file if file.content is None else hashlib.sha256(file.content).digest() + file.name.encode()
        document = self._opened.get(key)
        if document is not None:
            return document
        try:
            document = self._opened[key] = open_file(file, self._spool)
        except ValidationError as error:
            reason = f"{where}: {error}" if where else str(error)
            if not self.skips:
                raise ValidationError(f"{reason} --skip-bad-files leaves out what cannot be used.") from None
            skipped.append(reason if file.name in reason else f"{file.name}: {reason}")
        return document


def _per_file(writer: Writer, files: list[File], opener: _Opener, skipped: list[str]) -> Iterator[Draft]:
    ids = file_ids(files)
    for position, (file, job_id) in enumerate(zip(files, ids, strict=True)):
        document = opener.open(file, skipped)
        if document is not None:
            values = {"file": file, "files": [file], "item": file, "index": position}
            yield Draft(job_id, writer.write(values, (document,), file.name, ()), position)


@dataclass(frozen=True, slots=True)
class _PerRow:
    writer: Writer
    rows: Rows
    file_column: str | None
    id_column: str | None
    messages_column: str | None
    opener: _Opener
    gold: tuple[tuple[str | None, str], ...]

    def drafts(self, skipped: list[str]) -> Iterator[Draft]:
        seen: dict[str, int] = {}
        names = Names()
        needed: set[str] | None = {
            *self.writer.names,
            *filter(None, (self.file_column, self.id_column, self.messages_column)),
            *(column for _, column in self.gold),
        }
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
            attached = tuple(d for d in documents if d)
            said = self._said(row, where)
            messages = self.writer.write(values, attached, where, self.rows.columns, said)
            job_id = self._id(row, label, position, files, names)
            if job_id in seen:
                raise ValidationError(self._same_id(job_id, seen[job_id], position))
            seen[job_id] = position
            yield Draft(job_id, messages, label, gold_of(row, self.gold, where) if self.gold else None)

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
        cells = listed_in(cell) or [cell]
        for value in cells:
            if content_of(value) is None and (not isinstance(value, (str, os.PathLike)) or not value):
                raise ValidationError(
                    f"At {where}, column {self.file_column!r} holds {shortened(value)}, which is no file path."
                )
        return [File.of(value, i) for i, value in enumerate(cells)]

    def _said(self, row: Any, where: str) -> tuple[Message, ...]:
        """The conversation of a row: a list of turns, or the JSON of one."""
        if self.messages_column is None:
            return ()
        cell: Any = _clean(row.get(self.messages_column)) if isinstance(row, Mapping) else None
        try:
            turns = json.loads(cell) if isinstance(cell, str) else listed_in(cell)
            if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
                raise ValidationError(f"{shortened(cell)} is no list of turns with a role and content.")
            return conversation(turns, None, None)
        except ValueError as error:  # of JSON, and ours
            raise ValidationError(f"At {where}, column {self.messages_column!r}: {error}") from None

    def _id(self, row: Any, label: Any, position: int, files: list[File], names: Names) -> str:
        if self.id_column is not None:
            value = _clean(row.get(self.id_column)) if isinstance(row, Mapping) else None
            if value is None or not str(value).strip():
                raise ValidationError(f"At row {position + 1}, the id column {self.id_column!r} is empty; fill it in.")
            return id_text(value)
        if self.rows.labels == "id":
            return id_text(label)
        is_named = bool(files) and files[0].content is None
        if is_named or self.rows.labels == "index":
            return names.unique(slug(files[0].stem) if is_named else id_text(label))
        return f"row-{position + 1:06d}"

    def _same_id(self, job_id: str, first: int, second: int) -> str:
        column = f" of column {self.id_column!r}" if self.id_column else ""
        return (
            f"Rows {first + 1} and {second + 1} have the same id {job_id!r}{column}; ids must differ. "
            "Name another column with --id, or leave it out."
        )


def listed_in(cell: Any) -> list[Any]:
    """The values of a cell that holds several, as a list or as the array that a file format made of one, or its one."""
    if hasattr(cell, "tolist") and hasattr(cell, "__len__") and content_of(cell) is None:
        cell = cell.tolist()
    return list(cell) if isinstance(cell, (list, tuple)) else [cell]


def _clean(value: Any) -> Any:
    """None for what frames put where a value is missing: NaN, NaT, NA."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return None if type(value).__name__ in ("NaTType", "NAType") else value
