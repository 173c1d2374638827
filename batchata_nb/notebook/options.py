"""Every option of `%%batchata`, declared once: the parser, the help page and the completions read this table.

Pure: values in, values out. A bad value is a `ValidationError` that says what a good one looks like.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ..core.errors import ValidationError

MODES = ("auto", "native", "quotes", "locate")
"""Ways to cite, as `--cite` takes them."""
Expand = Literal["text", "none", "raw"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smh])+")
_MONEY = re.compile(r"\$?(\d{1,12}(?:\.\d{1,12})?|\.\d{1,12})")
_SHORTEST, _LONGEST = 10.0, 24 * 3600.0


@dataclass(frozen=True, slots=True)
class StatedPrice:
    """What a user says a model costs, in US dollars per million tokens at batch rates.

    Attributes:
        model: The model, or None for every model of the cell.
        input: Price of input tokens.
        output: Price of output tokens.
    """

    model: str | None
    input: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the cell.

    Attributes:
        field: Name of the `CellSpec` field it fills.
        long: Long form, `--max-cost`.
        short: Short form, `-m`, or None.
        meta: Placeholder of its value in the help; empty for a switch.
        help: One line for the help page.
        read: Turns the word into the value; raises `ValidationError`.
        repeat: Whether it may be given several times; the field is then a tuple.
        value: What a switch stores, and what an option with an optional value stores without one.
        choices: The words that are its value when the value is optional; else none.
        pattern: As `choices`, for values of which there are many: a regular expression.
        expand: `text` values may use `{name}` and `$name` of the namespace; `none` values stay as written (JSON has
            braces of its own); `raw` values are Python and keep their quotes.
    """

    field: str
    long: str
    short: str | None
    meta: str
    help: str
    read: Callable[[str], Any] = str
    repeat: bool = False
    value: Any = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    expand: Expand = "text"

    @property
    def names(self) -> tuple[str, ...]:
        """The spellings of the option, short one first."""
        return (self.short, self.long) if self.short else (self.long,)

    @property
    def takes_value(self) -> bool:
        """Whether a value must follow."""
        return bool(self.meta) and not self.choices and not self.pattern

    def may_be(self, word: str) -> bool:
        """Whether a word is its value, where the value is optional."""
        return word in self.choices or bool(self.pattern and re.fullmatch(self.pattern, word))


def duration(text: str) -> float:
    """Read `90s`, `10m`, `2h` or `1h30m` as seconds, 10 s to 24 h."""
    found = text.strip().lower()
    if not _DURATION.fullmatch(found):
        raise ValidationError(f"{text!r} is no duration; write it as 90s, 10m, 2h or 1h30m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)([smh])", found))
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValidationError(f"{text} is outside 10s to 24h")
    return seconds


def money(text: str) -> Decimal:
    """Read `5`, `0.25` or `$5` as US dollars, more than 0."""
    found = _MONEY.fullmatch(text.strip())
    amount = Decimal(found[1]) if found else Decimal(0)
    if not amount:
        raise ValidationError(f"{text!r} is no amount of US dollars; write it as 5 or 0.25")
    return amount


def whole(text: str) -> int:
    """Read a whole number from 1; `10_000` is fine."""
    if not re.fullmatch(r"\d[\d_]{0,15}", text.strip()) or not (number := int(text.replace("_", ""))):
        raise ValidationError(f"{text!r} is no whole number from 1")
    return number


def whole_or_zero(text: str) -> int:
    """Read a whole number from 0."""
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise ValidationError(f"{text!r} is no whole number from 0")
    return int(text)


def number(text: str) -> float:
    """Read a decimal number from 0."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,15})?|\.\d{1,15}", text.strip()):
        raise ValidationError(f"{text!r} is no number from 0; write it as 0 or 0.7")
    return float(text)


def parameter(text: str) -> tuple[str, Any]:
    """Read `key=value`; the value is JSON where it can be read as JSON, and text otherwise."""
    key, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][\w.-]*", key):
        raise ValidationError(f"{text!r} is no parameter; write it as key=value, such as top_p=0.9")
    try:
        return key, json.loads(value, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValidationError(f"the value of {key} is nested too deeply") from None
    except ValueError as error:
        if value.lstrip().startswith(("{", "[", '"')):
            raise ValidationError(
                f"the value of {key} is not valid JSON ({error}); put single quotes around it: '{key}={{\"a\": 1}}'"
            ) from None
        return key, value


def rate(text: str) -> StatedPrice:
    """Read `IN,OUT` or `MODEL=IN,OUT`, US dollars per million tokens."""
    model, _, prices = text.rpartition("=")
    parts = prices.split(",")
    amounts = [_MONEY.fullmatch(part.strip()) for part in parts]
    if len(parts) != 2 or not all(amounts):
        raise ValidationError(
            f"{text!r} is no price; write dollars per million tokens as IN,OUT, such as 1.5,7.5, or MODEL=IN,OUT"
        )
    low, high = (Decimal(found[1]) for found in amounts if found)
    return StatedPrice(model or None, low, high)


def gold(text: str) -> tuple[str | None, str]:
    """Read `COLUMN` or `FIELD=COLUMN` of a column with gold values."""
    field, equals, column = text.partition("=")
    if not equals:
        return None, some(text)
    if not field.strip() or not column.strip():
        raise ValidationError(f"{text!r} names no gold column; write it as COLUMN, or as FIELD=COLUMN")
    return field, column


def mode(text: str) -> str:
    """Read a way to cite."""
    if text not in MODES:
        raise ValidationError(f"{text!r} is no way to cite; there are {', '.join(MODES)}")
    return text


def some(text: str) -> str:
    """Read any text that is not blank."""
    if not text.strip():
        raise ValidationError("the value is empty")
    return text


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(word: str) -> float:
    found = float(word)
    return found if math.isfinite(found) else _refuse(word)


OPTIONS: tuple[Option, ...] = (
    Option("models", "--model", "-m", "M", "model, by any name its provider takes; repeat it to compare models",
           some, repeat=True),
    Option("provider", "--provider", None, "P", "settles which provider serves the model, where the name leaves doubt",
           some),
    Option("base_url", "--base-url", None, "URL", "OpenAI-compatible endpoint, such as http://localhost:8000/v1; with "
           "--live where it has no batches", some),
    Option("files", "--files", "-f", "GLOB", "one job per file; repeatable, ** works: pdf, txt, md, html, csv, json, "
           "docx, png, jpg, webp, gif", some, repeat=True),
    Option("over", "--over", "-o", "EXPR", "one job per row: a data frame, a list of dicts or values, a dict id → row, "
           "an awaitable or async iterator of these", some, expand="raw"),
    Option("file_column", "--file-column", None, "C", "with --over: the column that holds a file path to attach", some),
    Option("messages_column", "--messages", None, "C", "with --over: the column that holds a conversation, a list of "
           "turns with role and content", some),
    Option("id_column", "--id", None, "C", "with --over: the column that gives readable job ids", some),
    Option("gold_columns", "--gold", None, "C", "with --over: the column that holds what is right of the field of its "
           "name, for accuracy; FIELD=C for another field; repeatable", gold, repeat=True),
    Option("schema_name", "--schema", "-s", "NAME", "response model that is already in the namespace", some),
    Option("cite", "--cite", None, "[MODE]", "cite: each field gets its evidence; auto (default), native, quotes or "
           "locate", mode, value="auto", choices=MODES),
    Option("max_cost", "--max-cost", None, "USD", "hard ceiling for this run, in US dollars", money),
    Option("budget", "--budget", None, "NAME", "with --max-cost: a ceiling that all runs of this store keep together "
           "that name it", some),
    Option("prices", "--price", None, "IN,OUT", "price of a model that has none: US dollars per million tokens at "
           "batch rates; MODEL=IN,OUT where the cell names several models", rate, repeat=True),
    Option("time_limit", "--time-limit", None, "D", "90s, 10m or 2h: then active batches are cancelled", duration),
    Option("max_tokens", "--max-tokens", None, "N", "most output tokens of one answer", whole),
    Option("adaptive_max_tokens", "--adaptive-max-tokens", None, "", "with --max-cost: lower max_tokens to what "
           "answers so far needed, so that fewer rounds do; cut answers are sent again with all of it", value=True),
    Option("temperature", "--temperature", None, "T", "sampling temperature, for models that take one", number),
    Option("params", "--param", None, "K=V", "further request parameter, its value as JSON; repeatable", parameter,
           repeat=True, expand="none"),
    Option("dry_run", "--dry-run", None, "", "plan and price, send nothing", value=True),
    Option("preview", "--preview", None, "N", "run N inputs now through the real-time API, batch nothing; "
           "%batchata rest NAME then runs the others", whole),
    Option("sample", "--sample", None, "[SEED]", "with --preview: N inputs at random instead of the first; a whole "
           "number chooses which", whole_or_zero, value=0, pattern=r"\d{1,9}"),
    Option("live", "--live", None, "", "run all in real time instead of as a batch", value=True),
    Option("items_per_batch", "--items-per-batch", None, "N", "most jobs in one batch; chosen by size limits and "
           "budget if left out", whole),
    Option("max_parallel_batches", "--max-parallel-batches", None, "N", "most batches under way at once", whole),
    Option("results_dir", "--results-dir", None, "D", "also write each result as a JSON file into this folder", some),
    Option("raw_files", "--raw-files", None, "", "with --results-dir: write the raw answers too", value=True),
    Option("raw_files", "--no-raw-files", None, "", "with --results-dir: do not write raw answers", value=False),
    Option("skip_bad_files", "--skip-bad-files", None, "", "leave out files that cannot be sent, instead of refusing",
           value=True),
    Option("state", "--state", None, "FILE", "state store; .batchata/state.db beside the notebook if left out", some),
    Option("fresh", "--fresh", None, "", "ignore earlier results of the same jobs and pay again", value=True),
    Option("cache", "--no-cache", None, "", "do not mark what jobs share at their start for the "
           "provider's prompt cache", value=False),
    Option("practice", "--practice", None, "", "use the embedded practice provider: nothing is sent, nothing is paid",
           value=True),
    Option("wait", "--wait", None, "", "block the cell until the run is done; interrupting leaves the run going",
           value=True),
)  # fmt: skip
"""The grammar of the cell's first line, in the order of the help page."""

BY_NAME: dict[str, Option] = {name: option for option in OPTIONS for name in option.names}
"""Options by spelling."""
