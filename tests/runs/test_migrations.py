"""A store of any released version opens, and what is in it stays paid for."""

import json
import sqlite3
import zlib
from dataclasses import replace
from decimal import Decimal

import pytest

from batchata_nb.core import events as ev
from batchata_nb.core.events_json import event_to_json
from batchata_nb.providers.base import Row
from batchata_nb.runs.answers import answer
from batchata_nb.runs.store import Store
from batchata_nb.runs.store_file import MIGRATIONS, VERSION
from tests.runs.edge import Desk, job, ok

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}, "a": {"type": "string"}}}
OLD = "r0000old"


def written_by(version, path, jobs):
    """A store as that version left it: all jobs sent in one submission, all landed but the last."""
    db = sqlite3.connect(path, isolation_level=None)
    for statement in "".join(MIGRATIONS[:version]).split(";\n"):
        db.execute(statement)
    tag, rows = f"{OLD}-1", tuple(range(len(jobs)))
    found = [
        answer(each, ok(Row(f"{tag}-{row:06d}", each), '{"total": 1}'), None, "b1") for row, each in enumerate(jobs)
    ]
    told = [
        ev.Started(1.0, len(jobs)),
        ev.Submitting(2.0, tag, "edge", "m", rows, "3"),
        ev.Submitted(3.0, tag, "b1"),
        ev.Ended(4.0, tag, "ended", {}),
        ev.Landed(5.0, tag, tuple((row, "succeeded", None, False) for row in rows[:-1]), "2", "2"),
    ]
    spec = json.dumps({"models": ["m"], "prices": []})
    db.execute("INSERT INTO runs VALUES (?, 'old', 1.0, 'd', ?, ?, NULL, 0)", (OLD, spec, len(jobs)))
    for seq, event in enumerate(told, 1):
        db.execute("INSERT INTO events VALUES (?,?,?)", (OLD, seq, json.dumps(event_to_json(event))))
    for row, (each, landed) in enumerate(zip(jobs, found, strict=True)):
        body = zlib.compress(json.dumps(each.to_json()).encode(), 3)
        db.execute(
            "INSERT INTO jobs (run_id, row, job_id, fingerprint, provider, model, bound, size, outputs, cache_write, "
            "surcharge, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (OLD, row, each.id, each.fingerprint, "edge", "m", 10, 100, 1000, None, "1", body),
        )
        last = row == rows[-1]
        if last or version < 3:  # from then on, rows that have landed are told by their results alone
            db.execute("INSERT INTO sent VALUES (?,?,?,?,'1',?)", (OLD, row, tag, each.fingerprint, not last))
        if not last:
            db.execute(
                "INSERT INTO results (run_id, row, tag, fingerprint, usable, outcome, kind, cost, fields, body) "
                "VALUES (?,?,?,?,1,'succeeded',NULL,'1','{\"total\": 1}',?)",
                (OLD, row, tag, each.fingerprint, zlib.compress(json.dumps(landed.body).encode(), 3)),
            )
    db.execute(f"PRAGMA user_version = {version}")
    db.close()


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_store_of_an_older_version_keeps_what_it_holds(tmp_path, version):
    """Jobs, results, events and reservations read as they were written, and new ones stand beside them."""
    jobs = [replace(job(row), schema=SCHEMA) for row in range(3)]
    written_by(version, tmp_path / "state.db", jobs)

    store = Store(tmp_path / "state.db")

    assert jobs == store.jobs(OLD, [0, 1, 2]) == store.jobs_to_send(OLD, [0, 1, 2])
    assert [{"total": 1}] * 2 == [store.results(OLD, [0, 1, 2])[row]["data"] for row in (0, 1)]
    assert {2: (jobs[2].fingerprint, Decimal(1))} == store.reservations(OLD, f"{OLD}-1")
    assert {"m"} == {sizing.model for sizing in store.sizings(OLD)}
    assert [Decimal(1)] == [attempt["cost"] for attempt in store.attempts(OLD, 0)]
    marks = [each.fingerprint for each in jobs]
    assert ({marks[0], marks[1]}, {marks[2]}) == (store.known(marks)[0], set(store.known(marks)[1]))


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_run_of_an_older_version_goes_on_and_pays_once(tmp_path, version):
    """What was under way lands in the new form in the same run; nothing is sent again, by it or by another run."""
    jobs = [replace(job(row), schema=SCHEMA) for row in range(3)]
    written_by(version, tmp_path / "state.db", jobs)
    desk = Desk(tmp_path / "state.db")
    desk.edge.batches["b1"] = [Row(f"{OLD}-1-{row:06d}", each) for row, each in enumerate(jobs)]
    desk.edge.replies = lambda batch_id, row: [ok(row, '{"total": 2}')]

    drive = desk.run(desk.open(OLD))
    again = desk.run(desk.start(jobs, name="again"))

    assert ("finished", 3) == (drive.state.over, drive.state.counts["succeeded"])
    found = desk.store.results(OLD, [0, 1, 2])
    assert [1, 1, 2] == [found[row]["data"]["total"] for row in range(3)]
    assert (3, ["b1"]) == (again.state.reused, list(desk.edge.batches))


def test_a_schema_keeps_the_order_of_its_properties(tmp_path):
    """The order of properties is the order in which a model answers: the store does not change it."""
    desk = Desk(tmp_path / "state.db")
    turned = {**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}
    jobs = [replace(job(0), schema=SCHEMA), replace(job(1), schema=turned), replace(job(2), schema=SCHEMA)]

    drive = desk.start(jobs)

    kept = [list(each.schema["properties"]) for each in desk.store.jobs(drive.state.run_id, [0, 1, 2])]
    assert [["total", "a"], ["a", "total"], ["total", "a"]] == kept


def test_what_jobs_have_alike_is_kept_once(tmp_path):
    """A schema of 20 KB is in the store once for a thousand jobs, and jobs that differ have their own."""
    desk = Desk(tmp_path / "state.db")
    large = {"type": "object", "properties": {f"field_{n}_{n * n}": {"type": "string"} for n in range(500)}}
    jobs = [replace(job(row), schema=large, temperature=0.5 if row % 2 else None) for row in range(1000)]

    drive = desk.start(jobs)

    assert jobs == desk.store.jobs(drive.state.run_id, list(range(1000)))
    db = desk.store._connection()
    assert 3 == db.execute("SELECT COUNT(*) FROM shared").fetchone()[0]  # two shapes, and the words of messages
    assert 200 > db.execute("SELECT AVG(LENGTH(body)) FROM jobs").fetchone()[0]
