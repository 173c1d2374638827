"""Batches at an OpenAI-compatible endpoint that refuses a path or a form: the run finds another way, and pays once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from decimal import Decimal

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.core.events import Submitting
from batchata_nb.runs import environment
from tests.providers.compatible_batches import BatchServer

pytestmark = pytest.mark.usefixtures("folder")

NAMES = ["Lisbon", "Oslo", "Rome", "Bern", "Riga", "Kyiv"]


class City(BaseModel):
    city: str
    size: int


def cities(url: str, *, names=NAMES, schema=City, **options) -> Batch:
    batch = Batch(**options).set_base_url(url)
    return batch.add_jobs(
        "{{ item }} is a city.", over=names, model="gemma3-270m", response_model=schema, max_tokens=50
    )


def logged(run) -> str:
    return "\n".join(text for _, text in run.drive.state.log)


def all_paid_once(server, run, names=NAMES) -> None:
    assert (dict.fromkeys(names, 1), [1] * len(names)) == (dict(server.billed), list(run.drive.state.attempts))
    assert 0 == run.drive.state.ledger.outstanding


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, ["/v1/chat/completions"]),  # refused when it was to be made
        ({"create": 422, "words": "[{'loc': ['body', 'endpoint'], 'msg': 'not permitted'}]"}, ["/v1/chat/completions"]),
        ({"create": 0, "validates": True}, ["/v1/responses", "/v1/chat/completions"]),
        ({"create": 0, "row": 400}, ["/v1/responses", "/v1/chat/completions"]),
        ({"create": 0, "row": 404, "words": "Not Found"}, ["/v1/responses", "/v1/chat/completions"]),
    ],
)
def test_a_path_that_is_refused_is_left_for_the_next(options, made):
    """When the batch is made, in its validation or row by row: nothing ran, so all goes out again to the other path."""
    with BatchServer(**options) as server:
        run = cities(server.url).run(name="a", wait=True)

    assert NAMES == [answer.city for answer in run.outputs]
    assert ["/v1/responses", "/v1/chat/completions"] == server.endpoints
    assert made == [batch["endpoint"] for batch in server.batches.values()]
    all_paid_once(server, run)
    assert "from now on requests go to /v1/chat/completions with schemas by json_schema" in logged(run)


@pytest.mark.parametrize(
    ("options", "forms"),
    [
        ({"json_schema": 400}, ["json_schema", "json_object"]),
        ({"json_schema": 500}, ["json_schema", "json_object"]),
        ({"json_schema": 422, "json_object": 400}, ["json_schema", "json_object", None]),
    ],
)
def test_a_form_that_each_row_refuses_is_left_for_the_next(options, forms):
    """Rows that were refused for their response format were not billed, and go out again in the next form."""
    with BatchServer(responses=404, **options) as server:
        run = cities(server.url).run(name="a", wait=True)

    assert NAMES == [answer.city for answer in run.outputs]
    asked = [{(row.get("response_format") or {}).get("type") for row in server.asked(n)} for n in range(len(forms))]
    assert [{form} for form in forms] == asked
    assert len(forms) == len(server.batches)
    all_paid_once(server, run)


def test_what_was_answered_shows_that_a_way_is_taken():
    """A row that is refused beside others that were answered is at fault itself: it fails, and is not sent again."""
    with BatchServer(responses=404, refuses="Oslo") as server:
        run = cities(server.url).run(name="a", wait=True)

    assert (1, 5) == (len(server.batches), len(run.results()["completed"]))
    assert "response_format" in run[1].error


def test_batches_that_are_out_together_turn_once():
    """Each of them meets the same refusal; the way is left once, and no row goes out twice in the same one."""
    with BatchServer(responses=404, json_schema=400) as server:
        run = cities(server.url, items_per_batch=2).run(name="a", wait=True)

    assert NAMES == [answer.city for answer in run.outputs]
    all_paid_once(server, run)
    rows = [row for n in range(len(server.batches)) for row in server.asked(n)]
    asked = Counter((row["messages"][-1]["content"].split()[0], row["response_format"]["type"]) for row in rows)
    assert {(name, form): 1 for name in NAMES for form in ("json_schema", "json_object")} == asked


def test_a_later_run_goes_by_what_was_found():
    """Another run at the same endpoint, in a new process too, is not refused first; identities are the same."""
    with BatchServer(responses=404, json_schema=400) as server:
        cities(server.url, names=NAMES[:3]).run(name="a", wait=True)
        environment._provider.cache_clear()  # a new process knows nothing
        run = cities(server.url).run(name="b", wait=True)

    assert (3, 3) == (len(server.batches), run.drive.state.reused)
    assert dict.fromkeys(NAMES, 1) == dict(server.billed)


def test_a_form_that_is_passed_over_is_not_paid_again_unasked():
    """Answers that keep to no schema are billed and stand; what is sent after them, also by retrying, goes on."""
    with BatchServer(responses=404, json_schema=0) as server:
        run = cities(server.url).run(name="a", wait=True)
        first = len(server.batches), {result.error_kind for result in run}, dict(server.billed)
        run.retry_failed().wait(30)

    assert (1, {"invalid_output"}, dict.fromkeys(NAMES, 1)) == first
    assert NAMES == [answer.city for answer in run.outputs]
    assert "json_object" == server.asked(1)[0]["response_format"]["type"]
    assert "pass over the response_format" in logged(run)


def test_text_goes_through_too():
    """Jobs without a schema are refused for the path alone."""
    with BatchServer(create=0) as server:
        run = cities(server.url, schema=None).run(name="a", wait=True)

    assert ["Good morning."] * 6 == [result.raw_response for result in run]
    assert ["/v1/responses", "/v1/chat/completions"] == server.endpoints


def test_the_cap_goes_by_the_name_that_is_taken():
    """Rows that were refused for `max_tokens` go out again with the name that the endpoint wants."""
    with BatchServer(responses=404, cap="max_completion_tokens") as server:
        run = cities(server.url).run(name="a", wait=True)

    assert NAMES == [answer.city for answer in run.outputs]
    assert [50] * 6 == [row["max_completion_tokens"] for row in server.asked(1)]
    all_paid_once(server, run)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_queue_that_is_full_says_nothing_of_the_way(status):
    """Rows that were turned away by whatever stands before the endpoint go out again in the same way, as an attempt."""
    with BatchServer(create=0, row=status, words="The endpoint is not available: retry.") as server:
        run = cities(server.url).run(name="a", wait=True)

    assert {"/v1/responses"} == set(server.endpoints)
    assert [2] * 6 == list(run.drive.state.attempts)


def test_ways_come_to_an_end():
    """An endpoint that refuses all ways has refused the jobs: they fail with what it said, after as many rounds."""
    with BatchServer(responses=404, refuses=" ") as server:
        run = cities(server.url).run(name="a", wait=True)

    assert (3, {"errored"}, [1] * 6) == (
        len(server.batches),
        {result.status for result in run},
        list(run.drive.state.attempts),
    )
    assert "response_format" in run[0].error
    assert [3] * 6 == [len(run.attempts(row)) for row in range(6)]


def test_a_fault_at_the_creation_is_looked_up_before_another_way_is_taken():
    """A 500 is no proof that nothing was accepted: only when the list lacks the batch does it go out the other way."""
    with BatchServer(create=500) as server:
        run = cities(server.url).run(name="a", wait=True)
        looked = server.calls.index(("GET /v1/batches", b"")), len(server.sent("GET /v1/batches"))

    assert NAMES == [answer.city for answer in run.outputs]
    assert ["/v1/responses", "/v1/chat/completions"] == server.endpoints
    assert looked[1] > 3
    all_paid_once(server, run)


def test_the_ceiling_holds_over_all_ways():
    """Each round reserves its own worst case, and what was refused gives its own back."""
    with BatchServer(create=0, json_schema=400) as server:
        batch = cities(server.url).set_price("gemma3-270m", 1, 1).add_cost_limit(usd=0.01)
        run = batch.run(name="a", wait=True)
        ledger = run.drive.state.ledger
        sent = [event for event in run.store.events(run.run_id) if isinstance(event, Submitting)]

    assert NAMES == [answer.city for answer in run.outputs]
    assert len(sent) > 3
    assert all(0 < Decimal(event.reserved) <= ledger.limit for event in sent)
    all_paid_once(server, run)
    assert 0 < ledger.spent <= ledger.limit


def test_a_cancelled_run_takes_no_other_way():
    """What was refused in a run that is being cancelled is not sent again."""
    with BatchServer(responses=404, json_schema=400, holds=1) as server:
        run = cities(server.url).run(name="a", wait=False)
        until(lambda: run.status() and run.drive.state.counts["running"] == 6)
        run.cancel()
        server.holds = None
        run.wait(30)

    assert (1, {}) == (len(server.batches), dict(server.billed))
    assert {"cancelled"} == {result.status for result in run}


CHILD = """
import sys
from pydantic import BaseModel
from batchata_nb import Batch
class City(BaseModel):
    city: str
    size: int
batch = Batch().set_base_url(sys.argv[1])
batch.add_jobs("{{ item }} is a city.", over=sys.argv[2:], model="gemma3-270m", response_model=City, max_tokens=50)
batch.run(name="a", wait=True)
"""


@pytest.mark.parametrize("accepted", [1, 2])
def test_a_killed_process_loses_nothing_on_the_way(accepted):
    """Killed while a batch of a refused way is out, or one of the next: the same run goes on, and all is paid once."""
    with BatchServer(create=0, json_schema=400, holds=accepted) as server:
        child = subprocess.Popen([sys.executable, "-c", CHILD, server.url, *NAMES])
        until(lambda: len(server.batches) >= accepted)
        child.kill()
        child.wait()
        server.holds = None
        run = cities(server.url).run(name="a", wait=True)

    assert NAMES == [answer.city for answer in run.outputs]
    assert 3 == len(server.batches)
    all_paid_once(server, run)


def until(what) -> None:
    """Wait until something is so."""
    for _ in range(1200):
        if what():
            return
        threading.Event().wait(0.05)
    raise AssertionError("never")
