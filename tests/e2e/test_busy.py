"""What a person asks of a kernel that is busy with a cell: answered at once, or said to be waiting and then done."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from batchata_nb.practice.state import State

from .rig import OLD
from .test_browser import BATCH, begin, cancel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SOON = 3_000
"""The views say "kernel busy" after 0.7 s; the rest is for this machine (milliseconds)."""
DONE = """%%batchata done --over rows --model claude-sonnet-5-5 --cite --state done/state.db --wait
mood: Literal["good", "bad"]
---
Say the mood of this message. Mood: good. {{ text }}"""
SLEEPS = """import os, time
print('begun', flush=True)
while not os.path.exists('first'): time.sleep(0.2)
print('over')"""
COUNTS = """print('begun', flush=True)
while not os.path.exists('second'): sum(range(1000))
print('over')"""
KERNEL = """os.environ['BATCHATA_PRACTICE_SECONDS'] = '40'
import ipykernel
print('kernel', ipykernel.version_info[0])"""
CELLS = [begin(0, rows=120), DONE, "done.dashboard", KERNEL, BATCH]
CELLS += [SLEEPS, COUNTS]


def views(book):
    """Run the cells up to the blocking ones; return the dashboards of the finished run and of the one that goes on."""
    for number in range(5):
        book.run(number)
    finished, live = (book.output(cell).locator(".bnb").first for cell in (2, 4))
    finished.get_by_text("row-000001").first.wait_for()
    live.get_by_role("button", name="Pause", exact=True).wait_for()
    return finished, live


def blocked(book, cell: int) -> None:
    """Run a cell that goes on until it is let go."""
    book.run(cell, wait=False)
    book.shows(cell, "begun")


def let_go(book, cell: int, name: str) -> None:
    """Let a blocking cell end."""
    (book.server.folder / book.name).parent.joinpath(name).touch()
    book.shows(cell, "over")


def cancelled_at_provider(book) -> list[bool]:
    """Whether each batch of the live run was cancelled at the practice provider, by its own records."""
    folder = (book.server.folder / book.name).parent / ".batchata" / "practice"
    return [batch.cancelled is not None for batch in State(folder).batches("openai")]


def test_a_busy_kernel_answers_at_once(notebook):
    """With ipykernel 7 every button, filter, page and result is answered while a cell sleeps or counts."""
    book = notebook(CELLS, width=1280, height=1100)
    finished, live = views(book)
    blocked(book, 5)
    finished.get_by_role("searchbox").fill("row-00011")
    expect(finished.locator("tbody tr")).to_have_count(10, timeout=SOON)
    finished.get_by_role("searchbox").fill("")
    finished.get_by_role("button", name="Last page").click()
    finished.get_by_text("row-000120").wait_for(timeout=SOON)
    finished.get_by_text("row-000120").click()
    finished.get_by_role("group", name="Result and evidence").get_by_text("good").first.wait_for(timeout=SOON)
    live.get_by_role("button", name="Pause", exact=True).click()
    live.get_by_role("button", name="Resume", exact=True).wait_for(timeout=SOON)
    assert book.running(5)
    let_go(book, 5, "first")

    blocked(book, 6)
    live.get_by_label("Show jobs in state").select_option("running")
    expect(live.locator("tbody tr").first).to_contain_text("running", timeout=SOON)
    cancel(live)
    book.shows(4, re.compile(r"cancelled", re.IGNORECASE), seconds=60)
    assert cancelled_at_provider(book) == [True]
    assert book.running(6)
    let_go(book, 6, "second")


def test_an_old_kernel_says_that_it_is_busy_and_does_it_afterwards(notebook):
    """With ipykernel 6 each click is said to wait for the cell, and is carried out when that ends."""
    if not OLD.exists():
        pytest.fail("no ipykernel 6: run 'make browser' first")
    book = notebook(CELLS, kernel="old", width=1280, height=1100)
    finished, live = views(book)
    assert book.printed(3) == "kernel 6\n"
    note = finished.locator(".bnb-status").first
    blocked(book, 5)
    finished.get_by_role("searchbox").fill("row-00011")
    expect(note).to_have_text("Kernel busy: what you asked for appears when the cell ends.", timeout=SOON)
    let_go(book, 5, "first")
    expect(finished.locator("tbody tr")).to_have_count(10)
    expect(note).to_be_hidden()

    blocked(book, 6)
    finished.get_by_text("row-000115").click()
    expect(note).to_have_text("Kernel busy: what you asked for appears when the cell ends.", timeout=SOON)
    cancel(live)
    said = live.locator(".bnb-status").first
    expect(said).to_have_text("Kernel busy: this will be done when the cell ends or is interrupted.", timeout=SOON)
    book.shot("old-busy")
    assert cancelled_at_provider(book) == [False]
    let_go(book, 6, "second")
    finished.get_by_role("group", name="Result and evidence").get_by_text("good").first.wait_for()
    book.shows(4, re.compile(r"cancelled", re.IGNORECASE), seconds=60)
    assert cancelled_at_provider(book) == [True]
