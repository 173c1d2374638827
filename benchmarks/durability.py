"""Kill processes that drive runs, at random steps and instants, and let the provider's own book say what it cost.

For each provider, in turn: a run of seven jobs in batches of two, one of which fails in passing and is sent again. Its
process is killed with SIGKILL again and again, at a random step (before, in or after a write to the store; before a
request, when it has left, when its answer is there) or after a random time, until one life gets to the end. The
practice server runs in another process and keeps the book.

    python benchmarks/durability.py [--kills 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.crash.harness import MODELS, NOTHING, Nursery, Provider, Story

MOST_LIVES = 25


def story(nursery: Nursery, folder: Path, service: str, chance: random.Random) -> tuple[int, int, dict[str, int]]:
    """One run; returns kills, lives and the verdict."""
    with Provider(folder / "provider") as provider:
        run = Story(nursery, provider, folder / "run", service)
        lives, died = 0, True
        while died:
            lives += 1
            if lives > MOST_LIVES:
                died = run.live()
            elif chance.random() < 0.35:
                died = run.live(seconds=chance.uniform(0.02, 1.0))
            else:
                died = run.live(nth=chance.randint(1, chance.choice((12, 40, 160))))
        return run.kills, lives, run.verdict()


def main() -> int:
    """Print the figures; returns 1 if anything was paid twice, lost or wrong."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, start = random.Random(options.seed), time.monotonic()
    kills: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    found = {service: Counter(NOTHING) for service in MODELS}
    with TemporaryDirectory(prefix="durability-") as folder, Nursery() as nursery:
        number = 0
        while kills.total() < options.kills or number % len(MODELS):
            service = list(MODELS)[number % len(MODELS)]
            killed, lives, verdict = story(nursery, Path(folder) / str(number), service, chance)
            number += 1
            kills[service] += killed
            runs[service] += 1
            found[service].update(verdict)
            print(f"{service:<10} {killed:>3} kills, {lives:>3} lives: {verdict}", file=sys.stderr, flush=True)
    print(f"{'provider':<12}{'runs':>6}{'kills':>7}" + "".join(f"{name:>13}" for name in NOTHING))
    for service in MODELS:
        counts = "".join(f"{found[service][name]:>13}" for name in NOTHING)
        print(f"{service:<12}{runs[service]:>6}{kills[service]:>7}{counts}")
    bad = sum(counter.total() for counter in found.values())
    print(f"{kills.total()} kills, {bad} jobs paid twice, lost or wrong, none stuck; {time.monotonic() - start:.0f} s")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
