"""A preview in a notebook: its price first, then what it tells of the whole, and one button or command for the rest."""

from __future__ import annotations

import queue
from typing import Any

import pandas as pd
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from batchata_nb.core.jobs import JsonObject
from batchata_nb.notebook.session import Session

WIDGET = "application/vnd.jupyter.widget-view+json"
BODY = "mood: str\n---\nWhat is the mood?\n{{ text }}"


def cell(shell: InteractiveShell, line: str) -> Any:
    """Run a preview of two models over ten rows of which the right mood is known."""
    texts = [f"Mood: good {n}" for n in range(10)]
    shell.user_ns["df"] = pd.DataFrame({"text": texts, "mood": [t.removeprefix("Mood: ") for t in texts]})
    result = shell.run_cell(f"%%batchata moods --over df {line}\n{BODY}")
    assert result.success, result.error_in_exec
    return shell.user_ns["moods"]


def outputs(shell: InteractiveShell) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shell.display_pub.outputs
    return found


def press(shell: InteractiveShell, run: Any, cmd: str, args: JsonObject) -> JsonObject:
    """Send a command as the dashboard's button does, and return its answer."""
    view = Session.of(shell).view(run)
    answers: queue.Queue[JsonObject] = queue.Queue()
    view.desk._reply = lambda content, _: answers.put(content)
    view.desk.receive({"kind": "cmd", "op": "1", "cmd": cmd, "args": args})
    return answers.get(timeout=60)


def test_the_price_is_said_first(practised: InteractiveShell, capsys: Any):
    """Before anything is sent the cell prints how many jobs run, of how many, what they cost and at most."""
    run = cell(practised, "--preview 2 --sample 5 -m claude-sonnet-5-5 -m gpt-6.1-sol --wait")
    first = capsys.readouterr().out.splitlines()[0]

    assert first.startswith("moods: 4 of 20 jobs in real time, ~$0.0")
    assert ", at most $0." in first
    assert "as a batch the whole would cost, as measured" in outputs(practised)[-1]["data"]["text/plain"]
    assert "%batchata rest moods runs them" in outputs(practised)[-1]["data"]["text/html"]
    assert 4 == len(run)


def test_one_button_runs_the_rest_where_the_preview_is_shown(practised: InteractiveShell):
    """The output stays live for its button; pressed, the same output and the variable are the whole run's."""
    preview = cell(practised, "--preview 2 -m claude-sonnet-5-5 -m gpt-6.1-sol --gold mood")
    preview.wait()
    session = Session.of(practised)
    view = session.view(preview)
    shown = [out for out in outputs(practised) if WIDGET in out["data"]][-1]
    answer = press(practised, preview, "rest", {"model": "gpt-6.1-sol"})
    whole = practised.user_ns["moods"]
    session.wait(whole)

    assert (None, 10, "moods") == (answer["error"], len(whole), whole.name)
    assert {"gpt-6.1-sol"} == {result.model for result in whole}
    assert (view, whole) == (session.view(whole), view.run)
    assert view.widget.summary["run_id"] == whole.run_id
    assert (2, 10) == (whole.summary()["reused"], whole.summary()["counts"]["succeeded"])
    assert shown["transient"] in [out["transient"] for out in outputs(practised)]


def test_one_command_runs_the_rest(practised: InteractiveShell):
    """`%batchata rest NAME best` takes the model that is right most often; a model that is none of them is refused."""
    cell(practised, "--preview 2 -m claude-sonnet-5-5 -m gpt-6.1-sol --gold mood --wait")
    refused = practised.run_cell("%batchata rest moods gpt-5")
    assert isinstance(refused.error_in_exec, UsageError)
    assert "none of the models that were previewed" in str(refused.error_in_exec)

    assert practised.run_cell("%batchata rest moods best").success
    whole = practised.user_ns["moods"].wait()
    assert (10, 1) == (len(whole), len({result.model for result in whole}))
    assert 2 == whole.summary()["reused"]


def test_a_preview_is_put_away_when_the_reader_moves_on(practised: InteractiveShell):
    """Its output is live while its button may be pressed, and static as soon as another cell is run."""
    preview = cell(practised, "--preview 2 -m claude-sonnet-5-5")
    Session.of(practised).wait(preview)
    assert WIDGET in outputs(practised)[-1]["data"]
    practised.run_cell("1 + 1")
    Session.of(practised).wait(preview)

    assert WIDGET not in outputs(practised)[-1]["data"]
