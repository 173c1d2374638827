"""Which models there are and what they cost; what is installed, and what is missing."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..core.errors import BatchataError

PACKAGES = (
    "batchata-nb",
    "ipython",
    "ipykernel",
    "ipywidgets",
    "anywidget",
    "anthropic",
    "openai",
    "google-genai",
    "genai-prices",
)
PROVIDERS = ("anthropic", "openai", "gemini")


def model_rows(text: str) -> tuple[list[dict[str, object]], list[str]]:
    """Return the models whose name holds a text, with prices per million tokens, and notes."""
    from ..providers.prices import PriceBook
    from ..runs.clock import Clock, utc

    book = PriceBook({})
    rows: list[dict[str, object]] = [
        {
            "model": model.name, "provider": model.provider,
            "batch in": _dollars(model.batch.input.base), "batch out": _dollars(model.batch.output.base),
            "real time in": _dollars(model.live.input.base), "real time out": _dollars(model.live.output.base),
            "context": _tokens(model.context), "most output": _tokens(_most_output(model.provider, model.name)),
            "": "deprecated" if model.deprecated else "",
        }
        for model in book.models(text or None, at=utc(Clock().now()))
    ]  # fmt: skip
    if not rows:
        return [], [
            f"No model in the price list is named like {text!r}. It can be used all the same, with --price IN,OUT."
        ]
    return rows, [
        f"Prices in US dollars per million tokens; context and output in tokens, where they are known; {book.basis()}."
    ]


def _tokens(number: int | None) -> str:
    return f"{number:,}" if number else ""


def _most_output(provider: str, model: str) -> int | None:
    """The most output tokens of a model, where the documents say so."""
    from ..runs import environment

    if provider not in PROVIDERS:
        return None
    find = getattr(environment.provider(provider, Path(), practice=False), "most_output", None)
    most: int | None = find(model) if find else None
    return most


@cache
def model_names() -> tuple[str, ...]:
    """Return the names in the price list, current ones first."""
    from ..providers.prices import PriceBook
    from ..runs.clock import Clock, utc

    known = PriceBook({}).models(at=utc(Clock().now()))
    return tuple(model.name for model in sorted(known, key=lambda model: model.deprecated))


def doctor_rows(state: str, *, practice: bool = False) -> list[dict[str, object]]:
    """Return what a run needs, what was found, and what to do about it; asks no server. Practice needs no key."""
    rows: list[dict[str, object]] = [_row("Python", sys.version.split()[0], "")]
    rows += [_package(name) for name in PACKAGES]
    rows += [_row("practice", "on: no key is needed, no model is asked", "")] if practice else []
    rows += _keys(needed=not practice)
    return [*rows, _folder(Path(state).expanduser().absolute()), _prices()]


def _row(what: str, found: str, fix: str) -> dict[str, object]:
    return {"": "✗" if fix else "✓", "what": what, "found": found, "to do": fix}


def _package(name: str) -> dict[str, object]:
    try:
        return _row(name, version(name), "")
    except PackageNotFoundError:
        return _row(name, "not installed", f"%pip install {name}")


def _keys(*, needed: bool) -> list[dict[str, object]]:
    """Look for each provider's key; one is enough, so that others are only missing where there is none."""
    from ..runs import environment

    environment.read_dotenv()
    missing: dict[str, str] = {}
    for provider in PROVIDERS:
        try:
            environment.provider(provider, Path(), practice=False).ready()
        except (BatchataError, ImportError) as error:
            told = str(error).partition(". To try things out")[0].partition(": ")
            missing[provider] = (told[2] or told[0]).replace("`", "")
    rows = []
    for provider in PROVIDERS:
        row = _row(f"{provider} key", "missing" if provider in missing else "set", "")
        if provider in missing:
            row["to do"] = f"for {provider}'s models: {missing[provider]}"
            row[""] = "✗" if needed and len(missing) == len(PROVIDERS) else "–"
        rows.append(row)
    return rows


def _folder(state: Path) -> dict[str, object]:
    """Look at the state store and the folder it is, or would be made, in."""
    from ..runs.launch import store_at

    if state.exists():
        try:
            count = len(store_at(state).runs())
            return _row("state", f"{state}, {count:,} {'run' if count == 1 else 'runs'}", "")
        except BatchataError as error:
            return _row("state", str(state), str(error))
    folder = next(parent for parent in state.parents if parent.exists())
    fix = "" if os.access(folder, os.W_OK) else f"{folder} cannot be written; choose another place with --state FILE"
    return _row("state", f"{state}, made by the first run", fix)


def _prices() -> dict[str, object]:
    from ..providers.prices import PriceBook

    return _row("prices", PriceBook({}).basis(), "")


def _dollars(amount: Decimal) -> str:
    return f"${amount.normalize():f}"
