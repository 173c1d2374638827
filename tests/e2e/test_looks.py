"""Every view in both front ends, light and dark, narrow and wide: photographed, and nothing juts out of its place."""

from __future__ import annotations

import pytest

from .test_accessibility import BATCH, BEGIN, FILES, INVOICES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

WIDTHS = (480, 800, 1200, 1600)
LIVE = """rows = rows * 20
get_ipython().run_cell_magic('batchata', 'messages --over rows --model gpt-6.1-sol --max-cost 90 --items-per-batch 5 '
    '--max-parallel-batches 2', 'topic: str\\n---\\nSay the topic. Topic: trains. {{ item }}')"""
JUTS = """view => {
  const box = view.getBoundingClientRect(), found = [];
  for (const el of view.querySelectorAll("*")) {
    const own = el.getBoundingClientRect();
    if (!own.width || el.closest(".bnb-scroll, .bnb-pane, .bnb-hidden, .bnb-bar, svg")) continue;
    if (own.right <= box.right + 1 && own.left >= box.left - 1) continue;
    found.push(el.className + ": " + el.textContent.slice(0, 40));
  }
  return found;
}"""


def test_every_view_at_every_width(notebook):
    """At 480 to 1600 pixels, light and dark, all parts of every view stay within it."""
    cells = [
        BEGIN.format(seconds=1),
        INVOICES,
        BATCH,
        "await notes;\nnotes.dashboard",
        "invoices.dashboard",
        LIVE,
        "%batchata",
    ]
    book = notebook(cells, files=FILES, width=1600, height=1000)
    for cell in range(len(cells)):
        book.run(cell)
    views = {
        name: book.output(cell).locator(".bnb").first
        for name, cell in (("live", 5), ("results", 4), ("compare", 3), ("overview", 6))
    }
    views["results"].locator("tbody tr").first.wait_for()
    views["compare"].get_by_role("button", name="Compare models").click()
    views["compare"].get_by_text("60 of 60 agree").wait_for()
    views["live"].locator(".bnb-fact").first.wait_for()
    book.page.wait_for_timeout(3000)
    juts: list[str] = []
    book.js("() => app.shell.collapseLeft?.()")  # as a person does who has little room
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        book.theme(theme)
        for width in WIDTHS:
            book.page.set_viewport_size({"width": width, "height": 1000})
            for name, view in views.items():
                look(book, juts, f"{name}-{width}-{theme.split()[1].lower()}", view)
    book.page.set_viewport_size({"width": 1200, "height": 1000})
    views["results"].locator("tbody tr").first.click()
    views["results"].locator("img.bnb-page-image").wait_for()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        book.theme(theme)
        for width in WIDTHS:
            book.page.set_viewport_size({"width": width, "height": 1000})
            look(book, juts, f"evidence-{width}-{theme.split()[1].lower()}", views["results"])

    assert [] == juts


def look(book, juts: list[str], name: str, view) -> None:
    """Photograph a view, and note what juts out of it."""
    view.scroll_into_view_if_needed()
    book.page.wait_for_timeout(250)
    book.shot(f"look-{name}", view)
    juts += [f"{name}: {each}" for each in view.evaluate(JUTS)]
