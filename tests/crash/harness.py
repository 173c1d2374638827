"""Lives and deaths of processes that drive a run, and the provider's own book that judges them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from batchata_nb.practice.server import KEY

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-3.8-flash"}
MOODS = ("I love it", "It is broken and I hate it", "Great, thank you")
PATIENCE = 90.0


class Provider:
    """A practice server in a process of its own."""

    def __init__(self, folder: Path, seconds: float = 0.3) -> None:
        command = [sys.executable, "-m", "batchata_nb.practice", "--state", str(folder), "--seconds", str(seconds)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def environment(self) -> dict[str, str]:
        return {
            "ANTHROPIC_BASE_URL": f"{self.url}/anthropic",
            "ANTHROPIC_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{self.url}/openai/v1",
            "OPENAI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": f"{self.url}/gemini",
            "GEMINI_API_KEY": KEY,
            "BATCHATA_POLL_INTERVAL": "0.05",
        }

    def book(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/practice/book", timeout=30) as answer:
            return json.load(answer)

    def faults(self) -> Any:
        """Faults that have not happened yet."""
        with urllib.request.urlopen(f"{self.url}/practice/faults", timeout=30) as answer:
            return json.load(answer)["faults"]

    def fault(self, **fault: Any) -> None:
        request = urllib.request.Request(f"{self.url}/practice/faults", json.dumps(fault).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


class Nursery:
    """Starts children; knows how each ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore::DeprecationWarning", str(ROOT / "tests" / "crash" / "child.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))

    def wait(self, child: int) -> int:
        """Return how a child ended, as `os.waitpid` tells it; one that is stuck is killed and found out."""
        timer = subprocess.Popen(["sh", "-c", f"sleep {PATIENCE} && kill -QUIT {child}"])
        try:
            return self.ask({"wait": child})
        finally:
            timer.kill()
            timer.wait()


@dataclass
class Story:
    """One run: its children come and go until one of them ends by itself."""

    nursery: Nursery
    provider: Provider
    folder: Path
    service: str
    jobs: int = 7
    items: int = 2
    options: dict[str, Any] = field(default_factory=dict)
    kills: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        marks = {1: " [[practice: once: error]]"}
        name = self.folder.name
        self.texts = [f"{MOODS[n % 3]} ({name} {n}){marks.get(n, '')}" for n in range(self.jobs)]

    @property
    def out(self) -> Path:
        return self.folder / "out.json"

    def start(self, **kill: Any) -> int:
        """Start a child; `nth` and `at` name the step at which it ends itself, `signal` how."""
        return self.nursery.ask(
            {
                "folder": str(self.folder),
                "environment": self.provider.environment(),
                "model": MODELS[self.service],
                "texts": self.texts,
                "items": self.items,
                "out": str(self.out),
                **self.options,
                **kill,
            }
        )

    def live(self, seconds: float | None = None, **kill: Any) -> bool:
        """Have one child live, until it is done, kills itself, or is killed after so many seconds; whether it died."""
        child = self.start(**kill)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        return self.ended(child)

    def ended(self, child: int) -> bool:
        """Wait for a child; whether it was killed."""
        status = self.nursery.wait(child)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        stuck = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGQUIT
        failed = (self.folder / "error.txt").exists() and (self.folder / "error.txt").read_text()
        assert not stuck, f"a child of {self.folder} was stuck"
        assert not failed, failed
        self.kills += killed
        return killed

    def steps(self) -> list[str]:
        """Names of all steps that were taken, by all children."""
        return [line.partition(" ")[2] for line in (self.folder / "steps.txt").read_text().splitlines()]

    def verdict(self) -> dict[str, int]:
        """What a provider's book says that had this run only: jobs paid twice, lost, and wrong; none may be."""
        found = json.loads(self.out.read_text())
        rows = [row for batch in self.provider.book()[self.service]["batches"] for row in batch["rows"]]
        paid = Counter(row["digest"] for row in rows if row["billed"])
        expected = ["negative" if n % 3 == 1 else "positive" for n in range(self.jobs)]
        return {
            "paid twice": sum(count - 1 for count in paid.values()),
            "lost": self.jobs - len(paid),
            "wrong": sum(
                [status, mood] != ["succeeded", wanted]
                for (status, mood, _), wanted in zip(found["results"], expected, strict=True)
            ),
        }


NOTHING = {"paid twice": 0, "lost": 0, "wrong": 0}
