"""Every exception that an SDK defines has a rule, and no message holds a key."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from batchata_nb.core.errors import BatchSubmissionError, ProviderError
from batchata_nb.providers import anthropic as our_anthropic
from batchata_nb.providers import gemini as our_gemini
from batchata_nb.providers import openai_errors as our_openai
from batchata_nb.providers.errors import TRANSPORT, ErrorTable, redact


def descendants(root: type[BaseException]) -> Iterator[type[BaseException]]:
    """All classes below one."""
    for child in root.__subclasses__():
        yield child
        yield from descendants(child)


def defined(module: ModuleType) -> set[type[BaseException]]:
    """The exceptions that a module defines."""
    return {c for _, c in inspect.getmembers(module, inspect.isclass)
            if issubclass(c, BaseException) and c.__module__ == module.__name__}  # fmt: skip


def ruled(table: ErrorTable, kind: type[BaseException], roots: set[str]) -> bool:
    """Whether a class or an ancestor nearer than the SDK's roots has a rule."""
    names = [ancestor.__name__ for ancestor in kind.__mro__]
    return any(name in table.classes for name in names if name not in roots) or kind.__name__ in roots


def test_every_anthropic_exception_has_a_rule() -> None:
    """Each class that the SDK raises from a call falls under a rule more exact than "some error of the API"."""
    import anthropic

    for package in ("anthropic.types", "anthropic.lib"):  # error classes by code, and those of the credentials
        for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
            if "error" in found.name or found.name == "credentials":
                importlib.import_module(f"{package}.{found.name}")
    known = {c for c in descendants(anthropic.AnthropicError) if c.__module__.startswith("anthropic")}
    roots = {"AnthropicError", "APIError", "APIStatusError"}
    assert len(known) > 25
    assert [] == sorted(c.__name__ for c in known if not ruled(our_anthropic.ERRORS, c, roots))


def test_every_openai_exception_has_a_rule() -> None:
    """Each class that the SDK defines stands in the table itself."""
    import openai

    members = inspect.getmembers(openai._exceptions, inspect.isclass)  # their __module__ says "openai"
    known = {c for _, c in members if issubclass(c, BaseException)}
    assert len(known) > 15
    assert [] == sorted(c.__name__ for c in known if c.__name__ not in our_openai.ERRORS.classes)


def test_every_gemini_exception_has_a_rule() -> None:
    """Each class that the SDK defines stands in the table itself."""
    from google.genai import errors

    known = defined(errors)
    assert len(known) > 5
    assert [] == sorted(c.__name__ for c in known if c.__name__ not in our_gemini.ERRORS.classes)


@pytest.mark.parametrize("library", ["httpx2", "httpx"])
def test_every_transport_exception_has_a_rule(library: str) -> None:
    """What the HTTP libraries raise below the SDKs has a rule, too."""
    module = pytest.importorskip(library)
    known = {c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, Exception)}
    known = {c for c in known if not issubclass(c, (Warning, module.CookieConflict))}
    assert len(known) > 15
    assert [] == sorted(c.__name__ for c in known if not {a.__name__ for a in c.__mro__} & set(TRANSPORT))


TABLES = [our_anthropic.ERRORS, our_openai.ERRORS, our_gemini.ERRORS]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.provider)
@pytest.mark.parametrize(
    ("raised", "retryable", "ambiguous"),
    [
        (ConnectionResetError("reset"), True, True),
        (TimeoutError("late"), True, True),
        (FileNotFoundError("no CA file"), False, False),
        (RuntimeError("who knows"), False, True),
    ],
)
def test_what_is_below_the_sdk(table: ErrorTable, raised: Exception, retryable: bool, ambiguous: bool) -> None:
    """A lost connection may hide a batch, a local fault cannot; the unknown may, and is not repeated."""
    found = table.translate(raised, creating=True)
    assert (retryable, ambiguous, table.provider) == (found.retryable, found.ambiguous, found.provider)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.provider)
def test_only_a_create_is_ambiguous_or_a_refused_submission(table: ErrorTable) -> None:
    """The same failure of a poll changes nothing at the provider, and is no refused batch."""
    for name, rule in table.classes.items():
        kind = type(name, (Exception,), {})
        created, polled = table.translate(kind("x"), creating=True), table.translate(kind("x"))
        assert rule.ambiguous == created.ambiguous
        assert (False, False) == (polled.ambiguous, isinstance(polled, BatchSubmissionError))


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect key: sk-ant-api03-AbCdEf_123",
        "url https://x.example/v1?key=AIzaSyD-12345&alt=media",
        "headers: Authorization: Bearer abc.def-secret",
        "x-api-key: my-own-secret",
        "the key my-own-secret is unknown",
    ],
)
def test_keys_are_blotted_out(text: str) -> None:
    """Whatever looks like a key, and the keys in use whatever they look like, become `***`."""
    shown = redact(text, ["my-own-secret"])
    assert "***" in shown
    assert [] == [secret for secret in ("AbCdEf", "12345", "abc.def", "my-own-secret") if secret in shown]


class LimitedError(Exception):
    """An SDK error with a response."""

    def __init__(self, headers: dict[str, str], details: Any = None) -> None:
        super().__init__("slow")
        self.response = type("Response", (), {"headers": headers})()
        self.body = {"error": {"message": "slow", "details": details}}


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (LimitedError({"retry-after": "12"}), 12.0),
        (LimitedError({"retry-after-ms": "1500", "retry-after": "9"}), 1.5),
        (LimitedError({"retry-after": "Fri, 20 Nov 2026 10:01:00 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}), 60.0),
        (LimitedError({"retry-after": "Fri, 20 Nov 2026 10:01:00 GMT"}), None),
        (LimitedError({"retry-after": "soon", "date": "never"}), None),
        (LimitedError({}, [{"retryDelay": "3.5s"}]), 3.5),
        (LimitedError({}), None),
    ],
)
def test_the_wait_that_is_asked_for(error: LimitedError, seconds: float | None) -> None:
    """Seconds, milliseconds, an HTTP date and Google's RetryInfo are all understood."""
    assert seconds == our_openai.ERRORS.translate(error).retry_after


def test_the_message_says_who_what_and_why() -> None:
    """One sentence: the provider, what it did, its own words, and its code."""
    error = type(
        "NotFoundError", (Exception,), {"status_code": 404, "body": {"message": "No such batch.", "code": "gone"}}
    )()
    found = our_openai.ERRORS.translate(error)
    assert (ProviderError, "OpenAI does not know what was asked for: No such batch (404 gone)") == (
        type(found),
        str(found),
    )
