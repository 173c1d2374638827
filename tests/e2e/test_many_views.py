"""Many views of one run, views that are closed, and pages that sleep: no leak, nothing left behind, no wrong number."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .rig import until
from .test_browser import BATCH, begin, start

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

VIEWS = 10
HELD = """import gc, ipywidgets
from batchata_nb.notebook.session import Session
gc.collect()
known, view = ipywidgets.widgets.widget._instances, next(iter(Session.of(get_ipython()).views.values()))
models = sorted(type(each).__name__ for each in known.values() if 'batchata' in type(each).__module__)
drive = view.run.drive
print(models, len(view._outputs), len(drive.reviewed), len(drive.subscribers))"""
IN_WAVES = BATCH.replace("--max-cost 5", "--max-cost 5 --items-per-batch 10 --max-parallel-batches 2")


def alive(book) -> dict[str, int]:
    """Count, after a collection, the parts of views that the page still holds: whatever is heard, timed or shown."""
    session = book.page.context.new_cdp_session(book.page)
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    found = session.send("Runtime.evaluate", {"expression": "HTMLElement.prototype"})["result"]["objectId"]
    every = session.send("Runtime.queryObjects", {"prototypeObjectId": found})["objects"]["objectId"]
    # prototypes are among what is found, and are no elements
    count = "function () { const of = (el) => { try { return el.matches('section.bnb'); } catch { return false; } };"
    count += " const views = this.filter(of);"
    count += " return { held: views.length, shown: views.filter((el) => el.isConnected).length }; }"
    asked = {"objectId": every, "functionDeclaration": count, "returnByValue": True}
    counted = session.send("Runtime.callFunctionOn", asked)["result"]["value"]
    session.detach()
    return dict(counted)


def test_ten_views_of_one_run_end_alike_and_leave_nothing(notebook):
    """Ten outputs of one run end with the same numbers; once cleared, nothing holds anything of them."""
    book = notebook([begin(6), IN_WAVES, *["notes"] * (VIEWS - 1), "notes.dashboard", "notes[0]", HELD], height=1000)
    start(book)
    for cell in range(2, VIEWS + 1):
        book.run(cell)
    expect(book.page.locator("section.bnb")).to_have_count(VIEWS)
    first = book.output(1)
    expect(first).to_contain_text("finished", timeout=60_000)
    facts = [book.output(cell).locator("table").first for cell in range(1, VIEWS + 1)]
    for each in facts:
        expect(each).to_contain_text("40 in all: 40 succeeded")
    assert len({each.inner_text() for each in facts}) == 1
    expect(book.page.locator("section.bnb")).to_have_count(0)  # all have become static
    assert alive(book) == {"held": 0, "shown": 0}

    dashboard, result, held = VIEWS + 1, VIEWS + 2, VIEWS + 3
    for _ in range(3):  # each time the earlier view goes
        book.run(dashboard)
        book.run(result)
        book.output(dashboard).get_by_text("40 of 40 succeeded").first.wait_for()
        book.output(result).get_by_text("good").first.wait_for()
    book.run(held)
    assert book.printed(held) == f"['Dashboard', 'ResultView'] {VIEWS} 2 2\n"
    assert alive(book) == {"held": 2, "shown": 2}
    for cell in range(2, VIEWS + 1):  # run again, their earlier outputs are gone
        book.run(cell)
    book.run(held)
    assert book.printed(held).split("]")[1] == " 1 2 2\n"  # nine outputs are gone, as the kernel knows
    book.js("() => app.commands.execute('notebook:clear-all-cell-outputs')")
    expect(book.page.locator("section.bnb")).to_have_count(0)
    assert alive(book) == {"held": 0, "shown": 0}


SLEEPS = [("lab", "stopped"), ("lab", "offline"), ("notebook", "offline")]


@pytest.mark.parametrize(("front_end", "sleep"), SLEEPS, indirect=["front_end"])
def test_a_page_that_slept_shows_what_is_so(notebook, sleep):
    """After a sleep, in which the page stood still or had no network, its numbers are right, and none is double."""
    wait = "print('begun', flush=True)\nnotes.wait()\nopen('ended', 'w').close()"
    book = notebook([begin(3), IN_WAVES, "notes.dashboard", wait, "notes.summary()['words']"], height=1000)
    start(book)
    book.run(2)
    book.run(3, wait=False)
    book.shows(3, "begun")
    ended = (book.server.folder / book.name).parent / "ended"
    asleep(book, sleep, lambda: until(ended.exists, seconds=60, what="the run did not end"))
    for cell in (1, 2):
        expect(book.output(cell)).to_contain_text("40 in all: 40 succeeded", timeout=20_000)
        expect(book.output(cell)).not_to_contain_text("running")
        assert len(re.findall("row-000001", book.output(cell).inner_text())) == 1
    book.run(4)
    book.shows(4, "40 of 40 succeeded")
    book.shot(f"woken-{sleep}")


def asleep(book, sleep: str, meanwhile: Callable[[], None]) -> None:
    """Let the page sleep while something goes on without it, and wake it."""
    if sleep == "offline":
        book.page.context.set_offline(True)
        meanwhile()
        assert "40 in all" not in book.output(1).inner_text()  # it was not heard
        book.page.context.set_offline(False)
        return
    session = book.page.context.browser.new_browser_cdp_session()
    every = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [process["id"] for process in every if process["type"] == "renderer"]
    assert pages
    for process in pages:  # of the browser that this test has started
        os.kill(process, signal.SIGSTOP)
    try:
        meanwhile()
    finally:
        for process in pages:
            os.kill(process, signal.SIGCONT)
