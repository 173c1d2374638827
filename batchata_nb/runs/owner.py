"""Who drives a run: a name for this process, from which another one on this machine can tell that it is gone."""

from __future__ import annotations

import hashlib
import os
import platform
import uuid
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


def owner_name() -> str:
    """Return a name for this process: machine, process, its start, and a random part."""
    return ":".join((_machine(), str(os.getpid()), _started(os.getpid()), uuid.uuid4().hex[:8]))


def is_gone(owner: str) -> bool:
    """Whether the process of this name has provably ended; False where that cannot be told from here."""
    machine, _, rest = owner.partition(":")
    process, _, rest = rest.partition(":")
    started = rest.partition(":")[0]
    if os.name != "posix" or machine != _machine() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    now = _started(int(process))
    return now == "ended" or (bool(started) and bool(now) and now != started)


@lru_cache(maxsize=1)
def _machine() -> str:
    """This machine, and within it the namespace of process numbers: containers may share a name and a folder."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:10]


def _started(process: int) -> str:
    """When a process started, in the kernel's own count; `ended` for one that is only not yet buried, else empty."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return "ended"
    return fields[19]
