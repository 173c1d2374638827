"""The desk: what a browser asks about a real run, and what it is answered."""

from __future__ import annotations

import io
import json
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from batchata_nb.notebook.desk import Desk
from batchata_nb.notebook.pages import MOST_PAGES, Pages, Picture
from batchata_nb.notebook.session import Session
from batchata_nb.notebook.texts import MOST_CHARACTERS, MOST_TEXTS, SIZE, BlockText, Texts
from batchata_nb.runs.run import BatchRun

Answer = tuple[dict[str, Any], list[bytes]]
Ask = Callable[..., Answer]
CELL = "%%batchata papers -f '*.pdf' -f '*.png' -f '*.txt' --cite --wait\ntotal: float\n---\nExtract the total."


@pytest.fixture
def run(practised: InteractiveShell, tmp_path: Path) -> BatchRun:
    """Give a finished run over a PDF of two pages, an image and a text."""
    pdf = FPDF(format=(300, 200), unit="pt")
    for words in ("Total: 12.50", "Thank you"):
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        pdf.text(20, 40, words)
    pdf.output(str(tmp_path / "a.pdf"))
    Image.new("RGB", (40, 30), "white").save(tmp_path / "b.png")
    (tmp_path / "c.txt").write_text("Total: 8.00\n" + "x" * 100, encoding="utf-8")
    result = practised.run_cell(CELL)
    assert result.success, result.error_in_exec
    bound = practised.user_ns["papers"]
    assert isinstance(bound, BatchRun)
    return bound


@pytest.fixture
def ask(run: BatchRun) -> Ask:
    """Give what sends a message to a desk of the run, from this thread, and waits for its answer."""
    answers: queue.Queue[Answer] = queue.Queue()

    def reply(content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        assert threading.current_thread().name == "batchata-runner"
        answers.put((json.loads(json.dumps(content)), list(buffers)))

    desk = Desk(run, reply, Pages())

    def send(kind: str, op: str = "1", **message: Any) -> Answer:
        desk.receive({"kind": kind, "op": op, **message})
        return answers.get(timeout=20)

    return send


def row_of(run: BatchRun, document: str) -> int:
    """Return the row that a document is attached to."""
    return next(row for row, result in enumerate(run) if result.documents == (document,))


def test_rows_come_by_page_with_their_columns(run: BatchRun, ask: Ask):
    """A page of rows says how many there are in all, where it starts, and which fields there are."""
    content, _ = ask("rows", start=1, n=2)

    assert (content["kind"], content["op"], content["total"], content["start"]) == ("rows", "1", 3, 1)
    assert content["columns"] == ["total"]
    assert [row["row"] for row in content["rows"]] == [1, 2]
    assert content["rev"] == run.summary()["rev"]


def test_rows_are_filtered_and_ordered(ask: Ask):
    """State, text and order are handed on."""
    assert ask("rows", start=0, n=10, state="errored")[0]["total"] == 0
    assert ask("rows", start=0, n=10, text="12.5")[0]["total"] == 1
    ordered = ask("rows", start=0, n=10, order={"by": "id", "desc": True})[0]["rows"]
    assert [row["id"] for row in ordered] == sorted((row["id"] for row in ordered), reverse=True)


def test_all_rows_are_looked_at_on_a_worker(run: BatchRun, ask: Ask, monkeypatch: pytest.MonkeyPatch):
    """Runs go on while rows are put in order or searched: the runner's thread only sends the page that was found."""
    at_work: list[str] = []
    for name in ("order", "search"):
        real = getattr(run.store, name)

        def noted(*args: Any, real: Callable[..., Any] = real, **more: Any) -> Any:
            at_work.append(threading.current_thread().name)
            return real(*args, **more)

        monkeypatch.setattr(run.store, name, noted)

    content, _ = ask("rows", start=0, n=10, text=".", order={"by": "total", "desc": True})

    assert [row["fields"]["total"] for row in content["rows"]] == ["12.5", "8.0", "0.0"]
    assert content["rev"] == run.summary()["rev"]
    assert len(at_work) == 2
    assert all(name.startswith("batchata-worker-") for name in at_work)


def test_a_result_comes_whole(run: BatchRun, ask: Ask):
    """A result has its fields with their evidence, and its documents."""
    content, _ = ask("result", row=row_of(run, "a.pdf"))

    field = content["result"]["fields"][0]
    assert (field["path"], field["value"]) == ("total", "12.5")
    assert field["citations"][0]["page"] == 1
    assert content["result"]["documents"] == [{"name": "a.pdf", "kind": "pdf", "pages": 2}]


def test_a_page_is_drawn_to_size(run: BatchRun, ask: Ask):
    """A page comes as a JPEG of the scale asked for, with the page's size in points; the second time too."""
    row = row_of(run, "a.pdf")
    for op in ("1", "2"):
        content, buffers = ask("page", op, row=row, document=0, page=2, scale=2)

        assert (content["page"], content["pages"], content["width"], content["height"]) == (2, 2, 300, 200)
        assert Image.open(io.BytesIO(buffers[0])).size == (600, 400)
        assert (content["op"], content["mime"]) == (op, "image/jpeg")


def test_an_image_is_its_only_page(run: BatchRun, ask: Ask, tmp_path: Path):
    """An image comes as it is, with its size in pixels."""
    content, buffers = ask("page", row=row_of(run, "b.png"), document=0, page=1, scale=1.5)

    assert (content["width"], content["height"], content["pages"], content["mime"]) == (40, 30, 1, "image/png")
    assert buffers == [(tmp_path / "b.png").read_bytes()]


def test_a_text_comes_as_the_block_that_is_asked_for(run: BatchRun, ask: Ask):
    """A text document comes as the text that citations index: its outline on request, and the block of a character."""
    row = row_of(run, "c.txt")

    first, _ = ask("text", row=row, document=0, at=5, outline=True)
    again, _ = ask("text", row=row, document=0)

    assert (first["starts"], first["lines"], first["length"], first["block"]) == ([0], [2], 112, 0)
    assert first["text"] == again["text"] == "Total: 8.00\n" + "x" * 100
    assert "starts" not in again


@pytest.mark.parametrize("line", [70, 50_000])
def test_blocks_of_a_text_make_it_whole(line: int):
    """Blocks are of bounded size, end with a line where lines are short, and together are the text."""
    text = "".join(f"{n} \U0001f600 ".ljust(line, "x") + "\n" for n in range(300_000 // line))
    blocks = BlockText(text)
    parts = [blocks.block_at(start) for start in blocks.starts]

    assert "".join(part["text"] for part in parts) == text
    assert [part["block"] for part in parts] == list(range(len(parts)))
    assert max(len(part["text"]) for part in parts) <= SIZE
    assert blocks.block_at(len(text) - 1)["block"] == len(parts) - 1
    if line < SIZE:
        assert all(part["text"].endswith("\n") for part in parts)


def test_few_texts_are_kept():
    """Texts are kept up to a number and a size, the last one always."""
    texts = Texts()
    for n in range(MOST_TEXTS + 2):
        texts.put(str(n), BlockText("x"))
    assert [texts.get(str(n)) is None for n in range(4)] == [True, True, False, False]
    texts.put("huge", BlockText("x" * (MOST_CHARACTERS + 1)))
    assert texts.get("huge") is not None
    assert texts.get(str(MOST_TEXTS + 1)) is None


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ({"kind": "rows", "start": 0, "n": 5000}, "n is to be a whole number from 1 to 200"),
        ({"kind": "rows", "start": -1, "n": 5}, "start is to be"),
        ({"kind": "result", "row": 99}, "99"),
        ({"kind": "result", "row": "1"}, "row is to be"),
        ({"kind": "page", "row": 0, "document": 7, "page": 1}, "no document 7"),
        ({"kind": "page", "row": 0, "document": 0, "page": 9}, "9"),
        ({"kind": "text", "row": 0, "document": 0}, "is not a text"),
        ({"kind": "__init__"}, "There is no answer to '__init__'"),
    ],
)
def test_a_question_that_cannot_be_answered_gets_an_error(ask: Ask, message: dict[str, Any], part: str):
    """Whatever is wrong with a question, it is answered in kind, and the desk goes on."""
    content, buffers = ask(message["kind"], "7", **{key: value for key, value in message.items() if key != "kind"})

    assert (content["kind"], content["op"], buffers) == (message["kind"], "7", [])
    assert part in content["error"]
    assert ask("pull", "8")[0]["summary"]["name"] == "papers"


def test_a_changed_document_is_not_shown(run: BatchRun, ask: Ask, tmp_path: Path):
    """A file that is no longer the one that was sent is not shown as evidence."""
    (tmp_path / "c.txt").write_text("Total: 9.00", encoding="utf-8")

    assert "changed" in ask("text", row=row_of(run, "c.txt"), document=0)[0]["error"]


def test_a_command_is_acknowledged_once_for_each_click(run: BatchRun, ask: Ask):
    """A command is carried out and acknowledged; the same click again is answered and not carried out again."""
    before = run.summary()["rev"]

    assert ask("cmd", "1", cmd="raise_limit", args={"usd": "3"})[0] == {"kind": "ack", "op": "1", "error": None}
    after = run.summary()["rev"]
    assert ask("cmd", "1", cmd="raise_limit", args={"usd": "4"})[0] == {"kind": "ack", "op": "1", "error": None}
    assert run.summary()["money"]["limit"] == "3"
    assert before < after
    assert "no command" in ask("cmd", "2", cmd="explode")[0]["error"]
    assert "no amount" in ask("cmd", "3", cmd="raise_limit", args={"usd": "x"})[0]["error"]
    assert "nothing to decide" in ask("cmd", "4", cmd="reconcile", args={"never_accepted": True})[0]["error"]


def test_what_names_no_question_is_not_answered(run: BatchRun, ask: Ask):
    """Messages without kind or op are left alone: there is nowhere to send an answer."""
    answers: list[Any] = []
    desk = Desk(run, lambda content, _: answers.append(content), Pages())
    for message in (
        None,
        "x",
        {},
        {"kind": "pull"},
        {"op": "1"},
        {"kind": 1, "op": "1"},
        {"kind": "pull", "op": "x" * 101},
    ):
        desk.receive(message)
    ask("pull")

    assert answers == []


def test_a_page_that_is_gone_does_not_stop_the_run(run: BatchRun, ask: Ask):
    """When an answer cannot be sent, the runner goes on."""

    def gone(content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        raise RuntimeError("comm is closed")

    Desk(run, gone, Pages()).receive({"kind": "pull", "op": "1"})

    assert ask("pull")[0]["summary"]["state"] == "finished"


def test_clicks_travel_through_the_widget(practised: InteractiveShell, run: BatchRun, monkeypatch: pytest.MonkeyPatch):
    """A custom message of the browser's reaches the desk, and its answer goes out on the widget's comm."""
    sent: queue.Queue[Any] = queue.Queue()
    widget = Session.of(practised).view(run).widget
    monkeypatch.setattr(widget, "_send", lambda msg, buffers=None: sent.put((msg, buffers)))
    content = {"kind": "page", "op": "1", "row": row_of(run, "a.pdf"), "document": 0, "page": 1}
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    message, buffers = sent.get(timeout=20)
    assert message["content"]["kind"] == "page"
    assert bytes(buffers[0])[:2] == b"\xff\xd8"


def test_few_pictures_are_kept():
    """Pictures are kept by use: the ones unused for longest go, by number and by bytes."""
    pages = Pages()
    for page in range(1, MOST_PAGES + 2):
        pages.put(("a", page, 1.0), Picture(b"x", "image/png", 1, 1))
        pages.get(("a", 1, 1.0))

    assert pages.get(("a", 2, 1.0)) is None
    assert pages.get(("a", 1, 1.0)) is not None
    pages.put(("b", 1, 1.0), Picture(bytes(60 << 20), "image/png", 1, 1))
    pages.put(("c", 1, 1.0), Picture(bytes(60 << 20), "image/png", 1, 1))
    assert pages.get(("b", 1, 1.0)) is None
    assert pages.get(("c", 1, 1.0)) is not None
