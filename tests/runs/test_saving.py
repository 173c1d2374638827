"""Results into files, from a view or a line command."""

from __future__ import annotations

import csv
import json

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.core.errors import ValidationError
from batchata_nb.runs import saving
from batchata_nb.runs.saving import save

TEXTS = ['=HYPERLINK("http://x")', "+1", "@SUM(A1)", "-cmd|' /C calc'!A0", "<script>x</script>", 'plain, with "quotes"']


class Note(BaseModel):
    text: str
    number: float


@pytest.fixture
def run(folder, monkeypatch):
    """Give a finished run of six results whose texts act on spreadsheets, in a folder of its own."""
    batch = Batch().use_practice().set_state(file="state.db")
    batch.add_jobs(
        "{{ item }}",
        over=[f"text: m{n}\nnumber: -{n}" for n in range(6)],
        model="claude-sonnet-5-5",
        response_model=Note,
    )
    done = batch.run(name="notes", wait=True)
    with done.store._write() as db:
        rows = db.execute("SELECT number, body FROM results ORDER BY row").fetchall()
        assert 6 == len(rows)
    real = type(done).__iter__

    def told(self):
        for result, text in zip(real(self), TEXTS, strict=True):
            result.parsed_response = Note(text=text, number=-1.5)
            yield result

    monkeypatch.setattr(type(done), "__iter__", told)
    return done


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_of_the_user_is_never_replaced(run, tmp_path, ending):
    """A name that is taken is left alone: the next free one is written, and its path is told."""
    mine = tmp_path / f"notes.{ending}"
    mine.write_text("mine")
    first, second = save(run, ending, tmp_path), save(run, ending, tmp_path)

    assert "mine" == mine.read_text()
    assert [f"notes-2.{ending}", f"notes-3.{ending}"] == [first.name, second.name]
    assert first.read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_a_spreadsheet_runs_nothing(run, tmp_path):
    """Text that a spreadsheet would run has an apostrophe before it; numbers and other text are as they were."""
    with save(run, "csv", tmp_path).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))

    assert [f"'{text}" if text[0] in "=+-@" else text for text in TEXTS] == [row["text"] for row in found]
    assert ["-1.5"] * 6 == [row["number"] for row in found]


def test_json_lines_and_parquet_hold_every_text_unchanged(run, tmp_path):
    """The two formats that nothing runs hold what the model said, letter by letter."""
    import pyarrow.parquet as pq

    lines = [json.loads(text) for text in save(run, "jsonl", tmp_path).read_text("utf-8").splitlines()]

    assert TEXTS == [line["parsed_response"]["text"] for line in lines]
    assert TEXTS == pq.read_table(save(run, "parquet", tmp_path)).column("text").to_pylist()


def test_half_a_character_is_written_as_an_escape(run, tmp_path, monkeypatch):
    """Broken UTF-16 in an answer stops no export."""
    broken = "\ud83d alone"
    monkeypatch.setattr(saving, "line", lambda _result: {"text": broken})

    assert "\\ud83d alone" in save(run, "csv", tmp_path).read_text("utf-8")


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "a\x00b\u202egpj", "..", ""])
def test_a_name_leads_nowhere_else(run, tmp_path, monkeypatch, name):
    """Whatever a run is called, its file stands in the folder itself, under a plain name."""
    monkeypatch.setattr(type(run), "name", name)
    path = save(run, "jsonl", tmp_path)

    assert tmp_path == path.parent
    assert path.stem.replace("-", "").replace("_", "").isalnum()


def test_what_cannot_be_written_is_said(run, tmp_path):
    """An unknown format or a missing folder is one sentence, and leaves nothing behind."""
    with pytest.raises(ValidationError, match="csv, jsonl"):
        save(run, "xlsx", tmp_path)
    with pytest.raises(ValidationError, match="Nothing can be written"):
        save(run, "csv", tmp_path / "none")

    assert [] == list(tmp_path.glob("notes*"))
