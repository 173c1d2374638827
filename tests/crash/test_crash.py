"""Exactly once: processes that drive runs are killed, and the provider's own book is the judge.

`benchmarks/durability.py` does the same with hundreds of kills.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.crash.harness import MODELS, NOTHING, Nursery, Provider, Story

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
CREATE = {
    "anthropic": "POST /anthropic/v1/messages/batches",
    "openai": "POST /openai/v1/batches",
    "gemini": ":batchGenerateContent",
}
UPLOAD = {"openai": "answered POST /openai/v1/files", "gemini": "answered POST /upload/"}
RESULTS = {"anthropic": "/results", "openai": "/content", "gemini": ":download"}
FETCH = {"anthropic": "batches.results", "openai": "files.content", "gemini": "files.content"}


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def provider(tmp_path):
    with Provider(tmp_path / "provider") as provider:
        yield provider


@pytest.mark.parametrize("service", MODELS)
def test_killed_at_every_critical_step(service, nursery, provider, tmp_path):
    """Killed before, while and after a batch is created, an input uploaded, results read or stored: each job is paid
    once, none is lost, and the results are those of an undisturbed run."""
    story = Story(nursery, provider, tmp_path / "run", service)
    deaths = [
        ("write done", 1),  # the run is defined
        (UPLOAD.get(service, "write done"), 1),  # uploaded, and no batch yet
        (f"asking {CREATE[service]}", 1),  # before the request leaves
        (f"sent {CREATE[service]}", 1),  # the answer is on its way
        (f"answered {CREATE[service]}", 1),  # the answer is there, and not on disk
        (f"answered {RESULTS[service]}", 1),  # results begin to come
        ("write begun", 5),  # some of them are stored
    ]

    for at, nth in deaths:
        story.live(at=at, nth=nth)
    while story.live():
        pass

    assert (NOTHING, True) == (story.verdict(), story.kills >= 5), story.kills


@pytest.mark.parametrize("service", MODELS)
def test_killed_at_random_instants(service, nursery, provider, tmp_path):
    """Wherever it is killed, and however often."""
    story, chance = Story(nursery, provider, tmp_path / "run", service), random.Random(service)

    for _ in range(3):
        story.live(nth=chance.randint(1, 60))
    while story.live():
        pass

    assert NOTHING == story.verdict()


@pytest.mark.parametrize("service", MODELS)
def test_the_network_loses_answers_and_breaks_downloads(service, nursery, provider, tmp_path):
    """A create call whose answer is lost, or proves nothing, is looked up; a cut download is repeated."""
    provider.fault(kind="lost", provider=service, route="batches.create")
    provider.fault(kind="status", provider=service, route="batches.create", status=503, skip=1)
    provider.fault(kind="cut", provider=service, route=FETCH[service], after_bytes=300)
    provider.fault(kind="html", provider=service, route="batches.retrieve", skip=2)
    story = Story(nursery, provider, tmp_path / "run", service)

    assert not story.live()

    assert ([], NOTHING) == (provider.faults(), story.verdict())


def test_another_kernel_takes_over_from_a_dead_one(nursery, provider, tmp_path):
    """Two kernels on one store: one drives, the other follows; when the first dies the second finishes the run."""
    story = Story(nursery, provider, tmp_path / "run", "openai")
    first = story.start(at="answered POST /openai/v1/batches", nth=2)
    while not (tmp_path / "run" / "steps.txt").exists() or "write done" not in story.steps():
        time.sleep(0.005)  # whoever writes first is the one who drives
    second = story.start()

    assert (True, False) == (story.ended(first), story.ended(second))

    assert NOTHING == story.verdict()


@pytest.mark.parametrize("seconds", [0.0, 1.2], ids=["at once", "when no lease holds"])
def test_a_sender_that_stood_still_does_not_send_what_another_has_sent(seconds, nursery, provider, tmp_path):
    """Stopped between recording the intent and sending it, overtaken, and woken: it sends nothing any more."""
    story = Story(nursery, provider, tmp_path / "run", "anthropic", jobs=2)
    slow = story.start(at="write done", nth=3, signal="SIGSTOP", lease=1.0)
    while not (tmp_path / "run" / "steps.txt").exists() or story.steps().count("write done") < 3:
        time.sleep(0.02)
    other = story.start(lease=1.0)
    killed = story.ended(other)
    time.sleep(seconds)
    os.kill(slow, signal.SIGCONT)

    assert (False, False) == (killed, story.ended(slow))

    assert NOTHING == story.verdict()
    # A stop may take a moment to reach the thread that sends: what counts is what comes after the other one began.
    assert f"{slow} asking POST" not in (tmp_path / "run" / "steps.txt").read_text().partition(f"\n{other} ")[2]


@pytest.mark.parametrize("names", [("one", "one"), ("one", "two")])
def test_two_kernels_that_start_the_same_jobs_send_them_once(names, nursery, provider, tmp_path):
    """At the same moment, under one name or under two."""
    story = Story(nursery, provider, tmp_path / "run", "anthropic")
    children = [story.start(name=name) for name in names]

    assert [False, False] == [story.ended(child) for child in children]

    assert NOTHING == story.verdict()
