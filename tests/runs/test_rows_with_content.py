"""Rows that hold more than text: several documents, contents in memory, images, conversations; and text that is odd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from batchata_nb import Batch, ValidationError
from batchata_nb.core.jobs import Message
from batchata_nb.documents.files import text_of
from batchata_nb.notebook.cells import parse
from batchata_nb.notebook.start import Defaults, fill
from batchata_nb.runs.inputs import Draft, drafts

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is this?"},
    {"role": "assistant", "content": [{"type": "text", "text": "A lease."}]},
    {"role": "user", "content": "Until when?"},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two text files, and quick practice batches."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.1")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"content of {name}")
    return tmp_path


def made(prompt: str = "x", **given: Any) -> list[Draft]:
    return list(drafts(sections=[("user", prompt)] if prompt else [], spool=Path("spool"), **given))


def names(draft: Draft) -> list[str]:
    return [document.name for message in draft.messages for document in message.documents]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"f": [["a.txt", "b.txt"], ["b.txt"]]}),
        pd.DataFrame({"f": [np.array(["a.txt", "b.txt"]), np.array(["b.txt"])]}),
        pl.DataFrame({"f": [["a.txt", "b.txt"], ["b.txt"]]}),
        pa.table({"f": [["a.txt", "b.txt"], ["b.txt"]]}),
        [{"f": ("a.txt", Path("b.txt"))}, {"f": "b.txt"}],
    ],
    ids=["pandas", "numpy", "polars", "pyarrow", "dicts"],
)
def test_a_row_may_have_several_documents(frame: Any) -> None:
    """A list in the column is several documents of one job, in its order, in every kind of frame."""
    found = made(over=frame, file_column="f")

    assert [["a.txt", "b.txt"], ["b.txt"]] == [names(draft) for draft in found]
    assert ["a", "b"] == [draft.id for draft in found]


def test_images_stand_in_a_column(folder: Path) -> None:
    """Pillow images of any mode, bytes, and what datasets make of a file are kept as files; the row gives the id."""
    red = Image.new("RGB", (8, 6), "red")
    red.save(folder / "red.jpg")
    content = (folder / "red.jpg").read_bytes()
    cells = [red, red.convert("CMYK"), content, bytearray(content), {"bytes": content, "path": None}, [red, content]]
    found = made(over=[{"picture": cell} for cell in cells], file_column="picture")

    kinds = [[document.media_type for document in draft.messages[0].documents] for draft in found]
    assert [["image/png"], ["image/png"], *[["image/jpeg"]] * 3, ["image/png", "image/jpeg"]] == kinds
    assert [f"row-{n:06d}" for n in range(1, 7)] == [draft.id for draft in found]
    assert {(8, 6)} == {(d.width, d.height) for draft in found for d in draft.messages[0].documents}
    assert 2 == len(list((folder / "spool").iterdir()))


def test_images_may_be_given_as_files() -> None:
    """One image, or a list of images and paths."""
    red, blue = (Image.new("RGB", (8, 6), colour) for colour in ("red", "blue"))

    assert [["document-1.png"], ["a.txt"], ["document-3.png"]] == [names(d) for d in made(files=[red, "a.txt", blue])]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "holds 7, which is no file path"),
        ([], r"holds \[\], which is no file path"),
        ({"bytes": None}, "no file path"),
        ("data:image/png;base64," + "A" * 5000, "A… is a URL"),
        ("https://example.org/" + "a" * 500, "download it"),
    ],
)
def test_what_is_no_content_is_refused(value: Any, words: str) -> None:
    """The sentence names the row or the value, cut to a length that can be read."""
    with pytest.raises(ValidationError, match=words) as caught:
        made(over=[{"f": value}], file_column="f")

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("cell", [TALK, json.dumps(TALK), np.array(TALK, dtype=object)], ids=["list", "json", "numpy"])
def test_a_column_holds_conversations(cell: Any) -> None:
    """The system's sections stand before the conversation, others behind it, and documents at its first user turn."""
    over = pd.DataFrame({"chat": [cell], "f": ["a.txt"], "lang": ["French"]})
    sections = [("user", "In {{ lang }}, please."), ("system", "You read leases.")]
    [draft] = drafts(sections=sections, over=over, file_column="f", messages_column="chat")  # type: ignore[arg-type]

    [document] = draft.messages[2].documents
    assert (
        Message("system", "You read leases."),
        Message("system", "Be brief."),
        Message("user", "What is this?", (document,)),
        Message("assistant", "A lease."),
        Message("user", "Until when?"),
        Message("user", "In French, please."),
    ) == draft.messages


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("hello", "At row 1, column 'chat'"),
        (None, "no list of turns"),
        ([{"role": "owner", "content": "x"}], "role 'owner'"),
        ([{"role": "user", "content": ""}], "not empty"),
        ([{"role": "system", "content": "x"}], "no turn of the role user"),
        (["x"], "no list of turns"),
    ],
)
def test_what_is_no_conversation_is_refused(cell: Any, words: str) -> None:
    """The sentence names row and column."""
    with pytest.raises(ValidationError, match=words):
        made("", over=[{"chat": cell}], messages_column="chat")


def test_conversations_run() -> None:
    """From the builder and from a cell, without a prompt of their own."""
    over = [{"chat": TALK}, {"chat": TALK[1:2]}]
    batch = Batch().use_practice().add_jobs(over=over, messages_column="chat", model="claude-sonnet-5-5")
    run = batch.run(name="talk", wait=True)
    spec = parse("talk -m claude-sonnet-5-5 --over rows --messages chat", "---\nGo on.")

    assert ["succeeded"] * 2 == [result.status for result in run]
    last = [asked.messages[-1].text for asked in fill(spec, {"rows": over}, Defaults()).asked]
    assert ["Go on.", "Go on."] == last


def test_nul_characters_are_left_out_and_halves_of_characters_refused() -> None:
    """Of a NUL nothing is lost; half a character means that the text was read wrongly, and the row is named."""
    with pytest.warns(UserWarning, match="NUL characters"):
        [draft] = made("{{ item }}", over=["a\0b"])
    assert "ab" == draft.messages[0].text

    with pytest.raises(ValidationError, match=r"At row 2, the prompt holds half a character behind 'abc'"):
        made("{{ item }}", over=["fine 💡", "abc\udce9"])
    with pytest.raises(ValidationError, match="half a character"):
        Batch().add_job(prompt="abc\udce9", model="claude-sonnet-5-5")
    with pytest.raises(ValidationError, match=r"The job id 'a.ud83d' holds half a character"):
        Batch().use_practice().add_jobs("Hello", over={"a\ud83d": 1}, model="claude-sonnet-5-5").run(dry_run=True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_texts_of_every_encoding_are_read(folder: Path, encoding: str) -> None:
    """Marks at the beginning are no text, and characters are what they were."""
    (folder / "c.txt").write_bytes("Größe: 12 €".encode(encoding))
    run = Batch().use_practice().add_jobs("Which?", files="c.txt", model="claude-sonnet-5-5").run(wait=True)

    assert "Größe: 12 €" == text_of(run.document(0, 0))


def test_a_huge_prompt_is_refused_before_anything_is_sent() -> None:
    """The sentence names the job and both sizes."""
    batch = Batch().use_practice().add_job(prompt="word " * 6_000_000, model="claude-sonnet-5-5", job_id="big")
    with pytest.raises(ValidationError, match=r"30 MB; Anthropic takes 28 MB"):
        batch.run(wait=True)
