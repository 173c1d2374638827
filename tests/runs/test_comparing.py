"""Several models on the same inputs, side by side."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.runs.comparing import compare

MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol"]


class Mood(BaseModel):
    mood: Literal["good", "bad"]
    topic: str


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Give a finished run of two models over three messages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
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


def test_large_runs_are_compared_page_by_page(run, monkeypatch):
    """Above a bound only the page's rows are read, and agreement over all is not stated."""
    monkeypatch.setattr("batchata_nb.runs.comparing.MOST", 2)
    found = compare(run.store, run.drive.state, 0, 1, path="topic")

    assert found["agreement"] is None
    assert [True] == [row["same"] for row in found["rows"]]
