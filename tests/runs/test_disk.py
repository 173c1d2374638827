"""Disks that are full, read-only, locked, damaged or newer: clear errors, and nothing sent that is not recorded."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from batchata_nb import Batch
from batchata_nb.core.errors import StateError
from batchata_nb.runs.store import Store
from tests.runs.edge import Desk, job


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def fill(store):
    """Let the store's file grow no further, as on a full disk."""
    db = store._connection()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")


def empty(store):
    store._connection().execute("PRAGMA max_page_count = 1000000")


def many(count=400):
    return [job(n) for n in range(count)]


def test_on_a_full_disk_nothing_is_sent(desk):
    """The intent cannot be recorded: the run stops with the reason, and no request has left."""
    drive = desk.start(many())
    fill(desk.store)

    drive.step()

    assert ([], "failed") == (desk.edge.calls, drive.state.over)
    assert "disk is full" in str(drive.crash)
    empty(desk.store)
    again = desk.run(desk.open(drive.state.run_id))
    assert 400 == again.state.counts["succeeded"]


def test_an_answer_that_cannot_be_recorded_is_found_again(desk, tmp_path):
    """The batch was accepted while the disk got full: the next try asks the provider's list, and sends nothing."""
    desk.parked = []
    drive = desk.start(many(80))
    drive.step()
    desk.store._connection().execute("PRAGMA query_only = ON")
    with pytest.raises(StateError, match="cannot be written"):
        desk.parked.pop()()

    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    desk.clock.at += 60
    again = later.run(later.open(drive.state.run_id))

    assert (80, 1) == (again.state.counts["succeeded"], desk.edge.calls.count("submit"))


def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path):
    """Somebody's own file, or a damaged store: said so, and not a byte is changed."""
    path = tmp_path / "state.db"
    path.write_bytes(b"this is a diary, not a database " * 40)
    before = path.read_bytes()

    with pytest.raises(StateError, match="damaged or not a batchata_nb store"):
        Store(path)

    assert before == path.read_bytes()


def test_a_truncated_store_is_refused(desk, tmp_path):
    """A store that lost its second half: said so, and left as it is."""
    desk.start(many())
    whole = (tmp_path / "state.db").read_bytes()
    (tmp_path / "state.db").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(StateError, match="damaged"):
        Store(tmp_path / "state.db")

    assert len(whole) // 2 == (tmp_path / "state.db").stat().st_size


@pytest.mark.parametrize("kept", [100, 4096, 0.3, 0.7, -4096, -1])
def test_a_store_that_is_cut_off_anywhere_is_refused(desk, tmp_path, kept):
    """Bytes, pages or only the last byte missing: said so before anything is read, and left as it is."""
    desk.start(many())
    path = tmp_path / "state.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    before = path.read_bytes()

    with pytest.raises(StateError, match="damaged"):
        Store(path)

    assert before == path.read_bytes()


def test_an_empty_store_is_refused(tmp_path):
    """A file of 0 bytes may have been a store with runs that were paid for: nothing is begun in it."""
    path = tmp_path / "state.db"
    path.touch()

    with pytest.raises(StateError, match=r"is empty \(0 bytes\).*backup.*--state"):
        Store(path)

    assert 0 == path.stat().st_size


def test_a_new_store_is_whole_from_its_first_moment(tmp_path, monkeypatch):
    """Killed while the store is made: there is none yet. Made by two at once: the first one's stands."""
    path, link = tmp_path / "state.db", os.link

    def killed(draft, target):
        raise KeyboardInterrupt

    def beaten(draft, target):
        monkeypatch.setattr("os.link", link)
        Desk(path).start([job(0)])
        link(draft, target)

    monkeypatch.setattr("os.link", killed)
    with pytest.raises(KeyboardInterrupt):
        Store(path)
    assert [] == list(tmp_path.iterdir())
    monkeypatch.setattr("os.link", beaten)

    assert 1 == len(Store(path).runs())
    assert [path] == list(tmp_path.iterdir())


def test_a_file_system_without_links_will_do(tmp_path, monkeypatch):
    """The store is copied into place there."""

    def no_links(draft, target):
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", no_links)
    desk = Desk(tmp_path / "state.db")
    desk.run(desk.start([job(0)]))

    assert [tmp_path / "state.db"] == list(tmp_path.iterdir())


def test_a_database_of_another_program_is_left_alone(tmp_path):
    """Somebody's own database is no store: no table is added to it."""
    path = tmp_path / "state.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE diary (day TEXT)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(StateError, match="database of something else"):
        Store(path)

    assert before == path.read_bytes()


def test_a_newer_store_is_refused(tmp_path):
    """Written by a newer version: update the package, says the error."""
    Store(tmp_path / "state.db")
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StateError, match="newer batchata_nb"):
        Store(tmp_path / "state.db")


def test_a_locked_store_says_so_and_goes_on_when_it_is_free(desk, tmp_path):
    """Another program holds the file: a clear error; the same run again finishes."""
    drive = desk.start([job(0)])
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    desk.store._connection().execute("PRAGMA busy_timeout = 50")

    drive.step()

    assert "locked by another program" in str(drive.crash)
    assert [] == desk.edge.calls
    other.execute("ROLLBACK")
    other.close()
    assert 1 == desk.run(desk.open(drive.state.run_id)).state.counts["succeeded"]


@pytest.mark.parametrize("place", ["/proc/batchata_nb", "file/inside"])
def test_a_place_that_cannot_be_written_is_named(place, tmp_path, monkeypatch):
    """A read-only folder, or a file where a folder should be: said before anything is sent, with the way out."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    batch = Batch().use_practice().set_default_params(model="claude-sonnet-5-5").set_state(f"{place}/state.db")

    with pytest.raises(StateError, match="--state"):
        batch.add_job(prompt="Hello?").run(wait=True)

    assert "mine" == Path("file").read_text()


def test_a_results_folder_that_cannot_be_written_loses_nothing(tmp_path, monkeypatch):
    """Results are in the store all the same, and the log says where they are not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.1")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    batch = Batch(results_dir="out").use_practice().set_default_params(model="claude-sonnet-5-5")
    Path("out").write_text("a file of mine")

    run = batch.add_job(prompt="I love it. Good or bad?").run(name="n", wait=True)

    assert ("succeeded", "a file of mine") == (run[0].status, Path("out").read_text())
    assert any("cannot be written to" in line["text"] for line in run.summary()["log"])


def test_a_kernel_that_met_a_full_disk_goes_on_in_the_same_process(tmp_path, monkeypatch):
    """After the disk has room again the same call finishes the run; no restart is needed, nothing is sent twice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.1")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    original, broken = Store.append_submitting, [True]

    def append_submitting(self, *args, **options):
        if broken:
            fill(self)
            self._connection().execute("PRAGMA query_only = ON")
        try:
            return original(self, *args, **options)
        finally:
            self._connection().execute("PRAGMA query_only = OFF")
            empty(self)

    monkeypatch.setattr(Store, "append_submitting", append_submitting)

    def go():
        batch = Batch().use_practice().set_default_params(model="claude-sonnet-5-5")
        return batch.add_job(prompt="I love it. Good or bad?").run(name="again", wait=True)

    with pytest.raises(StateError, match="cannot be written"):
        go()
    broken.clear()
    run = go()

    assert ["succeeded"] == [r.status for r in run]
    assert 1 == run.status()["batches_total"]
