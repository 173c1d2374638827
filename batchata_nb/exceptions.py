"""The exceptions, under the module name that programs written for batchata 0.4 import them from."""

from .core.errors import (
    BatchataError,
    BatchSubmissionError,
    CostLimitExceededError,
    ModelNotSupportedError,
    ParseError,
    ProviderError,
    ProviderNotFoundError,
    StateError,
    TimeoutError,
    ValidationError,
)

__all__ = [
    "BatchSubmissionError",
    "BatchataError",
    "CostLimitExceededError",
    "ModelNotSupportedError",
    "ParseError",
    "ProviderError",
    "ProviderNotFoundError",
    "StateError",
    "TimeoutError",
    "ValidationError",
]
