"""Nothing is quadratic: what a job costs does not depend on how many there are. Operations are counted, not seconds."""

import gc
import hashlib
import sys
from dataclasses import dataclass, field, replace

import pytest

from batchata_nb.core.errors import StateError
from batchata_nb.core.jobs import Job, Marker, canonical
from batchata_nb.runs.packing import PackedJobs
from batchata_nb.runs.settling import Settler
from batchata_nb.runs.spool import CHUNK
from tests.runs.edge import LIMITS, Desk, Edge, job, ok

SMALL, LARGE = 1_000, 4_000
GROWTH = 1.1
"""What an index may grow deeper."""


@dataclass
class Stream(Edge):
    """A provider that keeps nothing of its rows but their ids, as one behind a network does."""

    ids: list[str] = field(default_factory=list)
    most_jobs: int = 0

    def submit(self, tag, rows):
        for number, row in enumerate(rows):
            self.ids.append(row.row_id)
            if number % 250 == 0:
                self.most_jobs = max(self.most_jobs, jobs_in_memory())
        self.tags[tag] = "b1"
        return "b1"

    def fetch(self, batch_id, handle):
        model = Job("", "edge", "m", (), 1)
        for number, row_id in enumerate(self.ids):
            if number % 250 == 0:
                self.most_jobs = max(self.most_jobs, jobs_in_memory())
            yield ok(type("Row", (), {"row_id": row_id, "job": model}))


def jobs_in_memory():
    return sum(type(each) is Job for each in gc.get_objects())


def counted(folder, count):
    """Run so many jobs; return the store's steps and statements, and the objects kept, for each job."""
    desk = Desk(folder / f"{count}.db", Stream(limits=replace(LIMITS, rows=10**6)))
    db, said, steps = desk.store._connection(), [0], [0]

    def tell(_):
        said[0] += 1

    def tick():
        steps[0] += 1

    db.set_trace_callback(tell)
    db.set_progress_handler(tick, 50)
    drive = desk.start([job(n) for n in range(count)])
    gc.collect()
    before = sys.getallocatedblocks()
    desk.run(drive)
    gc.collect()
    kept = sys.getallocatedblocks() - before - len(desk.edge.ids)
    assert count == drive.state.counts["succeeded"]
    return steps[0] * 50 / count, said[0] / count, kept / count, desk.edge.most_jobs


def test_a_job_costs_the_same_however_many_there_are(tmp_path):
    """Steps that SQLite makes, statements and kept objects for one job are the same at four times the size."""
    few, many = counted(tmp_path, SMALL), counted(tmp_path, LARGE)

    for small, large in zip(few[:3], many[:3], strict=True):
        assert large <= GROWTH * small + 1, (few, many)


def test_planning_reads_as_far_as_the_slots_reach(tmp_path):
    """With many small batches, two at a time, what SQLite does for one job is the same at four times the size."""

    def steps_for(count):
        desk = Desk(tmp_path / f"{count}.db", Edge())
        steps = [0]

        def tick():
            steps[0] += 1

        drive = desk.start([job(n) for n in range(count)], items_per_batch=10, max_parallel=2)
        desk.store._connection().set_progress_handler(tick, 50)
        desk.run(drive, most=10 * count)
        assert count == drive.state.counts["succeeded"]
        assert count / 10 == len(drive.state.submissions)
        return steps[0] * 50 / count

    assert steps_for(2_000) <= GROWTH * steps_for(500) + 1


def test_jobs_are_never_all_in_memory(tmp_path):
    """While a submission is sent and its results come in, some hundreds of jobs are in memory, not all of them."""
    gc.collect()
    before = jobs_in_memory()

    few, many = counted(tmp_path, SMALL)[3] - before, counted(tmp_path, LARGE)[3] - before

    assert many < 1_000
    assert many <= few + 200


@pytest.mark.parametrize("count", [SMALL, LARGE])
def test_a_run_is_known_again_without_writing_its_jobs(count):
    """To identify jobs, each is settled and marked once, and none is checked, sized or kept."""
    from batchata_nb import Batch

    class Silent(Edge):
        def check(self, job):
            raise AssertionError("checked")

        encoded_size = check

    batch = Batch().set_default_params(model="m").add_jobs("{{ item }}", over=[f"text {n}" for n in range(count)])
    settler = Settler(
        batch.asked, {}, provider_name="anthropic", provider=lambda _: Silent(), endpoint=lambda _: "", max_tokens=10
    )  # fmt: skip

    known = settler.survey()

    assert (count, count, None) == (len(known.marks), len(set(known.marks)), known.packed)


def test_rows_that_have_an_answer_are_neither_checked_nor_packed_again(tmp_path, monkeypatch):
    """Rows put before and behind answered ones are checked and sent; the others are taken as they stand, in place."""
    from batchata_nb import Batch
    from batchata_nb.providers.anthropic import AnthropicProvider

    checked = []
    check = AnthropicProvider.check
    monkeypatch.setattr(AnthropicProvider, "check", lambda self, job: (checked.append(job.id), check(self, job))[1])
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.2")
    old = [f"Mood: good. Message {n}." for n in range(40)]
    new = ["Mood: bad. A first.", *reversed(old), "Mood: bad. A last."]

    def run(items):
        batch = Batch().use_practice().set_state(str(tmp_path / "s.db")).set_default_params(model="claude-sonnet-5-5")
        return batch.add_jobs("Say the mood. {{ item }}", over=items).run(name="moods", wait=True)

    before = run(old)
    assert 40 == len(checked)
    checked.clear()
    after = run(new)

    assert ["row-000001", "row-000042"] == checked
    assert (42, 40) == (after.status()["completed"], after.summary()["reused"])
    jobs = after.store.jobs(after.run_id, range(42))
    assert [f"Say the mood. {item}" for item in new] == [each.messages[0].text for each in jobs]
    assert [f"row-{n:06d}" for n in range(1, 43)] == [each.id for each in jobs] == [r.job_id for r in after]
    assert [r.raw_response for r in before] == [r.raw_response for r in after][40:0:-1]


def test_a_state_file_that_was_exchanged_takes_no_jobs(tmp_path):
    """A job that is to be copied but is not there is an error, and nothing is recorded."""
    desk, packed = Desk(tmp_path / "s.db", Edge()), PackedJobs()
    packed.copy(0, "a", ("r0", 7))

    with pytest.raises(StateError, match="run the cell again"):
        desk.store.create_run("r1", "n", 0.0, "d", {}, packed, [])
    assert [] == desk.store.runs()


def test_jobs_that_are_added_one_by_one_share_what_they_have_alike():
    """A hundred thousand calls of `add_job` make one part, most of it on disk, and not a hundred thousand."""
    from batchata_nb import Batch

    batch = Batch().set_default_params(model="m")
    for n in range(3 * CHUNK):
        batch.add_job(prompt=f"question {n}", max_tokens=100)
    batch.add_job(prompt="other", max_tokens=200)

    assert 2 == len(batch.asked._parts)
    assert [f"question {n}" for n in range(3 * CHUNK)] + ["other"] == [a.messages[0].text for a in batch.asked]
    assert [100, 200] == [batch.asked[at].stated["max_tokens"] for at in (0, -1)]


def test_the_identity_of_a_job_is_what_it_always_was():
    """However it is reckoned: released versions have written it into stores, and what it names is paid for."""
    plain = Job("a", "anthropic", "m", job(1).messages, 1000, None, {}, {"b": 1, "a": [True, None, 1.5]}, "X", None)
    jobs = [plain, replace(plain, copy=1), replace(plain, temperature=1.0), replace(plain, temperature=1), plain]
    marker = Marker()

    for each in jobs:
        shape = {
            name: getattr(each, name)
            for name in ("provider", "model", "max_tokens", "temperature", "params", "schema", "schema_name", "cite",
                         "copy", "endpoint")
        }  # fmt: skip
        shape["messages"] = [
            [m.role, m.text, [[d.name, d.media_type, d.sha256] for d in m.documents]] for m in each.messages
        ]
        expected = hashlib.sha256(canonical(shape).encode()).hexdigest()[:32]
        assert expected == marker.mark(each) == each.fingerprint
    assert 4 == len({each.fingerprint for each in jobs})
