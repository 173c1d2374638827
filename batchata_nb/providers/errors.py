"""From an SDK's exception to one ProviderError: each provider's table of rules is read here, and keys blotted out."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from ..core.errors import BatchSubmissionError, CredentialsError, ModelNotSupportedError, ProviderError

_KEYS = re.compile(
    r"\b(?:sk|rk)-[A-Za-z0-9_\-]{6,}|\bAIza[A-Za-z0-9_\-]{6,}|(?<=[?&]key=)[^&\s\"']+"
    r"|(?<=Bearer )[^\s\"',}]+|(?<=x-api-key: )\S+|(?<=x-goog-api-key: )\S+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of failure means.

    Attributes:
        says: What happened, after the provider's name: `refused the key`.
        kind: Class of the error raised. `BatchSubmissionError` holds for create calls; elsewhere it is a plain one.
        retryable: Whether the same call may succeed later.
        ambiguous: Whether a create call may have taken effect all the same.
        quota: Whether a rate or queue quota is the cause.
    """

    says: str
    kind: type[ProviderError] = ProviderError
    retryable: bool = False
    ambiguous: bool = False
    quota: bool = False


KEY = Rule("refused the key", CredentialsError)
RIGHTS = Rule("says that the key lacks the right to do this", CredentialsError)
NO_CREDIT = Rule("will not go on without credit: top up, or raise the spend limit in its console")
REFUSED = Rule("refused the request", BatchSubmissionError)
TOO_LARGE = Rule("refused the batch as too large", BatchSubmissionError)
NOT_FOUND = Rule("does not know what was asked for", BatchSubmissionError)
NO_MODEL = Rule("does not know the model, or does not give it to this key", ModelNotSupportedError)
BUSY = Rule("asks to slow down", retryable=True, quota=True)
CONFLICT = Rule("is busy with something that conflicts", retryable=True, ambiguous=True)
FAULT = Rule("has a fault of its own", retryable=True, ambiguous=True)
LOST = Rule("did not answer", retryable=True, ambiguous=True)
UNREACHED = Rule("could not be reached", retryable=True)
GARBLED = Rule(
    "answered with something that is not its API's (a proxy or log-in page?)", retryable=True, ambiguous=True
)
CERTIFICATE = Rule(
    "shows a certificate that this computer does not trust; if it is one of your own, name its file in SSL_CERT_FILE"
)
NO_TLS = Rule("does not speak https there (did you mean http://)")
LOCAL = Rule("could not be called: the SDK is not set up for it")

TRANSPORT: Mapping[str, Rule] = {
    # httpx and httpx2 name them alike. The first four never reached the server, so nothing took effect.
    "ConnectError": UNREACHED,
    "ConnectTimeout": UNREACHED,
    "PoolTimeout": UNREACHED,
    "ProxyError": UNREACHED,
    "InvalidURL": Rule("could not be called: its base URL is no URL"),
    "UnsupportedProtocol": Rule("could not be called: its base URL lacks http:// or https://"),
    "HTTPError": LOST,
    "StreamError": LOST,
    "JSONDecodeError": GARBLED,
    "ConnectionError": LOST,
    "TimeoutError": LOST,
    "OSError": Rule("could not be used: a file or folder of this computer is in the way"),
}
"""Rules for what lies below the SDKs."""


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """A provider's rules.

    Attributes:
        provider: Name, `openai`.
        label: Name in sentences, `OpenAI`.
        variable: Environment variable of the key.
        classes: Rules by name of the SDK's exception class; the nearest class of an exception's ancestry counts.
        codes: Rules by the provider's own error code, which says more than the class.
        statuses: Rules by HTTP status, for those that share a class with others.
    """

    provider: str
    label: str
    variable: str
    classes: Mapping[str, Rule]
    codes: Mapping[str, Rule]
    statuses: Mapping[int, Rule] = field(default_factory=dict)

    def rule(self, error: BaseException) -> Rule:
        """Return the rule that an exception falls under."""
        for code in _codes(error):
            if code in self.codes:
                return self.codes[code]
        if rule := self.statuses.get(_status(error) or 0):
            return rule
        if rule := _refused_tls(error):
            return rule
        cause = error.__cause__ or error.__context__
        if cause is not None and TRANSPORT.get(type(cause).__name__) is UNREACHED:
            return UNREACHED
        for ancestor in type(error).__mro__:
            if found := self.classes.get(ancestor.__name__) or TRANSPORT.get(ancestor.__name__):
                return found
        return Rule(f"failed in an unexpected way ({type(error).__name__})", ambiguous=True)

    def translate(self, error: BaseException, *, secrets: Iterable[str] = (), creating: bool = False) -> ProviderError:
        """Return the error that a user is shown.

        Args:
            error: What the SDK or the transport raised.
            secrets: Keys, to be blotted out wherever they stand.
            creating: Whether the failed call was the one that creates a batch; only such a call is ever ambiguous.
        """
        rule = self.rule(error)
        status = _status(error)
        detail = " ".join(filter(None, (str(status) if status else "", next(iter(_codes(error)), ""))))
        where = f" (key from {self.variable})" if issubclass(rule.kind, CredentialsError) else ""
        text = f"{self.label} {rule.says}{where}: {_message(error)}" + (f" ({detail})" if detail else "")
        kind = rule.kind
        if kind is BatchSubmissionError and not creating:
            kind = ProviderError
        return kind(
            redact(text, secrets),
            provider=self.provider,
            status=status,
            retryable=rule.retryable,
            retry_after=_retry_after(error),
            ambiguous=rule.ambiguous and creating,
            quota=rule.quota,
        )

    def fault(self, status: int, said: str, *, secrets: Iterable[str] = ()) -> ProviderError:
        """Return the error of an answer that names a fault under the status of success; nothing was answered."""
        quota, passing = status == 429, status in (408, 409, 429) or status >= 500
        text = f"{self.label} answered with an error: {said.rstrip('.')[:500]} ({status})"
        return ProviderError(
            redact(text, secrets), provider=self.provider, status=status, retryable=passing, quota=quota
        )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with all keys replaced by `***`: the given ones, and whatever looks like one."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return _KEYS.sub("***", text)


def body_of(error: BaseException) -> dict[str, Any]:
    """Return the `error` object of the provider's answer, empty where there is none."""
    body = getattr(error, "body", None) or getattr(error, "details", None)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    return body if isinstance(body, dict) else {}


def is_refused_tls(error: ProviderError) -> bool:
    """Whether no connection was made, for a cause that a user must mend and no job is at fault for."""
    return error.status is None and any(rule.says in str(error) for rule in (CERTIFICATE, NO_TLS))


def _refused_tls(error: BaseException) -> Rule | None:
    """The rule for a connection that TLS refuses and will refuse again; it stands deep below what an SDK raises."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ssl.SSLCertVerificationError):
            return CERTIFICATE
        if isinstance(below, ssl.SSLError) and below.reason == "WRONG_VERSION_NUMBER":
            return NO_TLS
        below = below.__cause__ or below.__context__
    return None


def _status(error: BaseException) -> int | None:
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _codes(error: BaseException) -> list[str]:
    """The provider's own words for the error, the most telling first."""
    body = body_of(error)
    details = body.get("details")
    inner = details.get("error_code") if isinstance(details, dict) else None
    reasons = [d.get("reason") for d in details if isinstance(d, dict)] if isinstance(details, list) else []
    words = [inner, *reasons, body.get("code"), body.get("status"), body.get("type")]
    return [word for word in words if isinstance(word, str) and word]


def _message(error: BaseException) -> str:
    if _refused_tls(error) and (cause := error.__cause__ or error.__context__):
        return str(cause).partition(" (_ssl")[0]
    message = body_of(error).get("message") or getattr(error, "message", None) or str(error) or type(error).__name__
    text = str(message).strip()
    return "a web page in place of an answer" if "<html" in text.lower() else text.rstrip(".")[:500]


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if value := headers.get("retry-after-ms"):
            return max(float(value) / 1000, 0.0)
        if value := headers.get("retry-after"):
            return _seconds(value, headers.get("date"))
    except ValueError:
        return None
    for detail in body_of(error).get("details") or ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
    return None


def _seconds(value: str, date: str | None) -> float | None:
    """A Retry-After in seconds, or an HTTP date, which the answer's own Date header makes relative."""
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(value)
    if date is None:
        return None
    return max((parsedate_to_datetime(value) - parsedate_to_datetime(date)).total_seconds(), 0.0)
