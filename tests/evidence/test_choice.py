"""Which of several places is cited: labels, siblings, rows, columns and sentences decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .helpers import in_text, starts, words

RECEIPT = """ACME MART
12/05/2020 10:49
1 Battery 4.70 4.70
TOTAL : 4.70
CASH RECEIVED : 4.70
CHANGE : 0.00
"""


def test_a_stated_label_decides() -> None:
    """Of one amount printed four times, the total is the one behind `TOTAL :`."""
    assert RECEIPT.index("TOTAL : ") + 8 == in_text({"total": 4.7}, RECEIPT)["total"].start


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("net_total", "Nettobetrag"), ("tax_total", "MwSt"), ("grand_total", "Bruttobetrag"),
        ("amount_due", "Zahlbetrag"), ("prepaid", "Anzahlung"),
    ],
)  # fmt: skip
def test_labels_are_known_in_other_languages(field: str, label: str) -> None:
    """English field names find German labels."""
    lines = ("Nettobetrag", "MwSt", "Bruttobetrag", "Anzahlung", "Zahlbetrag")
    text = "\n".join(f"{line} 100,00 EUR" for line in lines)

    assert text.index(f"{label} ") + len(label) + 1 == in_text({field: 100.0}, text)[field].start


def test_start_and_end_of_a_period_are_told_apart() -> None:
    """Two dates side by side go to the fields of their words."""
    text = "Printed 02/11/20\nFlight dates: start 02/11/20 end 02/17/20\nInvoice date 02/17/20"
    found = in_text({"flight_start": "2020-02-11", "flight_end": "2020-02-17"}, text)

    assert {"flight_start": text.index("02/11/20 end"), "flight_end": text.index("02/17/20\nInvoice")} == starts(found)


def test_values_of_one_object_stand_together() -> None:
    """The town of each party is the one beside its street, not the one in a company's name."""
    text = "From\nAcme Ltd\n1 High Street\nLondon\n\nBill to\nLondon Traders\n2 Low Road\nLondon\n"
    values = {
        "seller": {"name": "Acme Ltd", "street": "1 High Street", "city": "London"},
        "buyer": {"name": "London Traders", "street": "2 Low Road", "city": "London"},
    }
    found = starts(in_text(values, text))

    assert (text.index("London\n\n"), text.rindex("London")) == (found["seller.city"], found["buyer.city"])


def test_a_question_is_answered_in_the_sentence_that_shares_its_words() -> None:
    """A description of some length is compared with the sentences around each place."""
    text = (
        "Rollo is a name.\n\nThe city honours its founders. Many settlers came from the north, and it was Rollo "
        "who gave them a common identity.\n\nRollo died in 930."
    )
    schema = {"properties": {"q": {"type": "string", "description": "Who gave the settlers a common identity?"}}}

    assert text.index("Rollo who") == in_text({"q": "Rollo"}, text, schema)["q"].start


TABLE = """Item      Qty  Price  Total
Bolt        2   5.00  10.00
Nut         2  10.00  20.00
Washer     10   2.00  20.00
Bolt        5   5.00  25.00
Subtotal              75.00
Total                 75.00
"""
ROWS = [("Bolt", 2, 5.0, 10.0), ("Nut", 2, 10.0, 20.0), ("Washer", 10, 2.0, 20.0), ("Bolt", 5, 5.0, 25.0)]


def order(rows: list[tuple[Any, ...]] = ROWS) -> dict[str, Any]:
    """The answer of the table."""
    lines = [dict(zip(("item", "qty", "price", "total"), row, strict=True)) for row in rows]
    return {"lines": lines, "subtotal": 75.0, "total": 75.0}


def test_items_of_one_line_belong_to_one_row_and_column() -> None:
    """Each cell is cited in its own line and column, though nearly all values are printed several times."""
    found = in_text(order(), TABLE)
    lines = TABLE.split("\n")

    for row, (item, *_) in enumerate(ROWS):
        line = lines[row + 1]
        base = TABLE.index(line)
        assert base + line.index(item) == found[f"lines[{row}].item"].start
        for key, (low, high) in {"qty": (8, 13), "price": (13, 20), "total": (20, 27)}.items():
            at = found[f"lines[{row}].{key}"].start - base
            assert low <= at < high, (row, key, at)
    assert TABLE.index("75.00") == found["subtotal"].start
    assert TABLE.rindex("75.00") == found["total"].start


def test_a_wrong_cell_is_not_cited_elsewhere_when_the_document_never_prints_it() -> None:
    """A cell whose value the document does not print has no citation; its neighbours keep theirs."""
    rows = [("Bolt", 2, 5.0, 10.0), ("Nut", 2, 10.0, 21.0), *ROWS[2:]]
    found = words(in_text(order(rows), TABLE))

    assert (None, "10.00", "25.00") == (found["lines[1].total"], found["lines[1].price"], found["lines[3].total"])


def test_a_single_value_leaves_the_rows_their_places() -> None:
    """A number of the head is not cited in a line of the table that prints the same number."""
    text = "Invoice 10\n" + TABLE

    assert 8 == in_text({"number": 10, **order()}, text)["number"].start


def test_equal_unit_price_and_total_are_two_places() -> None:
    """Two equal values of one line are cited left and right, in the order of the keys."""
    text = "Lamp 1 122.50 122.50\n"
    found = in_text({"lines": [{"name": "Lamp", "quantity": 1, "unit_price": 122.5, "line_total": 122.5}]}, text)

    assert (7, 14) == (found["lines[0].unit_price"].start, found["lines[0].line_total"].start)


def test_yes_or_no_and_categories_need_more_than_a_chance_match() -> None:
    """A boolean is never located by itself; a category only beside its label."""
    schema = {"properties": {"status": {"enum": ["paid", "unpaid"]}, "open": {"type": "boolean"}}}

    assert {"status": None, "open": None} == words(
        in_text({"status": "paid", "open": True}, "We paid. True enough.", schema)
    )
    assert {"status": "Paid"} == words(in_text({"status": "paid"}, "Status: Paid\nWe paid for true value", schema))


@pytest.mark.parametrize(
    ("code", "text"), [("USD", "Sum $ 5.00"), ("EUR", "5,00 € net"), ("INR", "Rs. 5"), ("JPY", "¥500")]
)
def test_a_currency_may_be_printed_as_its_sign(code: str, text: str) -> None:
    """The sign beside an amount is evidence of the currency's code, though not beyond doubt."""
    citation = in_text({"currency": code}, text)["currency"][0]

    assert citation.text.strip() in ("$", "€", "Rs.", "¥")
    assert "low" == citation.confidence


def test_a_form_may_say_yes_or_no_behind_the_name_of_a_field() -> None:
    """A boolean is located where the document ticks it under its very name, and only there."""
    text = "Is taxable? Yes\nInsured ☑\nexpress delivery : no\nYes, no"
    found = in_text({"taxable": True, "insured": True, "express_delivery": False, "late": False, "is_new": True}, text)

    assert {"taxable": "Yes", "insured": "☑", "express_delivery": "no", "late": None, "is_new": None} == words(found)


def test_all_leaves_have_an_entry() -> None:
    """Nested models and lists have one mapping per leaf path, empty where there is no evidence."""
    found = in_text({"a": {"b": [1, {"c": None}]}, "d": "x y z"}, "1")

    assert ["a.b[0]", "a.b[1].c", "d"] == list(found)
    assert [1, 0, 0] == [len(citations) for citations in found.values()]


def test_a_citation_says_where_how_sure_and_why() -> None:
    """A citation has words, span, document, source, confidence and a reason in plain words."""
    citation = in_text({"total": 4.7}, "Total 4,70 EUR")["total"][0]

    assert ("4,70", "note.txt", None, 6, 10, "high", ()) == (
        citation.text, citation.source, citation.page, citation.start, citation.end,
        citation.confidence, citation.rects,
    )  # fmt: skip
    assert {"source": "located", "document": 0} == citation.metadata
    assert "The document prints the number here and nowhere else." == citation.match_reason


def test_little_to_go_by_is_said() -> None:
    """Where nothing tells several places apart, the confidence is low."""
    assert "low" == in_text({"n": 7}, "7 of us, 7 of them; 7 in all")["n"].confidence


LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.dates(), st.datetimes(), st.times(),
    st.text(max_size=12), st.uuids(), st.binary(max_size=4),
    st.sampled_from(["Bolt", 10, 5.0, "2020-01-01", "3 years"]),
)  # fmt: skip
KEY = st.sampled_from(["total", "item", "qty", "seller", "city", "date", "a b"])
ANSWER = st.recursive(
    LEAF, lambda low: st.lists(low, max_size=4) | st.dictionaries(KEY, low, max_size=4), max_leaves=20
)


@settings(deadline=None)
@given(st.dictionaries(KEY, ANSWER, max_size=5), st.sampled_from([TABLE, RECEIPT, "", "\f\n 5", "10 10 10 10"]))
def test_any_answer_can_be_located(answer: dict[str, Any], text: str) -> None:
    """Whatever the shape and the leaves of an answer, each citation's words are those of its span."""
    for citations in in_text(answer, text).values():
        for citation in citations:
            if "pieces" not in citation.metadata:
                assert text[citation.start : citation.end] == citation.text
