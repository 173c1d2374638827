"""The document side of the evidence view in a real front end: long files, long texts, scans, two views of one run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGES, CHARACTERS = 300, 5_000_000
BEGIN = "import os\nos.environ['BATCHATA_PRACTICE_SECONDS'] = '1'\n%load_ext batchata_nb"
CELL = """%%batchata papers --files "papers/*" --model gpt-6.1-sol --cite
vendor: str
total_amount: Decimal
---
Extract the vendor and the total amount."""


@pytest.fixture(params=["lab"])
def front_end(request: pytest.FixtureRequest) -> str:
    """One front end: what differs between the two is tested elsewhere."""
    return str(request.param)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of many pages with a scan among them, and a text of five million characters."""
    folder = tmp_path_factory.mktemp("made") / "papers"
    folder.mkdir()
    made = FPDF(unit="pt", format=(400, 560))
    made.set_font("Helvetica", size=11)
    for number in range(1, PAGES + 1):
        made.add_page()
        if number == 3:
            made.image(Image.new("RGB", (40, 56), "lightgrey"), 0, 0, 400, 560)
            continue
        made.text(40, 60, f"Page {number}")
        if number == 2:
            made.text(40, 90, "Vendor: Halbrook Timber Ltd")
        if number == PAGES - 20:
            made.text(40, 90, "Total amount: 4,817.30")
    made.output(str(folder / "long.pdf"))
    line = "The goods remain the property of the seller until they have been paid for in full.\n"
    half = line * (CHARACTERS // 2 // len(line))
    text = f"Vendor: Ostrander Mills\n{half}Total amount: 912.40\n{half}"
    (folder / "long.txt").write_text(text, encoding="utf-8")
    return folder


def opened(book, row: str):
    """Run the cells, open a result; return its view."""
    for cell in range(3):
        book.run(cell)
    book.run(3)
    view = book.output(3).locator(".bnb").first
    book.output(3).scroll_into_view_if_needed()
    view.get_by_text(re.compile(row)).first.click()
    evidence = view.get_by_role("group", name="Result and evidence")
    evidence.locator(".bnb-field").first.wait_for()
    return evidence


CELLS = [BEGIN, CELL, "await papers;", "papers.dashboard"]


def test_a_long_file_is_looked_over_and_its_scan_is_named(notebook, papers):
    """Small pages of a long file are drawn as they come into sight; a scan among them is named in words."""
    book = notebook(CELLS, files=papers, height=1000)
    evidence = opened(book, r"long\.pdf")
    evidence.locator(".bnb-thumb img[src^='blob']").first.wait_for()
    drawn = evidence.locator(".bnb-thumb").count()
    evidence.get_by_role("button", name=re.compile("^Page 3, Page 3 is a scan")).click()
    note = evidence.locator(".bnb-page-note")
    note.wait_for()
    book.shot("scan", evidence)
    assert "Page 3 is a scan: no text to point at." == note.inner_text()
    assert drawn < 20

    evidence.get_by_role("button", name="total_amount").first.click()
    evidence.get_by_text(f"page {PAGES - 20} of {PAGES}").wait_for()
    here = evidence.locator(".bnb-thumb[aria-current='page']")
    here.locator("img[src^='blob']").wait_for()
    evidence.locator(".bnb-mark.bnb-active").wait_for()
    book.shot("long", evidence)
    assert str(PAGES - 20) == here.inner_text().strip(" ●")


def test_a_long_text_opens_at_its_place(notebook, papers):
    """A text of five million characters opens at the cited words, and only a little of it is in the page."""
    book = notebook(CELLS, files=papers, height=1000)
    evidence = opened(book, r"long\.txt")
    evidence.get_by_role("button", name="total_amount").first.click()
    mark = evidence.locator("mark.bnb-active")
    mark.wait_for()
    pane = evidence.locator(".bnb-text-pane")
    inside = "([mark, pane]) => { const a = mark.getBoundingClientRect(), b = pane.getBoundingClientRect();"
    inside += " return a.top >= b.top && a.bottom <= b.bottom; }"
    book.page.wait_for_function(inside, arg=[mark.element_handle(), pane.element_handle()])
    book.shot("long-text", evidence)
    assert "912.40" == mark.inner_text()
    assert 1000 < len(pane.inner_text()) < 200_000
    assert pane.evaluate("pane => pane.scrollHeight") > 500_000

    pane.evaluate("pane => { pane.scrollTop = pane.scrollHeight * 0.9; }")
    book.page.wait_for_function(
        "pane => { const box = pane.getBoundingClientRect();"
        " const at = document.elementFromPoint(box.left + 40, box.top + box.height / 2);"
        " return at?.closest('.bnb-block') && at.textContent.includes('goods remain'); }",
        arg=pane.element_handle(),
    )


def test_a_verdict_in_one_view_is_seen_in_the_other(notebook, papers):
    """Two outputs show one result; what is confirmed in one is confirmed in the other, which was open all the while."""
    book = notebook([*CELLS, "papers[0]"], files=papers, height=1000)
    first = opened(book, r"long\.pdf")
    book.run(4)
    second = book.output(4).locator(".bnb").first
    second.locator(".bnb-field").first.wait_for()
    second.get_by_role("button", name="Confirm", exact=True).click()
    second.locator(".bnb-said-confirmed").first.wait_for()
    first.locator(".bnb-field .bnb-said-confirmed").first.wait_for(state="attached")
    first.get_by_text("1 of 2 checked").wait_for(state="attached")
    first.locator(".bnb-field-name").nth(1).click()
    first.get_by_role("button", name="Reject", exact=True).click()
    second.get_by_text("all 2 checked").wait_for(state="attached")
    book.shot("two-views")
