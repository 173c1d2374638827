"""LLM batch APIs as a notebook cell: half the price, typed results, every value one click from its evidence.

`%load_ext batchata_nb` gives the `%%batchata` cell; `Batch` does the same in plain Python.
Names are loaded when first used, so that importing the package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.citations import Citation, FieldCitations
    from .core.errors import (
        BatchataError,
        BatchSubmissionError,
        CostLimitExceededError,
        CredentialsError,
        ModelNotSupportedError,
        ParseError,
        ProviderError,
        ProviderNotFoundError,
        StateError,
        TimeoutError,
        UnknownPriceError,
        ValidationError,
    )
    from .core.results import JobResult, Usage
    from .runs.builder import Batch
    from .runs.compat import Job
    from .runs.foreign import attach_batch
    from .runs.locating import locate
    from .runs.run import BatchRun

__version__ = "0.1.0"
_HOME = {
    "core.citations": ("Citation", "FieldCitations"),
    "core.errors": (
        "BatchSubmissionError",
        "BatchataError",
        "CostLimitExceededError",
        "CredentialsError",
        "ModelNotSupportedError",
        "ParseError",
        "ProviderError",
        "ProviderNotFoundError",
        "StateError",
        "TimeoutError",
        "UnknownPriceError",
        "ValidationError",
    ),
    "core.results": ("JobResult", "Usage"),
    "runs.builder": ("Batch",),
    "runs.compat": ("Job",),
    "runs.foreign": ("attach_batch",),
    "runs.locating": ("locate",),
    "runs.run": ("BatchRun",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Batch",
    "BatchRun",
    "BatchSubmissionError",
    "BatchataError",
    "Citation",
    "CostLimitExceededError",
    "CredentialsError",
    "FieldCitations",
    "Job",
    "JobResult",
    "ModelNotSupportedError",
    "ParseError",
    "ProviderError",
    "ProviderNotFoundError",
    "StateError",
    "TimeoutError",
    "UnknownPriceError",
    "Usage",
    "ValidationError",
    "attach_batch",
    "locate",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: `%load_ext batchata_nb`."""
    from .notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again; runs under way go on."""
    from .notebook.magics import unload

    unload(shell)
