"""Events survive the way to disk and back."""

import json
from dataclasses import fields
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core import events as ev
from batchata_nb.core.citations import Citation, FieldCitations, flat, leaves
from batchata_nb.core.events_json import event_from_json, event_to_json
from batchata_nb.core.jobs import Document, Job, Message, job_from_json
from batchata_nb.core.results import JobResult, Usage

rows = st.lists(st.integers(0, 10_000), unique=True).map(lambda found: tuple(sorted(found)))
texts = st.text(max_size=20)
seconds = st.floats(0, 1e10)


def of_kind(kind):
    """Any event of one kind, with its fields as they are declared."""
    own = {"rows": rows} if kind in ev.PLAIN_ROWS else {}
    own |= {"handle": st.dictionaries(texts, texts)} if kind is ev.Ended else {}
    times = {f.name: seconds for f in fields(kind) if f.name in ("at", "retry_at")}
    times |= {"time_limit": st.none() | seconds} if kind is ev.Started else {}
    return st.builds(kind, **own, **times)


events = st.one_of(*map(of_kind, get_args(ev.Event)))


@given(events)
def test_an_event_survives_json(event):
    """event_from_json undoes event_to_json."""
    assert event == event_from_json(json.loads(json.dumps(event_to_json(event))))


def test_consecutive_rows_are_written_as_spans():
    """A submission of 100,000 consecutive rows costs a few bytes on disk."""
    event = ev.Submitting(1.0, "t", "openai", "m", tuple(range(100_000)), "1")

    assert [[0, 99_999]] == event_to_json(event)["rows"]


def test_every_event_has_a_name_on_disk():
    """No kind of event is left out of the table that reads them back."""
    assert set(get_args(ev.Event)) == set(ev.KINDS.values())


def test_a_job_survives_json():
    """job_from_json undoes to_json, and identity with it."""
    document = Document("a.pdf", "application/pdf", "pdf", "0" * 64, 10, "/x/a.pdf", pages=2)
    job = Job(
        "j",
        "openai",
        "gpt-6-sol",
        (Message("system", "s"), Message("user", "u", (document,))),
        100,
        params={"a": [1]},
        schema={"type": "object"},
    )

    again = job_from_json(json.loads(json.dumps(job.to_json())))

    assert (job, job.fingerprint) == (again, again.fingerprint)


def test_identity_is_what_decides_the_answer():
    """The id and the folder of a file are no part of a job's identity; prompt, model, schema and content are."""
    document = Document("a.pdf", "application/pdf", "pdf", "0" * 64, 10, "/x/a.pdf")
    moved = Document("a.pdf", "application/pdf", "pdf", "0" * 64, 10, "/y/a.pdf")
    job = Job("j", "openai", "m", (Message("user", "u", (document,)),), 100)

    assert job.fingerprint == Job("other", "openai", "m", (Message("user", "u", (moved,)),), 100).fingerprint
    for changed in (
        Job("j", "openai", "m2", job.messages, 100),
        Job("j", "openai", "m", (Message("user", "v", (document,)),), 100),
        Job("j", "openai", "m", job.messages, 101),
        Job("j", "openai", "m", job.messages, 100, schema={}),
        Job("j", "openai", "m", job.messages, 100, copy=1),
        Job("j", "openai", "m", job.messages, 100, endpoint="practice"),
    ):
        assert job.fingerprint != changed.fingerprint


def test_a_result_survives_json(tmp_path):
    """from_dict undoes to_dict, through the file that save_to_json writes."""
    cited = FieldCitations(
        [Citation("42", "a.pdf", 1, {"source": "located"}, "high", "printed once", 3, 5, ((1.0, 2.0, 3.0, 4.0),))]
    )
    result = JobResult(
        "j", "text", {"total": 42}, list(cited), {"total": cited}, 10, 5, 0.25, usage=Usage(10, 5), documents=("a.pdf",)
    )

    result.save_to_json(tmp_path / "deep" / "j.json")

    assert result == JobResult.from_dict(json.loads((tmp_path / "deep" / "j.json").read_text()))


def test_field_citations_hand_on_their_first():
    """`mappings["total"].page` is the page of the best citation."""
    assert 7 == FieldCitations([Citation("a", "d", 7), Citation("b", "d", 9)]).page


def test_paths_of_leaves():
    """Nested values have paths such as lines[0].amount; frames flatten by dots and keep lists whole."""
    data = {"a": {"b": 1}, "lines": [{"amount": 2}]}

    assert [("a.b", 1), ("lines[0].amount", 2)] == list(leaves(data))
    assert {"a.b": 1, "lines": [{"amount": 2}]} == flat(data)
