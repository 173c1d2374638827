"""Progress of a script: drawn on a terminal, plain lines anywhere else."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from batchata_nb import Batch
from batchata_nb.runs.terminal import _time, _view, shown
from batchata_nb.runs.terminal_bar import Bar


@pytest.fixture
def run(folder):
    """Give a finished run of nine jobs, one of them refused, under a limit."""
    batch = Batch().use_practice().add_cost_limit(usd=5)
    items = ["[[practice: refuse]] no", *(f"m{n}" for n in range(8))]
    batch.add_jobs("Say {{ item }}", over=items, model="claude-sonnet-5-5")
    return batch.run(name="notes", wait=True)


def drawn(run, terminal: bool) -> str:
    out = io.StringIO()
    with shown(run, Console(file=out, force_terminal=terminal, width=100, no_color=True)) as draw:
        draw({}, 0.0, {})
    return out.getvalue()


def test_a_terminal_shows_the_facts_of_the_dashboard(run):
    """Counts by outcome, money with limit and saving, time, batches and causes stand on the terminal."""
    told = drawn(run, True)

    for fact in ("notes", "8 of 9 succeeded, 1 failed", "9 of 9 ended", "would be spent, limit $5.00", "would be saved",
                 "msgbatch_", "1 × ", "practice: no model is asked"):  # fmt: skip
        assert fact in told


def test_elsewhere_there_are_plain_lines(run):
    """Into a file or a pipe go what happened, once each with its time, and the end; no control character among them."""
    told = drawn(run, False)

    assert "\x1b" not in told
    assert 1 == told.count("notes: 8 of 9 succeeded, 1 failed")
    assert "UTC  notes: " in told
    assert len(told.splitlines()) == len(set(told.splitlines()))


def test_nothing_in_a_text_acts_on_the_terminal(run, monkeypatch):
    """Names and messages with markup, escapes or direction marks are shown as they are."""
    summary = run.summary()
    hostile = "[red]x[/red][/] \x1b[2J\x9b2J \u202egpj \u200b"
    summary |= {"name": hostile, "words": hostile, "errors": [{"kind": hostile, "message": hostile, "count": 1}]}
    summary["batches"]["list"] = [{**summary["batches"]["list"][0], "note": hostile, "word": hostile}]
    monkeypatch.setattr(run, "summary", lambda: summary)
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=400, no_color=True, color_system=None).print(_view(run))

    assert "[red]x[/red][/]" in out.getvalue()
    assert not set("\x9b\u202e\u200b") & set(out.getvalue())
    assert "\x1b[2J" not in out.getvalue()


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"eta": 1130.0}, "about 18 min 50 s left"),
        ({"eta": None, "usual": [240.0, 7300.0], "promise": 24.0}, "earlier batches took 4 min 0 s to 2 h 1 min"),
        ({"eta": None, "promise": 24.0}, "time left not known yet; promised within 24 h"),
        ({"eta": None}, "time left not known yet"),
    ],
)
def test_the_end_is_told_as_far_as_it_is_known(known, words):
    """By what batches did, by earlier ones, by what the provider promises, or not at all."""
    assert f"  time   1 min 0 s, {words}" == _time({"state": "running", "elapsed": 60.0, **known})


@pytest.mark.parametrize(
    ("amounts", "lengths"),
    [
        ((1, 0, 0, 0), [48, 0, 0, 0]),
        ((1, 1, 100_000, 0), [1, 1, 46, 0]),
        ((0, 0, 0, 0), []),
        ((3, 1, 0, 4), [18, 6, 0, 24]),
    ],
)
def test_a_bar_shows_each_part_that_there_is(amounts, lengths):
    """Parts are as long as their shares and never vanish; together they fill the width."""
    drawn = Bar([(amount, shade, "default") for shade, amount in enumerate(amounts)]).text().plain

    assert "".join(shade * n for shade, n in zip("█▓▒░", lengths or [0, 0, 0, 48], strict=True)) == drawn


def test_a_terminal_without_such_characters_gets_plain_ones(run):
    """Where shades cannot be encoded, the bar is made of characters that any terminal has."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    with shown(run, Console(file=out, force_terminal=True, width=120, color_system=None)) as draw:
        draw({}, 0.0, {})
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    with shown(run, Console(file=plain, width=120)) as draw:
        draw({}, 0.0, {})
    out.seek(0)
    plain.seek(0)

    assert "#" * 40 in out.read()
    assert "1 x refused" in plain.read()
