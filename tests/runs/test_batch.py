"""`Batch` and `BatchRun` as a program uses them: real SDKs, over loopback, against the practice provider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from batchata_nb import Batch, BatchataError, ValidationError
from batchata_nb.core.errors import CredentialsError, ProviderNotFoundError, StateError, TimeoutError, UnknownPriceError
from batchata_nb.practice import PracticeServer
from batchata_nb.runs.launch import attach

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-3.8-flash"}
INVOICE = """Invoice number: A-1042
Date: 2026-03-25
Vendor: Northwind Traders
Total: 1,234.50
Payment status: paid
"""


class Status(Enum):
    paid = "paid"
    unpaid = "unpaid"


class Invoice(BaseModel):
    invoice_number: str
    date: date
    vendor: str
    total: Decimal
    payment_status: Status
    discount: float | None = None


class Ticket(BaseModel):
    sentiment: Literal["positive", "negative", "mixed"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test works in a folder of its own, with quick batches."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.2")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    return tmp_path


def practice(**options) -> Batch:
    return Batch(**options).use_practice().set_default_params(model=MODELS["anthropic"])


def tickets(texts: list[str], **options) -> Batch:
    rows = [{"text": text} for text in texts]
    return practice().add_jobs("Classify: {{ text }}", over=rows, response_model=Ticket, **options)


@pytest.mark.parametrize("provider", MODELS)
def test_a_text_document_becomes_an_object(provider, folder):
    """Dates, decimals, enums and optional fields come back typed, from every provider."""
    (folder / "a.txt").write_text(INVOICE)
    batch = practice().add_job(prompt="Extract.", file="a.txt", model=MODELS[provider], response_model=Invoice)

    result = batch.run(name="one", wait=True)[0]

    expected = Invoice(
        invoice_number="A-1042",
        date=date(2026, 3, 25),
        vendor="Northwind Traders",
        total=Decimal("1234.50"),
        payment_status=Status.paid,
    )
    assert (expected, True, None) == (result.parsed_response, result.is_success, result.error)
    assert result.total_tokens > 0
    assert result.cost_usd > 0


@pytest.mark.parametrize("provider", MODELS)
def test_plain_text_and_conversations(provider):
    """Without a schema the text comes back; system, user and assistant turns go out in order."""
    turns = [
        {"role": "system", "content": "Answer from the text."},
        {"role": "user", "content": "The capital of Norland is Port Hale."},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": "What is the capital of Norland?"},
    ]

    run = practice().add_job(messages=turns, model=MODELS[provider]).run(name="talk", wait=True)

    assert "Port Hale" in run[0].raw_response
    assert [run[0].raw_response] == run.outputs


def test_running_again_is_free():
    """The same batch again attaches to its run: nothing is sent, results are there at once."""
    first = tickets(["I love it", "It is broken"]).run(name="again", wait=True)
    again = tickets(["I love it", "It is broken"]).run(name="again", wait=False)

    assert (first.run_id, True, 1) == (again.run_id, again.is_final, again.status()["batches_total"])
    assert [r.parsed_response for r in first] == [r.parsed_response for r in again]


def test_more_rows_pay_for_the_new_ones_only():
    """Adding rows runs the new rows; the others keep their results."""
    tickets(["I love it", "It is broken"]).run(name="more", wait=True)
    run = tickets(["I love it", "It is broken", "Great!"]).run(name="more", wait=True)

    assert (2, 1, 3) == (run.summary()["reused"], run.status()["current_batch_index"], run.status()["completed"])
    assert [0.0, 0.0] == [r.cost_usd for r in run[:2]]
    assert run[2].cost_usd > 0


def test_live_runs_in_real_time_at_real_time_prices():
    """live=True asks one by one, saves nothing, and lands in the same store and views."""
    run = tickets(["I love it", "It is broken"]).run(name="live", wait=True, live=True)
    batch = tickets(["I love it", "It is broken"]).run(name="batched", wait=True, fresh=True)

    assert ["positive", "negative"] == [r.parsed_response.sentiment for r in run]
    assert "0" == run.summary()["money"]["saved"]
    assert run.status()["cost_usd"] == pytest.approx(2 * batch.status()["cost_usd"])


def test_a_preview_is_not_paid_again():
    """A preview answers the first jobs in real time; the whole then pays only for the others."""
    texts = ["I love it", "It is broken", "Great!"]
    preview = tickets(texts).run(name="look", wait=True, preview=1)
    run = tickets(texts).run(name="look", wait=True)

    assert (1, 3, 1) == (len(preview), len(run), run.summary()["reused"])
    assert preview[0].parsed_response == run[0].parsed_response
    with pytest.raises(ValidationError, match="at least 1"):
        tickets(texts).run(preview=0)


def test_running_all_again_goes_on_with_the_run_that_came_after_a_preview():
    """A notebook that previews and then runs finds both runs again: their ceilings hold for all that they spend."""
    texts = ["I love it", "It is broken", "Great!"]

    def both() -> list[str]:
        look = tickets(texts).run(name="all", wait=True, preview=1)
        return [look.run_id, tickets(texts).run(name="all", wait=True).run_id]

    assert both() == both()


def test_fresh_pays_again():
    """fresh=True ignores earlier results."""
    tickets(["I love it"]).run(name="fresh", wait=True)
    run = tickets(["I love it"]).run(name="fresh", wait=True, fresh=True)

    assert 1 == run.status()["batches_total"]
    assert run[0].cost_usd > 0


def test_exact_duplicates_are_jobs_of_their_own():
    """Two equal rows are two jobs, each sent and paid once."""
    run = tickets(["I love it", "I love it"]).run(name="twice", wait=True)

    assert 2 == run.status()["completed"]
    assert all(result.cost_usd > 0 for result in run)


def test_practice_results_are_never_taken_for_a_models():
    """A job for the practice provider and the same job for a model have different identities."""
    from dataclasses import replace

    run = tickets(["I love it"]).run(name="practice", wait=True)
    job = run.store.job(run.run_id, 0)

    assert "practice" == job.endpoint
    assert job.fingerprint != replace(job, endpoint="").fingerprint


def test_the_environment_can_select_practice(monkeypatch):
    """BATCHATA_PRACTICE=1 selects the practice provider in a script too; anything unclear does not."""
    monkeypatch.setenv("BATCHATA_PRACTICE", "1")
    run = Batch().add_job(prompt="Good?", model=MODELS["openai"]).run(name="by-environment", wait=True)
    assert run.summary()["practice"]

    monkeypatch.setenv("BATCHATA_PRACTICE", "perhaps")
    assert not Batch().settings.practice


def test_models_side_by_side():
    """Several models make one job each per row, told apart by their ids."""
    run = tickets(["I love it"], model=list(MODELS.values())).run(name="compare", wait=True)

    assert [f"row-000001@{model}" for model in MODELS.values()] == run.job_ids
    assert 3 == run.status()["completed"]
    assert {"positive"} == {r.parsed_response.sentiment for r in run}


def test_a_dry_run_prices_and_writes_nothing(folder):
    """dry_run=True needs no key, sends nothing, and leaves no file behind."""
    run = tickets(["I love it"]).add_cost_limit(usd=5).run(dry_run=True)

    estimate = run.estimate()
    assert estimate.expected is not None
    assert estimate.worst is not None
    assert estimate.expected < estimate.worst
    assert {"completed": [], "failed": [], "cancelled": []} == run.results()
    assert [] == list(folder.iterdir())
    assert "1 job in 1 batch" in str(estimate)


def test_batchatas_file_layout(folder):
    """With a results folder each result is also a file, and raw answers beside it."""
    batch = Batch(results_dir="./out", raw_files=True).use_practice()
    batch.add_job(prompt="I love it. Good or bad?", model=MODELS["openai"], job_id="first")
    batch.run(name="files", wait=True)

    saved = json.loads((folder / "out" / "first.json").read_text())
    assert "first" == saved["job_id"]
    assert (folder / "out" / "raw_files" / "responses" / "first_raw.json").exists()


def test_a_file_of_the_users_is_never_overwritten(folder):
    """A file that is no result of ours stays as it is; the result goes beside it."""
    (folder / "out").mkdir()
    (folder / "out" / "first.json").write_text('{"mine": true}')
    Batch(results_dir="out").use_practice().add_job(prompt="Hello?", model=MODELS["openai"], job_id="first").run(
        name="own", wait=True
    )

    assert '{"mine": true}' == (folder / "out" / "first.json").read_text()
    assert "first" == json.loads((folder / "out" / "first.2.json").read_text())["job_id"]


def test_frames_come_back_as_they_came():
    """to_df gives the library that came in, joined by index; nested fields are flattened by dots."""
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    frame = pd.DataFrame({"text": ["I love it", "It is broken"]}, index=["x", "y"])

    df = (
        practice()
        .add_jobs("Classify: {{ text }}", over=frame, response_model=Ticket)
        .run(name="pandas", wait=True)
        .to_df()
    )
    other = (
        practice()
        .add_jobs("Classify: {{ text }}", over=pl.DataFrame({"text": ["Great"]}), response_model=Ticket)
        .run(name="polars", wait=True)
    )

    assert (["x", "y"], ["positive", "negative"]) == (list(df.index), list(df["sentiment"]))
    assert isinstance(other.to_df(), pl.DataFrame)


def test_progress_calls_have_batchatas_shape():
    """on_progress gets stats, seconds and batches while waiting, and once at the end."""
    heard = []
    tickets(["I love it"]).run(
        name="progress", wait=True, on_progress=lambda *a: heard.append(a), progress_interval=0.05
    )

    stats, elapsed, batches = heard[-1]
    assert (1, True) == (stats["completed"], stats["is_complete"])
    assert elapsed >= 0
    assert ["complete"] == [b["status"] for b in batches.values()]


def test_verbosity_decides_what_is_logged(caplog):
    """At info a run's own notes are logged; at the default level only what went wrong."""
    tickets(["I love it"]).set_verbosity("info").run(name="loud", wait=True)
    assert any("accepted by anthropic" in message for message in caplog.messages)
    caplog.clear()

    tickets(["[[practice: bad-request]]"]).set_verbosity("warn").run(name="quiet", wait=True)
    assert ["quiet: 0 of 1 succeeded, 1 failed"] == caplog.messages


def test_waiting_ends_and_the_run_goes_on(monkeypatch):
    """A timeout ends the waiting only."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "1.5")
    run = tickets(["I love it"]).run(name="slow", wait=False)

    with pytest.raises(TimeoutError, match="it goes on"):
        run.wait(timeout=0.1)

    assert 1 == run.wait(timeout=30).status()["completed"]


def test_an_interrupt_ends_the_waiting_only(monkeypatch, capsys):
    """Interrupted while waiting: it says that the run goes on, and so it does."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.5")
    run = tickets(["I love it"]).run(name="interrupted", wait=False)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.wait(each=interrupt)

    assert "the same program started again goes on with it" in capsys.readouterr().err
    assert 1 == run.wait(timeout=30).status()["completed"]


def test_cancel_keeps_what_is_there(monkeypatch):
    """Cancel ends the run; the same cell again sends what was cancelled."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "30")
    run = tickets(["I love it", "It is broken"]).run(name="stop", wait=False)
    run.cancel().wait(timeout=30)

    assert "cancelled" == run.summary()["state"]
    assert {"cancelled", "succeeded"} >= {r.status for r in run}


def test_failures_by_kind_and_retry():
    """Truncated, refused, filtered and unreadable answers are failures of their own kind, with their text kept."""
    marks = ["truncate", "refuse", "filter", "invalid-json", "bad-request"]
    rows = [{"text": f"I love it [[practice: {mark}]]"} for mark in marks]
    run = (
        practice()
        .add_jobs("Classify: {{ text }}", over=rows, response_model=Ticket, model=MODELS["openai"])
        .run(name="bad", wait=True)
    )

    assert ["truncated", "refused", "filtered", "invalid_output", "invalid_request"] == [r.error_kind for r in run]
    assert all(r.error for r in run)
    assert run[3].raw_response
    assert 5 == len(run.get_failed_jobs())


@pytest.mark.parametrize("provider", MODELS)
def test_failed_answers_come_right_when_retried(provider):
    """retry_failed asks again with the error and with more room; all answers of a job are kept."""
    marks = ["once: truncate", "once: invalid-json", "once: wrong-shape"]
    rows = [{"text": f"I love it [[practice: {mark}]]"} for mark in marks]
    batch = practice().add_jobs(
        "Classify: {{ text }}", over=rows, response_model=Ticket, model=MODELS[provider], max_tokens=300
    )
    run = batch.run(name="again", wait=True)
    assert ["truncated", "invalid_output", "invalid_output"] == [r.error_kind for r in run]

    run.retry_failed().wait(timeout=30)

    assert [("succeeded", 2)] * 3 == [(r.status, r.attempts) for r in run]
    assert ["invalid", "succeeded"] == [r.status for r in run.attempts("row-000001")]
    assert [600, 300, 300] == [j.max_tokens for j in run.store.jobs_to_send(run.run_id, range(3))]


def test_passing_faults_are_sent_again_by_themselves():
    """An error that passes is retried within the run; the user sees a success of two attempts."""
    rows = [{"text": "I love it [[practice: once: error]]"}, {"text": "Great [[practice: once: missing]]"}]
    run = practice().add_jobs("Classify: {{ text }}", over=rows, response_model=Ticket).run(name="passing", wait=True)

    assert (["succeeded"] * 2, [2, 2]) == ([r.status for r in run], [r.attempts for r in run])


def test_a_low_limit_holds_jobs_and_a_higher_one_releases_them():
    """Jobs that the ceiling leaves no room for are held, and fail as cost_limit; raising it sends just those."""
    batch = tickets([f"I love it {n}" for n in range(6)], max_tokens=2000).add_cost_limit(usd="0.011")
    run = batch.run(name="held", wait=True)
    held = [r for r in run if r.status == "held"]
    assert held
    assert {"cost_limit"} == {r.error_kind for r in held}
    assert len(held) == len(run.results()["failed"])

    run.set_cost_limit(5).wait(timeout=30)

    assert 6 == run.status()["completed"]


def test_another_process_picks_the_run_up(folder):
    """A run started by a process that has ended is finished by the next one that asks for it."""
    program = """
import os, sys
from pydantic import BaseModel
from typing import Literal
from batchata_nb import Batch
class Ticket(BaseModel):
    sentiment: Literal["positive", "negative", "mixed"]
batch = Batch().use_practice().set_default_params(model="claude-sonnet-5-5")
batch.add_jobs("Classify: {{ text }}", over=[{"text": "I love it"}, {"text": "It is broken"}], response_model=Ticket)
run = batch.run(name="again", wait=sys.argv[1] == "wait")
while not run.status()["batches_total"]:
    run.drive.context.clock.sleep(0.02)
if sys.argv[1] == "die":
    os._exit(9)
print([r.parsed_response.sentiment for r in run])
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def process(how):
        return subprocess.run(
            [sys.executable, "-c", program, how],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )

    assert 9 == process("die").returncode
    second = process("wait")

    assert "['positive', 'negative']" in second.stdout, second.stderr
    with PracticeServer(folder / ".batchata" / "practice") as server:
        assert 1 == len(server.book()["anthropic"]["batches"])


def test_attach_by_name_and_id():
    """attach gives the handle of a run back, with the user's class where it is given."""
    run = tickets(["I love it"]).run(name="attached", wait=True)

    assert run.run_id == attach("attached", state_file=".batchata/state.db").run_id
    assert {"sentiment": "positive"} == attach(run.run_id, state_file=".batchata/state.db")[0].parsed_response
    with pytest.raises(StateError, match="its runs are: attached"):
        attach("nobody", state_file=".batchata/state.db")


def test_sequence_and_ids():
    """A run is a sequence: by number, id and slice, with clear errors."""
    run = tickets(["I love it", "It is broken"]).run(name="sequence", wait=True)

    assert ("row-000002", "row-000002") == (run[-1].job_id, run["row-000002"].job_id)
    assert ["row-000001", "row-000002"] == [r.job_id for r in run[:]]
    with pytest.raises(IndexError, match="2 jobs"):
        run[2]
    with pytest.raises(KeyError, match="no job"):
        run["nobody"]


def test_pages_for_tables():
    """Rows come by page, filtered by state and text and ordered by a field."""
    run = tickets(["I love it", "It is broken", "Great!"]).run(name="pages", wait=True)

    total, rows = run.rows(0, 2)
    assert (3, ["row-000001", "row-000002"]) == (total, [r["id"] for r in rows])
    assert 1 == run.rows(0, 10, text="negative")[0]
    assert "negative" == run.rows(0, 10, order={"by": "sentiment", "desc": False})[1][0]["fields"]["sentiment"]
    assert 0 == run.rows(0, 10, state="failed")[0]


def test_a_default_the_model_refuses_is_left_out_with_one_warning():
    """A refused temperature: left out with one warning as a shared default, refused by name when stated for the job."""
    batch = practice().set_default_params(temperature=0.2)
    batch.add_jobs("{{ item }}", over=["a", "b"])
    with pytest.warns(UserWarning, match="temperature") as heard:
        batch.run(dry_run=True)
    assert 1 == len(heard)

    stated = practice().add_job(prompt="a", temperature=0.2)
    with pytest.raises(BatchataError, match="temperature"), warnings.catch_warnings():
        stated.run(dry_run=True)


def test_a_scan_is_said_to_have_nothing_to_point_at(folder):
    """A PDF without a text layer is no error; with citations one warning says that nothing can be shown in it."""
    from fpdf import FPDF
    from PIL import Image

    Image.new("RGB", (60, 60), "white").save(folder / "dot.png")
    for name in ("a.pdf", "b.pdf"):
        pdf = FPDF()
        pdf.add_page()
        pdf.image("dot.png", w=50)
        pdf.output(name)

    with pytest.warns(UserWarning, match=r"a\.pdf and 1 more PDFs hold images only") as heard:
        practice().add_jobs("Extract.", files=["*.pdf"], response_model=Ticket, enable_citations="locate").run(
            dry_run=True
        )
    assert 1 == len(heard)
    practice().add_jobs("Extract.", files=["*.pdf"], response_model=Ticket).run(dry_run=True)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Batch().run(), ValidationError, "no jobs"),
        (lambda: Batch().add_job(prompt="a"), ValidationError, "No model"),
        (lambda: Batch().add_job(model="m"), ValidationError, "either messages"),
        (lambda: Batch().add_job(model="m", prompt=" "), ValidationError, "not empty"),
        (lambda: Batch().add_job(model="m", messages=[{"role": "boss", "content": "x"}]), ValidationError, "boss"),
        (lambda: Batch().add_job(model="m", prompt="a", file="nowhere.pdf"), ValidationError, "nowhere.pdf"),
        (lambda: Batch().add_time_limit(seconds=1), ValidationError, "10 seconds"),
        (lambda: Batch().add_cost_limit(usd=0), ValidationError, "more than 0"),
        (lambda: Batch().add_cost_limit(usd="much"), BatchataError, "much"),
        (lambda: Batch(max_parallel_batches=0), ValidationError, "at least 1"),
        (lambda: Batch().set_verbosity("loud"), ValidationError, "loud"),
        (lambda: Batch().add_job(prompt="a", model="llama-9").run(), ProviderNotFoundError, "llama-9"),
        (lambda: Batch().add_job(prompt="a", model="m", response_model=int), ValidationError, "Pydantic"),
        (
            lambda: Batch().use_practice().add_cost_limit(usd=1).add_job(prompt="a", model="claude-nobody-9").run(),
            UnknownPriceError,
            "--price",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(make, error, words, folder):
    """What cannot be run is said in one sentence that names it; nothing is sent and nothing is written."""
    with pytest.raises(error, match=words):
        make()

    assert [] == list(folder.rglob("*.db"))


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("claude-sonnet-5-5", "ANTHROPIC_API_KEY"),
        ("gpt-6.1-sol", "OPENAI_API_KEY"),
        ("gemini-3.8-flash", "GEMINI_API_KEY"),
    ],
)
def test_a_missing_key_is_named(model, variable, monkeypatch, folder):
    """No key: said before anything is sent, once, naming the variable."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "OPENAI_", "GOOGLE_", "GEMINI_")):
            monkeypatch.delenv(name)

    with pytest.raises(CredentialsError, match=variable):
        Batch().add_job(prompt="a", model=model).run()

    assert not (folder / ".batchata").exists()


@pytest.mark.parametrize("provider", MODELS)
def test_a_wrong_key_and_an_unknown_model_are_said_at_once(provider, monkeypatch, folder, tmp_path_factory):
    """Both are found out by a free request before anything is sent or written."""
    key = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "gemini": "GEMINI_API_KEY"}[provider]
    with PracticeServer(tmp_path_factory.mktemp("services"), seconds=0.1) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        with pytest.raises(BatchataError, match="does not know the model"):
            Batch().add_job(prompt="a", model=MODELS[provider] + "-unknown").run()
        monkeypatch.setenv(key, "sk-not-the-right-one")
        with pytest.raises(CredentialsError, match=key):
            Batch().add_job(prompt="a", model=MODELS[provider]).run()
        assert [] == server.book()[provider]["batches"]

    assert not (folder / ".batchata").exists()


def test_export_html_proves_each_number(folder):
    """The HTML file holds each value with its evidence, no script, and hostile text only as text."""
    (folder / "a.txt").write_text(INVOICE.replace("Northwind Traders", "<script>alert(1)</script> & Sons"))
    run = (
        practice()
        .add_job(prompt="Extract.", file="a.txt", response_model=Invoice, enable_citations=True)
        .run(name="<b>", wait=True)
    )

    html = run.export_html(folder / "deep" / "out.html").read_text()

    assert "A-1042" in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_jsonl(folder):
    """to_jsonl writes one result a line."""
    run = tickets(["I love it", "It is broken"]).run(name="lines", wait=True)

    lines = run.to_jsonl(folder / "out.jsonl").read_text().splitlines()

    assert ["positive", "negative"] == [json.loads(line)["parsed_response"]["sentiment"] for line in lines]


def test_a_file_may_be_asked_about_more_than_once(folder):
    """Jobs of one file, or of files of one name, are numbered; ids that were given are taken as they are."""
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_text("Vendor: Bolt")
    (folder / "a.txt").write_text("Vendor: Acme")
    batch = Batch().use_practice().set_default_params(model="gpt-6.1-sol")
    for path, prompt in (("a.txt", "Who?"), ("a.txt", "Who else?"), ("a.txt", "Who?"), ("sub/a.txt", "Who?")):
        batch.add_job(file=folder / path, prompt=prompt)
    run = batch.run(name="asked", wait=True)

    assert ["a", "a-2", "a-3", "a-4"] == [result.job_id for result in run]
    assert all(result.is_success for result in run)
    with pytest.raises(ValidationError, match="Two jobs have the id 'x'; give each its own"):
        Batch().use_practice().add_job(prompt="1", model="gpt-6.1-sol", job_id="x").add_job(
            prompt="2", model="gpt-6.1-sol", job_id="x"
        ).run(name="twice", wait=True)
