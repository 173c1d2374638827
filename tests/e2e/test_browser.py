"""What a person sees and does in JupyterLab and in Notebook 7: live views, buttons, evidence, and what stays behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

INVOICE_FILES = Path(__file__).resolve().parent.parent.parent / "example_notebooks" / "invoices"
SLEEP = "print('begun', flush=True)\nimport time\ntime.sleep(120)"
BATCH = """%%batchata notes --over rows --model gpt-6.1-sol --max-cost 5
mood: Literal["good", "bad"]
---
Say the mood of this message. Mood: good. {{ text }}"""
INVOICES = """%%batchata invoices --files "invoices/*.pdf" --model claude-sonnet-5-5 --cite
invoice_number: str
vendor: str
total_amount: Decimal
---
Extract the invoice number, the vendor and the total amount."""


def begin(seconds: float, rows: int = 40) -> str:
    """Return the first cell: practice batches take so many seconds, and there are so many rows."""
    return (
        f"import os\nos.environ['BATCHATA_PRACTICE_SECONDS'] = '{seconds}'\n%load_ext batchata_nb\n"
        f"rows = [{{'text': f'Message {{n}}.'}} for n in range({rows})]"
    )


def start(book, *, cell: int = 1):
    """Run the first cells up to the one that starts the batch; return its dashboard."""
    for number in range(cell + 1):
        book.run(number)
    dashboard = book.output(cell).locator(".bnb").first
    dashboard.wait_for()
    return dashboard


def sleeping(book, cell: int) -> None:
    """Run a cell that keeps the kernel busy, and wait until it does."""
    book.run(cell, wait=False)
    book.shows(cell, "begun")


def cancel(dashboard) -> None:
    """Press Cancel, and confirm."""
    dashboard.get_by_role("button", name="Cancel", exact=True).click()
    dashboard.get_by_role("button", name="Cancel the run").click()


def test_dashboard_is_live_while_a_cell_blocks(notebook):
    """The dashboard goes on to the end of the run while another cell keeps the kernel busy."""
    in_waves = BATCH.replace("--max-cost 5", "--max-cost 5 --items-per-batch 10 --max-parallel-batches 2")
    book = notebook([begin(8), in_waves, SLEEP], height=1120)
    dashboard = start(book)
    sleeping(book, 2)
    book.shows(1, re.compile("Ended[12]0 of 40"))
    dashboard.get_by_text("good").first.wait_for()
    dashboard.scroll_into_view_if_needed()
    book.shot("live", dashboard)
    book.shows(1, re.compile(r"finished", re.IGNORECASE))

    assert book.running(2)


def test_cancel_works_during_await(notebook):
    """A click on Cancel while a cell awaits the run ends both the run and the wait."""
    book = notebook([begin(80), BATCH, "print('begun', flush=True)\nawait notes;\nprint(notes.summary()['state'])"])
    dashboard = start(book)
    book.run(2, wait=False)
    book.shows(2, "begun")
    cancel(dashboard)
    book.shows(2, "cancelled", seconds=90)


@pytest.mark.parametrize("wait", ["notes.wait()", "await notes"])
def test_interrupt_gives_the_prompt_back_and_the_run_goes_on(notebook, wait):
    """Interrupting a wait ends the wait and not the run."""
    book = notebook([begin(15), BATCH, f"print('begun', flush=True)\n{wait}", "print(notes.summary()['state'])"])
    start(book)
    book.run(2, wait=False)
    book.shows(2, "begun")
    book.interrupt()
    book.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionState !== 'running'",
        timeout=10_000,
    )
    book.run(3)
    book.shows(3, "running")
    book.shows(1, re.compile(r"finished", re.IGNORECASE), seconds=60)


def test_final_output_is_static_and_survives(notebook):
    """When the run is over its output is plain HTML, which is there with a new kernel and without any."""
    book = notebook([begin(1, rows=5), BATCH, "notes.wait();"])
    start(book)
    book.run(2)
    book.shows(1, re.compile(r"finished", re.IGNORECASE))
    saved = book.save()
    kinds = {kind for output in saved.cells[1].outputs for kind in output.get("data", {})}
    assert {"text/html", "text/plain"} == kinds

    book.restart()
    book.shows(1, "good")
    book.server.end_sessions()
    book.page.reload()
    book.ready(kernel=False)
    book.shows(1, "good")
    book.shot("static", book.output(1))
    assert book.output(1).locator("mjx-container").count() == 0  # dollars are no mathematics


def test_reload_while_running(notebook):
    """After a reload of the page the dashboard is live again, and goes on to the end."""
    book = notebook([begin(15), BATCH])
    start(book)
    book.save()
    book.reload()
    book.shows(1, re.compile(r"running", re.IGNORECASE))
    book.shows(1, re.compile(r"finished", re.IGNORECASE), seconds=60)


def test_two_views_of_one_run(notebook):
    """Two outputs show the same run, and a button in one is seen in the other."""
    book = notebook([begin(80), BATCH, "notes"])
    start(book)
    book.run(2)
    second = book.output(2).locator(".bnb").first
    second.wait_for()
    cancel(second)
    book.shows(1, re.compile(r"cancelled", re.IGNORECASE), seconds=60)
    book.shows(2, re.compile(r"cancelled", re.IGNORECASE), seconds=60)


def test_dark_theme(notebook):
    """In the dark theme the dashboard is light on dark, in the light theme dark on light."""
    book = notebook([begin(60), BATCH])
    dashboard = start(book)
    shades = "el => { const s = getComputedStyle(el); return [s.backgroundColor, s.color]; }"

    def lightness(colour: str) -> float:
        return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3

    for theme, sign in (("JupyterLab Dark", -1), ("JupyterLab Light", 1)):
        book.theme(theme)
        ground, text = (lightness(shade) for shade in dashboard.evaluate(shades))
        book.shot(theme.split()[1].lower(), dashboard)
        assert sign * (ground - text) > 100


def test_each_figure_stands_under_its_name(notebook):
    """The front end's own style sheet does not tear the dashboard's figures from their names, wide or narrow."""
    book = notebook([begin(60), BATCH])
    dashboard = start(book)
    dashboard.locator(".bnb-fact").first.wait_for()
    for width in (1280, 760):
        book.page.set_viewport_size({"width": width, "height": 900})
        pairs = dashboard.locator(".bnb-fact").evaluate_all(
            "facts => facts.map(fact => [fact.children[0], fact.children[1]].map(el => {"
            " const box = el.getBoundingClientRect(); return [box.left, box.top]; }))"
        )
        book.shot(f"figures-{width}", dashboard)

        assert pairs
        assert all(abs(name[0] - figure[0]) < 4 and 0 < figure[1] - name[1] < 40 for name, figure in pairs)


def test_ten_thousand_jobs_leave_the_page_responsive(notebook):
    """With 10,000 jobs under way a page of rows comes at once, and the page's own thread is never held up for long."""
    book = notebook([begin(20, rows=10_000), BATCH])
    dashboard = start(book)
    book.js(
        "() => { window.longest = 0; let last = performance.now(); const tick = () => { const now = performance.now();"
        " window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(tick); }; tick(); }"
    )
    book.shows(1, "of 10,000", seconds=60)
    dashboard.get_by_role("button", name=re.compile("last", re.IGNORECASE)).click()
    dashboard.get_by_text("row-010000").wait_for()
    book.shot("many", dashboard)

    assert book.page.evaluate("() => window.longest") < 2000


def test_a_click_on_a_field_shows_its_place(notebook):
    """A click on a value opens the page of the document, with a mark over the words it was read from."""
    book = notebook([begin(2, rows=0), INVOICES, "await invoices"], files=INVOICE_FILES, width=1280, height=1000)
    start(book)
    book.run(2)
    view = book.output(2).locator(".bnb").first
    book.output(2).scroll_into_view_if_needed()
    view.get_by_text("HLB-20418").first.click()
    evidence = view.get_by_role("group", name="Result and evidence")
    evidence.get_by_role("button", name="total_amount").first.click()
    mark = evidence.locator(".bnb-marks > *").first
    mark.wait_for()
    image = evidence.locator("img.bnb-page-image")
    box, page = mark.bounding_box(), image.bounding_box()
    book.shot("evidence", view)

    assert image.evaluate("img => img.naturalWidth") > 500
    assert page["x"] <= box["x"] < box["x"] + box["width"] <= page["x"] + page["width"]
    assert page["y"] <= box["y"] < box["y"] + box["height"] <= page["y"] + page["height"]
    assert 4 < box["height"] < 40
