"""Caps on output tokens that adapt to the answers so far: more jobs in each round, and the ceiling as hard as ever."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from batchata_nb import Batch
from batchata_nb.core import lengths
from batchata_nb.core.errors import ValidationError
from batchata_nb.core.results import Reply, Usage
from batchata_nb.providers.worst import fixed_room
from tests.runs.edge import Desk, job, ok

LONG = 900


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Answers of 100 tokens, but of 900 for every tenth job; they are cut where the request leaves no room."""
    monkeypatch.setattr(lengths, "ENOUGH", 5)
    monkeypatch.setattr(lengths, "WASTE", Decimal("0.5"))
    desk = Desk(tmp_path / "state.db")

    def reply(batch_id, row):
        length = LONG if row.job.id.endswith("9") else 100
        if length > row.job.max_tokens:
            usage = Usage(100, row.job.max_tokens)
            return [Reply(row.row_id, "invalid", "the beg", "truncated", "cut", usage=usage, model="m")]
        return [
            ok(row, tokens=100) if length == 100 else Reply(row.row_id, "succeeded", "long", usage=Usage(100, LONG))
        ]

    desk.edge.replies = reply
    return desk


def caps(desk):
    return [sorted({row.job.max_tokens for row in rows}) for rows in desk.edge.batches.values()]


def test_the_second_round_is_asked_for_with_less(desk):
    """The first round goes out with all the room; what its answers needed is the cap of the next, which holds more."""
    plain, adaptive = [], []
    for found, on in ((plain, False), (adaptive, True)):
        jobs = [job(1000 * on + n, max_tokens=1000) for n in range(60)]
        drive = desk.run(desk.start(jobs, bound=100, limit="0.02", adaptive=on))
        found += [len(s.rows) for s in drive.state.submissions.values()]

        assert 60 == drive.state.counts["succeeded"]
    assert len(adaptive) < len(plain)
    assert adaptive[0] == plain[0]
    assert adaptive[1] > plain[1]


def test_what_was_cut_is_sent_again_with_all_its_room(desk):
    """An answer that the lowered cap has cut is paid, kept, and asked for again after the others."""
    drive = desk.run(desk.start([job(n) for n in range(40)], bound=100, limit="0.02", adaptive=True))

    assert [1000] == caps(desk)[0]
    assert caps(desk)[1] == [106]
    assert 40 == drive.state.counts["succeeded"]
    cut = [row for row in range(40) if len(desk.store.attempts(drive.state.run_id, row)) == 2]
    assert cut
    assert all(row % 10 == 9 for row in cut)
    kept = desk.store.attempts(drive.state.run_id, cut[0])
    assert [("truncated", 106), (None, LONG)] == [(a["error_kind"], a["usage"]["output_tokens"]) for a in kept]
    paid = sum((a["cost"] for row in range(40) for a in desk.store.attempts(drive.state.run_id, row)), Decimal(0))
    assert paid == drive.state.ledger.spent <= Decimal("0.02")


def test_a_cut_at_the_jobs_own_cap_stands(desk):
    """What all its room did not hold is truncated, and is not sent again by itself."""
    desk.edge.replies = lambda batch_id, row: [
        Reply(row.row_id, "invalid", "x", "truncated", "cut", usage=Usage(100, row.job.max_tokens), model="m")
    ]
    drive = desk.run(desk.start([job(n) for n in range(20)], bound=100, limit="0.05", adaptive=True))

    assert 20 == drive.state.counts["invalid"]
    assert all(len(desk.store.attempts(drive.state.run_id, row)) <= 2 for row in range(20))


def test_all_of_it_is_remembered_after_a_restart(desk):
    """A process that comes later knows the lengths, the caps of what is under way, and what was cut."""
    drive = desk.start([job(n) for n in range(60)], bound=100, limit="0.02", adaptive=True)
    while len(drive.state.submissions) < 3:
        desk.clock.at = max(drive.step(), desk.clock.at)

    later = desk.open(drive.state.run_id)

    assert later.state.lengths == drive.state.lengths
    assert later.state.lengths
    assert later.state.cut == drive.state.cut
    assert [s.caps for s in later.state.submissions.values()] == [s.caps for s in drive.state.submissions.values()]


def test_all_that_fits_goes_out_with_all_its_room(desk):
    """A cap is lowered only where the ceiling would leave jobs for a later round."""
    desk.run(desk.start([job(n) for n in range(60)], bound=100, limit="5", adaptive=True))

    assert [[1000]] == caps(desk)


def test_retried_jobs_get_the_room_that_was_asked_for(desk):
    """What a user sends again goes out with its own cap."""
    desk.edge.replies = lambda batch_id, row: (
        [ok(row, tokens=10)]
        if batch_id != "b1"
        else [Reply(row.row_id, "invalid", "x", "truncated", "cut", usage=Usage(100, 500), model="m")]
    )
    drive = desk.run(desk.start([job(n) for n in range(20)], bound=100, limit="0.05", adaptive=True))
    drive.command("retry_failed", {"max_tokens": 3000})
    desk.run(drive)

    assert [3000] == caps(desk)[-1]


def test_the_same_cell_may_switch_it_on(desk):
    """A limit that is set anew says whether caps adapt; without a word it stays as it was."""
    drive = desk.start([job(0)], limit="0.02")
    drive.command("raise_limit", {"usd": "0.02", "adaptive": True})
    assert drive.state.adaptive
    drive.command("raise_limit", {"usd": "0.03"})
    assert drive.state.adaptive


@pytest.mark.parametrize(
    ("limit", "params", "says"),
    [(None, {}, "cost limit"), (1, {"thinking": {"budget_tokens": 2000}}, "budget")],
)
def test_what_cannot_adapt_is_refused(tmp_path, limit, params, says):
    """Without a ceiling, or with a fixed thinking budget: one sentence, nothing written."""
    model = "claude-haiku-4-5" if "thinking" in params else "gpt-4.1"
    batch = Batch(adaptive_max_tokens=True).use_practice().set_state(tmp_path / "state.db")
    if limit:
        batch.add_cost_limit(limit)
    if "thinking" in params:
        params = {"thinking": {"type": "enabled", **params["thinking"]}}
    batch.add_job(prompt="hello", model=model, max_tokens=4000, **params)

    with pytest.raises(ValidationError, match=says):
        batch.run(wait=False)
    assert not list(tmp_path.iterdir())


def test_several_answers_to_a_job_keep_their_room():
    """Of several answers only the length together is known, so their cap is not lowered."""
    assert "several answers" in fixed_room(replace(job(0), params={"n": 2}))
    assert fixed_room(job(0)) is None
