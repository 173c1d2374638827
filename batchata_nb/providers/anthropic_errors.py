"""What the exceptions of the Anthropic SDK mean.

Facts: `anthropic` 2.12 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

from . import errors as rules
from .errors import ErrorTable, Rule

ERRORS = ErrorTable(
    provider="anthropic",
    label="Anthropic",
    variable="ANTHROPIC_API_KEY",
    classes={
        "APIConnectionError": rules.LOST,
        "APITimeoutError": rules.LOST,
        "APIResponseValidationError": rules.GARBLED,
        "APIWebhookValidationError": rules.LOCAL,
        "BadRequestError": rules.REFUSED,
        "AuthenticationError": rules.KEY,
        "PaymentRequiredError": rules.NO_CREDIT,
        "PermissionDeniedError": rules.RIGHTS,
        "NotFoundError": rules.NOT_FOUND,
        "RequestTimeoutError": rules.LOST,
        "ConflictError": rules.CONFLICT,
        "PreconditionFailedError": rules.REFUSED,
        "ContentTooLargeError": rules.TOO_LARGE,
        "UnprocessableEntityError": rules.REFUSED,
        "RateLimitError": rules.BUSY,
        "EnforcedSpendLimitReachedError": rules.NO_CREDIT,
        "ContractSpendLimitReachedError": rules.NO_CREDIT,
        "RequestHeaderFieldsTooLargeError": rules.REFUSED,
        "ClientClosedRequestError": rules.LOST,
        "InternalServerError": rules.FAULT,
        "HTTPNotImplementedError": Rule("does not have this endpoint"),
        "ServiceUnavailableError": rules.FAULT,
        "GatewayTimeoutError": rules.FAULT,
        "OverloadedError": rules.FAULT,
        "RetryableError": rules.FAULT,
        "CredentialsError": rules.KEY,
        "IdentityTokenFileError": rules.KEY,
        "WorkloadIdentityError": rules.KEY,
        "MutuallyExclusiveAuthError": rules.KEY,
        "MissingDependencyError": rules.LOCAL,
        "StreamAlreadyConsumed": rules.LOCAL,
        "ToolsetUsageError": rules.LOCAL,
    },
    codes={
        "enforced_spend_limit_reached": rules.NO_CREDIT,
        "contract_spend_limit_reached": rules.NO_CREDIT,
        "billing_error": rules.NO_CREDIT,
    },
)
