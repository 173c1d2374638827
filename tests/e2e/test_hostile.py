"""Hostile texts of five million characters in every view and export: nothing runs, nothing is asked for, all holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from .hostile import EVIL, HUGE, MODELS, HostileServer, papers
from .test_looks import JUTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PAYLOAD = re.compile("onerror|PWNED")
MATHS = "from IPython.display import HTML\nHTML('<p>$x^2$</p>')"
"""What a front end sets as mathematics where nothing keeps it from it."""
BEGIN = """import os, pathlib
os.environ |= {{'BATCHATA_PRACTICE': '0', 'BATCHATA_POLL_INTERVAL': '0.1'}}
%load_ext batchata_nb
evil, [paper] = {evil!r}, pathlib.Path('papers').iterdir()
rows = {{kind + evil: {{'kind': kind, 'paper': str(paper)}} for kind in ('field', 'prose', 'error')}}"""
BATCH = """%%batchata notes --over rows --file-column paper --base-url {url} --live {models} --cite quotes
vendor: str
note: str
---
answer with {{{{ kind }}}}"""
CELLS = ["await notes;", "notes.dashboard", "notes[0]", "notes.to_df()", "%batchata", MATHS]
CELLS += ["pathlib.Path('exported').mkdir()\nnotes.export_html('exported/out.html').name"]
CELLS += ["get_ipython().run_line_magic('batchata', 'status ' + 'no\\u202e\\x1b[31m\\u200b')"]


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """An endpoint on loopback whose answers are hostile."""
    with HostileServer() as serving:
        yield serving


def test_hostile_text_stays_text(notebook, server, tmp_path):
    """Markup, links, controls and formulas, five million characters of them, are text in every view and export."""
    models = " ".join(f"--model {name}" for name in MODELS)
    evil = EVIL.encode("utf-8", "replace").decode()  # ids are refused that are no text
    cells = [BEGIN.format(evil=evil), BATCH.format(url=server.url, models=models), *CELLS]
    book = notebook(cells, files=papers(tmp_path), width=1280, height=1000)
    for cell in range(len(cells)):
        book.run(cell, seconds=120)
    assert len(HUGE) > 5_000_000
    book.output(1).get_by_text("2 of 6 succeeded").first.wait_for()
    book.output(7).locator("mjx-container").wait_for()  # so the rest could have been set, too
    dashboard, single = (book.output(cell).locator(".bnb").first for cell in (3, 4))
    dashboard.locator("tbody tr").nth(5).wait_for()
    unharmed(book, "table")
    for row in range(3):
        dashboard.locator("tbody tr").nth(row).click()
        evidence = dashboard.get_by_role("group", name="Result and evidence")
        evidence.locator(".bnb-block:visible, .bnb-raw:visible").filter(has_text=PAYLOAD).first.wait_for()
        unharmed(book, f"evidence-{row}")
        raw = evidence.get_by_role("button", name="Raw answer")
        if raw.count():
            raw.click()
            unharmed(book, f"raw-{row}")
        evidence.press("Escape")
    dashboard.get_by_role("button", name="Compare models").click()
    dashboard.get_by_text("1 of 1 agree").wait_for()
    unharmed(book, "compare")
    single.locator(".bnb-field").first.wait_for()
    single.locator(".bnb-block").first.filter(has_text=PAYLOAD).first.wait_for()
    dashboard.get_by_role("button", name="All results").locator("visible=true").click()
    dashboard.get_by_role("button", name="Export").click()
    dashboard.get_by_role("button", name="CSV").click()
    dashboard.get_by_text(re.compile(r"6 results, .* are in .*notes\.csv")).wait_for(timeout=60_000)
    book.output(6).locator(".bnb-run").first.wait_for()
    unharmed(book, "all")
    assert not re.search("[\u202e\u2066\u200b\x1b]", book.output(9).inner_text())  # a mistake is told in plain text

    folder = (book.server.folder / book.name).parent
    saved = book.save()
    assert all(len(text) < 100_000 for text in htmls(saved))
    without_kernel = HTMLExporter(template_name="basic").from_notebook_node(saved)[0]
    for name, page in (
        ("export", (folder / "exported" / "out.html").read_text("utf-8")),
        ("nbconvert", without_kernel),
    ):
        book.page.goto("about:blank")
        book.page.set_content(page)
        book.page.get_by_text(PAYLOAD).first.wait_for()
        still(book, name)
        assert "(80 more" not in book.page.inner_text("body"), name  # of five million
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["book.ipynb", "notes.csv"]


def htmls(saved: nbformat.NotebookNode) -> Iterator[str]:
    """Each HTML that a saved notebook of ours holds."""
    for cell in saved.cells:
        for output in cell.get("outputs", ()):
            yield "".join(output.get("data", {}).get("text/html", ""))


def unharmed(book, name: str) -> None:
    """Photograph the page; nothing has run, no markup has become an element, and no view juts out or has grown tall."""
    book.page.wait_for_timeout(300)
    still(book, name)
    views = book.page.locator(".bnb")
    assert [] == [each for view in views.all() for each in view.evaluate(JUTS)], name
    assert all(view.bounding_box()["height"] < 1600 for view in views.all()), name
    outputs = "document.querySelectorAll('.jp-OutputArea mjx-container').length"
    assert book.page.evaluate(f"() => {outputs}") == 1, name  # that of the cell that asks for it


def still(book, name: str) -> None:
    """Photograph the page; nothing of a text has run or has become an element."""
    book.shot(f"hostile-{name}")
    assert book.page.evaluate("() => window.PWNED === undefined"), name
    made = "img[src^=x], img[src*='192.0'], link[href*='192.0'], a[href^=javascript], svg[onload], iframe[srcdoc], form"
    assert 0 == book.page.locator(f":is(.bnb, .bnb-static, .jp-OutputArea, main, article) :is({made})").count(), name


def test_payloads_are_what_they_seem(browser, tmp_path: Path):
    """The same texts do run where they are taken for markup: what is proven of the views could fail."""
    page = browser.new_page()
    page.route(re.compile("192.0.2.1"), lambda route: route.abort())
    page.set_content(f"<div>{EVIL.encode('utf-8', 'replace').decode()}</div>")
    page.wait_for_function("() => window.PWNED === 1")
    page.close()
