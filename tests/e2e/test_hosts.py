"""Colab and VS Code, by their own widget managers: live where they can be, and a story told where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .hosts import DEAF, HTML_MANAGER, VSCODE, Host
from .rig import ELSEWHERE, SHOTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

BEGIN = """import os
os.environ['BATCHATA_PRACTICE_SECONDS'] = '{seconds}'
%load_ext batchata_nb
rows = [{{'text': f'Message {{n}}.'}} for n in range(40)]"""
BATCH = """get_ipython().run_cell_magic('batchata', 'notes --over rows --model gpt-6.1-sol --max-cost 5',
'mood: Literal["good", "bad"]\\n---\\nSay the mood of this message. Mood: good. {{ text }}')"""


@pytest.fixture
def host(browser, tmp_path) -> Iterator[Callable[..., Host]]:
    """Open a host; at the end its kernel is gone, and the page has asked no other machine for anything."""
    for script in (HTML_MANAGER, VSCODE):
        if not script.exists():
            pytest.fail(f"{script.name} is not installed: run 'make js' first")
    opened: list[Host] = []
    asked: list[str] = []

    def open_new(kind: str, **more: object) -> Host:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url) if ELSEWHERE.match(request.url) else None)
        opened.append(Host(page, kind, tmp_path, **more))
        return opened[-1]

    yield open_new
    SHOTS.mkdir(exist_ok=True)
    for each in opened:
        each.page.screenshot(path=SHOTS / f"{each.kind}-host.png", full_page=True)
        each.close()
        each.page.close()
    assert [] == asked


def test_colab_catches_up_though_it_hears_no_thread(host):
    """With Colab's versions and a front end that loses what threads send, a view gets to the end by asking."""
    colab = host("colab")
    colab.run(DEAF)
    colab.run(BEGIN.format(seconds=4))
    colab.run(BATCH)
    assert colab.shows("Ended")
    assert colab.shows("40 of 40 succeeded", seconds=40)
    colab.page.get_by_text("row-000002").first.click()
    assert colab.shows("mood")
    lost = colab.run("print(len(lost))")

    assert int(lost) > 0  # the host did lose messages: what is seen was asked for


def test_colab_cancels(host):
    """A click on Cancel reaches the run, and its answer the page and every row, though no thread is heard."""
    colab = host("colab")
    colab.run(DEAF)
    colab.run(BEGIN.format(seconds=80))
    colab.run(BATCH)

    def states() -> set[str]:
        return set(colab.page.locator("tbody td.bnb-col-state").all_inner_texts())

    assert colab.until(lambda: {"running"} == states())
    assert colab.until(lambda: colab.page.get_by_role("button", name="Cancel", exact=True).count())
    colab.page.get_by_role("button", name="Cancel", exact=True).click()
    colab.page.get_by_role("button", name="Cancel the run").click()

    assert colab.until(lambda: "cancelled" in colab.page.locator(".bnb-state").first.inner_text(), seconds=40)
    assert "running" not in states()  # no row is behind its run
    assert colab.until(lambda: {"cancelled"} == states(), seconds=5)


def test_vscode_is_live(host):
    """In VS Code's widget manager the dashboard runs to its end, and answers a click."""
    code = host("vscode")
    code.run(BEGIN.format(seconds=4))
    code.run(BATCH)
    assert code.shows("Ended")

    assert code.shows("40 of 40 succeeded", seconds=40)


def test_vscode_tells_the_story_where_the_widget_cannot_load(host):
    """Offline, without anywidget's script, static parts say what runs, what it costs and how to see it again."""
    code = host("vscode", load=False)
    code.run(BEGIN.format(seconds=60))
    code.run(BATCH)

    assert code.shows("notes was running")
    assert code.shows("limit $5.00")
    assert code.shows("%batchata attach r")
