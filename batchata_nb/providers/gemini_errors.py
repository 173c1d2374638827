"""What the exceptions of the Gemini SDK mean.

Facts: `google-genai` 3.4 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

from . import errors as rules
from .errors import ErrorTable

ERRORS = ErrorTable(
    provider="gemini",
    label="Gemini",
    variable="GEMINI_API_KEY",
    classes={
        "ClientError": rules.REFUSED,
        "ServerError": rules.FAULT,
        "APIError": rules.FAULT,
        "UnknownApiResponseError": rules.GARBLED,
        "ValidationError": rules.GARBLED,  # Pydantic's: an answer that the SDK's types do not know
        "KeyError": rules.GARBLED,  # the SDK, where an upload's answer names no URL
        "UnknownFunctionCallArgumentError": rules.LOCAL,
        "UnsupportedFunctionError": rules.LOCAL,
        "FunctionInvocationError": rules.LOCAL,
        "ContinuationInterruptedError": rules.LOCAL,
        "ExperimentalWarning": rules.LOCAL,
        "ValueError": rules.LOCAL,
    },
    codes={"API_KEY_INVALID": rules.KEY, "UNAUTHENTICATED": rules.KEY, "PERMISSION_DENIED": rules.RIGHTS},
    statuses={
        401: rules.KEY,
        403: rules.RIGHTS,
        404: rules.NOT_FOUND,
        408: rules.LOST,
        409: rules.CONFLICT,
        413: rules.TOO_LARGE,
        429: rules.BUSY,
    },
)
