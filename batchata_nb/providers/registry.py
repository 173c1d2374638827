"""From a model's name to its provider, and from a provider's name to the object that talks to it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from ..core.errors import ProviderNotFoundError, ValidationError
from ..core.jobs import CiteMode, Document
from .base import Provider

GROUP = "batchata_nb.providers"
"""Entry-point group: a name, and a class called with the environment mapping (or None)."""

NAMES = ("anthropic", "openai", "gemini")

_PREFIXES = {"anthropic": "anthropic", "openai": "openai", "gemini": "gemini", "google": "gemini", "models": "gemini"}
_PATTERNS = (
    ("anthropic", re.compile(r"claude-")),
    ("gemini", re.compile(r"gemini-|learnlm-|gemma-")),
    ("openai", re.compile(r"gpt-|chatgpt-|codex-|o\d+(-|$)|ft:(gpt|o\d|davinci|babbage)")),
)
_FAMILIES = ("claude-", "gpt-", "chatgpt-", "gemini-", "o3", "o4-mini")


def provider_for(model: str, provider: str | None = None) -> str:
    """Return the name of the provider of a model.

    Args:
        model: Model name as the provider takes it, or with the provider in front, `openai/gpt-6-sol`.
        provider: The provider's name where the user gave one, which settles it.

    Raises:
        ProviderNotFoundError: The provider or the model's family is not known; says how to name the provider.
    """
    if provider is not None:
        if provider in NAMES or provider in _extensions():
            return provider
        raise ProviderNotFoundError(f"There is no provider {provider!r}{_hint(provider)}")
    name = model.strip()
    prefix = name.partition("/")[0]
    if "/" in name and prefix in _PREFIXES:
        return _PREFIXES[prefix]
    if "/" in name and prefix in _extensions():
        return prefix
    for found, pattern in _PATTERNS:
        if pattern.match(name.lower()):
            return found
    hint, names = _nearest(name, _FAMILIES), "|".join(_known())
    raise ProviderNotFoundError(
        f"No provider is known for the model {model!r}{hint or '.'} If the name is right, say whose model it is: "
        f"`--provider {names}` (`openai` for any OpenAI-compatible endpoint)."
    )


def bare(model: str) -> str:
    """Return the model's name without a provider in front, as the API takes it: `openai/gpt-6-sol` → `gpt-6-sol`."""
    prefix, slash, rest = model.strip().partition("/")
    return rest if slash and prefix in _PREFIXES else model.strip()


def get(name: str, *, environment: Mapping[str, str] | None = None, base_url: str | None = None) -> Provider:
    """Return the provider of that name.

    Args:
        name: `anthropic`, `openai`, `gemini`, or that of an entry point.
        environment: Variables that take precedence over the process's own, for keys and base URLs; this is how the
            practice provider is put in a real one's place.
        base_url: An OpenAI-compatible endpoint, for `openai` alone.

    Raises:
        ProviderNotFoundError: There is no such provider, or its package cannot be imported.
        ValidationError: Another provider than `openai` is given a base URL.
    """
    if base_url is not None and name != "openai":
        raise ValidationError(
            f"A base URL is that of an OpenAI-compatible endpoint; leave out --base-url, or --provider {name}."
        )
    if name == "anthropic":
        from .anthropic import AnthropicProvider

        return AnthropicProvider(environment)
    if name == "openai":
        from .openai import OpenAIProvider

        return OpenAIProvider(environment, base_url=base_url)
    if name == "gemini":
        from .gemini import GeminiProvider

        return GeminiProvider(environment)
    extension = _extensions().get(name)
    if extension is None:
        raise ProviderNotFoundError(f"There is no provider {name!r}{_hint(name)}")
    try:
        factory = extension.load()
    except (ImportError, AttributeError) as error:
        raise ProviderNotFoundError(
            f"The provider {name!r} ({extension.value}) cannot be imported: {error}; reinstall its package."
        ) from error
    return cast("Provider", factory(environment))


def cite_mode(provider: str, mode: CiteMode | None, has_schema: bool, documents: Sequence[Document]) -> CiteMode | None:
    """Return how evidence is asked for with this provider, `auto` resolved; None for no citations.

    Anthropic cites PDFs and texts natively. With a schema it is asked for JSON in the prompt then, as its native
    structured output excludes citations; where an image is among the documents, and with the other providers, the
    answer comes in an envelope with quotes. Quotes belong to fields: plain answers are located in the documents.

    Raises:
        ValidationError: `native` is asked of a provider without native citations, or for documents it cannot cite.
    """
    if mode is None or mode == "locate":
        return mode
    citable = [document.kind != "image" for document in documents]
    if mode == "native":
        if provider != "anthropic":
            raise ValidationError(
                f"Native citations are Anthropic's; with {provider} use `--cite auto`, `quotes` or `locate`."
            )
        if not any(citable):
            raise ValidationError("Native citations need a PDF or text document; use `--cite auto`.")
        return "native"
    if mode == "auto" and provider == "anthropic" and (all(citable) and citable if has_schema else any(citable)):
        return "native"
    return "quotes" if has_schema and documents else "locate"


def _extensions() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _known() -> list[str]:
    return [*NAMES, *sorted(set(_extensions()) - set(NAMES))]


def _hint(provider: str) -> str:
    return _nearest(provider, _known()) or f"; there are {', '.join(_known())}."


def _nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint at the known name whose beginning, up to a dash, is nearest to that of the given one."""
    heads = {each.partition("-")[0]: each for each in known}
    close = difflib.get_close_matches(name.lower().partition("-")[0], heads, n=1, cutoff=0.6)
    return f"; did you mean {heads[close[0]]!r}?" if close else ""
