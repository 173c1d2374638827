"""Sections, files and rows become drafts of jobs."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.errors import ValidationError
from batchata_nb.core.jobs import Message
from batchata_nb.runs.inputs import Draft, Drafts, drafts, safe_name


def made(prompt: str = "{{ text }}", **given: Any) -> Drafts:
    """Drafts of a prompt with one section."""
    return drafts(sections=[("user", prompt)], **given)


def texts(found: Drafts) -> list[str]:
    """The text of each draft's last message."""
    return [draft.messages[-1].text for draft in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with some text files."""
    monkeypatch.chdir(tmp_path)
    for name in ("page-2.txt", "page-10.txt", "page-1.txt", ".hidden.txt", "2025/page-1.txt", "2026/more.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"content of {name}")
    return tmp_path


def test_single_job() -> None:
    """Neither files nor rows: one job."""
    found = drafts(sections=[("user", "Hello {{ name }}")], namespace={"name": "world"})

    assert (1, [Draft("job-000001", (Message("user", "Hello world"),), 0)]) == (found.length, list(found))


def test_system_turns_come_first_and_empty_sections_go() -> None:
    """System turns stand first, the rest keeps its order, sections without text are left out."""
    found = drafts(
        sections=[
            ("user", "one"),
            ("assistant", "two"),
            ("system", "be brief"),
            ("assistant", " \n"),
            ("user", "three"),
        ]
    )

    assert [("system", "be brief"), ("user", "one"), ("assistant", "two"), ("user", "three")] == [
        (message.role, message.text) for message in next(iter(found)).messages
    ]


@pytest.mark.parametrize(
    ("sections", "expected"),
    [([("user", " ")], "empty"), ([], "empty"), ([("system", "be brief")], "no user section")],
)
def test_prompt_must_say_something(sections: Any, expected: str) -> None:
    """A prompt without text or without a user's turn is refused."""
    with pytest.raises(ValidationError, match=expected):
        drafts(sections=sections)


# Rows


def test_rows_fill_the_template() -> None:
    """Columns of a frame fill the template, one job per row, in order."""
    found = made("{{ index }}: {{ text }}", over=pd.DataFrame({"text": ["a", "b"]}))

    assert ((2, ("text",), "pandas"), ["0: a", "1: b"]) == (
        (found.length, found.columns, found.frame_kind),
        texts(found),
    )
    assert ["row-000001", "row-000002"] == [draft.id for draft in found]


def test_single_values_are_items() -> None:
    """A list of values fills `{{ item }}`."""
    assert ["1!", "2!"] == texts(made("{{ item }}!", over=[1, 2]))


def test_item_is_the_whole_row() -> None:
    """`{{ item }}` is the whole row, which reaches columns whose names are no words."""
    assert ["9.5"] == texts(made('{{ item["Total amount"] }}', over=pd.DataFrame({"Total amount": [9.5], "x": [1]})))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(
            {"text": ["a", None], "n": [1.5, float("nan")], "d": [pd.NaT, pd.NaT], "i": pd.array([1, None], "Int64")}
        ),
        pl.DataFrame({"text": ["a", None], "n": [1.5, float("nan")], "d": [None, None], "i": [1, None]}),
    ],
    ids=["pandas", "polars"],
)
def test_missing_values_are_empty(frame: Any) -> None:
    """A missing value of any kind is filled in as nothing."""
    assert ["[a 1.5  1]", "[   ]"] == texts(made("[{{ text }} {{ n }} {{ d }} {{ i }}]", over=frame))


def test_columns_win_over_names_of_the_notebook() -> None:
    """A column wins over a name of the notebook, that over a built-in function."""
    found = made(
        "{{ text }} {{ len }} {{ max(1, 2) }}", over=[{"text": "column"}], namespace={"text": "notebook", "len": "mine"}
    )

    assert ["column mine 2"] == texts(found)


def test_notebook_names_are_only_looked_up_when_used() -> None:
    """Of the notebook's names only those are touched that the prompt uses."""

    class Namespace(Mapping[str, Any]):
        looked_up: list[str] = []  # noqa: RUF012

        def __getitem__(self, name: str) -> Any:
            self.looked_up.append(name)
            return {"labels": ["x", "y"], "secret": 1}[name]

        def __iter__(self) -> Iterator[str]:
            raise AssertionError("the notebook's names are not listed")

        def __len__(self) -> int:
            return 2

        def __contains__(self, name: object) -> bool:
            return name in ("labels", "secret")

    namespace = Namespace()
    found = made("{{ item }} {{ labels | join(', ') }}", over=[1, 2], namespace=namespace)

    assert (["1 x, y", "2 x, y"], ["labels"]) == (texts(found), namespace.looked_up)


def test_undefined_name_lists_the_columns() -> None:
    """A name that is no column is an error that names it, its like, and the columns there are."""
    with pytest.raises(ValidationError, match=r"row 1, the prompt uses \{\{ txt \}\}.*'text'\?.*Columns: text, label"):
        list(made("{{ txt }}", over=[{"text": "a", "label": "b"}]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, r"the prompt uses \{\{ text \}\}.*rows are given with --over"),
        ({"over": ["a"]}, "There are no columns here, but index, item"),
        ({"files": ["2026/more.md"]}, "At more.md, the prompt uses.*but file, files, item, index"),
    ],
)
def test_undefined_name_without_columns(folder: Path, given: dict[str, Any], expected: str) -> None:
    """Where there are no columns, the error lists what there is."""
    with pytest.raises(ValidationError, match=expected):
        list(made("{{ text }}", **given))


def test_ragged_rows_name_the_row() -> None:
    """A row that lacks a column is named."""
    with pytest.raises(ValidationError, match="At row 2, there is no 'text', which the first row has"):
        list(made(over=[{"text": "a"}, {"other": "b"}]))


def test_empty_rendered_prompt_is_refused() -> None:
    """A row that leaves the prompt empty is refused, since no provider takes it."""
    with pytest.raises(ValidationError, match="At row 2, the prompt is empty"):
        list(made(over=[{"text": "a"}, {"text": None}]))


def test_drafts_can_be_gone_through_again() -> None:
    """Frames and lists can be gone through again, with the same drafts."""
    found = made(over=[{"text": "a"}])

    assert list(found) == list(found)


# Ids


@pytest.mark.parametrize(
    ("values", "expected"), [(["a", "b"], ["a", "b"]), ([7, 8], ["7", "8"]), ([7.0, 8.5], ["7", "8.5"])]
)
def test_ids_from_a_column(values: list[Any], expected: list[str]) -> None:
    """The id column's values are the ids, as text; whole numbers have no point."""
    found = made("x {{ key }}", over=pd.DataFrame({"key": values}), id_column="key")

    assert expected == [draft.id for draft in found]


def test_same_id_twice_is_refused() -> None:
    """Two rows of the same id are named, with the column."""
    with pytest.raises(ValidationError, match="Rows 1 and 3 have the same id 'a' of column 'key'"):
        list(made("x {{ key }}", over=[{"key": "a"}, {"key": "b"}, {"key": "a"}], id_column="key"))


@pytest.mark.parametrize("value", [None, float("nan"), " "])
def test_empty_id_is_refused(value: Any) -> None:
    """A row without an id is named."""
    with pytest.raises(ValidationError, match="At row 2, the id column 'key' is empty"):
        list(made("x {{ key }}", over=[{"key": "a"}, {"key": value}], id_column="key"))


@pytest.mark.parametrize("option", ["id_column", "file_column"])
def test_unknown_column_is_refused(option: str) -> None:
    """A column that is not there is refused at once, with its like and a list."""
    with pytest.raises(ValidationError, match=r"no column 'kye'\. Did you mean 'key'\? Columns: key, text"):
        made("x", over=pd.DataFrame({"key": [1], "text": ["a"]}), **{option: "kye"})


@pytest.mark.parametrize("option", ["id_column", "file_column"])
def test_column_needs_rows(option: str, folder: Path) -> None:
    """A column option without rows is refused."""
    with pytest.raises(ValidationError, match="--over"):
        made("x", files=["*.txt"], **{option: "key"})


def test_ids_from_the_frame_index() -> None:
    """An index that is not just counted gives the ids; a label that repeats gets a number."""
    frame = pd.DataFrame({"text": ["a", "b", "c"]}, index=["x", "y", "x"])

    assert [("x", "x"), ("y", "y"), ("x-2", "x")] == [(draft.id, draft.index) for draft in made(over=frame)]


def test_ids_from_a_filtered_frame() -> None:
    """A filtered frame keeps the labels of its rows."""
    frame = pd.DataFrame({"text": ["a", "b", "c"]})

    assert [("1", 1), ("2", 2)] == [(draft.id, draft.index) for draft in made(over=frame[frame.text != "a"])]


def test_ids_from_dict_keys() -> None:
    """A dict's keys are the ids."""
    assert [("m-1", "hi", "m-1")] == [
        (draft.id, draft.messages[0].text, draft.index) for draft in made("{{ item }}", over={"m-1": "hi"})
    ]


# Files


def test_files_in_natural_order(folder: Path) -> None:
    """A pattern gives its visible files in natural order, one job each, documents in the user's turn."""
    found = drafts(sections=[("system", "be brief"), ("user", "Read {{ file.name }}.")], files=["*.txt"])
    jobs = list(found)

    assert ["page-1", "page-2", "page-10"] == [job.id for job in jobs]
    assert (3, "Read page-10.txt.", "page-10.txt") == (
        found.length,
        jobs[2].messages[1].text,
        jobs[2].messages[1].documents[0].name,
    )
    assert () == jobs[2].messages[0].documents


def test_file_parts_in_the_template(folder: Path) -> None:
    """A file's name, stem, suffix and path can be filled in."""
    found = made(
        "{{ file.name }} {{ file.stem }} {{ file.suffix }} {{ file.path }} {{ index }}", files=["2026/more.md"]
    )

    assert ["more.md more .md 2026/more.md 0"] == texts(found)


def test_recursive_pattern_and_repeated_names(folder: Path) -> None:
    """`**` looks into folders; files of the same name are told apart by theirs; a file is taken once."""
    found = made("x", files=["**/*.txt", folder / "page-1.txt", "2026/more.md"])

    assert ["2025-page-1.txt", "page-1.txt", "page-2", "page-10", "more"] == [draft.id for draft in found]


def test_same_stem_keeps_the_ending(tmp_path: Path) -> None:
    """Files that differ in their ending only keep it in their ids."""
    for name in ("a.txt", "a.md", "b.txt"):
        (tmp_path / name).write_text("x")

    assert ["a.md", "a.txt", "b"] == [draft.id for draft in made("x", files=[tmp_path / "*"])]


def test_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    """A file whose name looks like a pattern is found by its name."""
    (tmp_path / "a[1].txt").write_text("x")

    assert ["a-1"] == [draft.id for draft in made("x", files=[tmp_path / "a[1].txt"])]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("*.pdf", r"No file matches '\*\.pdf' in /.*; check"),
        ("nowhere/*.pdf", "nowhere, which does not exist"),
        ("page-3.txt", "There is no file 'page-3.txt' in /"),
        ("2025", r"'2025' is a folder; name its files, such as '2025/\*\.pdf'"),
        ("https://example.org/a.pdf", "is a URL.*download it"),
        ("s3://bucket/a.pdf", "is a URL"),
    ],
)
def test_wrong_files_are_refused(folder: Path, source: str, expected: str) -> None:
    """What names no file is refused at once, with the folder that was looked in or what to do."""
    with pytest.raises(ValidationError, match=expected):
        made("x", files=[source])


def test_no_files_are_refused() -> None:
    """An empty list of files is refused."""
    with pytest.raises(ValidationError, match="No files were named"):
        made("x", files=[])


def test_files_and_rows_exclude_each_other(folder: Path) -> None:
    """Files and rows together are refused, naming the option that joins them."""
    with pytest.raises(ValidationError, match="--file-column"):
        made("x", files=["*.txt"], over=[1])


def test_bad_file_is_refused_or_skipped(folder: Path) -> None:
    """An unusable file is refused with its reason, or left out and told."""
    (folder / "page-3.txt").write_bytes(b"")
    with pytest.raises(ValidationError, match=r"page-3\.txt is empty.*--skip-bad-files"):
        list(made("x", files=["*.txt"]))

    found = made("x", files=["*.txt"], skip_bad_files=True)

    assert ["page-1", "page-2", "page-10"] == [draft.id for draft in found]
    assert (1, True) == (len(found.skipped), found.skipped[0].startswith("page-3.txt is empty"))


def test_all_files_bad_is_an_error(folder: Path) -> None:
    """If every file is left out, there is nothing to run, and that is said."""
    (folder / "empty.pdf").write_bytes(b"")
    with pytest.raises(ValidationError, match=r"No file can be used\. empty\.pdf"):
        list(made("x", files=["*.pdf"], skip_bad_files=True))


def test_contents_in_memory_are_spooled(tmp_path: Path) -> None:
    """Bytes are kept as a file named by their digest, and called a document with a number."""
    spool = tmp_path / "files"
    job = next(iter(made("Read {{ file.name }}", files=[b"hello"], spool=spool)))
    (document,) = job.messages[0].documents
    digest = hashlib.sha256(b"hello").hexdigest()

    assert (str(spool / f"{digest}.txt"), "document-1.txt", digest) == (document.path, document.name, document.sha256)
    assert ("document-1", "Read document-1.txt", [f"{digest}.txt"]) == (
        job.id,
        job.messages[0].text,
        [path.name for path in spool.iterdir()],
    )


def test_file_column(folder: Path) -> None:
    """A column's paths are attached to their rows; several rows may name the same file, one row several."""
    over = [
        {"scan": "page-1.txt", "q": "one"},
        {"scan": folder / "page-2.txt", "q": "two"},
        {"scan": "page-1.txt", "q": "three"},
        {"scan": ["page-1.txt", "page-10.txt"], "q": "four"},
    ]
    jobs = list(made("{{ q }} {{ file.name }} {{ files | length }}", over=over, file_column="scan"))

    assert [
        ("page-1", "one page-1.txt 1", ["page-1.txt"]),
        ("page-2", "two page-2.txt 1", ["page-2.txt"]),
        ("page-1-2", "three page-1.txt 1", ["page-1.txt"]),
        ("page-1-3", "four page-1.txt 2", ["page-1.txt", "page-10.txt"]),
    ] == [(j.id, j.messages[0].text, [d.name for d in j.messages[0].documents]) for j in jobs]


def test_file_column_called_file(folder: Path) -> None:
    """If the column is called `file`, `{{ file }}` is its path, and `{{ file.name }}` works."""
    found = made("{{ file }} {{ file.stem }}", over=pd.DataFrame({"file": ["2026/more.md"]}), file_column="file")

    assert ["2026/more.md more"] == texts(found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "At row 2, column 'scan' holds None, which is no file path"),
        (float("nan"), "holds None"),
        ("page-7.txt", "row 2: There is no file 'page-7.txt'"),
        ("http://example.org/x.pdf", "is a URL"),
    ],
)
def test_bad_cell_of_the_file_column(folder: Path, value: Any, expected: str) -> None:
    """A cell that names no usable file is refused, naming the row."""
    with pytest.raises(ValidationError, match=expected):
        list(made("x", over=[{"scan": "page-1.txt"}, {"scan": value}], file_column="scan"))


def test_bad_cells_may_be_skipped(folder: Path) -> None:
    """Rows whose file is unusable can be left out, and are told."""
    over = [{"scan": "gone.txt"}, {"scan": "page-1.txt"}, {"scan": None}]
    found = made("x", over=over, file_column="scan", skip_bad_files=True)

    assert ([("page-1", 1)], True) == (
        [(draft.id, draft.index) for draft in found],
        found.skipped[0].startswith("row 1: There is no file 'gone.txt'"),
    )
    assert ["At row 3, column 'scan' holds None, which is no file path."] == found.skipped[1:]


# Names of result files


@pytest.mark.parametrize("job_id", ["row-000001", "invoice-07", "page 2 (copy).txt", "Ärger_1", "a" * 120])
def test_safe_ids_name_their_files(job_id: str) -> None:
    """An id that every file system takes is its own file name."""
    assert job_id == safe_name(job_id)


@pytest.mark.parametrize(
    "job_id", ["a/b", "..", "", "con", "NUL.x", "a" * 121, "x.", " x", "a:b", "-x", "a\nb", "\ud800", "漢" * 100]
)
def test_unsafe_ids_get_a_digest(job_id: str) -> None:
    """Any other id becomes a safe name that no other id has."""
    name = safe_name(job_id)

    assert name == safe_name(name)
    assert name.rsplit("-", 1)[1] == hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]


@given(st.text(max_size=200) | st.text("ä漢💡", min_size=50, max_size=120))
def test_every_id_has_a_safe_name(job_id: str) -> None:
    """Names have no separators, are short in bytes, and stay as they are when named again."""
    name = safe_name(job_id)

    assert not set("/\\:\0\n") & set(name)
    assert len(name.encode()) <= 200
    assert name == safe_name(name)
