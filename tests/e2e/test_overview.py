"""`%batchata` alone, and what views say to whom they do not load: runs of the store, old kernels, stand-ins."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .test_accessibility import violations
from .test_browser import BATCH, begin, start

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
    """When its kernel is restarted, a view on the page says so in words, with the line that shows the run again."""
    book = notebook([begin(60), BATCH])
    dashboard = start(book)
    run_id = book.output(1).locator(".bnb h2").get_attribute("title").removeprefix("run ")
    assert not book.output(1).locator(".bnb-standin").is_visible()
    book.restart()
    said = dashboard.locator(".bnb-status").first
    expect(said).to_contain_text(f"%batchata attach {run_id} --as notes", timeout=40_000)
    book.shot("restarted", book.output(1))
    assert "ended" in said.inner_text()


def test_a_reopened_notebook_says_what_to_do(notebook):
    """Reopened with a new kernel, where no view can load, the saved notebook tells the run's numbers and how to attach.

    The line it names works: the run goes on in the new kernel, and nothing is paid twice.
    """
    book = notebook([begin(20), BATCH, "%load_ext batchata_nb\n%batchata"])
    start(book)
    run_id = book.output(1).locator(".bnb h2").get_attribute("title").removeprefix("run ")
    book.save()
    book.server.end_sessions()
    book.page.reload()
    book.ready()
    told = book.output(1).locator(".bnb-standin")
    expect(told).to_contain_text(f"%batchata attach {run_id} --as notes")
    expect(told).to_contain_text("40 jobs")
    book.shot("reopened", book.output(1))
    book.run(2)
    runs = book.output(2).locator(".bnb").first
    expect(runs).to_contain_text(re.compile("waits for a kernel|in another kernel|running"))
    runs.get_by_role("button", name=re.compile("^(Continue here|Open): notes")).click()
    expect(book.output(2)).to_contain_text("notes · finished", timeout=60_000)
    book.shot("continued", book.output(2))
