"""What Claude models take and refuse, as of November 2026; a model that is not known here is taken to be a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

SAMPLING = ("temperature", "top_p", "top_k")
PARAMS = frozenset({
    "cache_control", "container", "inference_geo", "metadata", "output_config", "service_tier", "stop_sequences",
    "thinking", "tool_choice", "tools", *SAMPLING,
})  # fmt: skip
OURS = {
    "model": "give it with `--model`.",
    "messages": "write the prompt in the cell.",
    "system": "write a `--- system` section.",
    "max_tokens": "give it with `--max-tokens`.",
    "temperature": "give it with `--temperature`.",
    "stream": "batches do not stream.",
    "speed": "batches have no fast mode.",
    "output_format": "give a schema in the cell.",
}
_NEW = (99, 0)
_ALWAYS_THINKING = (("fable", (5, 0)), ("opus", (5, 5)), ("mythos", (0, 0)))
_NO_FORCED_TOOL = (("opus", (5, 5)), ("fable", (5, 1)), ("mythos", (5, 1)))


@lru_cache(maxsize=256)
def family(model: str) -> tuple[str, tuple[int, int]]:
    """Return family and version, `claude-opus-4-5-20251101` → `("opus", (4, 5))`."""
    name = model.rpartition("/")[2]
    if found := re.match(r"claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2})(?!\d))?", name):
        return found[1], (int(found[2]), int(found[3] or 0))
    if found := re.match(r"claude-(\d)(?:[-.](\d))?-([a-z]+)", name):
        return found[3], (int(found[1]), int(found[2] or 0))
    return "", _NEW


def takes_sampling(model: str) -> bool:
    """Return whether the model takes temperature and its like, under the API version of 2023-06-01."""
    return family(model)[1] <= (4, 6)


def takes_prefill(model: str) -> bool:
    """Return whether the last turn may be the assistant's."""
    return family(model)[1] < (4, 6)


def pages(model: str) -> int:
    """Return the most PDF pages and images of one request: fewer where the context is 200k tokens."""
    _, version = family(model)
    return 100 if version < (4, 6) else 600


def cache_minimum(model: str) -> int:
    """Return the fewest tokens of a beginning that is cached; of a model that is not known here, the most of any."""
    known = {
        ("opus", (5, 0)): 512, ("opus", (5, 5)): 512, ("fable", (5, 0)): 512, ("fable", (5, 1)): 512,
        ("opus", (4, 8)): 1024, ("sonnet", (4, 5)): 1024, ("sonnet", (4, 6)): 1024, ("sonnet", (5, 0)): 1024,
        ("opus", (4, 7)): 2048,
    }  # fmt: skip
    return known.get(family(model), 4096)


def most_output(model: str) -> int | None:
    """Return the most output tokens, or None where the documents do not say."""
    kind, version = family(model)
    if (kind, version) == ("haiku", (4, 5)):
        return 64_000
    return 128_000 if (4, 6) <= version < _NEW else None


def refused(model: str, params: Mapping[str, Any], temperature: float | None) -> dict[str, str]:
    """Return the parameters that this model refuses, each with the reason."""
    kind, version = family(model)
    reasons = {}
    if not takes_sampling(model):
        given = [name for name in SAMPLING if name in params or (name == "temperature" and temperature is not None)]
        for name in given:
            reasons[name] = "Claude models newer than 4.6 have no sampling parameters; leave it out."
    thinking = params.get("thinking")
    mode = thinking.get("type") if isinstance(thinking, Mapping) else None
    if mode == "disabled" and _from(kind, version, _ALWAYS_THINKING):
        reasons["thinking"] = 'this model always thinks; lower `output_config={"effort": "low"}` instead.'
    if mode == "enabled" and version > (4, 6):
        reasons["thinking"] = 'a thinking budget ended with version 4.6; use `{"type": "adaptive"}`.'
    choice = params.get("tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") in ("tool", "any") and _from(kind, version, _NO_FORCED_TOOL):
        reasons["tool_choice"] = "this model cannot be forced to use a tool; give a schema in the cell instead."
    return reasons


def _from(kind: str, version: tuple[int, int], table: tuple[tuple[str, tuple[int, int]], ...]) -> bool:
    return any(kind == name and version >= first for name, first in table)
