"""Failed jobs again: with what was wrong in the prompt, with more room, merged under the job that the user defined."""

import sqlite3
from dataclasses import replace
from decimal import Decimal

import pytest

from batchata_nb.core.errors import ValidationError
from batchata_nb.core.results import Reply, Usage
from batchata_nb.runs.answers import result_of
from batchata_nb.runs.store import Store
from batchata_nb.runs.store_file import FIRST
from tests.runs.edge import Desk, job, ok

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


def cut(row):
    return Reply(row.row_id, "invalid", "the beg", "truncated", "cut", usage=Usage(100, 1000), model="m")


def sent(desk, batch_id):
    return [row.job for row in desk.edge.batches[batch_id]]


def test_what_was_cut_gets_twice_the_room(desk):
    """Again with twice the cap, and with twice that when it is cut again; a stated cap is taken as it is."""
    desk.edge.replies = lambda batch_id, row: [cut(row)]
    drive = desk.run(desk.start([job(0)]))

    for args in ({}, {}, {"max_tokens": 9000}):
        drive.command("retry_failed", args)
        desk.run(drive)

    assert [1000, 2000, 4000, 9000] == [sent(desk, f"b{n}")[0].max_tokens for n in range(1, 5)]


def test_a_view_offers_the_room_to_try_next(desk):
    """Answers that were cut are shown with their cap, and four times that, or what the model gives, to try next."""
    desk.edge.replies = lambda batch_id, row: [cut(row)]
    desk.edge.most_output = lambda model: 9000
    drive = desk.run(desk.start([job(0), job(1)]))
    shown = []
    for more in (4000, 9000, None):
        shown.append(drive.summary()["errors"])
        drive.command("retry_failed", {"kind": "truncated", "max_tokens": more})
        desk.run(drive)

    group = {"kind": "truncated", "count": 2}
    assert [
        [{**group, "message": "output cut at 1,000 tokens", "more": 4000, "retry": True}],
        [{**group, "message": "output cut at 4,000 tokens", "more": 9000, "retry": True}],
        [{**group, "message": "output cut at 9,000 tokens", "more": 9000, "retry": False}],
    ] == shown
    assert [1000, 4000, 9000, 9000] == [sent(desk, f"b{n}")[0].max_tokens for n in range(1, 5)]


def test_an_answer_of_the_wrong_form_is_asked_for_again_with_the_reason(desk):
    """The error stands at the end of the prompt; a second error replaces the first."""
    answers = iter(["no json", '{"total": 1', '{"total": 1}'])
    desk.edge.replies = lambda batch_id, row: [ok(row, next(answers))]
    drive = desk.run(desk.start([replace(job(0), schema=SCHEMA)]))
    assert ["invalid"] == [drive.state.state_of(0)]

    for _ in range(2):
        drive.command("retry_failed", {"kind": "invalid_output"})
        desk.run(drive)

    texts = [sent(desk, f"b{n}")[0].messages[0].text for n in (1, 2, 3)]
    assert ["question 0", True, True] == [texts[0], *("holds no readable JSON" in text for text in texts[1:])]
    assert [1, 1] == [text.count("An earlier answer") for text in texts[1:]]
    assert "succeeded" == drive.state.state_of(0)


def test_attempts_are_kept_and_the_latest_good_one_counts(desk):
    """All answers stay, each at its cost; the result is the good one, at the cost of all."""
    desk.edge.replies = lambda batch_id, row: [cut(row) if batch_id == "b1" else ok(row, "good")]
    drive = desk.run(desk.start([job(0)]))
    drive.command("retry_failed", {})
    desk.run(drive)

    kept = desk.store.attempts(drive.state.run_id, 0)
    result = result_of(desk.store.result(drive.state.run_id, 0), None, attempts=drive.state.attempts[0])
    assert [("the beg", Decimal("0.0011")), ("good", Decimal("0.0002"))] == [(a["text"], a["cost"]) for a in kept]
    assert ("good", 0.0013, 2) == (result.raw_response, result.cost_usd, result.attempts)


def test_a_changed_job_keeps_its_identity(desk):
    """Its good answer stands for the job as it was defined: another run of the same job is free."""
    desk.edge.replies = lambda batch_id, row: [cut(row) if batch_id == "b1" else ok(row)]
    drive = desk.run(desk.start([job(0)]))
    drive.command("retry_failed", {})
    desk.run(drive)

    again = desk.run(desk.start([job(0), job(1)], name="again"))

    assert (1, 3) == (again.state.reused, len(desk.edge.batches))


def test_more_room_is_reserved(desk):
    """The ceiling counts the changed job's worst case: what it leaves no room for is held."""
    desk.edge.replies = lambda batch_id, row: [cut(row)]
    drive = desk.run(desk.start([job(0)], limit="0.005"))

    drive.command("retry_failed", {"max_tokens": 4000})
    desk.run(drive)

    assert ("held", "0.005", 1) == (drive.state.over, drive.state.needs, len(desk.edge.batches))


def test_changes_survive_a_restart(desk, tmp_path):
    """A process that ends after the command leaves the changed job to the next one."""
    desk.edge.replies = lambda batch_id, row: [cut(row) if batch_id == "b1" else ok(row)]
    drive = desk.run(desk.start([job(0)]))
    drive.command("retry_failed", {})
    drive.release()

    later = Desk(tmp_path / "state.db", desk.edge, desk.clock, owner="next")
    later.run(later.open(drive.state.run_id))

    assert [2000] == [j.max_tokens for j in sent(desk, "b2")]


def test_a_cap_that_makes_no_sense_changes_nothing(desk):
    """Said at once, in one sentence."""
    desk.edge.replies = lambda batch_id, row: [cut(row)]
    drive = desk.run(desk.start([job(0)]))

    with pytest.raises(ValidationError, match="at least 1"):
        drive.command("retry_failed", {"max_tokens": 0})

    assert ("finished", "invalid") == (drive.state.over, drive.state.state_of(0))


def test_a_store_of_the_first_version_is_brought_up_to_date(tmp_path):
    """A file that the first version made gets what later ones added, and keeps what it holds."""
    db = sqlite3.connect(tmp_path / "state.db")
    for statement in FIRST.split(";\n"):
        db.execute(statement)
    db.execute("INSERT INTO runs VALUES ('r1', 'old', 1.0, 'd', '{}', 0, NULL, 0)")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()

    store = Store(tmp_path / "state.db")

    assert (["old"], []) == ([r.name for r in store.runs()], store.jobs_to_send("r1", []))
    assert store.sizings("r1") == []
