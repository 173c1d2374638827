"""What OpenAI models take and refuse, as of November 2026; models of other makers are not second-guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_COMMON = frozenset({
    "metadata", "moderation", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options",
    "prompt_cache_retention", "safety_identifier", "service_tier", "store", "tool_choice", "tools", "top_logprobs",
    "top_p", "user", "temperature",
})  # fmt: skip
RESPONSES = _COMMON | {"include", "max_tool_calls", "reasoning", "text", "truncation", "context_management"}
CHAT = _COMMON | {
    "frequency_penalty", "logit_bias", "logprobs", "n", "presence_penalty", "reasoning_effort", "seed", "stop",
    "verbosity",
}  # fmt: skip
OURS = {
    "model": "give it with `--model`.",
    "input": "write the prompt in the cell.",
    "messages": "write the prompt in the cell.",
    "instructions": "write a `--- system` section.",
    "max_tokens": "give it with `--max-tokens`.",
    "max_output_tokens": "give it with `--max-tokens`.",
    "max_completion_tokens": "give it with `--max-tokens`.",
    "temperature": "give it with `--temperature`.",
    "response_format": "give a schema in the cell.",
    "stream": "batches do not stream.",
    "background": "a batch runs in the background anyway.",
}
_INSTEAD = {
    "reasoning_effort": 'write `reasoning={"effort": "low"}`.',
    "verbosity": 'write `text={"verbosity": "low"}`.',
    "n": "every answer is a job of its own; repeat the job.",
}
_SAMPLING = ("temperature", "top_p", "top_logprobs")
_NO_NONE = ("gpt-6-astra", "gpt-6.2-astra", "gpt-6.1-sol")


def base(model: str) -> str:
    """Return the base model's name: `ft:gpt-4.1:org::id` → `gpt-4.1`."""
    model = model.removeprefix("openai/")
    return model.split(":")[1] if model.startswith("ft:") and model.count(":") else model


def is_openai(model: str) -> bool:
    """Return whether the name is one of OpenAI's own models."""
    return re.match(r"gpt-|chatgpt-|codex-|o\d", base(model)) is not None


def reasons_first(model: str) -> bool:
    """Return whether the model reasons before it answers."""
    name = base(model)
    return re.match(r"o\d|gpt-([5-9]|\d\d)|codex-", name) is not None and "chat" not in name


def most_output(model: str) -> int | None:
    """Return the most output tokens, or None where the documents do not say."""
    return 128_000 if re.match(r"gpt-6(\.\d+)?-", base(model)) else None


def unknown(model: str, params: Mapping[str, Any], *, chat: bool) -> dict[str, str]:
    """Return those parameters that the endpoint does not have, or that are ours to set, each with what to do."""
    reasons = {name: OURS[name] for name in params if name in OURS}
    if "format" in _part(params, "text"):
        reasons["text"] = "its `format` is set by the schema in the cell."
    if not is_openai(model):
        return reasons  # servers of other makers have parameters of their own
    for name in params:
        if name not in (CHAT if chat else RESPONSES) and name not in reasons:
            path = "chat/completions" if chat else "responses"
            reasons[name] = _INSTEAD.get(name, f"/v1/{path} has no such parameter; check its spelling.")
    if chat and params.get("n", 1) != 1:
        reasons["n"] = _INSTEAD["n"]
    return reasons


def refused(model: str, params: Mapping[str, Any], temperature: float | None) -> dict[str, str]:
    """Return the parameters that this model refuses, each with the reason."""
    if not is_openai(model) or not reasons_first(model):
        return {}
    effort = _part(params, "reasoning").get("effort", params.get("reasoning_effort"))
    reasons = {}
    if effort == "none" and base(model).startswith(_NO_NONE):
        name = "reasoning" if "reasoning" in params else "reasoning_effort"
        reasons[name] = 'this model always reasons; use the effort "low".'
    if effort != "none":
        for name in _SAMPLING:
            if name in params or (name == "temperature" and temperature is not None):
                reasons[name] = "reasoning models take it only without reasoning; leave it out."
    return reasons


def _part(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = params.get(name)
    return value if isinstance(value, Mapping) else {}
