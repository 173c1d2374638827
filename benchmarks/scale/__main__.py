"""How light a hundred thousand rows are: `python benchmarks/scale [--large 100000] [--json FILE] [--only ROW …]`.

Ours beside the floor, a hand-written loop over the raw SDK without store and validation, and beside batchata 0.4.7
where it can be installed: one server for all, the practice provider in its own process without artificial delay. Each
measurement has a process of its own; ours and the floor take turns, and the least of two rounds counts. CPU time stands
beside wall time, since it is the same whatever else the machine does. Every row has a limit and a verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import kernel  # noqa: E402
import material  # noqa: E402
import predecessor  # noqa: E402

from batchata_nb.core.due import poll_delay  # noqa: E402

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `reached` is None where there is no limit, or nothing could be measured."""

    what: str
    found: str
    limit: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        return {True: "reached", False: "NOT reached", None: ""}[self.reached]


class Bench:
    """All measurements of one run, kept by name."""

    def __init__(self, folder: Path, sizes: argparse.Namespace) -> None:
        self.folder, self.sizes = folder, sizes
        self.kept: dict[str, Any] = {}
        self.base = 0.0

    def measure(self, what: str, count: int, place: str, **more: str) -> dict[str, Any]:
        """One measurement; peak memory is told over a bare interpreter with the SDK imported."""
        folder = self.folder / place
        folder.mkdir(exist_ok=True)
        print(f"   {time.strftime('%H:%M:%S')} {what} {count:,}", file=sys.stderr, flush=True)
        found = material.measured(what, count, folder, **more)
        found["peak"] -= self.base
        self.kept.setdefault(f"{what} {count}", []).append(found)
        return found

    def prepare(self) -> None:
        """Write rows, and measure the interpreter alone."""
        material.write_rows(self.folder / "rows.jsonl", self.sizes.large + 500)
        self.base = self.measure("bare", 0, "bare")["peak"]

    def pairs(self) -> Iterator[Row]:
        """Ours against the floor."""
        count = self.sizes.jobs
        ours, least = [], []
        with material.server(self.folder / "services-pairs") as env:
            for turn in range(2):
                least.append(self.measure("floor", count, f"floor-{turn}", **env))
                ours.append(self.measure("ours", count, f"pair-{turn}", **env))
        wall, bottom = (min(found["seconds"] for found in each) for each in (ours, least))
        cpu, bare = (min(found["cpu"] for found in each) for each in (ours, least))
        ratio = wall / bottom
        yield Row(
            f"{count:,} jobs: wall time over the floor", f"{ratio:.2f} x ({wall:.1f} s)", "<= 1.5 x", ratio <= 1.5
        )
        yield Row(f"{count:,} jobs: own CPU, ours and the floor's", f"{cpu:.1f} s and {bare:.1f} s")

    def predecessor(self) -> Iterator[Row]:
        """Ours against batchata."""
        count, interpreter = self.sizes.before, predecessor.python()
        what = f"{count:,} jobs: times faster than batchata 0.4.7"
        if interpreter is None:
            yield Row(what, "not measured: no Python 3.12 or no package index here", ">= 20 x")
            return
        for items, name in ((10, "its default, 10 items a batch"), (count, "one batch")):
            with material.server(self.folder / f"services-before-{items}") as env:
                folder = self.folder / f"before-{items}"
                folder.mkdir()
                mine = self.measure("ours", count, f"after-{items}", **env)
                least = self.measure("floor", count, f"least-{items}", **env)["seconds"]
                theirs = predecessor.measured(interpreter, count, items, folder, **env)
            seconds = predecessor.PATIENCE if theirs is None else theirs["seconds"]
            more = "over " if theirs is None else ""
            times = seconds / mine["seconds"]
            self.kept[f"batchata {items}"] = theirs
            yield Row(
                f"{what} ({name})",
                f"{more}{times:.1f} x ({more}{seconds:.0f} s against {mine['seconds']:.1f} s)",
                ">= 20 x" if items == 10 else "",
                times >= 20 if items == 10 else None,
            )
            yield Row("as much faster the floor is", f"{more}{seconds / least:.1f} x ({least:.1f} s)")
            if theirs is not None:
                times = theirs["cpu"] / mine["cpu"]
                yield Row("the same in own CPU", f"{times:.1f} x ({theirs['cpu']:.1f} s against {mine['cpu']:.1f} s)")

    def sizes_of(self) -> Iterator[Row]:
        """From 1,000 to the largest: time, memory, store, stalls; then the finished run again."""
        found: dict[int, dict[str, Any]] = {}
        large = self.sizes.large
        for count in sorted({1000, min(20_000, large), large}):
            with material.server(self.folder / f"services-{count}") as env:
                found[count] = self.measure("ours", count, f"size-{count}", **env)
                if count == large:
                    yield from self._growth(found)
                    yield from self._again(env)
        yield from self._updates(found)

    def _growth(self, found: dict[int, dict[str, Any]]) -> Iterator[Row]:
        few, (near, many) = min(found), sorted(found)[-2:]
        first, middle, last = found[few], found[near], found[many]
        wall, cpu = (last[of] / many / (first[of] / few) for of in ("seconds", "cpu"))
        yield Row(f"per job at {many:,} over {few:,}: wall", f"{wall:.2f} x", "<= 1.2 x", wall <= 1.2)
        yield Row(f"per job at {many:,} over {few:,}: own CPU", f"{cpu:.2f} x")
        pace = f"{many / last['seconds'] * 3600:,.0f} ({last['seconds']:.0f} s, {last['cpu']:.0f} s of CPU)"
        yield Row(f"{many:,} jobs: pace beside this server, jobs an hour", pace)
        yield Row(f"{many:,} jobs: peak memory", f"{last['peak']:.0f} MiB", "<= 250 MiB", last["peak"] <= 250)
        growth = (last["peak"] - middle["peak"]) * material.KIB**2 / max(many - near, 1)
        yield Row(
            f"from {near:,} to {many:,} jobs: memory for one more",
            f"{growth:,.0f} bytes ({middle['peak']:.0f} to {last['peak']:.0f} MiB)", "flat: under a fifth of its texts",
            growth < (last["prompt"] + last["answer"]) / 5,
        )  # fmt: skip
        late = last["late"]
        yield Row(
            f"{many:,} jobs: main thread late by", f"p99 {late['p99']:.0f} ms, most {late['most']:.0f} ms",
            "p99 < 30 ms, none over 200 ms", late["p99"] < 30 and late["most"] <= 200,
        )  # fmt: skip
        yield Row(f"{many:,} jobs: store over payload", f"{last['store']:.2f} x", "<= 1.3 x", last["store"] <= 1.3)

    def _again(self, env: dict[str, str]) -> Iterator[Row]:
        """The finished run once more: by a new process, by a new kernel, and with more rows."""
        large = self.sizes.large
        place = f"size-{large}"
        again = self.measure("again", large, place, **env)
        yield Row(
            f"{large:,} jobs: finished cell again",
            f"{again['seconds']:.1f} s ({again['cpu']:.1f} s of CPU), {again['batches']} batch in all",
            "<= 5 s, nothing sent", again["seconds"] <= 5 and again["batches"] == 1,
        )  # fmt: skip
        try:
            attached = self.kept["attached"] = kernel.attached(self.folder / place, "bench", **env)
            yield Row(
                f"{large:,} jobs: kernel start to dashboard",
                f"{attached['seconds']:.1f} s (kernel alone {attached['kernel']:.1f} s)",
                "<= 3 s", attached["seconds"] <= 3,
            )  # fmt: skip
        except (RuntimeError, queue.Empty) as error:
            yield Row(f"{large:,} jobs: kernel start to dashboard", f"failed: {str(error)[-300:]}", "<= 3 s", False)
        more = self.measure("more", large, place, **env)
        yield Row(
            f"{large:,} jobs: 500 rows more",
            f"{more['cpu']:.1f} s of own time ({more['seconds']:.1f} s wall), {more['sent']} sent",
            "<= 8 s, pays for 500", more["cpu"] <= 8 and more["sent"] == 500,
        )  # fmt: skip

    def _updates(self, found: dict[int, dict[str, Any]]) -> Iterator[Row]:
        with material.server(self.folder / "services-10") as env:
            found = {10: self.measure("ours", 10, "size-10", **env), **found}
        sizes = {n: found[n]["update"] for n in (10, 1000, self.sizes.large)}
        most, least = max(sizes.values()), min(sizes.values())
        said = ", ".join(f"{size:,}" for size in sizes.values())
        yield Row(
            f"bytes of an update at {', '.join(f'{n:,}' for n in sizes)} jobs", said,
            "the same: none over 2,048, within 10 %",
            most <= 2048 and most <= 1.1 * least,
        )  # fmt: skip
        rate = max(found[n]["updates"] for n in sizes)
        yield Row("updates in any second, at most", f"{rate}", "<= 2 at every size, and the end at once", rate <= 3)

    def documents(self) -> Iterator[Row]:
        """PDFs through a run, and a page of a long one on the screen."""
        count = self.sizes.pdfs
        material.write_pdfs(self.folder / "pdfs", count)
        with material.server(self.folder / "services-pdfs") as env:
            found = self.measure("pdfs", count, "run-pdfs", **env)
        peak = f"{found['peak']:.0f} MiB ({found['seconds']:.0f} s)"
        yield Row(f"{count:,} PDFs of 200 KB: peak memory", peak, "<= 300 MiB", found["peak"] <= 300)
        material.write_book(self.folder / "book.pdf")
        shown = self.measure("pages", 0, "run-pages")
        milliseconds = shown["seconds"] * 1000
        yield Row(
            f"page of a {shown['pages']}-page PDF: file checked, page drawn",
            f"{milliseconds:.0f} ms", "< 300 ms with the browser's part",
            milliseconds < 300,
        )  # fmt: skip

    def extension(self) -> Iterator[Row]:
        """`%load_ext`."""
        seconds = min(self.measure("load", 0, "load")["seconds"] for _ in range(3))
        yield Row("%load_ext over a bare IPython", f"{seconds:.3f} s", "<= 0.15 s", seconds <= 0.15)

    def polls(self) -> Iterator[Row]:
        """The schedule of polls, reckoned with the real function: no clock is needed for that."""
        age, polls, late = 0.0, 0, 0.0
        while age < DAY:
            delay = poll_delay(age, 30.0, 1.0)
            late = max(late, delay / age) if age > 74 * 60 else late
            age, polls = age + delay, polls + 1
        yield Row("polls of a batch of 24 h, every 30 s at first", f"{polls}", "<= 200", polls <= 200)
        last = delay / DAY
        yield Row("its end is noticed after, of the elapsed time", f"{last:.1%}", "<= 2 %", last <= 0.02)


def table(bench: Bench, chosen: list[str]) -> list[Row]:
    """Measure; a measurement that fails is a row that says so."""
    bench.prepare()
    found: list[Row] = []
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "polls": bench.polls, "extension": bench.extension, "pairs": bench.pairs, "sizes": bench.sizes_of,
        "documents": bench.documents, "predecessor": bench.predecessor,
    }  # fmt: skip
    for name in chosen or parts:
        try:
            for row in parts[name]():
                found.append(row)
                print(f"{row.what:68} {row.found:42} {row.limit:38} {row.verdict}", flush=True)
        except Exception as error:  # noqa: BLE001 -- the other rows are measured all the same
            found.append(Row(name, f"failed: {str(error)[-600:]}", "", False))
            print(f"{name}: failed: {error}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python benchmarks/scale", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs of the pair with the floor")
    parser.add_argument("--large", type=int, default=100_000, help="jobs of the largest run")
    parser.add_argument("--before", type=int, default=4_000, help="jobs of the pair with batchata")
    parser.add_argument("--pdfs", type=int, default=2_000, help="documents")
    parser.add_argument("--only", nargs="*", default=[], help="pairs, sizes, documents, predecessor, extension, polls")
    parser.add_argument("--json", type=Path, help="write rows and all measurements here")
    asked = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; load at the start {os.getloadavg()[0]:.1f}")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), asked)
        rows = table(bench, asked.only)
    missed = sum(row.reached is False for row in rows)
    print(
        f"{sum(row.reached is True for row in rows)} reached, {missed} not; {time.perf_counter() - began:.0f} s in all"
    )
    if asked.json:
        lines = [{**asdict(row), "verdict": row.verdict} for row in rows]
        kept = {"machine": machine, "rows": lines, "measurements": bench.kept}
        asked.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
