"""One measurement in a process of its own: `python workers.py WHAT COUNT`; prints JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from material import KIB, MODEL, Invoice, Ticket, rows


def bare(_: int) -> dict[str, Any]:
    """An interpreter that has imported the SDK."""
    import anthropic

    anthropic.Anthropic(api_key="x")
    return {}


def floor(count: int) -> dict[str, Any]:
    """The least: the raw SDK in a loop, nothing stored, nothing checked."""
    import anthropic

    client = anthropic.Anthropic()
    schema = anthropic.transform_schema(Ticket)
    began = clock()
    requests = [
        {
            "custom_id": f"row-{n}",
            "params": {
                "model": MODEL,
                "max_tokens": 1000,
                "messages": [{"role": "user", "content": f"Classify: {row['text']}"}],
                "output_config": {"format": {"type": "json_schema", "schema": schema}},
            },
        }
        for n, row in enumerate(rows(count))
    ]
    batch = client.messages.batches.create(requests=requests)  # type: ignore[arg-type]
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        time.sleep(0.05)
    found = {}
    for line in client.messages.batches.results(batch.id):
        found[line.custom_id] = json.loads(line.result.message.content[0].text)  # type: ignore[union-attr]
    assert len(found) == count
    return spent(began)


def ours(count: int) -> dict[str, Any]:
    """The same through a `Batch`, into the store."""
    import anthropic

    anthropic.Anthropic()
    began = clock()
    run = tickets(count).run(name="bench", wait=False)
    sent = time.perf_counter() - began[0]
    summaries: list[tuple[float, int]] = []
    run.drive.subscribers.append(lambda s: summaries.append((time.perf_counter(), len(json.dumps(s)))))
    late = asyncio.run(ticking(run))
    run.wait()
    found = spent(began)
    assert run.status()["completed"] == count, run.status()
    prompts = sum(len(f"Classify: {row['text']}".encode()) for row in rows(count))
    answers = sum(len(result.raw_response.encode()) for result in run)
    return {
        **found, "defined": sent, "late": late, "prompt": prompts / count, "answer": answers / count,
        "store": Path(".batchata/state.db").stat().st_size / (prompts + answers),
        "update": max(size for _, size in summaries),
        "updates": max(sum(at <= other < at + 1 for other, _ in summaries) for at, _ in summaries[:2000]),
    }  # fmt: skip


async def ticking(run: Any) -> dict[str, float]:
    """Tick every 5 ms on this thread's loop while a run goes on; return by how many milliseconds ticks came late."""
    late = []
    while not run.is_final:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append((time.perf_counter() - before - 0.005) * 1000)
    late.sort()
    return {"p99": late[int(len(late) * 0.99)], "most": late[-1], "ticks": len(late)}


def again(count: int) -> dict[str, Any]:
    """A finished run asked for again by a new process."""
    began = clock()
    run = tickets(count).run(name="bench", wait=True)
    return {**spent(began), "batches": run.status()["batches_total"]}


def more(count: int) -> dict[str, Any]:
    """500 rows more than before."""
    import anthropic

    anthropic.Anthropic()
    began = clock()
    run = tickets(count + 500).run(name="bench", wait=True)
    assert run.summary()["reused"] == count
    sent = sum(int(batch["rows"]) for batch in run.summary()["batches"]["list"])
    return {**spent(began), "sent": sent}


def pdfs(count: int) -> dict[str, Any]:
    """One job for each PDF of a folder."""
    from batchata_nb import Batch

    began = clock()
    batch = Batch().set_default_params(model=MODEL, max_tokens=1000)
    batch.add_jobs("What is the number of this invoice?", files="../pdfs/*.pdf", response_model=Invoice)
    run = batch.run(name="pdfs", wait=True)
    assert run.status()["completed"] == count, run.status()
    return spent(began)


def load(_: int) -> dict[str, Any]:
    """`%load_ext` in an IPython that is up already."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    began = clock()
    shell.run_line_magic("load_ext", "batchata_nb")
    return spent(began)


def pages(_: int) -> dict[str, Any]:
    """Pages of a long PDF drawn as after a click: the file read and checked, the page drawn; nothing is kept."""
    from batchata_nb.documents.files import open_document
    from batchata_nb.notebook.pages import draw

    document = open_document("../book.pdf")
    seconds = []
    for page in (1, 150, document.pages or 1, 77, 221):
        began = time.perf_counter()
        draw(document, page, 1.5)
        seconds.append(time.perf_counter() - began)
    return {"seconds": max(seconds), "pages": document.pages}


def tickets(count: int) -> Any:
    """The batch of messages."""
    from batchata_nb import Batch

    made = Batch().set_default_params(model=MODEL, max_tokens=1000)
    return made.add_jobs("Classify: {{ text }}", over=rows(count), response_model=Ticket)


def clock() -> tuple[float, float]:
    """Wall and CPU time now."""
    return time.perf_counter(), time.process_time()


def spent(began: tuple[float, float]) -> dict[str, Any]:
    """Wall and CPU seconds since then; CPU is that of all threads."""
    return {"seconds": time.perf_counter() - began[0], "cpu": time.process_time() - began[1]}


def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    measure = {f.__name__: f for f in (bare, floor, ours, again, more, pdfs, load, pages)}[what]
    found = measure(count)
    # The peak of the whole process: also of what was measured after the time was taken, which only makes it larger.
    print(json.dumps({**found, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB}))


if __name__ == "__main__":
    main()
