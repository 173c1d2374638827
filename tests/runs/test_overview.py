"""The runs of a store, each in one line."""

from __future__ import annotations

import json

import pytest

from batchata_nb import Batch
from batchata_nb.core import events as ev
from batchata_nb.core.brief import brief
from batchata_nb.core.state import RunState, apply
from batchata_nb.runs import overview
from batchata_nb.runs.launch import runner, store_at
from batchata_nb.runs.overview import Overview


@pytest.fixture
def store(folder):
    """Give a store with two finished practice runs, not known to this process's overview."""
    for name, rows in (("first", 3), ("second", 2)):
        batch = Batch().use_practice().set_state(file="state.db").add_cost_limit(usd=5)
        batch.add_jobs("Say {{ item }}", over=[f"m{n}" for n in range(rows)], model="claude-sonnet-5-5")
        batch.run(name=name, wait=True)
    return store_at("state.db")


def alone(store, monkeypatch):
    """As seen by a process that has none of the runs."""
    monkeypatch.setattr(runner(), "driven", lambda _key: None)
    return Overview(str(store.path))


def test_runs_are_told_newest_first_with_the_numbers_of_their_dashboards(store, monkeypatch):
    """What a new process tells of a run is what the run's own summary says, and a page holds no more than asked for."""
    from batchata_nb.runs.launch import attach

    found = alone(store, monkeypatch).page(0, 20)
    own = attach("first", state_file=store.path).summary()

    assert (2, ["second", "first"]) == (found["total"], [run["name"] for run in found["runs"]])
    line = found["runs"][1]
    assert ("finished", "finished", "nobody", True) == (line["state"], line["word"], line["driver"], line["practice"])
    assert {"succeeded": 3} == line["counts"]
    assert {key: own["money"][key] for key in ("spent", "limit", "known")} == line["money"]
    assert own["elapsed"] == line["elapsed"]
    assert ["first"] == [run["name"] for run in alone(store, monkeypatch).page(1, 1)["runs"]]


def test_what_is_read_again_is_only_what_is_new(store, monkeypatch):
    """The events of a run are read once, however often the overview is asked for."""
    looked = []
    seen = alone(store, monkeypatch)
    real = store.events
    monkeypatch.setattr(store, "events", lambda run_id, after=0: looked.append(after) or real(run_id, after))
    first = seen.page(0, 20)
    again = seen.page(0, 20)

    assert first == again
    assert looked[:2] == [0, 0]
    assert all(after > 0 for after in looked[2:])


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    """An overview of a store that is not there tells of no runs, and writes nothing."""
    path = tmp_path / "none" / "state.db"

    assert {"total": 0, "start": 0, "runs": []} == Overview(str(path)).page(0, 20)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("owner", "expires", "gone", "driver"),
    [("other", 1e12, False, "elsewhere"), ("other", 1e12, True, "nobody"), ("other", 0.0, False, "nobody")],
)
def test_who_drives_a_run_is_told(store, monkeypatch, owner, expires, gone, driver):
    """A run with a lease is driven elsewhere, unless the lease is over or its owner has provably ended."""
    monkeypatch.setattr(overview, "is_gone", lambda _owner: gone)
    run_id = store.runs()[0].run_id
    with store._write() as db:
        db.execute("INSERT OR REPLACE INTO leases VALUES (?,?,?)", (run_id, owner, expires))

    assert driver == overview._driver(store, run_id, 1e9)


def test_an_unfinished_run_says_what_it_waits_for():
    """A run that is not over says in words whether this kernel drives it, another one, or none."""
    state = RunState("r1", "notes")
    apply(state, ev.Started(1.0, 10, None, None, 2, 10))

    def word(driver):
        return brief(state, 5.0, models=["m"], practice=False, driver=driver)["word"]

    assert ["running", "running in another kernel", "waits for a kernel"] == [
        word(driver) for driver in ("here", "elsewhere", "nobody")
    ]


def test_a_line_stays_short():
    """A line is under 1 KiB, whatever the run's name and models."""
    state = RunState("r1", "n" * 5000)
    apply(state, ev.Started(1.0, 10**6, "5", None, 2, 10))
    line = brief(state, 5.0, models=["m" * 5000] * 9, practice=False, driver="here")

    assert len(json.dumps(line)) < 1024
