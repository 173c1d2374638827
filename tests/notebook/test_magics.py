"""The magics in a real shell: loading, mistakes, configuration, help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from batchata_nb.notebook.catalogue import doctor_rows
from batchata_nb.notebook.options import OPTIONS
from batchata_nb.runs.environment import reviewer_name

CELL = "%%batchata x --model claude-sonnet-5-5 {}\nSay hello."


@pytest.fixture
def loaded(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """Give a shell with the extension loaded."""
    shell.run_line_magic("load_ext", "batchata_nb")
    yield shell
    shell.run_line_magic("unload_ext", "batchata_nb")


def refused(shell: InteractiveShell, cell: str) -> str:
    """Run a cell that must be refused; return its one message."""
    error = shell.run_cell(cell).error_in_exec
    assert isinstance(error, UsageError)
    assert "\n" not in str(error)
    return str(error)


def config(shell: InteractiveShell) -> Any:
    """Return the configured object."""
    return next(c for c in shell.configurables if type(c).__name__ == "Batchata")


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        (CELL.format("--modle y"), "did you mean --model?"),
        (CELL.format("-f nothing/*.pdf"), "nothing/*.pdf"),
        (CELL.format("--schema Invoice"), "Invoice is not defined in this notebook"),
        (CELL.format("--over frame"), "--over: frame failed with NameError"),
        (CELL.format("--over 'a b'"), "is no Python expression"),
        (CELL.format("--over None"), "--over: None is None"),
        (CELL.format("-f {folder}/*.pdf"), "{folder} in the first line"),
        (CELL.format("--param files=1"), "no request parameter"),
        ("%%batchata x\nHi", "No model is named"),
        ("%%batchata x -m claude-sonnet-5-5\nx: Foo\n---\nHi", "Line 2 of the cell (x: Foo)"),
        ("%%batchata x -m claude-sonnet-5-5 --over [{'a':1}]\nHi {{ b }}", "{{ b }}"),
        ("%batchata stauts", "did you mean status?"),
        ("%batchata status", "This notebook has no run yet"),
        ("%batchata status nothing", "no state file"),
        ("%batchata attach x --provider nosuch", "there are anthropic, openai, gemini"),
        ("%batchata export x", "%batchata export NAME PATH"),
        ("%batchata attach x y", "%batchata attach RUN_ID|BATCH_ID [--as NAME]"),
    ],
)
def test_a_mistake_is_one_line(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, part: str):
    """Whatever is wrong in a cell is said in one line, without a traceback, and binds nothing."""
    assert part in refused(loaded, cell)

    shown = "".join(capsys.readouterr())
    assert "Traceback" not in shown
    assert "x" not in loaded.user_ns


@pytest.mark.parametrize("line", ["help", "--help", "-h"])
def test_help_is_asked_for_in_the_usual_ways(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str):
    """`%batchata help` shows the page that `%%batchata?` shows."""
    loaded.run_cell(f"%batchata {line}")

    shown = capsys.readouterr().out
    assert "-m M, --model M" in shown
    assert "%batchata export NAME PATH" in shown


def test_models_are_listed_with_their_limits(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """`%batchata models` has prices, the context and the most output of each model, where they are known."""
    loaded.run_cell("%batchata models claude-sonnet-5-5")

    head, line, *_ = capsys.readouterr().out.splitlines()
    assert [
        "model",
        "provider",
        "batch in",
        "batch out",
        "real time in",
        "real time out",
        "context",
        "most output",
    ] == [part.strip() for part in head.split("  ") if part.strip()]
    assert line.split()[0] == "claude-sonnet-5-5"
    assert line.split()[-2:] == ["1,000,000", "128,000"]


def test_defaults_are_configured(loaded: InteractiveShell):
    """`%config Batchata` shows and sets defaults, and refuses what is no such default."""
    loaded.run_cell("%config Batchata.max_cost = 2.5\n%config Batchata.model = 'gpt-6.1-sol'")

    assert Decimal("2.5") == config(loaded).defaults().max_cost
    assert config(loaded).defaults().model == "gpt-6.1-sol"
    loaded.run_cell("%config Batchata.max_cost = -1")
    assert Decimal("2.5") == config(loaded).defaults().max_cost


def test_the_reviewer_is_configured(loaded: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """`%config Batchata.reviewer` names who gives the verdicts of this kernel; without it, the login name stands."""
    monkeypatch.setenv("BATCHATA_REVIEWER", "")
    monkeypatch.setenv("LOGNAME", "ada")
    assert reviewer_name() == "ada"
    loaded.run_cell("%config Batchata.reviewer = 'Grace'")

    assert reviewer_name() == "Grace"


def test_defaults_come_from_the_environment(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """Each default has an environment variable; a ceiling that cannot be read is refused, never ignored."""
    for name, value in {"PRACTICE": "1", "WAIT": "no", "POLL_INTERVAL": "0.5", "STATE": "s.db", "MODEL": "m"}.items():
        monkeypatch.setenv(f"BATCHATA_{name}", value)
    monkeypatch.setenv("BATCHATA_MAX_COST", "five")
    shell.run_line_magic("load_ext", "batchata_nb")

    found = config(shell)
    assert (found.practice, found.wait, found.poll_interval, found.state, found.model) == (
        True,
        False,
        0.5,
        "s.db",
        "m",
    )
    assert "BATCHATA_MAX_COST" in refused(shell, CELL.format(""))


def test_the_help_page_names_every_option(loaded: InteractiveShell):
    """`%%batchata?` shows all options and commands."""
    page = loaded.object_inspect("%%batchata")["docstring"]

    assert all(name in page for option in OPTIONS for name in option.names)
    assert "%batchata doctor" in page


def test_unloading_leaves_nothing(shell: InteractiveShell):
    """After unloading, the magics, the configuration, the displays and the event are gone; loading again works."""
    shell.run_line_magic("load_ext", "storemagic")  # the first extension adds what belongs to all
    before = ([type(c) for c in shell.configurables], list(shell.events.callbacks["pre_run_cell"]))
    for _ in range(2):
        shell.run_line_magic("load_ext", "batchata_nb")
        assert shell.find_cell_magic("batchata") is not None
        shell.run_line_magic("unload_ext", "batchata_nb")

    assert shell.find_cell_magic("batchata") is None
    assert shell.find_line_magic("batchata") is None
    assert before == ([type(c) for c in shell.configurables], list(shell.events.callbacks["pre_run_cell"]))
    formatter = shell.display_formatter.ipython_display_formatter
    assert not any(module.startswith("batchata") for module, _ in formatter.deferred_printers)


def test_loading_is_light_and_silent():
    """Loading the extension imports no SDK, no PDF library and no frame library, and says nothing."""
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell\n"
        "before = set(sys.modules)\n"
        "shell = InteractiveShell.instance(); shell.run_line_magic('load_ext', 'batchata_nb')\n"
        "heavy = ('anthropic','openai','google.genai','pypdfium2','pandas','PIL','genai_prices','anywidget','jinja2')\n"
        "print([name for name in heavy if name in set(sys.modules) - before])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert found.stdout.strip() == "[]"


def test_models_and_doctor_answer_without_a_server(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """`models` lists names with prices, `doctor` says which key is missing and what to do."""
    loaded.run_cell("%batchata models sonnet")
    models = capsys.readouterr().out
    loaded.run_cell("%batchata doctor")
    doctor = capsys.readouterr().out

    assert "claude-sonnet" in models
    assert "US dollars per million tokens" in models
    assert "ANTHROPIC_API_KEY" in doctor
    assert "made by the first run" in doctor


def test_runs_are_listed_though_there_are_none(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """`%batchata` alone says that the store has no runs, and makes no file."""
    loaded.run_cell("%batchata")

    assert "No runs yet in .batchata/state.db" in capsys.readouterr().out


def test_a_warning_is_one_plain_line(loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    """What a cell warns of is said once, without the place in the package that a plain warning would show."""
    loaded.user_ns["texts"] = ["a", "b"]
    config(loaded).practice = True
    loaded.run_cell("import warnings")
    cell = "%%batchata x --model claude-sonnet-5-5 --over noisy(texts) --dry-run\n{{ item }}"
    loaded.run_cell("def noisy(rows):\n    for _ in rows:\n        warnings.warn('mind this')\n    return rows")

    assert loaded.run_cell(cell).success

    shown = "".join(capsys.readouterr())
    assert 1 == shown.count("Note: mind this")
    assert "UserWarning" not in shown


def test_doctor_asks_for_one_key_only(loaded: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    """Without any key each is missing; once there is one, the others are for who wants those models."""
    without = {row["what"]: row for row in doctor_rows("s.db")}
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    one = {row["what"]: row for row in doctor_rows("s.db")}

    assert ["✗", "✗", "✗"] == [without[f"{name} key"][""] for name in ("anthropic", "openai", "gemini")]
    assert ["–", "✓", "–"] == [one[f"{name} key"][""] for name in ("anthropic", "openai", "gemini")]
    monkeypatch.delenv("OPENAI_API_KEY")
    trying = {row["what"]: row for row in doctor_rows("s.db", practice=True)}
    assert ["✓", "–"] == [trying[name][""] for name in ("practice", "openai key")]
    assert "for anthropic's models: set the environment variable ANTHROPIC_API_KEY" in one["anthropic key"]["to do"]
