"""The practice provider: a stand-in for the batch APIs, embedded and offline.

It speaks the wire protocols of Anthropic, OpenAI and Gemini on a loopback port and answers by looking labels up in the
documents it is sent. It imports nothing of ours but `documents`: what `wire` and `providers` get wrong, it refuses.
"""

from .faults import FATES, MARKS, Fault
from .server import KEY, PracticeServer
from .service import Limits

__all__ = ["FATES", "KEY", "MARKS", "Fault", "Limits", "PracticeServer"]
