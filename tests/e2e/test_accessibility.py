"""The views as axe sees them in a front end, light and dark, with colours and layout as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

AXE = Path(__file__).resolve().parent.parent.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
BEGIN = """import os
os.environ['BATCHATA_PRACTICE_SECONDS'] = '{seconds}'
%load_ext batchata_nb
rows = ['Mood: good.'] * 60"""
BATCH = """%%batchata notes --over rows --model claude-sonnet-5-5 --model gpt-6.1-sol --cite
mood: Literal["good", "bad"]
---
Say the mood. {{ item }}"""
FILES = Path(__file__).resolve().parent.parent.parent / "example_notebooks" / "invoices"
INVOICES = """%%batchata invoices --files "invoices/*.pdf" --model claude-sonnet-5-5 --cite --wait
invoice_number: str
vendor: str
total_amount: Decimal
---
Extract the invoice number, the vendor and the total amount."""


def violations(book, cell: int) -> list[str]:
    """Return what axe finds wrong in a cell's output."""
    if not AXE.exists():
        pytest.fail("axe-core is not installed: run 'make js' first")
    book.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = book.output(cell).locator(".bnb").first.evaluate("async view => (await axe.run(view)).violations")
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for each in found for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_bars_a_reader(notebook, theme):
    """Axe finds nothing wrong in a live dashboard, in an opened result, and while a field is being reviewed."""
    book = notebook([BEGIN.format(seconds=2), INVOICES, "invoices.dashboard"], files=FILES, width=1280, height=1000)
    book.theme(theme)
    for cell in range(3):
        book.run(cell)
    view = book.output(2).locator(".bnb").first
    row = view.get_by_text("HLB-20418").first
    row.wait_for()
    found = {"table": violations(book, 2)}
    row.click()
    view.get_by_role("button", name="Confirm").wait_for()
    view.locator("img.bnb-page-image").wait_for()
    found["result"] = violations(book, 2)
    book.page.keyboard.press("c")
    view.locator(".bnb-said").first.wait_for()
    book.page.keyboard.press("e")
    found["review"] = violations(book, 2)
    name = theme.split()[1].lower()
    book.shot(f"review-{name}", view)

    assert {"table": [], "result": [], "review": []} == found


def test_a_verdict_is_kept_for_the_next_kernel(notebook):
    """A value corrected by keyboard is checked against the class, is in the frame, and outlives the kernel."""
    cells = [BEGIN.format(seconds=0), INVOICES, "invoices.dashboard"]
    cells += [
        BEGIN.format(seconds=0),
        INVOICES,
        "print(invoices.to_df().filter(like='.').iloc[0:9].to_string())",
    ]
    book = notebook(cells, files=FILES, width=1280, height=1000)
    for cell in range(3):
        book.run(cell)
    view = book.output(2).locator(".bnb").first
    view.get_by_text("HLB-20418").first.click()
    view.get_by_role("button", name="Confirm").wait_for()
    for key in ("c", "c", "e"):
        book.page.keyboard.press(key)
    view.get_by_label("The right value").fill("a lot")
    book.page.keyboard.press("Enter")
    view.get_by_text("total_amount: Input should be a valid decimal").wait_for()
    view.get_by_label("The right value").fill("640.00")
    book.page.keyboard.press("Enter")
    view.get_by_text("all 3 checked").wait_for()
    book.restart()
    for cell in (3, 4, 5):
        book.run(cell)
    words = book.printed(5).split()

    assert (2, 1, 1) == tuple(words.count(word) for word in ("confirmed", "corrected", "640.00"))


def test_models_stand_side_by_side(notebook):
    """A run of two models shows their answers in one line each, with how many agree."""
    book = notebook([BEGIN.format(seconds=0), BATCH, "await notes;\nnotes.dashboard"], width=1280, height=900)
    for cell in range(3):
        book.run(cell)
    view = book.output(2).locator(".bnb").first
    view.get_by_role("button", name="Compare models").click()
    view.get_by_text("60 of 60 agree").wait_for()
    book.shot("compare", view)

    assert [] == violations(book, 2)
