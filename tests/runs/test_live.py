"""Whole runs in real time at a server of one's own: killed, limited, refused and bounded by a ceiling."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from tests.providers.compatible import CompatibleServer, Raw

pytestmark = pytest.mark.usefixtures("folder")

CHAT = "POST /v1/chat/completions"
SHORTLY = Raw(b'{"error": {"message": "slow down"}}', 429, headers={"Retry-After": "0.1"})
LATER = replace(SHORTLY, headers={"Retry-After": "3000"})


class Word(BaseModel):
    word: str


def words(url: str, count: int, schema: type | None = None) -> Batch:
    batch = Batch().set_base_url(url)
    over = [f"w{n}" for n in range(count)]
    return batch.add_jobs("{{ item }} it is.", over=over, model="gemma3-270m", response_model=schema, max_tokens=50)


def asked(server: CompatibleServer) -> Counter[str]:
    return Counter(body["messages"][-1]["content"].split()[0] for body in server.sent(CHAT))


def until(what) -> None:
    for _ in range(1200):
        if what():
            return
        threading.Event().wait(0.02)
    raise AssertionError("never")


CHILD = """
import sys
from batchata_nb import Batch
batch = Batch().set_base_url(sys.argv[1])
over = [f"w{n}" for n in range(int(sys.argv[2]))]
batch.add_jobs("{{ item }} it is.", over=over, model="gemma3-270m", max_tokens=50)
batch.run(name="a", live=True, wait=True)
"""


def test_killed_processes_are_gone_on_from():
    """What was answered is not asked again, only what was under way; rows that were never sent have used no attempt."""
    with CompatibleServer(seconds=0.1) as server:
        for number in range(3):
            child = subprocess.Popen([sys.executable, "-c", CHILD, server.url, "90"])
            until(lambda number=number: len(server.sent(CHAT)) >= 20 * (number + 1))
            child.kill()
            child.wait()
        server.seconds = 0.0
        run = words(server.url, 90).run(name="a", live=True, wait=True)
        counts = asked(server)

    attempts = {f"w{n}": result.attempts for n, result in enumerate(run)}
    assert max(counts.values()) <= 2
    assert {2} >= {result.attempts for result in run if not result.is_success}  # under way at two of the kills
    assert sum(count > 1 for count in attempts.values()) <= 3 * 16  # as many as may be under way at once
    assert all(counts[word] <= attempts[word] for word in attempts)  # a request may be killed before it arrives


def test_a_time_limit_ends_a_pause():
    """What waits for the end of a rate limit is not waited for when the time is up; what was answered is kept."""
    with CompatibleServer() as server:
        server.faults += [Raw(server.answer()), *[LATER] * 40]
        batch = words(server.url, 20)
        batch.settings = replace(batch.settings, time_limit=2.0)
        run = batch.run(name="a", live=True, wait=True)

    kinds = Counter(result.error_kind for result in run)
    assert Counter({"cancelled": 19, None: 1}) == kinds or Counter({"time_limit": 19, None: 1}) == kinds
    assert len(server.sent(CHAT)) < 10


def test_the_ceiling_holds_under_concurrency():
    """Requests that are under way at once are reserved together, refused ones too; what does not fit is held."""
    with CompatibleServer(seconds=0.05, faults=[SHORTLY] * 6) as server:
        batch = words(server.url, 60).set_price("gemma3-270m", 10, 10).add_cost_limit(usd=0.01)
        run = batch.run(name="a", live=True, wait=True)
        ledger, billed = run.drive.state.ledger, len(server.sent(CHAT)) - 6

    assert 0 < ledger.spent <= ledger.limit
    assert billed == len(run.results()["completed"]) < 60
    assert {"cost_limit"} == {result.error_kind for result in run if not result.is_success}


def test_limits_slow_a_run_down_and_no_more():
    """A server that now and then asks to slow down gets every row once more, and answers all of them once."""
    with CompatibleServer(json_schema=200) as server:
        server.faults += [SHORTLY] * 5
        run = words(server.url, 40, Word).run(name="a", live=True, wait=True)

    assert [f"w{n}" for n in range(40)] == [answer.word for answer in run.outputs]
    assert {1} == {result.attempts for result in run}
    assert 45 == len(server.sent(CHAT))
