"""Cells that run, in a real shell against the practice provider: what is bound, shown and stored."""

from __future__ import annotations

import builtins
import copy
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from batchata_nb.core.results import JobResult
from batchata_nb.notebook.session import Session
from batchata_nb.practice.faults import Fault
from batchata_nb.practice.server import PracticeServer
from batchata_nb.runs.run import BatchRun

WIDGET = "application/vnd.jupyter.widget-view+json"
ROWS = "[{'text': 'Total: 12.50'}, {'text': 'Total: 8.00'}]"
BODY = "total: float  # amount to pay\n---\nExtract the total.\n{{ text }}"


def run_cell(shell: InteractiveShell, cell: str) -> Any:
    """Run a cell that must succeed; return its value."""
    result = shell.run_cell(cell)
    assert result.success, result.error_in_exec
    return result.result


def run_batch(shell: InteractiveShell, line: str = "", body: str = BODY, name: str = "amounts") -> BatchRun:
    """Run a batch cell over two rows; return what its name is bound to."""
    run_cell(shell, f'%%batchata {name} --over "{ROWS}" {line}\n{body}')
    bound = shell.user_ns[name]
    assert isinstance(bound, BatchRun)
    return bound


def outputs(shell: InteractiveShell) -> list[dict[str, Any]]:
    """Return what has been displayed so far."""
    found: list[dict[str, Any]] = shell.display_pub.outputs
    return found


def settle(shell: InteractiveShell, run: BatchRun) -> None:
    """Wait for a run and for its outputs."""
    Session.of(shell).wait(run)


def text_of(shell: InteractiveShell, line: str) -> str:
    """Run a line and return the text of what it displayed."""
    before = len(outputs(shell))
    run_cell(shell, line)
    return "\n".join(out["data"]["text/plain"] for out in outputs(shell)[before:])


def test_a_cell_shows_a_live_dashboard_that_ends_static(practised: InteractiveShell):
    """One output: first the widget with HTML and text beside it, at the end HTML and text alone, under the same id."""
    run = run_batch(practised)
    settle(practised, run)

    first, last = outputs(practised)[0], outputs(practised)[-1]
    assert {WIDGET, "text/html", "text/plain"} <= set(first["data"])
    assert {"text/html", "text/plain"} == set(last["data"])
    assert first["transient"] == last["transient"]
    assert (first["update"], last["update"]) == (False, True)
    assert "2 of 2 succeeded" in last["data"]["text/plain"]
    assert [out.total for out in run.outputs] == [12.5, 8.0]
    assert practised.user_ns["Amounts"] is type(run.outputs[0])


def test_wait_blocks_the_cell_until_all_is_shown(practised: InteractiveShell):
    """With `--wait` the run is final, and its output static, when the cell ends."""
    run = run_batch(practised, "--wait")

    assert run.is_final
    assert WIDGET not in outputs(practised)[-1]["data"]


def test_the_same_cell_twice_is_one_run(practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """A cell run again while its run goes on attaches to it: two outputs, one run, nothing sent twice."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.5")
    first = run_batch(practised)
    second = run_batch(practised)
    settle(practised, second)

    assert first.run_id == second.run_id
    assert second.status()["batches_total"] == 1
    assert len({out["transient"]["display_id"] for out in outputs(practised)}) == 2


def test_a_sample_under_another_name_is_not_paid_again(practised: InteractiveShell):
    """Bare fields are the same schema whatever the run is called, so the winner's answers count in the whole run."""
    sample = run_batch(practised, "--model gpt-6.1-sol --model claude-haiku-5-5", name="sample").wait()
    whole = run_batch(practised, "--model gpt-6.1-sol", name="whole").wait()

    assert len(sample) == 4
    assert type(whole[0].output).__name__ == "Whole"
    assert (whole.summary()["reused"], whole.batches()) == (2, {})


def test_a_cell_run_again_after_the_end_shows_results_at_once(practised: InteractiveShell):
    """A finished run is shown static straight away, and sends nothing."""
    settle(practised, run_batch(practised))
    before = len(outputs(practised))
    again = run_batch(practised)

    assert again.is_final
    assert again.status()["batches_total"] == 1
    assert WIDGET not in outputs(practised)[before]["data"]
    assert "2 of 2 succeeded" in outputs(practised)[before]["data"]["text/plain"]


def test_a_name_that_meant_something_else_is_said(practised: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """Binding over a variable or hiding a builtin is said in one line; binding over a run is not."""
    practised.user_ns["amounts"] = 3
    run_batch(practised)
    run_batch(practised)
    assert capsys.readouterr().out == "amounts held a value of type int; it is the run now.\n"

    run_batch(practised, name="list")
    assert "hides Python's own list" in capsys.readouterr().out
    assert builtins.list is not practised.user_ns["list"]


def test_displaying_a_run_shows_it_live(practised: InteractiveShell):
    """A run as the value of a cell shows its dashboard, also when it is over, and no other view of it."""
    run = run_batch(practised, "--wait")
    before = len(outputs(practised))
    run_cell(practised, "amounts")

    shown = outputs(practised)[before:]
    assert [WIDGET in out["data"] for out in shown] == [True]
    assert run.name in shown[0]["data"]["text/html"]


def test_displaying_a_result_shows_its_evidence(practised: InteractiveShell):
    """A result as the value of a cell is found in its run; a changed copy is shown static."""
    run = run_batch(practised, "--cite --wait")
    before = len(outputs(practised))
    run_cell(practised, "amounts[1]")
    stranger = copy.copy(run[1])
    stranger.raw_response = "<b>changed</b>"
    practised.user_ns["stranger"] = stranger
    run_cell(practised, "stranger")

    found, copied = outputs(practised)[before:]
    assert WIDGET in found["data"]
    assert "total" in found["data"]["text/plain"]
    assert WIDGET not in copied["data"]
    assert run[1].job_id in copied["data"]["text/html"]
    assert isinstance(run[1], JobResult)


def test_a_dry_run_is_a_table_and_leaves_nothing(practised: InteractiveShell, tmp_path: Path):
    """`--dry-run` binds a priced run, shows its table, and writes and sends nothing."""
    run = run_batch(practised, "--dry-run --max-cost 1")

    assert "dry run, nothing was sent" in outputs(practised)[0]["data"]["text/plain"]
    assert "claude-sonnet-5-5" in outputs(practised)[0]["data"]["text/html"]
    assert run.is_dry
    assert not (tmp_path / ".batchata" / "state.db").exists()
    assert "nothing was sent" in text_of(practised, "amounts")


def test_a_preview_says_its_price_and_is_paid_once(practised: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """`--preview` says what it costs, runs so many jobs in real time, and the whole run pays only for the others."""
    preview = run_batch(practised, "--preview 1 --wait")
    said = capsys.readouterr().out
    whole = run_batch(practised, "--wait")

    assert said.startswith("amounts: 1 of 2 jobs in real time, ~$")
    assert [result.status for result in preview] == ["succeeded"]
    assert whole.summary()["reused"] == 1
    assert [out.total for out in whole.outputs] == [12.5, 8.0]
    assert capsys.readouterr().out == ""


def test_variables_stand_in_the_first_line(practised: InteractiveShell, tmp_path: Path):
    """`{name}` and `$name` put the user's values into options, spaces and all."""
    folder = tmp_path / "my files"
    folder.mkdir()
    (folder / "a.txt").write_text("Total: 3.00", encoding="utf-8")
    practised.user_ns.update(folder=folder, top=5)
    run_cell(
        practised, "%%batchata one -f {folder}/*.txt --max-cost $top --wait\ntotal: float\n---\nExtract the total."
    )

    assert practised.user_ns["one"][0].parsed_response.total == 3.0


def test_a_new_kernel_finds_the_run(
    practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """After a restart loading says what is waiting, and the same cell goes on with it."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "60")
    run = run_batch(practised)
    practised.run_line_magic("unload_ext", "batchata_nb")
    del practised._batchata_session
    practised.run_line_magic("load_ext", "batchata_nb")

    assert "batchata: 1 unfinished run is waiting: amounts." in capsys.readouterr().out
    assert run.run_id == run_batch(practised).run_id
    run.cancel()
    settle(practised, run)


def test_commands_steer_a_run(practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """Commands work by name or on the run bound last; a finished run can be forgotten, one under way not."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "5")
    run = run_batch(practised)

    assert "It is not paused." in text_of(practised, "%batchata resume")
    assert "Paused: no further batches are sent" in text_of(practised, "%batchata pause amounts")
    assert "It is paused already." in text_of(practised, "%batchata pause")
    assert "aused" not in text_of(practised, "%batchata resume")
    assert "2 in all" in text_of(practised, "%batchata status amounts")
    with pytest.raises(UsageError, match="is not over"):
        practised.run_line_magic("batchata", "forget amounts")
    run_cell(practised, "%batchata cancel amounts")
    settle(practised, run)
    assert "cancelled" in text_of(practised, "%batchata")
    assert {"cancelled"} == {result.status for result in run}
    run_cell(practised, "%batchata retry amounts")
    settle(practised, run)
    assert {"succeeded"} == {result.status for result in run}
    for verb in ("cancel", "pause", "resume"):
        assert f"It is over, so there is nothing to {verb}." in text_of(practised, f"%batchata {verb}")
    assert "No job of it has failed, so nothing is sent again." in text_of(practised, "%batchata retry")
    assert "Its results stay in" in text_of(practised, "%batchata forget amounts")
    assert "No runs yet" in text_of(practised, "%batchata")


def test_a_run_that_was_stopped_is_resumed(
    practised: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Without credit the run stops and its jobs wait: views offer to resume it, and the command does."""
    monkeypatch.delenv("BATCHATA_PRACTICE")
    with PracticeServer(tmp_path / "provider", seconds=0.2, key="k") as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        server.faults.add(Fault("status", route="batches.create", status=402))
        run = run_batch(practised)
        settle(practised, run)
        stopped = run.summary()
        said = text_of(practised, "%batchata resume")
        settle(practised, run)

    assert ("failed", 2) == (stopped["state"], stopped["counts"]["held"])
    assert "resume" in stopped["can"]
    assert "nothing to resume" not in said
    assert [12.5, 8.0] == [out.total for out in run.outputs]


def test_a_dry_run_takes_no_commands(practised: InteractiveShell):
    """What a dry run has no answer to is refused in one sentence; its estimate is shown by several commands."""
    run_batch(practised, "--dry-run")

    for command in ("status", "dashboard", "estimate"):
        assert "worst case" in text_of(practised, f"%batchata {command} amounts")
    for command in ("results", "rest", "reconcile", "export amounts.csv", "cancel", "pause", "retry", "forget"):
        verb, *path = command.split()
        with pytest.raises(UsageError, match="is a dry run"):
            practised.run_line_magic("batchata", " ".join([verb, "amounts", *path]))


def test_retry_takes_a_kind_and_room(practised: InteractiveShell):
    """retry sends only the jobs of the named kind, with the cap that is named; anything else is one sentence."""
    run = run_batch(practised, "--max-tokens 2")
    settle(practised, run)
    assert {"truncated"} == {result.error_kind for result in run}

    for line, says in (
        ("retry amounts --kind odd", "no error kind 'odd'"),
        ("retry amounts --kind cost_limit", "goes on when the limit is raised"),
        ("retry amounts --max-tokens many", "--max-tokens: 'many' is no whole number"),
        ("retry amounts --max-tokens", "retry .NAME. "),
        ("retry amounts --room 5", "retry .NAME. "),
    ):
        with pytest.raises(UsageError, match=says):
            practised.run_line_magic("batchata", line)
    run_cell(practised, "%batchata retry amounts --kind missing --max-tokens 900")
    settle(practised, run)
    assert {"truncated"} == {result.error_kind for result in run}
    run_cell(practised, "%batchata retry --kind=truncated --max-tokens 900 amounts")
    settle(practised, run)
    assert {"succeeded"} == {result.status for result in run}
    assert {2} == {result.attempts for result in run}


def test_cells_share_a_budget_and_adapt_caps(practised: InteractiveShell):
    """--budget and --adaptive-max-tokens reach the run; a budget needs a ceiling, and so does an adaptive cap."""
    for option, says in (("--budget june", "with --max-cost"), ("--adaptive-max-tokens", "cost limit")):
        with pytest.raises(UsageError, match=says):
            practised.run_cell_magic("batchata", f'amounts --over "{ROWS}" {option}', BODY)
    run = run_batch(practised, "--max-cost 1 --budget june --adaptive-max-tokens")
    settle(practised, run)
    spent = run.drive.state.ledger.spent

    assert run.drive.state.adaptive
    assert (spent, 0) == run.store.budget_used("june")


def test_a_lost_submission_can_be_decided_on(practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """reconcile shows submissions that are lost; without one it says so, and there is nothing to decide."""
    from batchata_nb.practice.faults import Fault
    from batchata_nb.practice.server import PracticeServer

    servers = []
    start = PracticeServer.start

    def lossy(self: PracticeServer) -> PracticeServer:
        servers.append(self)
        self.faults.add(Fault("reset", route="batches.create"))
        self.faults.add(Fault("status", route="batches.list", status=503, count=-1))
        return start(self)

    monkeypatch.setattr(PracticeServer, "start", lossy)
    run = run_batch(practised)
    while not run.reconcile():
        run.drive.context.clock.sleep(0.02)

    assert "reconcile amounts never-accepted" in text_of(practised, "%batchata reconcile amounts")
    assert "is lost" in text_of(practised, "%batchata reconcile amounts never-accepted")
    settle(practised, run)
    assert {"succeeded"} == {result.status for result in run}
    with pytest.raises(UsageError, match="nothing to decide"):
        practised.run_line_magic("batchata", "reconcile amounts never-accepted")


def test_commands_read_a_run(practised: InteractiveShell, tmp_path: Path):
    """Results come as a frame, files by their ending; estimate and dashboard show the run again."""
    run_batch(practised, "--wait")

    frame = run_cell(practised, "df = %batchata results amounts") or practised.user_ns["df"]
    assert frame["total"].tolist() == [12.5, 8.0]
    text_of(practised, "%batchata export amounts out/a.csv")
    text_of(practised, "%batchata export amounts out/a.jsonl")
    assert (tmp_path / "out/a.csv").read_text(encoding="utf-8").count("\n") == 3
    assert (tmp_path / "out/a.jsonl").read_text(encoding="utf-8").count("\n") == 2
    with pytest.raises(UsageError, match="can be written as"):
        practised.run_line_magic("batchata", "export amounts a.doc")
    assert "claude-sonnet-5-5" in text_of(practised, "%batchata estimate")
    before = len(outputs(practised))
    run_cell(practised, "%batchata dashboard amounts")
    assert WIDGET in outputs(practised)[before]["data"]


def test_a_run_of_the_store_is_attached(practised: InteractiveShell):
    """`attach` binds a run by id or name, under a name of one's own, with the user's models."""
    run = run_batch(practised, "--wait")
    del practised.user_ns["amounts"]
    Session.of(practised).runs.clear()
    run_cell(practised, f"%batchata attach {run.run_id} --as older")

    assert practised.user_ns["older"].run_id == run.run_id
    assert isinstance(practised.user_ns["older"][0].parsed_response, practised.user_ns["Amounts"])


def test_reloading_keeps_the_runs(practised: InteractiveShell):
    """The registry hangs on the shell: reloading the extension loses no run."""
    run = run_batch(practised, "--wait")
    practised.run_line_magic("reload_ext", "batchata_nb")

    assert Session.of(practised).runs == {"amounts": run}
    assert "2 of 2" in text_of(practised, "%batchata status")


def test_a_view_in_use_stays_until_the_next_cell(practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """An output in which a result was opened is not taken away at the end, but when the next cell is run."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.5")
    run = run_batch(practised)
    session = Session.of(practised)
    session.view(run).desk.receive({"kind": "result", "op": "1", "row": 0})
    settle(practised, run)
    assert all(WIDGET in out["data"] for out in outputs(practised))

    run_cell(practised, "1")
    settle(practised, run)
    assert WIDGET not in outputs(practised)[-1]["data"]


def test_a_run_that_goes_on_is_live_again(practised: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """When jobs are sent again after the end, the static output becomes the dashboard again, and static at the end."""
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.5")
    run = run_batch(practised)
    run.cancel()
    settle(practised, run)
    before = len(outputs(practised))
    run.retry_failed()
    settle(practised, run)

    assert [True, False] == [WIDGET in out["data"] for out in outputs(practised)[before:]]


def test_a_batch_made_elsewhere_is_attached(practised: InteractiveShell):
    """With `--provider` the results of a provider's batch that the store does not know land under a name."""
    run = run_batch(practised, "--wait")
    batch_id = run[0].batch_id
    run_cell(practised, "%config Batchata.state = 'other/state.db'")
    Path("other").mkdir()
    Path("other/practice").symlink_to(Path(".batchata/practice").absolute())
    run_cell(practised, f"%batchata attach {batch_id} --provider anthropic --as theirs --schema Amounts")
    theirs = practised.user_ns["theirs"]
    settle(practised, theirs)

    assert [12.5, 8.0] == sorted((out.total for out in theirs.outputs), reverse=True)
    assert 0.0 == theirs.status()["cost_usd"]
    refused = practised.run_cell(f"%batchata attach {batch_id}")
    assert "is fetched with --provider P" in str(refused.error_in_exec)
