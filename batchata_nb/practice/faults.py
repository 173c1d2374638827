"""Failures on demand: by HTTP call, by whole batch, and by a marker in a prompt.

A marker is written into a prompt as `[[practice: truncate]]`; with `once:` before the word it holds only for the first
request with that content, so that sending it again succeeds:

    truncate      the answer is cut at the output cap        refuse        the model declines
    filter        a filter stops the answer                  invalid-json  the JSON is broken
    wrapped-json  right JSON inside prose and a code fence   wrong-shape   JSON that does not fit the schema
    prose-json    right JSON amid prose with braces          broken-fence  right JSON, its code fence never closed
    sentences     the values in sentences, no JSON at all
    error         the row fails, may be sent again           bad-request   the row is refused for good
    expire        the row expires                            missing       the result has no line for it
    duplicate     its line comes twice                       malformed     its line is broken JSON
    unknown-id    its line bears an id that was never sent
"""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

MARKS = frozenset(
    "truncate refuse filter invalid-json wrapped-json prose-json broken-fence sentences wrong-shape error bad-request "
    "expire missing duplicate malformed unknown-id".split()
)
MARKER = re.compile(r"\[\[practice:\s*(once:)?\s*([a-z-]+)\s*\]\]")
FATES = {
    "token-limit": "OpenAI: `failed` in validation with `token_limit_exceeded`",
    "failed": "OpenAI and Gemini: the whole batch fails; nothing is billed",
    "expired": "half of the rows finish, the rest expires; Gemini: no results at all",
    "rows-failed": "the batch completes and every row failed (OpenAI: `output_file_id` is null)",
    "stuck": "it never starts",
}
Kind = Literal["status", "reset", "lost", "cut", "slow", "html", "batch"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that the server brings about for the first `count` calls that match, after `skip` of them.

    Attributes:
        kind: `status`: answer with `status` and do nothing. `reset`: drop the connection, do nothing. `lost`: do the
            work, then drop the connection. `cut`: break off the body after `after_bytes`. `slow`: answer after
            `seconds`. `html`: a page of HTML with status 200. `batch`: the batch being created ends as `fate` says.
        provider: `anthropic`, `openai` or `gemini`; None for any.
        route: Name of the call, such as `batches.create`, `batches.retrieve`, `batches.list`, `batches.results`,
            `files.upload`, `files.content`, `live`, `count`; None for any (`batch`: always `batches.create`).
        count: How many matching calls fail; -1 for all.
        skip: How many matching calls pass before.
        status: HTTP status for `status`.
        error: The service's own word for the error (`insufficient_quota`); None for the usual one of that status.
        retry_after: Seconds to put into `Retry-After` (Gemini: `RetryInfo`), or None.
        after_bytes: For `cut`.
        seconds: For `slow`.
        fate: For `batch`: a key of `FATES`.
    """

    kind: Kind
    provider: str | None = None
    route: str | None = None
    count: int = 1
    skip: int = 0
    status: int = 500
    error: str | None = None
    retry_after: float | None = None
    after_bytes: int = 200
    seconds: float = 1.0
    fate: str = "failed"

    def __post_init__(self) -> None:
        if self.kind == "batch" and self.fate not in FATES:
            raise ValueError(f"unknown fate {self.fate!r}; choose one of {', '.join(FATES)}")


class Faults:
    """The faults that are waiting to happen; safe to use from any thread."""

    def __init__(self) -> None:
        self._waiting: list[list[Any]] = []
        self._lock = threading.Lock()
        self.happened: list[tuple[str, str, str]] = []

    def add(self, fault: Fault) -> None:
        """Arrange for a fault."""
        with self._lock:
            self._waiting.append([fault, fault.skip, fault.count])

    def clear(self) -> None:
        """Forget all faults that are waiting."""
        with self._lock:
            self._waiting.clear()

    def pending(self) -> list[dict[str, Any]]:
        """Return the faults that can still happen, as JSON."""
        with self._lock:
            return [{**asdict(fault), "left": left} for fault, _, left in self._waiting if left]

    def take(self, provider: str, route: str, *, batch: bool = False) -> Fault | None:
        """Return the fault for this call, if one is due, and count it."""
        with self._lock:
            for entry in self._waiting:
                fault, skip, left = entry
                if (fault.kind == "batch") is not batch or not left:
                    continue
                if fault.provider not in (None, provider) or fault.route not in (None, route):
                    continue
                if skip:
                    entry[1] -= 1
                    continue
                entry[2] -= 1
                self.happened.append((provider, route, fault.kind))
                return fault  # type: ignore[no-any-return]
        return None


def marker(text: str) -> tuple[str, bool] | None:
    """Return the word of the first known marker in a text, and whether it holds only once."""
    for found in MARKER.finditer(text):
        if found[2] in MARKS:
            return found[2], bool(found[1])
    return None
