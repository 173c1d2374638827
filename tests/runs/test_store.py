"""The store stays quick as it grows."""

import gc
import sys
import threading
import weakref
from decimal import Decimal

import pytest

from batchata_nb.core import events as ev
from batchata_nb.runs.store import Store
from tests.runs.edge import Desk, job


def test_no_statement_reads_a_whole_table(tmp_path):
    """Looking jobs up by identity, and recording what is sent and what has landed, goes by index."""
    desk = Desk(tmp_path / "state.db")
    drive = desk.run(desk.start([job(0)]))
    db, said = desk.store._connection(), []
    marks = [job(1).fingerprint]
    db.set_trace_callback(said.append)
    desk.store.known(marks)
    event = ev.Submitting(1.0, f"{drive.state.run_id}-9", "edge", "m", (0,), "1")
    desk.store.append_submitting(drive.state.run_id, drive.state.seq, event, marks, [Decimal(1)])
    desk.store.reservations(drive.state.run_id, event.tag)
    desk.store.results(drive.state.run_id, [0])
    desk.store.sizings(drive.state.run_id, [0])
    db.set_trace_callback(None)

    plans = [
        (sql, step[3])
        for sql in said
        if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))
        for step in db.execute(f"EXPLAIN QUERY PLAN {sql}")
    ]

    assert len(plans) > 5
    assert [] == [plan for plan in plans if plan[1].startswith("SCAN")]


def connections_of(path):
    """Use a store in a thread that ends and in this one; return what was open, without the store, which is a cycle."""
    store, opened = Store(path), []
    store.itself = store

    def read():
        store.runs()
        opened.append(weakref.ref(store._connection()))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    read()
    return opened


def test_a_thread_that_ends_closes_its_connection(tmp_path):
    """Connections end, closed, with the thread or store that used them; from Python 3.13 on others complain."""
    opened = connections_of(tmp_path / "state.db")
    complaints = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", complaints.append)
        gc.collect()

    assert 2 == len(opened)
    assert [None, None] == [connection() for connection in opened]
    assert [] == complaints
