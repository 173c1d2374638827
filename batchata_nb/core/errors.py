"""Every error that batchata_nb raises on purpose.

BatchataError                   .message; shown in a notebook as one paragraph, without a traceback
├─ ValidationError              the cell, call or file is wrong; says what to change (also a ValueError)
├─ ProviderError                .provider .status .retryable .retry_after .ambiguous
│  ├─ ProviderNotFoundError     no provider is known for this model name
│  ├─ ModelNotSupportedError    the provider refuses the model, or the model refuses what was asked
│  ├─ CredentialsError          key missing, wrong or without rights; names the variable
│  └─ BatchSubmissionError      the provider refused a batch as a whole
├─ CostLimitExceededError       the ceiling leaves no room
│  └─ UnknownPriceError         no price is known and a ceiling is set (also a LookupError)
├─ StateError                   the store is locked, damaged, full or from a newer version
├─ ParseError                   an answer or a result line cannot be read
└─ TimeoutError                 the wait ended before the run did (also the built-in TimeoutError)
"""

from __future__ import annotations

import builtins


class BatchataError(Exception):
    """Base of all errors raised by batchata_nb on purpose."""

    @property
    def message(self) -> str:
        """The one paragraph a user is shown."""
        return str(self)


class ValidationError(BatchataError, ValueError):
    """What the user wrote cannot be run; the message says what to change."""


class ProviderError(BatchataError):
    """A provider answered with an error, or did not answer.

    Args:
        message: One sentence for the user; never holds a key.
        provider: Name of the provider, such as `"openai"`.
        status: HTTP status, where there was one.
        retryable: Whether the same call may succeed later.
        retry_after: Seconds the provider asked to wait, where it said so.
        ambiguous: Whether the call may have taken effect although it failed
            (timeout, reset, 5xx): such a create call is looked up before it is repeated.
        quota: Whether a queue or rate quota of the provider is the cause: wait, then go on.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
        quota: bool = False,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.quota = quota


class ProviderNotFoundError(ProviderError):
    """No provider is known for a model name."""


class ModelNotSupportedError(ProviderError):
    """A model is unknown to its provider, or refuses a parameter or input."""


class CredentialsError(ProviderError):
    """A key is missing, wrong or without rights; the message names the variable."""


class BatchSubmissionError(ProviderError):
    """A provider refused a batch as a whole; nothing of it was accepted or charged."""


class CostLimitExceededError(BatchataError):
    """The cost limit leaves no room for what was asked."""


class UnknownPriceError(CostLimitExceededError, LookupError):
    """A ceiling is set, and the price of the model is not known."""


class StateError(BatchataError):
    """The state store cannot be read or written; nothing was sent."""


class ParseError(BatchataError):
    """An answer, or a line of a result file, cannot be read."""


class TimeoutError(BatchataError, builtins.TimeoutError):
    """A wait ended before the run did; the run goes on."""
