"""Job ids: readable, unique, and fit to name files."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import ValidationError
from ..core.markup import before_half
from .files import File

_SAFE = re.compile(r"\w[\w .@=+()-]{0,119}(?<![. ])")
_NAME_BYTES = 200  # file systems take 255, of which an ending needs some
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(job_id: str) -> str:
    """Return a file name (without ending) for a job id: the id itself where every file system takes it.

    Other ids lose what is unsafe and get a digest, so that different ids have different names.
    """
    raw = job_id.encode("utf-8", "surrogatepass")
    if _SAFE.fullmatch(job_id) and not _RESERVED.fullmatch(job_id) and len(raw) <= _NAME_BYTES:
        return job_id
    kept = re.sub(r"^\W+", "", slug(job_id)).encode()[:80].decode(errors="ignore").rstrip(". ")
    stem = f"job-{kept}" if not kept or _RESERVED.fullmatch(kept) else kept
    return f"{stem.rstrip('-')}-{hashlib.sha256(raw).hexdigest()[:10]}"


class Names:
    """Names that were given out; a repeated one gets a number."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._count: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """Return the name, or the name with a number if it was given out before."""
        free = name
        while free in self._given:
            self._count[name] += 1
            free = f"{name}-{self._count[name] + 1}"
        self._given.add(free)
        return free


def file_ids(files: Sequence[File]) -> list[str]:
    """Return file names as ids: without ending where that tells them apart, else with it, else with their folders."""
    stems, names = Counter(file.stem for file in files), Counter(file.name for file in files)
    folders = [str(Path(file.path).absolute().parent) for file in files if file.path]
    try:
        common = os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        common = ""
    ids, names_given = [], Names()
    for file in files:
        if stems[file.stem] == 1:
            name = slug(file.stem)
        elif names[file.name] == 1 or not file.path:
            name = slug(file.name)
        else:
            name = slug(str(Path(file.path).absolute()).removeprefix(common))
        ids.append(names_given.unique(name))
    return ids


def check_id(job_id: str) -> None:
    """Refuse an id that no store and no request can hold.

    Raises:
        ValidationError: It holds half a character.
    """
    if before_half(job_id) is not None:
        raise ValidationError(
            f"The job id {job_id[:60]!a} holds half a character: it was read with a wrong encoding. Read it anew."
        )


def slug(text: str) -> str:
    """Return text without what file systems refuse."""
    return re.sub(r"[^\w .@=+()-]+", "-", text).strip(" -.") or "file"


def id_text(value: Any) -> str:
    """Return a value as an id: whole numbers without a point, parts of a tuple joined."""
    if isinstance(value, tuple):
        return "-".join(id_text(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
