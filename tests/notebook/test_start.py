"""From a cell's specification to a filled batch."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from batchata_nb.core.errors import ValidationError
from batchata_nb.notebook.cells import parse
from batchata_nb.notebook.start import Defaults, evaluate, expander, fill


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{folder}/*.pdf", "my files/*.pdf"),
        ("$folder/x", "my files/x"),
        ("{len(folder) + 1}", "9"),
        ("$nothing/$5", "$nothing/$5"),
        ("{{folder}}", "{folder}"),
        ("plain", "plain"),
    ],
)
def test_variables_are_put_in(text: str, expected: str):
    """Expressions in braces and names behind `$` become their values; what is no name stays."""
    assert expected == expander({"folder": "my files"})(text)


def test_an_expression_that_fails_is_named():
    """An unknown name in braces is an error, never left in a path without a word."""
    with pytest.raises(ValidationError, match=r"\{folder\} in the first line: folder failed with NameError"):
        expander({})("{folder}/*.pdf")


def test_an_await_gives_an_awaitable():
    """`--over "await rows()"` is drained later, on the kernel's loop."""

    async def rows() -> list[int]:
        return [1]

    assert asyncio.run(evaluate("await rows()", {"rows": rows}, "--over")) == [1]


def test_a_cell_fills_a_batch():
    """Every option reaches the builder."""
    line = (
        "x -m claude-sonnet-5-5 -m gpt-6.1-sol --over rows --id n --cite quotes --max-cost 2 --price gpt-6.1-sol=1,8 "
        "--time-limit 1h --max-tokens 99 --temperature 0.5 --param top_p=0.9 --items-per-batch 7 "
        "--max-parallel-batches 3 --results-dir out --no-raw-files --state s.db --practice"
    )
    namespace: dict[str, Any] = {"rows": [{"n": "a"}, {"n": "b"}]}
    batch = fill(parse(line, "total: int\n--- system\nBe terse.\n---\nSay {{ n }}"), namespace, Defaults())

    first, settings = batch.asked[0], batch.settings
    assert [asked.model for asked in batch.asked] == ["claude-sonnet-5-5"] * 2 + ["gpt-6.1-sol"] * 2
    assert [message.text for message in first.messages] == ["Be terse.", "Say a"]
    assert first.response_model is namespace["X"]
    assert first.cite == "quotes"
    assert first.stated == {"max_tokens": 99, "temperature": 0.5, "top_p": 0.9}
    assert batch.prices["gpt-6.1-sol"] == ("1", "8")
    assert (settings.limit, settings.time_limit, settings.practice) == ("2", 3600.0, True)
    assert (settings.items_per_batch, settings.max_parallel, settings.raw_files) == (7, 3, False)
    assert (settings.results_dir, settings.state_file) == ("out", "s.db")


def test_defaults_fill_what_the_cell_leaves_out():
    """Model, ceiling, state and polling come from the defaults; what the cell says wins."""
    defaults = Defaults("claude-sonnet-5-5", None, Decimal(3), True, 2.0, "d.db", False)
    batch = fill(parse("", "Hi"), {}, defaults)
    own = fill(parse("-m gpt-6.1-sol --max-cost 1 --state e.db", "Hi"), {}, defaults)

    assert (batch.asked[0].model, batch.settings.limit, batch.settings.practice) == ("claude-sonnet-5-5", "3", True)
    assert (batch.settings.state_file, batch.settings.poll_interval) == ("d.db", 2.0)
    assert (own.asked[0].model, own.settings.limit, own.settings.state_file) == ("gpt-6.1-sol", "1", "e.db")
