"""How a batch is run: limits of money and time, sizes, and where state is kept."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from decimal import Decimal

from ..core.errors import BatchataError

STATE_FILE = ".batchata/state.db"
MAX_TOKENS = 4096
"""Cap on output tokens where the user names none: it is always sent, since it bounds what a job can cost."""
SHORTEST, LONGEST = 10.0, 24 * 3600.0


@dataclass(slots=True)
class Settings:
    """How a batch is run; filled by the builder's methods."""

    results_dir: str | None = None
    raw_files: bool = True
    max_parallel: int = 10
    items_per_batch: int | None = None
    state_file: str = STATE_FILE
    reuse_state: bool = True
    limit: str | None = None
    budget: str | None = None
    time_limit: float | None = None
    max_attempts: int = 2
    adaptive: bool = False
    provider: str | None = None
    base_url: str | None = None
    practice: bool = field(default_factory=lambda: truth(os.environ.get("BATCHATA_PRACTICE", "")))
    cache: bool = True
    live: bool = False
    rest_live: bool = False
    preview: int | None = None
    sample: int | None = None
    poll_interval: float | None = None


def truth(word: str) -> bool:
    """Whether a variable such as `BATCHATA_PRACTICE` says yes: only a plain yes counts."""
    return word.strip().lower() in ("1", "true", "yes", "on")


def limit_text(usd: object) -> str | None:
    """Return a limit as exact decimal text.

    Raises:
        BatchataError: It is no amount of money.
    """
    if usd is None:
        return None
    try:
        amount = Decimal(str(usd))
    except ArithmeticError:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise BatchataError(f"{usd} is no amount in dollars; write it as 5 or 7.50.")
    return str(amount)
