"""What a job's parameters do to its worst case: cache writes, surcharges, several answers, and what no bound covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..core.jobs import Job, canonical
from ..core.pricing import CacheWrite, Price

_ONE_REGION = Decimal("1.1")
_BY_REFERENCE = ("previous_response_id", "conversation", "cachedContent", "cached_content", "container", "mcp_servers")
_OWN_TOOLS = frozenset({"custom", "function"})
_GEMINI_OWN = frozenset({"functionDeclarations", "function_declarations"})


def worst(job: Job, input_bound: int, price: Price) -> Decimal:
    """Return the most that a job can be billed, in dollars; see `unbounded` for jobs of which nothing can be said.

    Args:
        job: The job.
        input_bound: Upper bound of its input tokens.
        price: The price to reserve by (`PriceBook.reserve`).
    """
    most = job.max_tokens * answers(job)
    return surcharged(price, job).worst(input_bound, most, cache_write=cache_write(job))


def surcharge(job: Job) -> Decimal:
    """Return the factor on token prices that a job's parameters bring: 1.1 for inference in one region, else 1."""
    region = job.params.get("inference_geo") if job.provider == "anthropic" else None
    return Decimal(1) if region in (None, "global") else _ONE_REGION


def surcharged(price: Price, job: Job) -> Price:
    """Return the price with a job's surcharge."""
    factor = surcharge(job)
    return price if factor == 1 else replace(price, multiplier=price.multiplier * factor)


def answers(job: Job) -> int:
    """Return how many answers a job asks for, each of which may reach the cap on output tokens."""
    config = job.params.get("generationConfig", job.params.get("generation_config"))
    places = (job.params, config if isinstance(config, Mapping) else {})
    given = [place[name] for place in places for name in ("n", "candidate_count", "candidateCount") if name in place]
    return max([1, *(count for count in given if isinstance(count, int))])


def fixed_room(job: Job) -> str | None:
    """Return in one sentence why a job's cap on output tokens cannot be lowered, or None."""
    if answers(job) > 1:
        return "It asks for several answers at once, of which only the length together is known."
    thinking = job.params.get("thinking")
    if isinstance(thinking, Mapping) and "budget_tokens" in thinking:
        return "Its thinking budget is fixed, and max_tokens must stay above it."
    return None


def cache_write(job: Job) -> CacheWrite | None:
    """Return the dearest cache write that a job can cause.

    Anthropic writes when asked by `cache_control`; OpenAI of its own accord, unless `prompt_cache_options` says
    `explicit` and no part asks for it; Gemini bills no writes.
    """
    if job.provider == "anthropic":
        text = canonical(dict(job.params)) if job.params else ""
        if "cache_control" not in text:
            return "5m" if job.cached else None
        return "1h" if '"ttl":"1h"' in text else "5m"
    if job.provider != "openai":
        return None
    options = job.params.get("prompt_cache_options")
    explicit = isinstance(options, Mapping) and options.get("mode") == "explicit"
    return None if explicit and "prompt_cache_breakpoint" not in canonical(dict(job.params)) else "implicit"


def unbounded(job: Job) -> str | None:
    """Return in one sentence why no worst case can be stated for a job, or None.

    Tools that run at the provider, and content that the request only refers to, add input of any length; some kinds of
    processing have rates that no price list here holds.
    """
    for tool in _tools(job):
        if not _is_own(job.provider, tool):
            name = tool.get("type") or next(iter(tool), "tool")
            return f"The tool {name!r} runs at the provider and adds input of any length, so no cost limit can be kept."
    for name in _BY_REFERENCE:
        if job.params.get(name):
            return f"{name} refers to content at the provider that cannot be counted, so no cost limit can be kept."
    tier = job.params.get("service_tier", job.params.get("serviceTier"))
    if str(tier).lower() in ("priority", "fast"):
        return f"The service tier {tier!r} has a rate of its own that is not known here, so no cost limit can be kept."
    options = job.params.get("prompt_cache_options")
    if isinstance(options, Mapping) and options.get("ttl") == "12h":
        return (
            "Cache entries of 12 hours have a rate of their own that is not known here, so no cost limit can be kept."
        )
    return None


def _tools(job: Job) -> list[Mapping[str, Any]]:
    tools = job.params.get("tools")
    return [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, (list, tuple)) else []


def _is_own(provider: str, tool: Mapping[str, Any]) -> bool:
    """Whether the caller would run the tool; a batch does not, so it costs no more than its description."""
    if provider == "gemini":
        return set(tool) <= _GEMINI_OWN
    return tool.get("type") in _OWN_TOOLS or tool.get("type") is None
