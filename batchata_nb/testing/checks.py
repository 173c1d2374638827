"""The rules that every provider keeps; the first line of each function's docstring is the rule."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import get_args

from ..core.errors import CredentialsError, ProviderError, ValidationError
from ..core.jobs import Document, Message
from ..core.results import OUTCOMES, ErrorKind, Reply
from ..providers.base import Found, Limits
from .failures import FAILURES
from .subject import (
    LONG_AGO,
    BrokenRuleError,
    Finding,
    NotTriedError,
    Subject,
    ensure,
    once_each,
    provider_error,
    raising,
)

VERBS = {
    "ready": 0,
    "check": 1,
    "accepts": 1,
    "encoded_size": 1,
    "submit": 2,
    "poll": 1,
    "fetch": 2,
    "cancel": 1,
    "find": 3,
    "count_tokens": 1,
}
"""The verbs, each with the number of its arguments."""
Check = Callable[[Subject], None]


def run_checks(subject: Subject, told: Callable[[Finding], None] = lambda _: None) -> list[Finding]:
    """Try all rules on a provider.

    Args:
        subject: The provider, and where its test service is.
        told: Called with each finding as it comes.
    """
    findings = []
    for check in (*CHECKS, *FAILURES):
        findings.append(_finding(check, subject))
        told(findings[-1])
    return findings


def _finding(check: Check, subject: Subject) -> Finding:
    rule = (inspect.getdoc(check) or check.__name__).partition("\n\n")[0].replace("\n", " ")
    try:
        check(subject)
    except NotTriedError as error:
        return Finding(rule, "skipped", str(error))
    except BrokenRuleError as error:
        return Finding(rule, "broken", str(error))
    except Exception as error:  # noqa: BLE001  whatever a provider raises where nothing may be raised breaks the rule
        return Finding(rule, "broken", f"{type(error).__name__}: {error}")
    return Finding(rule, "kept")


# ---------------------------------------------------------------------- without a network


def has_the_verbs(subject: Subject) -> None:
    """It has a name, limits and all verbs."""
    provider = subject.provider()
    name: object = provider.name
    ensure(isinstance(name, str) and name != "", f"its name is {name!r}")
    for verb, arguments in VERBS.items():
        method = getattr(provider, verb, None)
        ensure(callable(method), f"it has no verb {verb!r}")
        try:
            inspect.signature(method).bind(*[None] * arguments)  # type: ignore[arg-type]
        except TypeError as error:
            raise BrokenRuleError(f"{verb} does not take {arguments} arguments: {error}") from None


def limits_make_sense(subject: Subject) -> None:
    """Its limits are positive, and a row fits into a batch."""
    limits = subject.provider().limits
    ensure(isinstance(limits, Limits), f"limits is {limits!r}, which is no Limits")
    for name in ("rows", "bytes", "row_bytes", "window_hours"):
        ensure(getattr(limits, name) > 0, f"limits.{name} is {getattr(limits, name)}")
    ensure(limits.row_bytes <= limits.bytes, "one row may be larger than a batch")


def names_the_missing_key(subject: Subject) -> None:
    """Without a key, `ready` raises `CredentialsError` that names the variable; with one it raises nothing."""
    subject.provider().ready()
    if subject.key is None:
        raise NotTriedError("the name of the key's variable is not given (--key)")
    # Without the base URL too: a service of the user's own may want no key.
    variables = {subject.key, subject.base_url or subject.key}
    with _unset(variables), raising(CredentialsError, "ready without a key") as caught:
        environment = {name: value for name, value in subject.environment.items() if name not in variables}
        subject.make(environment).ready()  # type: ignore[attr-defined]
    ensure(subject.key in str(caught[0]), f"the message does not name {subject.key}: {caught[0]}")


def checks_jobs(subject: Subject) -> None:
    """`check` takes an ordinary job, and raises `ValidationError` for an empty prompt and for no output at all."""
    provider = subject.provider()
    provider.check(subject.job())
    with raising(ValidationError, "check of an empty prompt"):
        provider.check(subject.job(messages=(Message("user", " "),)))
    with raising(ValidationError, "check of max_tokens=0"):
        provider.check(subject.job(max_tokens=0))


def checks_documents(subject: Subject) -> None:
    """`accepts` returns nothing, or raises `ValidationError` that names the file."""
    provider = subject.provider()
    kinds = [("text", "text/plain"), ("pdf", "application/pdf"), ("image", "image/x-of-no-kind")]
    for kind, media_type in kinds:
        document = Document(f"a-file.{kind}", media_type, kind, "0" * 64, 10, "/there/is/none")  # type: ignore[arg-type]
        try:
            provider.accepts(document)
        except ValidationError as error:
            ensure("a-file" in str(error), f"the message does not name the file: {error}")


def bounds_sizes(subject: Subject) -> None:
    """`encoded_size` is a bound in bytes, grows with the text, and reads no file."""
    provider = subject.provider()
    small = provider.encoded_size(subject.job("a"))
    large = provider.encoded_size(subject.job("é" * 10_000))
    ensure(small > 0, f"the size of a job is {small!r}")
    ensure(large - small >= 19_000, f"20,000 bytes of text add {large - small}")
    document = Document("gone.txt", "text/plain", "text", "0" * 64, 50_000, "/there/is/none")
    with_file = provider.encoded_size(subject.job(messages=(Message("user", "a", (document,)),)))
    ensure(with_file - small >= 50_000, f"a text of 50,000 bytes adds {with_file - small}")


# ---------------------------------------------------------------------- with a service


def runs_a_batch(subject: Subject) -> None:
    """A batch is submitted, polled to its end and fetched: one reply a row, under the row's id."""
    provider, tag = subject.provider(), subject.tag()
    rows = subject.rows(tag, 5)
    batch_id = provider.submit(tag, rows)
    given: object = batch_id
    ensure(isinstance(given, str) and given != "", f"submit returned {given!r}, which is no id")
    status = subject.ended(provider, batch_id)
    ensure(status.total in (None, 5), f"poll counts {status.total} rows of 5")
    ensure(not status.no_results, "the batch ended without results")
    replies = list(provider.fetch(batch_id, status.handle))
    once_each(replies, rows)
    for reply in replies:
        _is_a_reply(reply)
    answered = [reply for reply in replies if reply.outcome == "succeeded"]
    ensure(bool(answered), f"no row succeeded: {replies[0].error}")
    ensure(all(reply.text for reply in answered), "an answer that succeeded has no text")
    ensure(all(r.usage.input_tokens > 0 and r.usage.output_tokens > 0 for r in answered), "an answer has no usage")


def _is_a_reply(reply: Reply) -> None:
    ensure(isinstance(reply, Reply), f"fetch yielded {reply!r}, which is no Reply")
    ensure(reply.outcome in OUTCOMES and reply.outcome != "missing", f"{reply.outcome!r} is no outcome of a reply")
    if reply.outcome == "succeeded":
        ensure(reply.error is None and reply.error_kind is None, "a reply that succeeded has an error")
    else:
        ensure(bool(reply.error), f"a reply that {reply.outcome} does not say why")
        ensure(reply.error_kind in get_args(ErrorKind), f"{reply.error_kind!r} is no kind of error")


def is_found_again(subject: Subject) -> None:
    """Another process fetches a batch by its id and its handle as JSON, and as often as it likes."""
    first, tag = subject.provider(), subject.tag()
    rows = subject.rows(tag, 2)
    batch_id = first.submit(tag, rows)
    handle = json.loads(json.dumps(subject.ended(first, batch_id).handle))
    for _ in range(2):
        other = subject.provider()
        ensure(other.poll(batch_id).state == "ended", "a batch that ended is under way again")
        once_each(list(other.fetch(batch_id, handle)), rows)


def finds_by_tag(subject: Subject) -> None:
    """`find` leads to a submission by its tag, or names it among few candidates, and never takes another for it."""
    provider, tag = subject.provider(), subject.tag()
    batch_id = provider.submit(tag, subject.rows(tag, 3))
    subject.ended(provider, batch_id)
    found = subject.provider().find(tag, LONG_AGO, 3)
    ensure(isinstance(found, Found), f"find returned {found!r}, which is no Found")
    ensure(found.batch_id == batch_id or batch_id in found.candidates, f"{batch_id} was not found: {found}")
    ensure(found.batch_id in (None, batch_id), f"{found.batch_id} was taken for {batch_id}")
    other = provider.find(subject.tag(), LONG_AGO, 3)
    ensure(other.batch_id is None, f"{other.batch_id} was taken for a submission that never was")


def cancels(subject: Subject) -> None:
    """`cancel` ends a batch, no row has two replies then, and cancelling what has ended is no error."""
    provider, tag = subject.provider(), subject.tag()
    rows = subject.rows(tag, 3)
    batch_id = provider.submit(tag, rows)
    provider.cancel(batch_id)
    status = subject.ended(provider, batch_id)
    provider.cancel(batch_id)
    replies = [] if status.no_results else list(provider.fetch(batch_id, status.handle))
    ids = [reply.row_id for reply in replies]
    ensure(len(ids) == len(set(ids)) and set(ids) <= {row.row_id for row in rows}, f"replies of {ids}")


def counts_tokens(subject: Subject) -> None:
    """`count_tokens` returns a positive number, or None where there is no free endpoint."""
    count = subject.provider().count_tokens(subject.job())
    ensure(count is None or count > 0, f"it returned {count!r}")


def knows_no_other_batch(subject: Subject) -> None:
    """A batch that does not exist is a `ProviderError` that is not worth repeating."""
    with raising(ProviderError, "poll of a batch that does not exist") as caught:
        subject.provider().poll("batch-that-never-was")
    error = provider_error(caught)
    ensure(not error.retryable and not error.ambiguous, "it is marked as passing or ambiguous")


def refuses_a_wrong_key(subject: Subject) -> None:
    """A wrong key is a `CredentialsError` that names the variable and shows no key."""
    if subject.key is None:
        raise NotTriedError("the name of the key's variable is not given (--key)")
    wrong, tag = "sk-wrong-0123456789abcdef", subject.tag()
    provider = subject.provider(**{subject.key: wrong})
    with raising(CredentialsError, "submit with a wrong key") as caught:
        provider.submit(tag, subject.rows(tag, 1))
    error = provider_error(caught)
    ensure(not error.retryable and not error.ambiguous, "it is marked as passing or ambiguous")
    ensure(subject.key in str(error), f"the message does not name {subject.key}: {error}")
    ensure(wrong not in str(error), "the message shows the key")


@contextmanager
def _unset(variables: Collection[str]) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


CHECKS: tuple[Check, ...] = (
    has_the_verbs,
    limits_make_sense,
    names_the_missing_key,
    checks_jobs,
    checks_documents,
    bounds_sizes,
    runs_a_batch,
    is_found_again,
    finds_by_tag,
    cancels,
    counts_tokens,
    knows_no_other_batch,
    refuses_a_wrong_key,
)
"""The rules that need no failures, in the order they are tried."""
