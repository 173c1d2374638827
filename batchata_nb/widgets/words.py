"""The words of static views: counts, money and time as people read them, and text made harmless to read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

STATES = (
    "succeeded", "invalid", "errored", "expired", "missing", "cancelled", "running", "submitting", "pending", "held",
)  # fmt: skip
_RUN_WORDS = {"held": "held by the limit", "failed": "stopped"}
# The same rule as js/src/pure/visible.ts: what cannot be seen, or reorders what can, is shown as an escape.
_JOINING = "[\u0600-\u1fff\u2600-\u27ff\ufe0f\U0001f000-\U0001faff]"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
    f"|(?<!{_JOINING})[\u200c\u200d]|[\u200c\u200d](?!{_JOINING})"
)


def visible(text: str) -> str:
    """Replace what would be invisible, or would reorder its surroundings, by a visible escape."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        if code < 0x100:
            return f"\\x{code:02x}"
        return f"\\u{{{code:x}}}" if code > 0xFFFF else f"\\u{code:04x}"

    return _HIDDEN.sub(escape, text.replace("\r\n", "\n").replace("\r", "\n"))


def counts(summary: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Jobs by state, in the order of the views, without zeros."""
    by_state = summary.get("counts") or {}
    return [(state, int(by_state[state])) for state in STATES if by_state.get(state)]


def state_words(summary: Mapping[str, Any]) -> str:
    """The state of the run in a word or three."""
    state = str(summary.get("state", ""))
    return _RUN_WORDS.get(state, state)


def money_words(summary: Mapping[str, Any]) -> str:
    """Spent, reserved, limit, saved; what held jobs need."""
    money = summary.get("money") or {}
    if not money.get("known", True):
        return "no price is known for this model"
    would = "would be " if summary.get("practice") else ""
    parts = [f"{dollars(money.get('spent', '0'))} {would}spent"]
    if amount(money.get("reserved", "0")):
        parts.append(f"{dollars(money['reserved'])} reserved")
    if money.get("limit") is not None:
        parts.append(f"limit {dollars(money['limit'])}")
    if money.get("saved") is not None:
        parts.append(f"{dollars(money['saved'])} {would}saved against real-time prices")
    if (cached := amount(money.get("cached", "0"))) is not None and cached:
        parts.append(
            f"{dollars(cached)} {would}saved by prompt caching"
            if cached > 0
            else f"prompt caching cost {dollars(-cached)} more than it saved"
        )
    if held := summary.get("held"):
        parts.append(f"{number(held.get('jobs'))} jobs held, {dollars(held.get('needs', '0'))} more would release them")
    return ", ".join(parts)


def time_words(summary: Mapping[str, Any]) -> str:
    """How long the run has taken."""
    seconds = int(summary.get("elapsed") or 0)
    for size, unit, small, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // small
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"


def preview_words(summary: Mapping[str, Any]) -> str:
    """What a preview tells of the whole, and how the rest is run; empty for a run that is none, or has no rest."""
    found = summary.get("preview") or {}
    models = found.get("models") or ()
    if not found.get("left") or not models:
        return ""
    prices = [
        f"{cut(line.get('model'), 60)} {line.get('words')}" if len(models) > 1 else str(line.get("words"))
        for line in models
    ]
    return (
        f"{number(found['left'])} of {number(found.get('jobs'))} jobs are left; as a batch the whole would cost, as "
        f"measured: {'; '.join(prices)}. %batchata rest {snippet(summary)} runs them"
    )


def row_words(row: Mapping[str, Any]) -> str:
    """One row of the table as a line."""
    fields: Iterable[tuple[str, Any]] = (row.get("fields") or {}).items()
    said = row.get("error") or ", ".join(f"{path} = {cut(value, 40)}" for path, value in list(fields)[:5])
    return f"{cut(row.get('id', ''), 60)} {row.get('state', '')}; {cut(said, 240)}"


def snippet(summary: Mapping[str, Any]) -> str:
    """The name of the run as code, where it can be one."""
    name = str(summary.get("name", ""))
    return name if name.isascii() and name.isidentifier() else "run"


def attach_lines(summary: Mapping[str, Any]) -> tuple[str, str]:
    """The lines that bind the run to its variable in a new kernel."""
    return "%load_ext batchata_nb", f"%batchata attach {cut(summary.get('run_id', ''), 60)} --as {snippet(summary)}"


def kind(kind: object) -> str:
    """The kind of an error, as words."""
    return cut(str(kind).replace("_", " "), 60)


def cut(value: object, most: int) -> str:
    """Shorten a text for display."""
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def number(value: object) -> str:
    """A count with thousands separators."""
    return f"{value:,}" if isinstance(value, int) else "0"


def amount(value: object) -> Decimal | None:
    """Decimal text as a number; None where it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def dollars(value: object) -> str:
    """US dollars from decimal text: cents from a dollar on, four decimals below where they say something."""
    usd = amount(value)
    if usd is None:
        return "unknown"
    if not usd:
        return "$0"
    if 0 < usd < Decimal("0.0001"):
        return "<$0.0001"
    if abs(usd) >= 1:
        return f"${usd:,.2f}"
    text = f"{usd:.4f}"
    return "$" + text.removesuffix("00")
