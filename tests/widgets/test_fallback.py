"""Static HTML and text: right numbers, harmless text, bounded size."""

from __future__ import annotations

import re
from typing import Any

import pytest

from batchata_nb.widgets.fallback import report_html, report_text, result_html, result_text
from batchata_nb.widgets.words import dollars, time_words, visible

from .hostile import HIDDEN, PAYLOADS, Markup, detail, page, row, summary

TAGS = {"div", "p", "strong", "em", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "q", "pre", "span"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_report_holds_payloads_as_text_only(payload: str) -> None:
    """Whatever stands in a summary or a row, the report has no element, attribute or style of its making."""
    report = Markup(report_html(summary(payload), page(payload)))
    calm = Markup(report_html(summary("c" * len(payload)), page("c" * len(payload))))  # long texts get wider columns

    assert TAGS >= report.tags
    assert calm.attributes == report.attributes
    assert {"style", "colspan", "class"} >= {name for name, _ in report.attributes}
    assert 0 == report.depth
    assert visible(payload) in report.text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_result_holds_payloads_as_text_only(payload: str) -> None:
    """Whatever stands in a result, its static form has no element, attribute or style of its making."""
    result = Markup(result_html(detail(payload)))
    calm = Markup(result_html(detail("calm")))

    assert TAGS >= result.tags
    assert calm.attributes == result.attributes
    assert 0 == result.depth
    assert visible(payload) in result.text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_hidden_character_comes_through(payload: str) -> None:
    """Control, bidi and zero-width characters stand as escapes in HTML and in text, and all of it can be encoded."""
    outputs = [
        report_html(summary(payload), page(payload)),
        report_text(summary(payload), page(payload)),
        result_html(detail(payload)),
        result_text(detail(payload)),
    ]

    assert set() == {char for output in outputs for char in output if char in HIDDEN}
    assert all(output.encode() for output in outputs)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202etxt", "\\u202etxt"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("pass\u200dword", "pass\\u200dword"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        ("\U000e0041", "\\u{e0041}"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    """What cannot be seen becomes an escape; joiners stay where a script or an emoji needs them."""
    assert shown == visible(text)


@pytest.mark.parametrize("formula", ["$a_b$ and $c$", "$$x$$", r"\(x\)", r"\[x\]", r"\begin{align}x\end{align}"])
def test_nothing_is_set_as_mathematics(formula: str) -> None:
    """Dollar signs and backslashes, ours or a model's, never stand in one run of text with what follows them."""
    for markup in (report_html(summary(formula), page(formula)), result_html(detail(formula))):
        runs = re.split(r"<[^>]*>", markup)

        assert [] == [run for run in runs if re.search(r"[$\\]", run) and len(run) > 1]
        assert formula in Markup(markup).text
        assert markup.startswith('<div class="tex2jax_ignore mathjax_ignore"')


def test_report_is_bounded() -> None:
    """A run of a hundred thousand jobs, with long values in many columns, gives less than 100 KB of HTML."""
    columns = [f"field_{i}" for i in range(200)]
    for text in ('"' * 200, "\U0001f600" * 200, "<" * 200, "$" * 200):
        rows = [row(text, columns) for _ in range(50)]
        big = {"rev": 1, "total": 100_000, "start": 0, "columns": columns, "rows": rows}
        report = report_html(summary(text, total=100_000), big)

        assert len(report.encode()) < 100_000
        assert 0 == Markup(report).depth
        assert "more: " in report
        assert "(188 more columns)" in report


def test_result_is_bounded() -> None:
    """A result with thousands of fields gives less than 100 KB of HTML, and says how many are left out."""
    fields = [{"path": f"lines[{i}].text", "value": "<" * 2000, "citations": []} for i in range(3000)]
    markup = result_html(detail("x", fields=fields))

    assert len(markup.encode()) < 100_000
    assert "more fields" in markup


def test_report_says_what_is_left_out() -> None:
    """The first fifty rows are shown; the call that gives the rest is named after the run."""
    rows = [row(f"job-{i}", ["total"]) for i in range(60)]
    report = report_html(summary("invoices"), {"total": 4321, "columns": ["total"], "rows": rows})
    text = Markup(report).text

    assert "job-49" in text
    assert "job-50" not in text
    assert "and 4,271 more: invoices.to_df()" in text


def test_report_names_a_call_only_for_a_name() -> None:
    """A run whose name is no Python name is called `run` in the calls that are shown."""
    assert "run.to_df()" in Markup(report_html(summary("my run; del x"), page("a"))).text


def test_report_has_the_numbers() -> None:
    """Counts, money, time, causes, the practice note and the call for a retry are in the report."""
    text = Markup(report_html(summary("invoices"), page("a"))).text

    for words in (
        "invoices · stopped",
        "400 in all: 390 succeeded, 10 invalid",
        "$1.83 would be spent, $0.40 reserved, limit $5.00, $1.83 would be saved against real-time prices",
        "12 min 34 s",
        "10 × invoices",
        "invoices.retry_failed()",
        "no model was asked; nothing was sent or paid",
    ):
        assert words in text


def test_unknown_price_is_said() -> None:
    """A run without a known price shows no figures."""
    money = {"spent": "0", "reserved": "0", "limit": None, "saved": None, "known": False}
    text = Markup(report_html(summary("a", money=money, held=None), page("a"))).text

    assert "no price is known for this model" in text
    assert "$" not in text.split("Money")[1].split("Time")[0]


@pytest.mark.parametrize("practice", [True, False])
@pytest.mark.parametrize("errors", [0, 1, 4])
@pytest.mark.parametrize("rows", [0, 2])
def test_text_has_five_to_ten_lines(practice: bool, errors: int, rows: int) -> None:
    """The plain form is five to ten lines, whatever the run holds."""
    causes = [{"kind": f"k{i}", "message": "m\nn", "count": 1, "retry": True} for i in range(errors)]
    some = {**page("a\nb"), "rows": page("a\nb")["rows"][:rows]}
    lines = report_text(summary("a\nb", practice=practice, errors=causes), some).splitlines()

    assert 5 <= len(lines) <= 10
    assert all(len(line) < 600 for line in lines)


def test_result_shows_fields_with_evidence() -> None:
    """Each field has its value, the words it rests on and where they stand; one without evidence says so."""
    markup = Markup(result_html(detail("words", error=None)))
    text = result_text(detail("words", error=None))

    assert "words, p. 2, words confidence" in markup.text
    assert "no evidence in the document" in markup.text
    assert "  words = words  [p. 2]" in text.splitlines()


def test_result_without_schema_shows_its_answer() -> None:
    """A result without fields shows the raw answer."""
    plain: dict[str, Any] = detail("words", fields=[], raw="the answer", error=None)

    assert "the answer" in Markup(result_html(plain)).text
    assert "  the answer" in result_text(plain).splitlines()


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.00001", "<$0.0001"),
        ("0.0123", "$0.0123"),
        ("0.40", "$0.40"),
        ("0.006", "$0.0060"),
        ("0.99999", "$1.00"),
        ("1234.5", "$1,234.50"),
        ("nan", "unknown"),
        ("x", "unknown"),
    ],
)
def test_dollars(amount: str, shown: str) -> None:
    """Cents from a dollar on, four decimals below where they say something; what is no number is unknown, not zero."""
    assert shown == dollars(amount)


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0 s"), (75, "1 min 15 s"), (7200, "2 h"), (100_000, "1 d 3 h")])
def test_time(seconds: float, shown: str) -> None:
    """Time is told in its two largest units."""
    assert shown == time_words({"elapsed": seconds})
