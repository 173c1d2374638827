"""What somebody does wrong in the first minutes: each is one clear message, and nothing was sent or written."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tests.providers.compatible import CompatibleServer

M = "-m claude-sonnet-5-5 --practice"
SCHEMA = "total: float\n---\nExtract."
SETUP = """
from pydantic import BaseModel
import pandas as pd
df = pd.DataFrame({"id": ["a", "a"], "text": ["x", "y"]})
empty = df.head(0)
n = 5
messages = ["hi", "there"]
mixed = [{"text": "a"}, {"txt": "b"}]
class Thing: pass
"""
MISTAKES = [
    # the line
    (f"%%batchata x {M} --modle y\nHi", "There is no option --modle; did you mean --model?"),
    (f"%%batchata x y {M}\nHi", "names two variables, 'x' and 'y'"),
    (f"%%batchata my-run {M}\nHi", "'my-run' cannot name a variable"),
    ("%%batchata x model=claude-sonnet-5-5\nHi", "write it as --model claude-sonnet-5-5"),
    ("%%batchata x -model claude-sonnet-5-5\nHi", "did you mean --model?"),
    (f"%%batchata x {M} -f my papers/*.pdf\n{SCHEMA}", "a value with spaces needs quotes around it"),
    (f'%%batchata x {M} -f "docs/*.pdf\n{SCHEMA}', "A quote is opened and not closed"),
    (f"%%batchata x {M} --cite allways -f docs/a.txt\n{SCHEMA}", "there are auto, native, quotes, locate"),
    (f"%%batchata x {M} --preview -f docs/a.txt\n{SCHEMA}", "--preview needs a value: --preview N"),
    (f"%%batchata x {M} --preview 2 --dry-run -f docs/a.txt\n{SCHEMA}", "leave one of them out"),
    (f"%%batchata x {M} -f docs/a.txt -o df\n{SCHEMA}", "--files and --over exclude each other"),
    (f"%%batchata x {M} --id id\nHi", "--id works only together with --over"),
    (f"%%batchata x {M} --items-per-batch 0\nHi", "'0' is no whole number from 1"),
    (f"%batchata x {M}", "A run is started by a cell: %%batchata x with two %"),
    ("%batchata statsu", "did you mean status?"),
    # model, key, price
    ("%%batchata x --practice\nHi", "No model is named; add --model M"),
    ("%%batchata x -m clod-sonnet --practice\nHi", "No provider is known for the model 'clod-sonnet'"),
    ("%%batchata x -m foo --provider antropic --practice\nHi", "did you mean 'anthropic'?"),
    ("%%batchata x -m claude-sonnet-5-5\nHi", "set the environment variable ANTHROPIC_API_KEY"),
    ("%%batchata x -m gpt-6.1-sol\nHi", "set the environment variable OPENAI_API_KEY"),
    ("%%batchata x -m gemini-3.8-flash\nHi", "set the environment variable GEMINI_API_KEY"),
    ("%%batchata x -m claude-sonet-5-5 --practice --max-cost 1\nHi", "Known names like it: claude-sonnet-5-5"),
    ("%%batchata x -m gpt-new-9 --practice --max-cost 1\nHi", "with --price IN,OUT"),
    (f"%%batchata x {M} --price cheap\nHi", "write dollars per million tokens as IN,OUT"),
    (f"%%batchata x {M} --max-cost five\nHi", "'five' is no amount of US dollars"),
    (f"%%batchata x {M} --time-limit 5 minutes\nHi", "'5' is no duration; write it as 90s, 10m"),
    (f"%%batchata x {M} --max-tokens 99999999\nHi", "gives at most 128,000. Lower it"),
    (f"%%batchata x {M} --temperature 0.3\nHi", "does not take 'temperature'"),
    (f"%%batchata x {M} --param topp=1\nHi", "no such parameter; check its spelling"),
    (f"%%batchata x {M} --base-url localhost:8000\nHi", "write it as http://localhost:8000/v1"),
    # files
    (f"%%batchata x {M} -f nope.pdf\n{SCHEMA}", "There is no file 'nope.pdf'"),
    (f"%%batchata x {M} -f docs/*.PDFX\n{SCHEMA}", "check the folder and the pattern"),
    (f"%%batchata x {M} -f docs\n{SCHEMA}", "'docs' is a folder; name its files, such as 'docs/*.pdf'"),
    (f"%%batchata x {M} -f https://example.org/a.pdf\n{SCHEMA}", "is a URL"),
    (f"%%batchata x {M} -f docs/empty.txt\n{SCHEMA}", "empty.txt is empty (0 bytes)"),
    (f"%%batchata x {M} -f docs/broken.pdf\n{SCHEMA}", "broken.pdf is damaged or cut short"),
    (f"%%batchata x {M} -f docs/prog.exe\n{SCHEMA}", "is of a type that is not supported"),
    (f"%%batchata x {M} -f {{folder}}/*.pdf\n{SCHEMA}", "{folder} in the first line"),
    (f"%%batchata x {M} --state docs\nHi", "is a folder; name a file in it"),
    (f"%%batchata x {M} --results-dir docs/a.txt\nHi", "The results folder 'docs/a.txt' is a file"),
    # rows
    (f"%%batchata x {M} -o dff\n{{{{ text }}}}", "name 'dff' is not defined"),
    (f"%%batchata x {M} -o n\n{{{{ text }}}}", "Going over 'int' makes no rows; give a pandas"),
    (f"%%batchata x {M} -o df.csv\n{{{{ text }}}}", "df.csv is the name of a file; read it first"),
    (f"%%batchata x {M} -o docs/a.txt\n{{{{ text }}}}", "docs/a.txt is the name of a file; read it first"),
    (f"%%batchata x {M} -o empty\n{{{{ text }}}}", "the input is empty"),
    (f"%%batchata x {M} -o df --id id\n{{{{ text }}}}", "Rows 1 and 2 have the same id 'a' of column 'id'"),
    (f"%%batchata x {M} -o df --id nr\n{{{{ text }}}}", "--id: there is no column 'nr'. Columns: id, text"),
    (f"%%batchata x {M} -o df --file-column text\nRead", "row 1: There is no file 'x'"),
    (f"%%batchata x {M} -o mixed\n{{{{ text }}}}", "At row 2, there is no 'text', which the first row has"),
    # prompt
    (f"%%batchata x {M} -o df\n{{{{ txt }}}}", "Did you mean 'text'? Columns: id, text"),
    (f"%%batchata x {M} -o messages\n{{{{ text }}}}", "There are no columns here, but index, item"),
    (f"%%batchata x {M} -o df\nClassify this.", "all rows would be asked the same. Write a column as {{ id }}"),
    (f"%%batchata x {M} -o df\nClassify {{text}}", "{text} is plain text here; write {{ text }}"),
    (f"%%batchata x {M} -o df\n{{{{ text }}", "is closed by one brace only; write two"),
    (f"%%batchata x {M} -o df\n{{% if text %}}a", "The prompt cannot be read as a template, line 1"),
    (f"%%batchata x {M} -o df\n{{{{ text | shorten }}}}", "No filter named 'shorten'"),
    (f"%%batchata x {M} -o df\n{{{{ text.__class__ }}}}", "does what a template may not"),
    (f"%%batchata x {M} -o df\nmood: str\n---\n", "The section that starts on line 3 of the cell is empty"),
    (f"%%batchata x {M}\nmood: str\n--- sytem\nHi", "Line 3 of the cell, '--- sytem'"),
    (f"%%batchata x {M} -o df\nmood: str\nClassify {{{{ text }}}}", "begins with Python (mood: str), and no line ---"),
    (f"%%batchata x {M}\nclass A(BaseModel):\n    s: str\nHi", "begins with Python (class A(BaseModel):)"),
    # schema
    (f"%%batchata x {M}\nclass A(BaseModel)\n    s: str\n---\nHi", "Line 2 of the cell (class A(BaseModel)): expected"),
    (f"%%batchata x {M}\ns: Strr\n---\nHi", "name 'Strr' is not defined"),
    (f"%%batchata x {M}\ns = 3\n---\nHi", "it defines no model; write fields there, such as total: float"),
    (f"%%batchata x {M}\ns: pd.DataFrame\n---\nHi", "cannot be the type of a field; use str, int"),
    (f"%%batchata x {M}\nt: int = Field(gt='a')\n---\nHi", "'gt' must be coercible to an integer"),
    (f"%%batchata x {M} -s Invoice\nHi", "Invoice is not defined in this notebook"),
    (f"%%batchata x {M} -s Thing\nHi", "Thing is not a Pydantic model class"),
]


@pytest.fixture
def beginner(shell: InteractiveShell, tmp_path: Path) -> InteractiveShell:
    """A shell with the extension, some variables and a folder of good and bad files."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("Total: 5", encoding="utf-8")
    (docs / "empty.txt").touch()
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (docs / "prog.exe").write_bytes(b"MZ\0\1\2")
    shell.run_line_magic("load_ext", "batchata_nb")
    assert shell.run_cell(SETUP).success
    return shell


@pytest.mark.parametrize(("cell", "part"), MISTAKES)
def test_a_mistake_is_one_message(beginner, capsys, tmp_path, cell, part):
    """It says in one paragraph what to change, without a traceback; no variable is bound, no file written."""
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    error = beginner.run_cell(cell).error_in_exec
    shown = "".join(capsys.readouterr())

    assert isinstance(error, UsageError), shown
    assert part in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 500
    assert "Traceback" not in shown
    assert "x" not in beginner.user_ns
    assert before == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "cell",
    [
        f"%%batchata x {M} --dry-run\n---\nmood: str\nis a line of Python, is it not?",
        f"%%batchata x {M} --dry-run\nDate: today. Import duties, class of goods: what do they mean?",
        f"%%batchata x {M} --dry-run -o df\nSay {{{{ index }}}}.",
        f"%%batchata x {M} --dry-run -o df.head(1)\nSay hello.",
        f"%%batchata x {M} --dry-run -o range(3)\nSay something new.",
        f"%%batchata x {M} --dry-run -o df\nHow are you, {{{{ n }}}}?",
    ],
)
def test_what_only_looks_like_a_mistake_runs(beginner, cell):
    """A prompt that holds Python below a line ---, and rows that are asked the same on purpose, are no mistakes."""
    assert beginner.run_cell(cell).success


@pytest.mark.parametrize("absent", [404, 405, 200])
def test_an_endpoint_without_batches_is_one_message(beginner, monkeypatch, absent):
    """The cell names the option that goes without, whichever way the server says that it has no such path."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with CompatibleServer(absent=absent) as server:
        cell = f"%%batchata x -m gemma3-270m --base-url {server.url}\nHi"
        error = beginner.run_cell(cell).error_in_exec
        fine = beginner.run_cell(cell.replace("\n", " --live --wait\n"))

    assert isinstance(error, UsageError)
    assert f"{server.url} has no batches" in str(error)
    assert "with --live" in str(error)
    assert "\n" not in str(error)
    assert fine.success
    assert "Good morning." == beginner.user_ns["x"][0].raw_response


def test_in_colab_a_missing_key_is_looked_for_in_its_secrets(beginner, monkeypatch):
    """Where Colab keeps keys is what the message names there."""
    userdata = types.ModuleType("google.colab.userdata")
    userdata.get = {}.__getitem__
    for name, module in {"google.colab": types.ModuleType("google.colab"), "google.colab.userdata": userdata}.items():
        monkeypatch.setitem(sys.modules, name, module)
    error = beginner.run_cell("%%batchata x -m claude-sonnet-5-5\nHi").error_in_exec

    assert "Colab's secrets (the key symbol at the left)" in str(error)
