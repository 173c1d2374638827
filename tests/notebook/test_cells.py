"""The grammar of the `%%batchata` cell."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchata_nb.core.errors import ValidationError
from batchata_nb.notebook.cells import CellSpec, Section, parse, words_of
from batchata_nb.notebook.options import OPTIONS, StatedPrice

INVOICES = """class Invoice(BaseModel):
    total_amount: float
---
Extract the total."""


def message(line: str, cell: str = "Say hello.") -> str:
    """Return the message a cell is refused with."""
    with pytest.raises(ValidationError) as caught:
        parse(line, cell)
    return str(caught.value)


def test_the_cell_of_the_first_page_is_read_whole():
    """Every part of the documented cell ends up in its own field."""
    spec = parse('invoices --files "invoices/*.pdf" --model claude-sonnet-5-5 --cite --max-cost 5', INVOICES)

    assert spec == CellSpec(
        name="invoices",
        sections=(Section("user", "Extract the total."),),
        schema_code="class Invoice(BaseModel):\n    total_amount: float",
        models=("claude-sonnet-5-5",),
        files=("invoices/*.pdf",),
        cite="auto",
        max_cost=Decimal(5),
    )


def test_a_cell_without_separator_is_all_prompt():
    """Braces, dashes inside a line and Python in the text need no escaping."""
    text = 'Answer as {"a": 1} --- or\n  --- not\nclass X: pass'

    assert parse("", f"\n{text}\n") == CellSpec(sections=(Section("user", text),))


def test_each_section_has_its_role():
    """`---` alone is the user; text above the first separator is the schema section."""
    spec = parse("x", "a: int\n--- system\nBe terse.\n---\nHello\n--- assistant\nHi\n--- user\nBye\r\n")

    expected = (("system", "Be terse."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Bye"))
    assert [Section(*pair) for pair in expected] == list(spec.sections)
    assert spec.schema_code == "a: int"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("---\nHi\n--- usr\nBye", "Line 4 of the cell"),
        ("| a | b |\n---|---\n", "put a space before it"),
        ("---\n", "line 2 of the cell is empty"),
        ("  \n", "no prompt"),
    ],
)
def test_a_bad_section_is_named_by_its_line(body: str, part: str):
    """An unknown role, an empty section and a missing prompt are refused, counting the magic's line as 1."""
    assert part in message("x", body)


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("-m a -m b", "models", ("a", "b")),
        ("--model=a", "models", ("a",)),
        ("--time-limit 90s", "time_limit", 90.0),
        ("--time-limit 1h30m", "time_limit", 5400.0),
        ("--max-cost $2.50", "max_cost", Decimal("2.50")),
        ("--temperature 0", "temperature", 0.0),
        ("--max-tokens 4_000", "max_tokens", 4000),
        ("--cite", "cite", "auto"),
        ("--cite quotes x", "cite", "quotes"),
        ("--cite x", "name", "x"),
        ("--cite=locate x", "cite", "locate"),
        ("--no-raw-files --results-dir out", "raw_files", False),
        ("--price 1.5,7.5", "prices", (StatedPrice(None, Decimal("1.5"), Decimal("7.5")),)),
        ("-m a -m b --price b=2,8", "prices", (StatedPrice("b", Decimal(2), Decimal(8)),)),
        ("--param top_p=0.9 --param stop=END", "params", {"top_p": 0.9, "stop": "END"}),
        ("""--param 'meta={"a": [1, null]}'""", "params", {"meta": {"a": [1, None]}}),
        ("--param n=NaN --param e=1e999", "params", {"n": "NaN", "e": "1e999"}),
        ("-f 'my files/*.pdf' -f b.pdf # two", "files", ("my files/*.pdf", "b.pdf")),
        (r"-f C:\data\x.pdf", "files", (r"C:\data\x.pdf",)),
        (r"-f my\ file#1.pdf", "files", ("my file#1.pdf",)),
        ('--over df["text"].head()', "over", 'df["text"].head()'),
        ("--over 'df[df.x > 3]'", "over", "df[df.x > 3]"),
        ('--over="df[0:2]"', "over", "df[0:2]"),
        ('--over=df["a"]', "over", 'df["a"]'),
        ("", "name", "batch"),
    ],
)
def test_an_option_is_read(line: str, field: str, expected: object):
    """Values arrive as numbers, money, seconds, JSON or text, in all spellings of the line."""
    assert expected == getattr(parse(line, "Hi"), field)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("--modle x", "did you mean --model?"),
        ("--max_cost 3", "did you mean --max-cost?"),
        ("--model", "--model needs a value: --model M"),
        ("--model --cite", "--model needs a value"),
        ("--max-cost five", "write it as 5 or 0.25"),
        ("--max-cost -1", "write it as 5 or 0.25"),
        ("--time-limit 10", "write it as 90s, 10m, 2h"),
        ("--time-limit 5s", "outside 10s to 24h"),
        ("--max-tokens 0", "no whole number from 1"),
        ("--temperature hot", "no number from 0"),
        ("--param top_p", "write it as key=value"),
        ("--param a={b", "not valid JSON"),
        ("--param a=1 --param a=2", "given twice"),
        ("--param max_tokens=5", "--max-tokens"),
        ("--price 3", "IN,OUT"),
        ("-m a -m b --price 1,2", "MODEL=IN,OUT"),
        ("--cite=best", "auto, native, quotes, locate"),
        ("x --cite qotes", "did you mean quotes?"),
        ("x y", "needs quotes around it"),
        ("--fresh=yes", "takes no value"),
        ("--max-cost 1 --max-cost 2", "given twice"),
        ("--raw-files --no-raw-files --results-dir d", "exclude each other"),
        ("--raw-files", "together with --results-dir"),
        ("--id c", "together with --over"),
        ("--file-column c -f x.pdf", "together with --over"),
        ("--over df -f x.pdf", "--file-column"),
        ("--dry-run --preview 3", "leave one of them out"),
        ('-f "a.pdf', "A quote is opened and not closed"),
        ("2x", "cannot name a variable"),
        ("class", "word of Python"),
    ],
)
def test_a_mistake_is_explained(line: str, part: str):
    """What the user wrote wrong comes back as one line that says what to write."""
    found = message(line)

    assert part in found
    assert "\n" not in found


def test_variables_are_put_into_values_only():
    """A variable's value stays one value, and JSON and Python keep their braces."""
    spec = parse("x -f {d}/a.pdf --param 'a={\"d\": 1}'", "Hi", lambda text: text.replace("{d}", "my files"))

    assert spec.files == ("my files/a.pdf",)
    assert spec.params == {"a": {"d": 1}}
    assert parse("--over {d}", "Hi", lambda text: "no").over == "{d}"


def test_the_table_and_the_spec_agree():
    """Each option fills a field of `CellSpec`, and each field but name and body has an option."""
    filled = {option.field for option in OPTIONS}

    assert filled == {f.name for f in fields(CellSpec)} - {"name", "sections", "schema_code"}
    assert all(option.help for option in OPTIONS)


WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS, lambda x: st.lists(x, max_size=3))
LINES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), min_size=1)
TEXTS = (
    st.lists(LINES.filter(lambda x: not x.startswith("---")), min_size=1)
    .map("\n".join)
    .map(str.strip)
    .filter(lambda x: x and not x.startswith("---"))
)


@st.composite
def specs(draw: st.DrawFn) -> CellSpec:
    """Make any cell that can be written."""
    over = draw(st.none() | WORDS)
    models = draw(st.lists(WORDS, max_size=3))
    return CellSpec(
        name=draw(st.sampled_from(["batch", "invoices", "été", "_x1"])),
        sections=tuple(
            draw(st.lists(st.builds(Section, st.sampled_from(["user", "system", "assistant"]), TEXTS), min_size=1))
        ),
        schema_code=draw(st.just("") | TEXTS),
        models=tuple(models),
        files=() if over else tuple(draw(st.lists(WORDS, max_size=3))),
        over=over,
        id_column=draw(st.none() | WORDS) if over else None,
        cite=draw(st.sampled_from([None, "auto", "native", "quotes", "locate"])),
        max_cost=draw(st.none() | st.decimals("0.01", 1000, places=2)),
        time_limit=draw(st.none() | st.integers(10, 86400).map(float)),
        max_tokens=draw(st.none() | st.integers(1, 10**6)),
        params={f"p{n}": value for n, value in enumerate(draw(st.lists(JSON, max_size=3)))},
        fresh=draw(st.booleans()),
        wait=draw(st.booleans()),
    )


def written(spec: CellSpec) -> tuple[str, str]:
    """Write a cell as a user would."""
    words = [spec.name]
    for option in OPTIONS:
        value = getattr(spec, option.field)
        if value in (None, False, (), {}) or (not option.meta and value != option.value):
            continue
        for item in value.items() if option.field == "params" else value if option.repeat else [value]:
            text = f"{item[0]}={json.dumps(item[1])}" if option.field == "params" else str(item)
            text = f"{int(item)}s" if option.field == "time_limit" else text
            words.append(f"{option.long}={text}" if option.meta else option.long)
    body = [spec.schema_code] if spec.schema_code else []
    body += [f"--- {section.role}\n{section.text}" for section in spec.sections]
    return shlex.join(words), "\n".join(body)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_a_written_cell_is_read_back(spec: CellSpec):
    """Quoting as a shell does loses nothing: any cell that can be written is read back equal."""
    assert spec == parse(*written(spec))


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)))))
def test_words_are_read_back(words: list[str]):
    """Words quoted for a shell are the words that come out."""
    assert words == [word.text for word in words_of(shlex.join(words))]


PIECES = st.sampled_from(
    [name for option in OPTIONS for name in option.names] + ["=", " ", "'", '"', "\\", "#", "{", "1"]
)


@given(st.lists(PIECES | st.text(max_size=4)).map("".join), st.text() | st.lists(PIECES).map("\n---".join))
def test_no_text_crashes_the_parser(line: str, cell: str):
    """Whatever is typed, the parser answers with a cell or with one message."""
    with suppress(ValidationError):
        assert parse(line, cell).sections
