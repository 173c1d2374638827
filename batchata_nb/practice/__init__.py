"""The practice provider: a stand-in for the batch APIs, embedded and offline.

It speaks the wire protocols of Anthropic, OpenAI and Gemini on a loopback port and answers by looking labels up in the
documents it is sent. It imports nothing of ours but `documents`: what `wire` and `providers` get wrong, it refuses.

`practice` and `practice_server` are pytest fixtures for tests of programs that use batchata_nb; see `fixtures`.
"""

from typing import TYPE_CHECKING, Any

from .faults import FATES, MARKS, Fault
from .server import KEY, PracticeServer
from .service import Limits

if TYPE_CHECKING:
    from .fixtures import practice, practice_server

__all__ = ["FATES", "KEY", "MARKS", "Fault", "Limits", "PracticeServer", "practice", "practice_server"]


def __getattr__(name: str) -> Any:
    """Load the fixtures when they are asked for: pytest is there in tests alone."""
    if name not in ("practice", "practice_server"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import fixtures

    return getattr(fixtures, name)
