"""The rig itself: what the other browser tests take for granted."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WIDGET = """
import anywidget, traitlets, threading, time
class Counter(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
        const b = document.createElement("button"); const t = () => { b.textContent = "count is " + model.get("n"); };
        model.on("change:n", t); t(); b.onclick = () => { model.set("n", model.get("n") + 1); model.save_changes(); };
        el.append(b); } }'''
    n = traitlets.Int(0).tag(sync=True)
w = Counter()
w
"""


def test_a_widget_is_drawn_clicked_and_read_back(notebook):
    """A widget drawn in the page takes a click, and the kernel sees it."""
    book = notebook([WIDGET, "print('n =', w.n)"])
    book.run(0)
    book.shows(0, "count is 0").get_by_role("button").click()
    book.shows(0, "count is 1")
    book.run(1)
    book.shows(1, "n = 1")

    assert "n = 1\n" == book.printed(1)


def test_a_request_to_another_host_is_noticed(notebook):
    """A page that asks another host for something is caught: the offline check of every test can fail."""
    book = notebook(["1 + 1"])
    book.js("async () => { await fetch('http://192.0.2.1/x').catch(() => null); }")

    assert ["http://192.0.2.1/x"] == book.asked
    book.asked.clear()


def test_a_running_cell_is_known_and_can_be_interrupted(notebook):
    """An interrupt ends a cell that sleeps, and the rig knows when it runs and when it has ended."""
    book = notebook(["print('begun', flush=True)\nimport time\ntime.sleep(60)"])
    book.run(0, wait=False)
    book.shows(0, "begun")
    assert book.running(0)
    book.interrupt()
    book.shows(0, "KeyboardInterrupt")

    assert "KeyboardInterrupt" == book.outputs(0)[-1]["ename"]


def test_a_cell_is_run_again_after_a_restart(notebook):
    """A cell that gets the same number from a new kernel is seen to end like any other."""
    book = notebook(["import os\nprint('kernel', os.getpid())"])
    first = book.run(0).printed(0)
    book.restart()
    second = book.run(0, seconds=20).printed(0)

    assert first.startswith("kernel")
    assert second.startswith("kernel")
    assert first != second
