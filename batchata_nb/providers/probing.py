"""Before a run is recorded: does the provider take the key, and does it know the model? One free request each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from ..core.errors import BatchSubmissionError, CredentialsError, ModelNotSupportedError, ProviderError
from .base import Provider
from .common import SdkProvider
from .openai import OpenAIProvider
from .registry import bare

SECONDS = 10
NEAREST = 3


def probe(provider: Provider, model: str, *, live: bool = False) -> None:
    """Ask a provider whether it takes the key and knows the model, and an endpoint the user chose what it is.

    Whatever else goes wrong (no network, an endpoint without a list of models) is left to the run, which waits and
    tries again. A model counts as unknown only where the provider also lists its models and this is none of them.

    Args:
        provider: The provider, not the one in real time.
        model: Model name.
        live: Whether the work is done in real time, and needs no batches.

    Raises:
        CredentialsError: The key is refused; names the variable.
        ModelNotSupportedError: The provider does not know the model; names the nearest it has.
        BatchSubmissionError: The endpoint has no batches, or is none; says what to change.
    """
    if not isinstance(provider, SdkProvider) or provider.name not in _VERBS:
        return
    endpoint: object = provider
    if isinstance(endpoint, OpenAIProvider) and endpoint.base_url is not None:
        _look_at(endpoint, endpoint.base_url, live)
    retrieve, names = _VERBS[provider.name]
    name = bare(model)
    try:
        with provider.translated():
            retrieve(provider, name)
    except CredentialsError:
        raise
    except ProviderError as error:
        if error.status == 404 or isinstance(error, ModelNotSupportedError):
            _refuse_unknown(provider, name, names)


def _look_at(provider: OpenAIProvider, url: str, live: bool) -> None:
    """Look whether there is an endpoint at a base URL, and batches where they are needed."""
    try:
        if not live:
            provider.need_batches()
            provider.endpoint()
        with provider.translated():
            list(_openai_names(provider))
    except (CredentialsError, BatchSubmissionError):
        raise
    except ProviderError as error:
        if error.status is None and not error.retryable:  # waiting would not mend it: https refused, no such URL
            raise
        if error.status != 404 or not _has_models(provider, f"{url}/v1"):
            return
        raise BatchSubmissionError(
            f"There is no OpenAI-compatible endpoint at {url}; did you mean {url}/v1? Nothing was sent.",
            provider=provider.name,
            status=404,
        ) from error


def _has_models(provider: OpenAIProvider, url: str) -> bool:
    try:
        with provider.translated():
            answer: Any = provider.client.with_options(timeout=SECONDS, base_url=url).get("/models", cast_to=object)
    except ProviderError:
        return False
    return bool(_ids(answer))


def _refuse_unknown(provider: SdkProvider, name: str, names: Callable[[Any], Iterable[str]]) -> None:
    try:
        with provider.translated():
            listed = sorted({bare(found) for found in names(provider)})
    except ProviderError:
        return
    if not listed or name in listed:
        return
    near = difflib.get_close_matches(name, listed, NEAREST, 0.5)
    few = f" It has {' and '.join(listed)}." if len(listed) <= NEAREST else ""
    hint = f" Did you mean {' or '.join(near)}?" if near else few
    raise ModelNotSupportedError(
        f"{provider.errors.label} does not know the model {name!r}, or does not give it to this key.{hint} "
        "Nothing was sent.",
        provider=provider.name,
        status=404,
    )


def _anthropic_model(provider: Any, name: str) -> None:
    provider.client.with_options(timeout=SECONDS).get(f"/v1/models/{name}", cast_to=object)


def _anthropic_names(provider: Any) -> Iterable[str]:
    answer = provider.client.with_options(timeout=SECONDS).get("/v1/models?limit=1000", cast_to=object)
    return _ids(answer)


def _openai_model(provider: Any, name: str) -> None:
    provider.client.with_options(timeout=SECONDS).get(f"/models/{name}", cast_to=object)


def _openai_names(provider: Any) -> Iterable[str]:
    return _ids(provider.client.with_options(timeout=SECONDS).get("/models", cast_to=object))


def _gemini_model(provider: Any, name: str) -> None:
    provider.client.models.get(model=name, config={"http_options": {"timeout": SECONDS * 1000}})


def _gemini_names(provider: Any) -> Iterable[str]:
    config = {"page_size": 1000, "http_options": {"timeout": SECONDS * 1000}}
    return [str(found.name).removeprefix("models/") for found in provider.client.models.list(config=config)]


def _ids(answer: Any) -> list[str]:
    data = answer.get("data") if isinstance(answer, dict) else None
    return [str(item["id"]) for item in data or () if isinstance(item, dict) and item.get("id")]


_VERBS: dict[str, tuple[Callable[[Any, str], None], Callable[[Any], Iterable[str]]]] = {
    "anthropic": (_anthropic_model, _anthropic_names),
    "openai": (_openai_model, _openai_names),
    "gemini": (_gemini_model, _gemini_names),
}
