"""Several models on the same inputs, side by side."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.runs import comparing

MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol"]


class Mood(BaseModel):
    mood: Literal["good", "bad"]
    topic: str


@pytest.fixture
def run(folder):
    """Give a finished run of two models over three messages."""
    rows = [{"id": f"m{n}", "text": f"Mood: good\nTopic: t{n}"} for n in range(3)]
    batch = Batch().use_practice()
    batch.add_jobs("{{ text }}", over=rows, id_column="id", response_model=Mood, model=MODELS)
    return batch.run(wait=True)


def test_answers_stand_side_by_side(run):
    """Each input has one line with the answer of each model, whatever the order of the jobs."""
    found = run.compare(0, 10, path="topic")

    assert MODELS == found["models"]
    assert ["mood", "topic"] == found["columns"]
    assert 3 == found["total"]
    assert [["t0", "t0"], ["t1", "t1"], ["t2", "t2"]] == [
        [row["cells"][model]["value"] for model in MODELS] for row in found["rows"]
    ]
    assert {"mood": {"same": 3, "of": 3}, "topic": {"same": 3, "of": 3}} == found["agreement"]


def test_differences_are_found(run):
    """What models say differently is counted, and shown alone where that is asked for; case and space do not count."""
    with run.store._write() as db:
        db.execute(
            "UPDATE results SET fields = ? WHERE run_id = ? AND row = 4",
            ('{"mood": "bad", "topic": " T1 "}', run.run_id),
        )
    found = run.compare(0, 10, path="mood", differ=True)

    assert {"mood": {"same": 2, "of": 3}, "topic": {"same": 3, "of": 3}} == found["agreement"]
    assert [("m1", False)] == [(row["id"], row["same"]) for row in found["rows"]]
    assert {"good", "bad"} == {cell["value"] for cell in found["rows"][0]["cells"].values()}


def test_pages_and_unknown_fields(run):
    """Inputs come by page; without a field, or with one that there is not, the first is compared."""
    found = run.compare(1, 1, path="nothing")

    assert ("mood", 3, 1) == (found["path"], found["total"], found["start"])
    assert ["m1"] == [row["id"] for row in found["rows"]]


def test_large_runs_are_counted_whole_some_at_a_time(run, monkeypatch):
    """However many inputs there are, agreement is counted over all, with few answers in memory, and only once."""
    whole = run.compare(0, 10, path="topic")
    looked = []
    real = comparing._values
    monkeypatch.setattr(comparing, "AT_ONCE", 1)
    monkeypatch.setattr(comparing, "_values", lambda *args: looked.append(len(args[2])) or real(*args))
    comparing._surveys.clear()
    found = run.compare(0, 10, path="topic")
    again = run.compare(0, 1, path="topic", differ=True)

    assert whole == found
    assert [2, 2, 2, 6, 0] == looked
    assert 0 == again["total"]


def test_a_gold_value_that_is_put_right_counts_at_once(run):
    """What is known to be right may change while the answers do not; accuracy follows it, however many there are."""
    run.store.set_gold(run.run_id, {"m0": {"topic": "t0"}})
    before = run.compare(0, 10, path="topic")["accuracy"]["topic"]
    run.store.set_gold(run.run_id, {"m0": {"topic": "other"}})
    after = run.compare(0, 10, path="topic")["accuracy"]["topic"]

    assert before != after
    assert all(each != after[model] for model, each in before.items())


def test_costs_per_thousand_are_those_that_were_paid(run):
    """A run that reuses answers for nothing tells what they had cost, as the run that paid for them does."""
    first = run.compare(0, 1)["per_thousand"]
    rows = [{"id": f"m{n}", "text": f"Mood: good\nTopic: t{n}"} for n in range(3)]
    batch = Batch().use_practice()
    batch.add_jobs("{{ text }}", over=rows, id_column="id", response_model=Mood, model=MODELS)
    again = batch.run(name="again", wait=True)
    paid = {r.job_id.partition("@")[2]: r.cost_usd for r in run}

    assert 0 == sum(result.cost_usd for result in again)
    assert first == again.compare(0, 1)["per_thousand"]
    assert {model: round(1000 * cost, 6) for model, cost in paid.items()} == {m: float(c) for m, c in first.items()}
    assert {m.model: float(first[m.model]) for m in again.agreement().models} == {
        m.model: float(m.per_thousand) for m in again.agreement().models
    }
