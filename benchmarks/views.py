"""How light the views are at 100,000 jobs: ours beside the same at 1,000 jobs, in one Chromium.

`python benchmarks/views.py [--jobs 100000] [--json FILE]` prints a table. A finished practice run of so many jobs is
shown in a page that carries the widget's real messages to the real runner; no notebook front end takes part, so that
what is measured is ours. Needs the developers' packages (`pip install -e .[dev]`) and a Chromium (`make browser`).
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import runpy
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
PARTS = ("FunctionCall", "FireAnimationFrame", "Layout", "UpdateLayoutTree", "Paint", "MinorGC", "MajorGC", "ParseHTML")
BYTES = "bytes.map((b) => new DataView(Uint8Array.from(atob(b), (c) => c.charCodeAt(0)).buffer))"
ROOT = Path(__file__).resolve().parent.parent
PAGE = (
    """<!doctype html><meta charset="utf-8"><style>body { margin: 8px; width: 1100px; }</style><div id="cell"></div>"""
)
MODEL = """async ([source, css, state]) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const heard = new Map();
  window.model = {
    get: (key) => state[key], on: (name, fn) => heard.set(name, [...(heard.get(name) ?? []), fn]), off: () => undefined,
    send: (content) => window.toKernel(JSON.stringify(content)),
  };
  window.tell = (content, buffers) => (heard.get("msg:custom") ?? []).forEach((fn) => fn(content, buffers));
  window.push = (summary) => { state.summary = summary; (heard.get("change:summary") ?? []).forEach((fn) => fn()); };
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const widget = (await import(url)).default;
  const began = performance.now();
  widget.render({ model: window.model, el: document.querySelector("#cell") });
  while (!document.querySelector("tbody tr")) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
SCROLL = """async () => {
  const box = document.querySelector(".bnb-scroll"), frames = [];
  let last = performance.now();
  for (let n = 0; n < 600; n++) {
    box.scrollTop += n % 40 === 39 ? box.scrollHeight / 9 : 90;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""
UPDATES, STRETCH = 7200, 30
"""An hour at two a second, and how many of them come between two looks at what the view asks."""
HOUR = """async ([summary, from, to]) => {
  for (let n = from; n < to; n++) {
    const counts = { ...summary.counts, succeeded: n, running: summary.total - n };
    window.push({ ...summary, state: "running", rev: summary.rev + n + 1, counts, elapsed: n / 2 });
    if (n % 10 === 0) await new Promise(requestAnimationFrame);
  }
}"""


def finished(jobs: int, folder: Path) -> Any:
    """Return a finished practice run of so many jobs."""
    from batchata_nb import Batch

    batch = Batch().use_practice().set_state(file=str(folder / f"state-{jobs}.db"))
    batch.add_jobs(
        "Say the mood. Mood: good. {{ item }}", over=[f"Message {n}" for n in range(jobs)], model="gpt-6.1-sol"
    )
    return batch.run(name="bench", wait=True)


@contextmanager
def shown(browser: Any, run: Any) -> Iterator[tuple[Any, float]]:
    """Show a run's dashboard in a page, its messages carried to the runner; give the page and its first paint (ms)."""
    from batchata_nb.notebook.desk import Desk, as_json
    from batchata_nb.notebook.pages import Pages

    page, answers, asked = browser.new_page(), [], []
    desk = Desk(run, lambda content, buffers: answers.append((content, list(buffers))), Pages())
    page.expose_function("toKernel", lambda text: (asked.append(text), desk.receive(json.loads(text)))[0])
    page.set_content(PAGE)
    static = ROOT / "batchata_nb" / "widgets" / "static"
    arguments = [
        (static / "dashboard.js").read_text(),
        (static / "views.css").read_text(),
        {"summary": as_json(run.summary())},
    ]

    def carry() -> None:
        while answers:
            content, buffers = answers.pop(0)
            page.evaluate(
                f"([content, bytes]) => window.tell(content, {BYTES})",
                [content, [base64.b64encode(each).decode() for each in buffers]],
            )

    page.carry = carry
    page.evaluate(f"args => {{ window.first = ({MODEL})(args); }}", arguments)
    for _ in range(2000):
        carry()
        if page.evaluate("() => document.querySelector('tbody tr') !== null"):
            break
        page.wait_for_timeout(2)
    try:
        yield page, float(page.evaluate("() => window.first"))
    finally:
        page.close()


def scrolled(browser: Any, page: Any) -> tuple[list[float], list[float], str]:
    """Scroll through the table; return the time of each frame (ms, sorted), the processor time that the page's thread
    took in each, which other programs do not add to, and in words the longest task in Chromium's trace."""
    browser.start_tracing(page=page, categories=TRACED)
    page.evaluate(f"() => {{ window.frames_ = null; ({SCROLL})().then((found) => {{ window.frames_ = found; }}); }}")
    while page.evaluate("() => window.frames_ === null"):
        page.carry()
        page.wait_for_timeout(5)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mine = of_the_page(events)
    return sorted(page.evaluate("() => window.frames_")), work_of_frames(mine), longest_task(mine)


def of_the_page(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events of a trace that are of a page's main thread, and have a length."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    return [event for event in events if (event["pid"], event["tid"]) in mains and "dur" in event]


def page_in_order(run: Any, count: int) -> float:
    """Return the processor time (s) of a page of rows in order, mean of twenty, once the order has been found."""
    order = {"by": "id", "desc": True}
    run.rows(0, 50, order=order)
    began = time.process_time()
    for start in range(0, count, max(1, count // 20)):
        run.rows(start, 50, order=order)
    return (time.process_time() - began) / 20


def work_of_frames(mine: list[dict[str, Any]]) -> list[float]:
    """Processor time between one frame's callback and the next one's (ms, sorted)."""
    begins = sorted(event["ts"] for event in mine if event["name"] == "FireAnimationFrame")
    work = [0.0] * (len(begins) + 1)
    for event in mine:
        if str(event["name"]).endswith("RunTask"):
            work[bisect_right(begins, event["ts"] + event["dur"])] += event.get("tdur", event["dur"]) / 1000
    return sorted(work[1:-1])


def longest_task(mine: list[dict[str, Any]]) -> str:
    """The longest task of the page, in words: its processor time, and what most of it was."""
    tasks = [event for event in mine if str(event["name"]).endswith("RunTask")]
    if not tasks:
        return "no task"
    longest = max(tasks, key=lambda event: event.get("tdur", event["dur"]))
    end = longest["ts"] + longest["dur"]
    parts = Counter[str]()
    for event in mine:
        if longest["ts"] <= event["ts"] < end and event["name"] in PARTS:
            parts[event["name"]] += event["dur"]
    most = ", ".join(f"{name} {micro / 1000:.0f}" for name, micro in parts.most_common(3))
    return f"{longest.get('tdur', longest['dur']) / 1000:.0f} ms ({most})"


def memory(page: Any) -> tuple[float, int, int]:
    """Return what the page holds after a collection: JavaScript heap in MiB, nodes, and event listeners."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return found["JSHeapUsedSize"] / 2**20, int(found["Nodes"]), int(found["JSEventListeners"])


def hour(page: Any, summary: Any) -> list[tuple[float, int, int]]:
    """Send an hour of updates, faster than time, and answer what is asked; return what is held at its quarters."""
    held = []
    for start in range(0, UPDATES, STRETCH):
        if start % (UPDATES // 4) == 0:
            held.append(memory(page))
        page.evaluate(HOUR, [summary, start, start + STRETCH])
        for _ in range(5):  # a view asks for its rows once a second at most
            page.carry()
            page.wait_for_timeout(5)
    page.wait_for_timeout(1200)
    page.carry()
    return [*held, memory(page)]


def spread(frames: list[float]) -> str:
    """The distribution of times that are sorted (ms)."""
    at = {share: frames[int((len(frames) - 1) * share)] for share in (0.5, 0.99)}
    over = sum(frame > 50 for frame in frames)
    return f"{len(frames)}: p50 {at[0.5]:.0f}, p99 {at[0.99]:.0f}, max {frames[-1]:.0f} ms; {over} over 50 ms"


def flat(held: list[tuple[float, int, int]]) -> Iterator[tuple[str, str]]:
    """What is held at each quarter of an hour, in words."""
    heaps, nodes, listeners = zip(*held, strict=True)
    yield "heap", " ".join(f"{heap:.2f}" for heap in heaps) + " MiB"
    yield "nodes", " ".join(f"{number:,}" for number in nodes)
    yield "listeners", " ".join(f"{number:,}" for number in listeners)


def table(jobs: int) -> list[tuple[str, str, str]]:
    """Measure everything; return (what, measured, to reach)."""
    from playwright.sync_api import sync_playwright

    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        path = runpy.run_path(str(ROOT / "tools" / "chromium.py"))["find"]()
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        paint: dict[int, float] = {}
        pages: dict[int, float] = {}
        for count in (1000, jobs):
            run = finished(count, Path(name))
            size = len(json.dumps(run.summary(), ensure_ascii=False).encode())
            with shown(browser, run) as (page, first):
                paint[count] = first
                began = time.process_time()
                for start in range(0, count, max(1, count // 20)):
                    run.rows(start, 50)
                pages[count] = (time.process_time() - began) / 20
                ordered = page_in_order(run, count) / pages[count]
                frames, work, longest = scrolled(browser, page)
                held = hour(page, json.loads(json.dumps(run.summary(), default=str)))
            rows += [
                (f"{count:,} jobs, first rows in the page", f"{first:.0f} ms", "< 1,000 ms"),
                (f"{count:,} jobs, bytes of an update", f"{size:,}", "< 2,048"),
                (f"{count:,} jobs, frames while scrolling", spread(frames), "none over 50 ms"),
                (f"{count:,} jobs, work of the page in a frame (CPU)", spread(work), "none over 50 ms"),
                (f"{count:,} jobs, longest task in the trace (CPU)", longest, "< 50 ms"),
                (f"{count:,} jobs, a page in order over one that is not", f"{ordered:.2f} x", "<= 2 x"),
                *((f"{count:,} jobs, {what} at each quarter of an hour", said, "flat") for what, said in flat(held)),
            ]
        rows.append((f"first rows, {jobs:,} over 1,000", f"{paint[jobs] / paint[1000]:.2f} x", "<= 2 x"))
        rows.append((f"a page of rows in the kernel, {jobs:,} over 1,000", f"{pages[jobs] / pages[1000]:.2f} x", ""))
        browser.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    os.environ |= {"BATCHATA_PRACTICE_SECONDS": "0", "BATCHATA_POLL_INTERVAL": "0.05"}
    rows = table(asked.jobs)
    width = max(len(row[0]) for row in rows)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for what, found, goal in rows:
        print(f"{what:{width}}  {found:44}  {goal}")
    if asked.json:
        lines = [dict(zip(("what", "measured", "goal"), row, strict=True)) for row in rows]
        asked.json.write_text(json.dumps(lines, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
