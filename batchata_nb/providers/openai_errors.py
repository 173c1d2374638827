"""What the exceptions of the OpenAI SDK mean; facts: `openai` 3.54 and the vendor's documentation of November 2026."""

from __future__ import annotations

from . import errors as rules
from .errors import ErrorTable

ERRORS = ErrorTable(
    provider="openai",
    label="OpenAI",
    variable="OPENAI_API_KEY",
    classes={
        "APIConnectionError": rules.LOST,
        "APITimeoutError": rules.LOST,
        "APIResponseValidationError": rules.GARBLED,
        "BadRequestError": rules.REFUSED,
        "AuthenticationError": rules.KEY,
        "OAuthError": rules.KEY,
        "SubjectTokenProviderError": rules.KEY,
        "PermissionDeniedError": rules.RIGHTS,
        "NotFoundError": rules.NOT_FOUND,
        "ConflictError": rules.CONFLICT,
        "UnprocessableEntityError": rules.REFUSED,
        "RateLimitError": rules.BUSY,
        "InternalServerError": rules.FAULT,
        "APIStatusError": rules.REFUSED,  # 402 and 413 have no class of their own, nor has 408: see `statuses`
        "APIError": rules.FAULT,
        "LengthFinishReasonError": rules.LOCAL,
        "ContentFilterFinishReasonError": rules.LOCAL,
        "InvalidWebhookSignatureError": rules.LOCAL,
        "WebSocketConnectionClosedError": rules.LOCAL,
        "WebSocketQueueFullError": rules.LOCAL,
        "OpenAIError": rules.LOCAL,
    },
    codes={
        "insufficient_quota": rules.NO_CREDIT,
        "billing_hard_limit_reached": rules.NO_CREDIT,
        "billing_not_active": rules.NO_CREDIT,
        "invalid_api_key": rules.KEY,
        "model_not_found": rules.NO_MODEL,
    },
    statuses={402: rules.NO_CREDIT, 408: rules.LOST, 413: rules.TOO_LARGE},
)
