"""`%batchata` alone, and what views say to whom they do not load: runs of the store, old kernels, stand-ins."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .test_accessibility import violations
from .test_browser import BATCH, begin, start
from .test_busy import DONE, KERNEL

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_the_runs_of_a_store_are_seen_and_opened(notebook):
    """`%batchata` shows every run with its state, progress, money and time, goes on by itself, and opens one below."""
    second = BATCH.replace("notes", "later").replace("--max-cost 5", "")
    book = notebook([begin(6), BATCH, second, "%batchata"], width=1280, height=1000)
    start(book)
    for cell in (2, 3):
        book.run(cell)
    runs = book.output(3).locator(".bnb").first
    lines = runs.locator(".bnb-run")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("later")
    expect(lines.nth(1)).to_contain_text(re.compile(r"\$[\d.<]+ of \$5\.00"))
    assert [] == violations(book, 3)
    expect(lines.nth(1)).to_contain_text("40 of 40 succeeded", timeout=60_000)
    expect(lines.nth(1)).to_contain_text("finished")
    lines.nth(1).get_by_role("button", name=re.compile("^Open: notes")).click()
    below = book.output(3).locator(".bnb").nth(1)
    expect(below).to_contain_text("40 of 40 succeeded")
    book.shot("overview", book.output(3))
    lines.nth(0).get_by_role("button", name=re.compile("^Open: later")).click()
    expect(book.output(3).locator(".bnb").nth(1)).to_contain_text("later")

    assert 2 == book.output(3).locator(".bnb").count()  # one run at a time below


def test_a_view_of_a_restarted_kernel_says_what_to_do(notebook):
    """When its kernel is restarted, each view on the page says so in words, with the line that shows it again."""
    book = notebook([begin(0), DONE, "done.dashboard", "done[0]", KERNEL, BATCH, "%batchata"], height=1000)
    dashboard = start(book, cell=5)
    book.run(6)
    book.output(3).locator(".bnb-field").first.wait_for()
    for cell in (2, 3, 5, 6):
        assert book.output(cell).locator(".bnb-standin").count() == 1
        assert not book.output(cell).locator(".bnb-standin").is_visible()
    done, notes = (
        book.output(cell).locator(".bnb h2").first.get_attribute("title").removeprefix("run ") for cell in (2, 5)
    )
    book.restart()
    told = {
        2: f"The run is kept: run its cell again (nothing is paid twice), or %batchata attach {done} --as done.",
        3: f"The result is kept: %batchata attach {done} --as done, then run this cell again.",
        5: f"The run is kept: run its cell again (nothing is paid twice), or %batchata attach {notes} --as notes.",
        6: "The runs are kept: %batchata shows them again.",
    }
    for cell, words in told.items():
        said = book.output(cell).locator(".bnb-status").first
        expect(said).to_have_text(f"This view belongs to a kernel that has ended. {words}")
    expect(dashboard.get_by_role("button", name="Cancel", exact=True)).to_be_hidden()
    book.shot("restarted", book.output(3))


def test_a_reopened_notebook_says_what_to_do(notebook):
    """Reopened with a new kernel, where no view can load, the saved notebook tells the run's numbers and how to attach.

    The line it names works: the run goes on in the new kernel, and nothing is paid twice.
    """
    wait = KERNEL.replace("40", "20")
    book = notebook([begin(0), DONE, "done[0]", wait, BATCH, "%load_ext batchata_nb\n%batchata"])
    start(book, cell=4)
    run_id = book.output(4).locator(".bnb h2").get_attribute("title").removeprefix("run ")
    book.save()
    book.server.end_sessions()
    book.page.reload()
    book.ready()
    told = book.output(4).locator(".bnb-standin")
    expect(told).to_contain_text(f"%batchata attach {run_id} --as notes")
    expect(told).to_contain_text("40 jobs")
    book.shot("reopened", book.output(4))
    told = book.output(2).locator(".bnb-standin")
    expect(told).to_contain_text(re.compile("This was the result row-000001 of done.*%batchata attach r.* --as done"))
    book.run(5)
    runs = book.output(5).locator(".bnb").first
    expect(runs).to_contain_text(re.compile("waits for a kernel|in another kernel|running"))
    runs.get_by_role("button", name=re.compile("^(Continue here|Open): notes")).click()
    expect(book.output(5)).to_contain_text("notes · finished", timeout=60_000)
    book.shot("continued", book.output(5))
