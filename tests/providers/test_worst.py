"""What parameters do to a job's worst case."""

from decimal import Decimal
from typing import Any

import pytest

from batchata_nb.core.jobs import Job, Message
from batchata_nb.core.pricing import CacheWrite, Price, Rate
from batchata_nb.core.results import Usage
from batchata_nb.providers.worst import answers, cache_write, surcharged, unbounded, worst

PRICE = Price(Rate(Decimal(1)), Rate(Decimal(5)), cache_write_1h=Rate(Decimal(2)))


def job(provider: str, **params: Any) -> Job:
    """A job with parameters."""
    return Job("j", provider, "m", (Message("user", "x"),), 500, params=params)


@pytest.mark.parametrize(
    ("provider", "params", "expected"),
    [
        ("openai", {"n": 3}, 3),
        ("gemini", {"candidate_count": 2}, 2),
        ("gemini", {"generationConfig": {"candidateCount": 4}}, 4),
        ("anthropic", {}, 1),
    ],
)
def test_answers(provider: str, params: dict[str, Any], expected: int) -> None:
    """Every answer that is asked for may reach the cap."""
    assert expected == answers(job(provider, **params))
    assert Decimal(2_000 + 5 * 500 * expected) / 1_000_000 <= worst(job(provider, **params), 2_000, PRICE)


BREAKPOINT = {"prompt_cache_options": {"mode": "explicit"}, "tools": [{"prompt_cache_breakpoint": {}}]}


@pytest.mark.parametrize(
    ("provider", "params", "expected"),
    [
        ("anthropic", {}, None),
        ("anthropic", {"cache_control": {"type": "ephemeral"}}, "5m"),
        ("anthropic", {"tools": [{"cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, "1h"),
        ("openai", {}, "implicit"),
        ("openai", {"prompt_cache_options": {"mode": "implicit"}}, "implicit"),
        ("openai", {"prompt_cache_options": {"mode": "explicit"}}, None),
        ("openai", BREAKPOINT, "implicit"),
        ("gemini", {}, None),
    ],
)
def test_cache_writes(provider: str, params: dict[str, Any], expected: CacheWrite | None) -> None:
    """A cache write is reserved where the parameters allow one."""
    assert expected == cache_write(job(provider, **params))


@pytest.mark.parametrize(("region", "expected"), [(None, "0.0045"), ("global", "0.0045"), ("us", "0.00495")])
def test_one_region_costs_more(region: str | None, expected: str) -> None:
    """Inference in one region costs a tenth more, reserved and billed."""
    asked = job("anthropic", **({"inference_geo": region} if region else {}))
    bill = surcharged(PRICE, asked).cost(Usage(input_tokens=2_000, output_tokens=500))

    assert (Decimal(expected), Decimal(expected)) == (worst(asked, 2_000, PRICE), bill)


@pytest.mark.parametrize(
    ("provider", "params", "named"),
    [
        ("anthropic", {"tools": [{"type": "web_search_20260209", "name": "web_search"}]}, "web_search_20260209"),
        ("openai", {"tools": [{"type": "file_search"}]}, "file_search"),
        ("gemini", {"tools": [{"googleSearch": {}}]}, "googleSearch"),
        ("openai", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("gemini", {"cached_content": "cachedContents/1"}, "cached_content"),
        ("openai", {"prompt_cache_options": {"ttl": "12h"}}, "12 hours"),
        ("openai", {"service_tier": "priority"}, "priority"),
    ],
)
def test_what_runs_at_the_provider_is_unbounded(provider: str, params: dict[str, Any], named: str) -> None:
    """Server-side tools and content by reference admit no bound, and are named."""
    assert named in (unbounded(job(provider, **params)) or "")


@pytest.mark.parametrize(
    ("provider", "params"),
    [
        ("anthropic", {}),
        ("anthropic", {"tools": [{"name": "f", "input_schema": {}}]}),
        ("anthropic", {"service_tier": "standard_only"}),
        ("openai", {"tools": [{"type": "function", "name": "f"}]}),
        ("gemini", {"tools": [{"functionDeclarations": []}]}),
    ],
)
def test_own_tools_are_bounded(provider: str, params: dict[str, Any]) -> None:
    """Tools that the caller would run add nothing but their own text."""
    assert unbounded(job(provider, **params)) is None
