"""The rules for when things go wrong: a proxy between the provider and its service brings it about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..core.errors import BatchSubmissionError, CredentialsError, ModelNotSupportedError, ProviderError
from ..providers.base import Provider
from .proxy import Call, Failure, Proxy
from .subject import LONG_AGO, NotTriedError, Subject, ensure, once_each, provider_error, raising

RETRY_AFTER = 7


@dataclass(frozen=True, slots=True)
class Line:
    """A provider whose requests go through the proxy.

    Attributes:
        subject: What is tested.
        provider: The provider.
        proxy: The proxy.
        create: The request that creates a batch: the last that changes something when one is submitted.
    """

    subject: Subject
    provider: Provider
    proxy: Proxy
    create: Call

    def failing(self, call: Call, failure: Failure, *, times: int | None = None) -> None:
        """Have a request fail from now on, all or the next so many times."""
        so_far = self.proxy.calls.count(call)

        def fail(found: Call, before: int) -> Failure | None:
            return failure if found == call and (times is None or before < so_far + times) else None

        self.proxy.fail = fail

    def refused(self, failure: Failure) -> ProviderError:
        """Submit a batch whose creation fails, once; return what is raised."""
        self.failing(self.create, failure)
        before, tag = self.proxy.calls.count(self.create), self.subject.tag()
        with raising(ProviderError, f"submit, answered with {failure.status}") as caught:
            self.provider.submit(tag, self.subject.rows(tag, 2))
        sent = self.proxy.calls.count(self.create) - before
        ensure(sent == 1, f"the request that creates a batch went out {sent} times; a repeated one may be paid twice")
        error = provider_error(caught)
        ensure(not self.subject.secret or self.subject.secret not in str(error), "the message shows the key")
        return error

    def answer(self, status: int, **headers: str) -> Failure:
        """An answer that repeats the key, as some services do."""
        words = f"no: the key {self.subject.secret} is of no use"
        body = json.dumps({"error": {"message": words, "code": status, "type": "error"}}).encode()
        return Failure("answer", status, body, {"Content-Type": "application/json", **headers})


@contextmanager
def _line(subject: Subject) -> Iterator[Line]:
    if subject.base_url is None:
        raise NotTriedError("the name of the base URL's variable is not given (--base-url)")
    upstream = subject.value(subject.base_url)
    if not upstream:
        raise NotTriedError(f"{subject.base_url} is not set, so there is nothing to stand in front of")
    with Proxy(upstream) as proxy:
        provider, tag = subject.provider(**{subject.base_url: proxy.url}), subject.tag()
        provider.submit(tag, subject.rows(tag, 2))
        changing = [call for call in proxy.calls if call.method in ("POST", "PUT")]
        if not changing:
            raise NotTriedError(f"no request came to the URL in {subject.base_url}")
        yield Line(subject, provider, proxy, changing[-1])


def tells_a_refused_key(subject: Subject) -> None:
    """401 on a create is a `CredentialsError`: final, and certain that there is no batch."""
    with _line(subject) as line:
        error = line.refused(line.answer(401))
    ensure(isinstance(error, CredentialsError), f"it raised {type(error).__name__}")
    ensure(not error.retryable and not error.ambiguous, "it is marked as passing or ambiguous")


def tells_a_refused_batch(subject: Subject) -> None:
    """400 on a create is a `BatchSubmissionError` (or `ModelNotSupportedError`): final and certain."""
    with _line(subject) as line:
        error = line.refused(line.answer(400))
    fine = isinstance(error, (BatchSubmissionError, ModelNotSupportedError))
    ensure(fine, f"it raised {type(error).__name__}")
    ensure(not error.retryable and not error.ambiguous, "it is marked as passing or ambiguous")


def tells_a_full_queue(subject: Subject) -> None:
    """429 on a create may be repeated, after as many seconds as the service says, and made no batch."""
    with _line(subject) as line:
        error = line.refused(line.answer(429, **{"Retry-After": str(RETRY_AFTER)}))
    ensure(error.retryable and not error.ambiguous, "it is not marked as passing, or marked as ambiguous")
    ensure(error.retry_after == RETRY_AFTER, f"retry_after is {error.retry_after!r}, the service said {RETRY_AFTER}")


def tells_an_uncertain_create(subject: Subject) -> None:
    """500, 503 and a page of HTML in place of an answer to a create leave it uncertain: retryable and ambiguous."""
    page = Failure("answer", 200, b"<!doctype html><html>Log in</html>", {"Content-Type": "text/html"})
    with _line(subject) as line:
        for name, failure in (("500", line.answer(500)), ("503", line.answer(503)), ("a web page", page)):
            error = line.refused(failure)
            ensure(error.retryable and error.ambiguous, f"{name} is not marked as passing and ambiguous")


def finds_a_lost_batch(subject: Subject) -> None:
    """A create whose answer is lost is ambiguous, goes out once, and `find` leads to the batch it made."""
    with _line(subject) as line:
        line.failing(line.create, Failure("lost"))
        before, tag = line.proxy.calls.count(line.create), subject.tag()
        rows = subject.rows(tag, 3)
        with raising(ProviderError, "submit, its answer lost") as caught:
            line.provider.submit(tag, rows)
        sent = line.proxy.calls.count(line.create) - before
        ensure(sent == 1, f"the request that creates a batch went out {sent} times; a repeated one may be paid twice")
        ensure(provider_error(caught).ambiguous, "the error is not marked as ambiguous")
    provider = subject.provider()
    found = provider.find(tag, LONG_AGO, 3)
    ids = [found.batch_id] if found.batch_id else list(found.candidates)
    ensure(bool(ids), "it was not found")
    sent_ids = sorted(row.row_id for row in rows)
    for batch_id in ids:
        status = subject.ended(provider, batch_id)
        if sorted(str(reply.row_id) for reply in provider.fetch(batch_id, status.handle)) == sent_ids:
            return
    ensure(False, f"none of {ids} holds its rows")


def tells_an_unreachable_service(subject: Subject) -> None:
    """A service that cannot be reached is a passing error, and certain that nothing took effect."""
    with _line(subject) as line:
        gone = line.proxy.url
    tag = subject.tag()
    with raising(ProviderError, "submit to a service that is not there") as caught:
        subject.provider(**{str(subject.base_url): gone}).submit(tag, subject.rows(tag, 1))
    error = provider_error(caught)
    ensure(error.retryable and not error.ambiguous, "it is not marked as passing, or marked as ambiguous")


def polls_through_weather(subject: Subject) -> None:
    """A poll that fails with 503, or gets no answer, is a passing error and never ambiguous."""
    with _line(subject) as line:
        batch_id, calls = _batch(line), len(line.proxy.calls)
        line.provider.poll(batch_id)
        poll = line.proxy.calls[calls]
        for failure in (line.answer(503), Failure("lost")):
            line.failing(poll, failure)
            with raising(ProviderError, "a poll that fails") as caught:
                line.provider.poll(batch_id)
            error = provider_error(caught)
            ensure(error.retryable and not error.ambiguous, "it is not marked as passing, or marked as ambiguous")


def never_ends_results_early(subject: Subject) -> None:
    """Results that break off are fetched again or raise `ProviderError`: they never end early without a word."""
    with _line(subject) as line:
        tag = subject.tag()
        rows = subject.rows(tag, 4)
        batch_id = line.provider.submit(tag, rows)
        status = subject.ended(line.provider, batch_id)
        calls = len(line.proxy.calls)
        once_each(list(line.provider.fetch(batch_id, status.handle)), rows)
        if len(line.proxy.calls) == calls:
            raise NotTriedError("fetch sent no request")
        results = line.proxy.calls[-1]
        for times in (1, None):
            line.failing(results, Failure("cut"), times=times)
            try:
                replies = list(line.provider.fetch(batch_id, status.handle))
            except ProviderError as error:
                ensure(error.retryable and not error.ambiguous, "it is not marked as passing, or marked as ambiguous")
            else:
                once_each(replies, rows)


def _batch(line: Line) -> str:
    tag = line.subject.tag()
    return line.provider.submit(tag, line.subject.rows(tag, 2))


FAILURES: tuple[Callable[[Subject], None], ...] = (
    tells_a_refused_key,
    tells_a_refused_batch,
    tells_a_full_queue,
    tells_an_uncertain_create,
    finds_a_lost_batch,
    tells_an_unreachable_service,
    polls_through_weather,
    never_ends_results_early,
)
"""The rules for failures, in the order they are tried."""
