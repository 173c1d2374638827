"""The desk's answers to a person who checks results."""

from __future__ import annotations

import gc
import queue
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from batchata_nb.notebook.desk import Desk
from batchata_nb.notebook.pages import Pages
from batchata_nb.notebook.session import Session

CELL = "%%batchata papers -f '*.txt' --cite --wait\ntotal: float\nvendor: str\n---\nExtract the fields."


@pytest.fixture
def desk(practised: InteractiveShell, tmp_path: Path) -> tuple[Desk, queue.Queue[dict[str, Any]]]:
    """Give a desk of a finished run, and its answers."""
    (tmp_path / "c.txt").write_text("Vendor: Northwind\nTotal: 8.00\n", encoding="utf-8")
    result = practised.run_cell(CELL)
    assert result.success, result.error_in_exec
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    run = practised.user_ns["papers"]
    return Desk(run, lambda content, _buffers: answers.put(content), Pages()), answers


def asked(desk: tuple[Desk, queue.Queue[dict[str, Any]]], **message: Any) -> dict[str, Any]:
    """Send a message and return its answer."""
    desk[0].receive({"op": "1", **message})
    while True:
        answer = desk[1].get(timeout=20)
        if answer["kind"] != "reviewed":  # said unasked
            return answer


def test_every_view_is_told_of_a_verdict(desk, practised: InteractiveShell):
    """A verdict given in one view, or in Python, is told to all views of the run."""
    run, heard = practised.user_ns["papers"], queue.Queue[dict[str, Any]]()
    other = Desk(run, lambda content, _buffers: heard.put(content), Pages())

    asked(desk, kind="review", row=0, path="total", verdict="confirmed")
    assert {"kind": "reviewed", "row": 0} == heard.get(timeout=20)
    run.review(0, "vendor", "rejected")
    assert {"kind": "reviewed", "row": 0} == heard.get(timeout=20)
    assert ["confirmed", "rejected"] == [
        field["review"]["verdict"] for field in asked((other, heard), kind="result", row=0)["result"]["fields"]
    ]


def test_a_verdict_is_kept_and_said(desk):
    """The answer to a verdict holds the field as it stands now, and the table's next page how far the row is."""
    answer = asked(desk, kind="review", row=0, path="total", verdict="corrected", value="9.5")
    rows = asked(desk, kind="rows", start=0, n=5)

    assert (None, {"verdict": "corrected", "value": "9.5"}) == (answer["error"], answer["field"]["review"])
    assert answer["field"]["citations"]
    assert [{"done": 1, "of": 2, "wrong": 1}] == [row["review"] for row in rows["rows"]]
    assert [{"total": "high", "vendor": "high"}] == [row["sure"] for row in rows["rows"]]
    assert {"begun": 1, "done": 0, "confirmed": 0, "corrected": 1, "rejected": 0} == rows["reviewed"]
    assert desk[0].in_use is False


def test_a_verdict_is_taken_back(desk):
    """A verdict of null leaves the field as it was."""
    asked(desk, kind="review", row=0, path="total", verdict="rejected", value=None)
    answer = asked(desk, kind="review", row=0, path="total", verdict=None, value=None)

    assert answer["field"]["review"] is None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"row": 0, "path": "total", "verdict": "corrected", "value": "many"}, "total: Input should be a valid number"),
        ({"row": 0, "path": "<b>", "verdict": "confirmed"}, "no field '<b>'"),
        ({"row": 9, "path": "total", "verdict": "confirmed"}, "no row 9"),
        ({"row": 0, "path": "total", "verdict": {"a": 1}}, "no verdict"),
    ],
)
def test_what_cannot_be_kept_is_said(desk, message, words):
    """A value that does not fit, and a field, row or verdict that there is not, is answered with why."""
    assert words in asked(desk, kind="review", **message)["error"]


def test_a_result_shown_alone_knows_its_verdicts(practised: InteractiveShell, desk):
    """The widget of a single result holds a new verdict, so that it is there when the output is drawn again."""
    from batchata_nb.widgets.evidence_view import ResultView

    session, run = Session.of(practised), practised.user_ns["papers"]
    before = [found for found in gc.get_objects() if isinstance(found, ResultView)]
    session.show_result(run[0])
    after = [found for found in gc.get_objects() if isinstance(found, ResultView)]
    widget = next(found for found in after if not any(found is known for known in before))
    done: queue.Queue[None] = queue.Queue()
    widget.observe(lambda _change: done.put(None), "detail")
    widget._handle_custom_msg({"kind": "review", "op": "1", "row": 0, "path": "total", "verdict": "confirmed"}, [])
    done.get(timeout=20)

    assert {"verdict": "confirmed", "value": None} == widget.detail["fields"][0]["review"]
