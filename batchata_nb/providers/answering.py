"""One request of a provider's real-time API, answered and decoded like a row of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.errors import ProviderError
from ..core.jobs import JsonObject
from ..core.results import Reply
from ..wire import anthropic as anthropic_wire
from ..wire import gemini as gemini_wire
from ..wire import openai as openai_wire
from .attachments import inline
from .common import SdkProvider


def ask(provider: SdkProvider, job: Any) -> JsonObject:
    """Send one job to the real-time API and return the answer as it came.

    Raises:
        ProviderError: It failed; with a `status` the provider answered, and nothing was billed.
    """
    with provider.translated():
        answer = _VERBS[provider.name][0](provider, job)
    if not isinstance(answer, dict):
        raise ProviderError(
            f"{provider.errors.label} answered with something that is no object.",
            provider=provider.name,
            retryable=True,
        )
    return answer


def read(provider: str, row_id: str, answer: JsonObject) -> Reply:
    """Return what a real-time answer says."""
    reply: Reply = _VERBS[provider][1](row_id, answer)
    return reply


def can_answer(provider: object) -> bool:
    """Whether a provider has a real-time API that is known here."""
    return isinstance(provider, SdkProvider) and provider.name in _VERBS


def _anthropic(provider: Any, job: Any) -> Any:
    body = provider.request_of(job, inline(job))
    headers = provider.version([job])
    return provider.client.post("/v1/messages", body=body, cast_to=object, options={"headers": headers})


def _openai(provider: Any, job: Any) -> Any:
    return provider.answer(job)


def _gemini(provider: Any, job: Any) -> Any:
    model = str(job.model).removeprefix("models/")
    return provider._request("POST", f"models/{model}:generateContent", body=provider.request_of(job, inline(job)))


_VERBS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[str, JsonObject], Reply]]] = {
    "anthropic": (_anthropic, anthropic_wire.decode_message),
    "openai": (_openai, openai_wire.decode_body),
    "gemini": (_gemini, gemini_wire.decode_response),
}
