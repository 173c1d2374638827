"""What Gemini models take and refuse, as of November 2026."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..wire.gemini import BESIDE_CONFIG, camel

CONFIG = frozenset({
    "audioTimestamp", "audioTranscriptionConfig", "candidateCount", "enableAffectiveDialog",
    "enableEnhancedCivicAnswers", "frequencyPenalty", "imageConfig", "logprobs", "mediaResolution",
    "modelSelectionConfig", "presencePenalty", "responseLogprobs", "responseModalities", "routingConfig", "seed",
    "speechConfig", "stopSequences", "temperature", "thinkingConfig", "topK", "topP",
})  # fmt: skip
OURS = {
    "model": "give it with `--model`.",
    "contents": "write the prompt in the cell.",
    "systemInstruction": "write a `--- system` section.",
    "maxTokens": "give it with `--max-tokens`.",
    "maxOutputTokens": "give it with `--max-tokens`.",
    "temperature": "give it with `--temperature`.",
    "responseSchema": "give a schema in the cell.",
    "responseJsonSchema": "give a schema in the cell.",
    "responseMimeType": "give a schema in the cell.",
    "responseFormat": "give a schema in the cell.",
    "config": "REST requests have no `config`; name its parts themselves.",
}


def bare(model: str) -> str:
    """Return the model's name without `models/` or a provider in front."""
    return model.rpartition("/")[2] if model.startswith(("models/", "gemini/", "google/")) else model


def generation(model: str) -> float:
    """Return the generation in the name, `gemini-3.8-flash` → 3.8; aliases such as `gemini-flash-latest` are new."""
    found = re.match(r"gemini-(\d+(?:\.\d+)?)", bare(model))
    return float(found[1]) if found else 99.0


def most_output(model: str) -> int | None:
    """Return the most output tokens, or None where the documents do not say."""
    return 65_536 if 3 <= generation(model) < 5 else None


def flat(params: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return the parameters by their name in camel case, each with the name the user wrote and its value."""
    found: dict[str, tuple[str, Any]] = {}
    for name, value in params.items():
        if camel(name) == "generationConfig" and isinstance(value, Mapping):
            found |= {camel(inner): (f"{name}.{inner}", each) for inner, each in value.items()}
        else:
            found[camel(name)] = (name, value)
    return found


def unknown(params: Mapping[str, Any]) -> dict[str, str]:
    """Return those parameters that a request does not have, or that are ours to set, each with what to do."""
    reasons = {}
    for key, (name, _) in flat(params).items():
        if key in OURS:
            reasons[name] = OURS[key]
        elif key not in CONFIG and key not in BESIDE_CONFIG:
            reasons[name] = "neither the request nor its generationConfig has such a field; check its spelling."
    return reasons


def refused(model: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that this model refuses, each with the reason."""
    given, reasons = flat(params), {}
    if "candidateCount" in given and given["candidateCount"][1] != 1:
        reasons[given["candidateCount"][0]] = "each job has one answer; repeat the job instead."
    name, thinking = given.get("thinkingConfig", ("", None))
    if isinstance(thinking, Mapping):
        keys = {camel(key): value for key, value in thinking.items()}
        if "thinkingLevel" in keys and "thinkingBudget" in keys:
            reasons[name] = "a level and a budget exclude each other; give the level alone."
        minimal = str(keys.get("thinkingLevel", "")).upper() == "MINIMAL"
        if minimal and bare(model).startswith(("gemini-3.8-flash", "gemini-4-argon")):
            reasons[name] = 'the lowest level of this model is "LOW".'
    return reasons
