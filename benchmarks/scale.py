"""How light a hundred thousand rows are: ours beside the least that the same SDK and server can do, in one run.

`python benchmarks/scale.py [--jobs 10000] [--large 100000] [--json FILE]` prints a table; each row is measured in a
process of its own. The server is the practice provider in another process, without artificial delay; the floor is a
hand-written loop over the raw Anthropic SDK: create, poll, read the results line by line; no store, no validation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from batchata_nb.practice import KEY

MODEL = "claude-haiku-5-5"
KIB = 1024


class Ticket(BaseModel):
    """What is asked of each message."""

    sentiment: Literal["positive", "negative", "mixed"]
    topics: list[str]


def messages(count: int) -> list[dict[str, str]]:
    """Rows of about 1 KB of text."""
    filler = "The parcel came on a Monday and the box was dry. " * 18
    return [{"text": f"Message {n}: I love the kettle. {filler}"} for n in range(count)]


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """The practice provider in its own process; gives the environment that points at it."""
    command = [sys.executable, "-m", "batchata_nb.practice", "--state", str(folder), "--seconds", "0", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield {"ANTHROPIC_BASE_URL": f"{url}/anthropic", "ANTHROPIC_API_KEY": KEY}
    finally:
        process.terminate()
        process.wait()


def floor(count: int) -> dict[str, Any]:
    """The least: the raw SDK in a loop."""
    import anthropic

    client = anthropic.Anthropic()
    schema = anthropic.transform_schema(Ticket)
    began, cpu = time.perf_counter(), time.process_time()
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
        for n, row in enumerate(messages(count))
    ]
    batch = client.messages.batches.create(requests=requests)  # type: ignore[arg-type]
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        time.sleep(0.05)
    found = {}
    for line in client.messages.batches.results(batch.id):
        found[line.custom_id] = json.loads(line.result.message.content[0].text)  # type: ignore[union-attr]
    assert len(found) == count
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak": peak()}


def ours(count: int) -> dict[str, Any]:
    """The same through a `Batch`, into the store."""
    began, cpu = time.perf_counter(), time.process_time()
    run = batch(count).run(name="bench", wait=False)
    bound = time.perf_counter() - began
    stalls = ticker(lambda: run.is_final)
    run.wait()
    spent = time.perf_counter() - began
    assert run.status()["completed"] == count
    size = Path("state.db").stat().st_size
    payload = sum(len(row["text"]) for row in messages(count)) + sum(len(r.raw_response) for r in run)
    summary = len(json.dumps(run.summary()))
    return {
        "seconds": spent, "cpu": time.process_time() - cpu, "peak": peak(), "bound": bound, "stalls": stalls,
        "store": size / payload, "summary": summary,
    }  # fmt: skip


def again(count: int) -> dict[str, Any]:
    """A finished run asked for again in a new process, then with 500 rows more."""
    began = time.perf_counter()
    run = batch(count).run(name="bench", wait=True)
    rerun = time.perf_counter() - began
    began = time.perf_counter()
    more = batch(count + 500).run(name="bench", wait=True)
    assert more.summary()["reused"] == count
    return {"rerun": rerun, "more": time.perf_counter() - began, "batches": run.status()["batches_total"]}


def batch(count: int) -> Any:
    """The batch that is measured."""
    from batchata_nb import Batch

    made = Batch().set_state(file="state.db").set_default_params(model=MODEL, max_tokens=1000)
    return made.add_jobs("Classify: {{ text }}", over=messages(count), response_model=Ticket)


def ticker(over: Callable[[], bool]) -> dict[str, float]:
    """Tick every 5 ms on this thread until it is over; return by how much ticks came late, in milliseconds."""
    late = []
    while not over():
        before = time.perf_counter()
        time.sleep(0.005)
        late.append((time.perf_counter() - before - 0.005) * 1000)
    late.sort()
    return {"p99": late[int(len(late) * 0.99)] if late else 0.0, "most": late[-1] if late else 0.0}


def peak() -> float:
    """Peak memory of this process in MiB, over that of a bare interpreter with the SDK imported."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB - BARE


BARE = float(os.environ.get("BENCH_BARE", "0"))


def bare() -> dict[str, Any]:
    """Memory of an interpreter that has only imported the SDK."""
    import anthropic

    anthropic.Anthropic(api_key="x")
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB}


def load() -> dict[str, Any]:
    """Time of `%load_ext` in an IPython that is up already."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    began = time.perf_counter()
    shell.run_line_magic("load_ext", "batchata_nb")
    return {"seconds": time.perf_counter() - began}


def measured(what: str, count: int, folder: Path, environment: dict[str, str], **more: str) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    env = {**os.environ, **environment, **more, "BATCHATA_POLL_INTERVAL": "0.05"}
    command = [sys.executable, str(Path(__file__).resolve()), "--only", what, "--jobs", str(count)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} at {count:,} jobs failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(jobs: int, large: int) -> list[tuple[str, str, str]]:
    """Measure everything; return (what, measured, to reach)."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = measured("bare", 0, folder, {})["peak"]
        seconds = [measured("load", 0, folder, {})["seconds"] for _ in range(3)]
        rows.append(("%load_ext over a bare IPython", f"{min(seconds):.3f} s", "<= 0.15 s"))
        results: dict[int, dict[str, Any]] = {}
        for count in sorted({1000, jobs, large}):
            place = folder / str(count)
            place.mkdir()
            with server(place / "services") as environment:
                least = measured("floor", count, place, environment, BENCH_BARE=str(base))
                mine = measured("ours", count, place, environment, BENCH_BARE=str(base))
                results[count] = {**mine, **measured("again", count, place, environment)}
            ratio = mine["seconds"] / least["seconds"]
            rows += [
                (f"{count:,} jobs, wall time over the floor", f"{ratio:.2f} x ({mine['seconds']:.1f} s)", "<= 1.5 x"),
                (f"{count:,} jobs, own CPU over the floor's", f"{mine['cpu'] / least['cpu']:.2f} x", ""),
                (f"{count:,} jobs, peak memory over bare", f"{mine['peak']:.0f} MiB", "<= 250 MiB at 100,000"),
                (
                    f"{count:,} jobs, main thread late by",
                    f"p99 {mine['stalls']['p99']:.0f} ms, most {mine['stalls']['most']:.0f} ms",
                    "p99 < 30 ms, none over 200 ms",
                ),
                (f"{count:,} jobs, store over payload", f"{mine['store']:.2f} x", "<= 1.3 x"),
                (f"{count:,} jobs, bytes of a summary", f"{mine['summary']:,}", "the same at every size"),
                (f"{count:,} jobs, finished cell again", f"{results[count]['rerun']:.1f} s", "<= 5 s at 100,000"),
                (f"{count:,} jobs, 500 rows more", f"{results[count]['more']:.1f} s", "<= 8 s at 100,000"),
            ]
        first, last = min(results), max(results)
        per_job = (results[last]["seconds"] / last) / (results[first]["seconds"] / first)
        rows.append((f"per job at {last:,} over {first:,}", f"{per_job:.2f} x", "<= 1.2 x"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--only", choices=("floor", "ours", "again", "bare", "load"))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.only:
        done = {"floor": floor, "ours": ours, "again": again}.get(asked.only)
        print(json.dumps(done(asked.jobs) if done else {"bare": bare, "load": load}[asked.only]()))
        return
    rows = table(asked.jobs, asked.large)
    width = max(len(row[0]) for row in rows)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for what, found, goal in rows:
        print(f"{what:{width}}  {found:28}  {goal}")
    if asked.json:
        lines = [dict(zip(("what", "measured", "goal"), row, strict=True)) for row in rows]
        asked.json.write_text(json.dumps(lines, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
