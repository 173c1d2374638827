"""Documents as they are written elsewhere: other groupings, calendars, digits; and what they do not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from batchata_nb import locate

from .helpers import in_text, pdf

Place = str | tuple[str, int]
"""The words, or the words and their line from 0."""


@dataclass(frozen=True)
class Paper:
    """A document, what it says with the words that say it, and what it does not say."""

    text: str
    values: Mapping[str, Any]
    places: Mapping[str, Place]
    absent: Sequence[Any] = field(default_factory=tuple)


PAPERS = {
    "swiss": Paper(
        "Müller & Söhne AG\nBahnhofstrasse 12, 8001 Zürich\nRechnung Nr. 2024/0815\nRechnungsdatum: 03.05.2024\n"
        "Zahlbar bis: 02.06.2024\nPos  Bezeichnung     Menge   Preis CHF   Betrag CHF\n"
        "1    Beratung        12.5    180.00      2'250.00\n2    Reisespesen     1       1’240.50    1’240.50\n"
        "Zwischentotal                            3'490.50\nMWST 8.1%                                  282.73\n"
        "Total CHF                                3'773.25\nRundungsdifferenz                            0.02\n"
        "IBAN CH93 0076 2011 6238 5295 7\n",
        {
            "vendor": "Müller & Söhne AG", "invoice_number": "2024/0815", "invoice_date": date(2024, 5, 3),
            "due_date": "2024-06-02", "subtotal": 3490.5, "vat_amount": Decimal("282.73"), "total": 3773.25,
            "iban": "CH9300762011623852957",
            "lines": [
                {"description": "Beratung", "quantity": 12.5, "unit_price": 180, "amount": 2250.0},
                {"description": "Reisespesen", "quantity": 1, "unit_price": 1240.5, "amount": 1240.5},
            ],
        },
        {
            "vendor": "Müller & Söhne AG", "invoice_number": "2024/0815", "invoice_date": "03.05.2024",
            "due_date": "02.06.2024", "subtotal": "3'490.50", "vat_amount": "282.73", "total": "3'773.25",
            "iban": "CH93 0076 2011 6238 5295 7", "lines[0].amount": ("2'250.00", 6),
            "lines[1].amount": ("1’240.50", 7), "lines[1].quantity": ("1", 7), "lines[0].unit_price": ("180.00", 6),
        },
        (3773.52, date(2024, 6, 3), "Meier & Söhne AG", "CH9300762011623852958", 2250.5),
    ),
    "indian": Paper(
        "TAX INVOICE\nSold By: Bharat Electricals Pvt. Ltd.\nGSTIN: 27AAPFU0939F1ZV\n"
        "Invoice No: BE/24-25/0042   Dated: 15-Aug-2024\nTaxable value            ₹ 12,34,567.00\n"
        "CGST @ 9%                ₹ 1,11,111.03\nSGST @ 9%                ₹ 1,11,111.03\n"
        "Grand Total              ₹ 14,56,789.06\nAdvance received: Rs. 2.5 lakh\n",
        {
            "vendor": "Bharat Electricals Pvt. Ltd.", "gstin": "27AAPFU0939F1ZV", "invoice_date": date(2024, 8, 15),
            "taxable_value": 1234567, "cgst": 111111.03, "sgst": 111111.03, "grand_total": Decimal("1456789.06"),
            "advance": 250000,
        },
        {
            "vendor": "Bharat Electricals Pvt. Ltd.", "gstin": "27AAPFU0939F1ZV", "invoice_date": "15-Aug-2024",
            "taxable_value": "12,34,567.00", "cgst": ("1,11,111.03", 5), "sgst": ("1,11,111.03", 6),
            "grand_total": "14,56,789.06", "advance": "2.5 lakh",
        },
        (1234568, 145678.06, date(2024, 8, 16), 12345.67),
    ),
    "japanese": Paper(
        "請求書\n発行日：令和6年3月15日\n支払期限：令和６年４月３０日\n契約日 昭和五十八年十二月一日\n"
        "株式会社山田製作所 御中\n請求金額　¥1,234,500（税込）\n消費税 112,227円\n品名　数量　単価　金額\n"
        "部品Ａ　10　50,000　500,000\n部品Ｂ　５　１２４，４５４　６２２，２７０\n",
        {
            "issue_date": date(2024, 3, 15), "due_date": date(2024, 4, 30), "contract_date": "1983-12-01",
            "customer": "株式会社山田製作所", "total": 1234500, "tax": 112227,
            "lines": [{"name": "部品A", "amount": 500000}, {"name": "部品B", "amount": 622270}],
        },
        {
            "issue_date": "令和6年3月15日", "due_date": "令和６年４月３０日", "contract_date": "昭和五十八年十二月一日",
            "customer": "株式会社山田製作所", "total": "1,234,500", "tax": "112,227", "lines[0].amount": "500,000",
            "lines[1].name": "部品Ｂ", "lines[1].amount": "６２２，２７０",
        },
        (date(2023, 3, 15), date(2006, 3, 15), 1234501, "株式会社田中製作所"),
    ),
    "arabic": Paper(
        "فاتورة رقم ١٠٤٢\nالتاريخ: ١٥/٠٣/٢٠٢٤\nالمورد: شركة النور للتجارة\nالمجموع الفرعي: ١٬٢٠٠٫٥٠ ريال\n"
        "ضريبة القيمة المضافة ١٥٪: ١٨٠٫٠٨\nالإجمالي: ١٬٣٨٠٫٥٨ ريال\n",
        {
            "invoice_number": "1042", "date": date(2024, 3, 15), "vendor": "شركة النور للتجارة", "subtotal": 1200.5,
            "vat": 180.08, "total": 1380.58, "vat_rate": 0.15,
        },
        {
            "invoice_number": "١٠٤٢", "date": "١٥/٠٣/٢٠٢٤", "vendor": "شركة النور للتجارة", "subtotal": "١٬٢٠٠٫٥٠",
            "vat": "١٨٠٫٠٨", "total": "١٬٣٨٠٫٥٨", "vat_rate": "١٥٪",
        },
        (1380.59, date(2024, 3, 16), 0.16),
    ),
    "hebrew": Paper(
        'חשבונית מס מספר 5571\nתאריך: 7 במרץ 2024\nלכבוד: יוסי כהן בע"מ\nסה"כ לתשלום: 2,340.00 ש"ח\n',
        {"number": "5571", "date": date(2024, 3, 7), "customer": 'יוסי כהן בע"מ', "total": 2340},
        {"number": "5571", "date": "7 במרץ 2024", "customer": 'יוסי כהן בע"מ', "total": "2,340.00"},
        (2340.5, date(2024, 3, 8)),
    ),
    "thai and chinese": Paper(
        "ใบแจ้งหนี้ วันที่ 15 มีนาคม 2567\n发票日期 二〇二四年三月五日\n發票 民國113年4月6日\n合计 壹万 10,000 元\n",
        {"thai": date(2024, 3, 15), "chinese": date(2024, 3, 5), "taiwan": date(2024, 4, 6), "total": 10000},
        {"thai": "15 มีนาคม 2567", "chinese": "二〇二四年三月五日", "taiwan": "民國113年4月6日", "total": "10,000"},
        (date(2024, 3, 6), date(2567, 3, 15), date(113, 4, 6)),
    ),
    "broken names": Paper(
        "This Agreement is entered into between Jean-\nBaptiste Delacroix-Moreau, residing in Saint-Germain-\n"
        "en-Laye, and the Interna-\ntional Widget Corpo-\nration, a Delaware corporation.\n"
        "The O’Brien family trust, represented by Mary-Jane O'Brien, guarantees.\n",
        {
            "seller": "Jean-Baptiste Delacroix-Moreau", "city": "Saint-Germain-en-Laye",
            "buyer": "International Widget Corporation", "guarantor": "Mary-Jane O’Brien",
        },
        {
            "seller": "Jean-\nBaptiste Delacroix-Moreau", "city": "Saint-Germain-\nen-Laye",
            "buyer": "Interna-\ntional Widget Corpo-\nration", "guarantor": "Mary-Jane O'Brien",
        },
        ("Jean-Paul Delacroix", "International Gadget Corporation", "Mary-Anne O'Brien"),
    ),
    "labels above": Paper(
        "Order number\nPO-7781\nCustomer\nAcme Tools\nShip date\n12 January 2024\nInvoice date\n12 February 2024\n"
        "Quantity\n40\nUnit price\n2.50\nDiscount\n40\nAmount\n100.00\n",
        {
            "order_number": "PO-7781", "ship_date": date(2024, 1, 12), "invoice_date": date(2024, 2, 12),
            "quantity": 40, "discount": 40, "amount": 100,
        },
        {
            "order_number": "PO-7781", "ship_date": "12 January 2024", "invoice_date": "12 February 2024",
            "quantity": ("40", 9), "discount": ("40", 13), "amount": "100.00",
        },
        (41, date(2024, 3, 12), "PO-7782"),
    ),
    "signs and shares": Paper(
        "Statement of account\nOpening balance            500.00\n01 Mar  Rent              (500.00)\n"
        "02 Mar  Refund             500.00\n05 Mar  Insurance         (125.40)\n"
        "Closing balance            374.60\nInterest rate 4.25 % p.a.\nFee ratio 0.35\n"
        "Loss for the period: -1 250,75\nCredit  75.00-\n",
        {
            "opening_balance": 500, "closing_balance": 374.6, "interest_rate": 0.0425, "fee_ratio": 0.35,
            "loss": -1250.75, "credit": -75,
            "transactions": [
                {"description": "Rent", "amount": -500},
                {"description": "Refund", "amount": 500},
                {"description": "Insurance", "amount": -125.4},
            ],
        },
        {
            "opening_balance": ("500.00", 1), "closing_balance": "374.60", "interest_rate": "4.25 %",
            "fee_ratio": "0.35", "loss": "-1 250,75", "credit": "75.00-", "transactions[0].amount": ("(500.00)", 2),
            "transactions[1].amount": ("500.00", 3), "transactions[2].amount": ("(125.40)", 4),
        },
        (375, 0.0475, 126.4, -374.61),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(PAPERS))
def test_values_are_found_as_they_are_written_there(name: str) -> None:
    """Each value is cited at the words, and on the line, that state it."""
    paper = PAPERS[name]
    found = in_text(paper.values, paper.text)

    wrong = {}
    for path, place in paper.places.items():
        best = next(iter(found[path]), None)
        line = None if best is None else paper.text.count("\n", 0, best.start)
        got = None if best is None else best.text if isinstance(place, str) else (best.text, line)
        if got != place:
            wrong[path] = (got, place)
    assert {} == wrong


@pytest.mark.parametrize("name", list(PAPERS))
def test_what_is_not_there_is_not_found(name: str) -> None:
    """Values that differ by a digit, a word or a calendar from what is there have no evidence."""
    paper = PAPERS[name]
    found = in_text({f"field_{n}": value for n, value in enumerate(paper.absent)}, paper.text)

    assert {} == {path: citations[0].text for path, citations in found.items() if citations}


LEFT = [
    "12.1 The Supplier shall", "indemnify the Customer", "against all losses that", "arise from a breach of",
    "its obligations under", "this Agreement, pro-",
]  # fmt: skip
NEXT = ["vided that the Customer", "gives notice in writing", "within thirty days."]
RIGHT = ["13.1 Either party may", "terminate this Agreement", "on ninety days' notice."]


def columns(left: Sequence[str], right: Sequence[str]) -> list[tuple[float, float, str]]:
    """Two columns of lines, as a page draws them: the left one first."""
    return [(x, 100.0 + 14 * n, line) for x, lines in ((60.0, left), (320.0, right)) for n, line in enumerate(lines)]


def test_a_clause_in_columns_goes_on_over_the_page() -> None:
    """A clause in the left column that goes on on the next page is cited in pieces, without the column beside it."""
    content = pdf(columns(LEFT, RIGHT), columns(NEXT, ["Signed in Ghent"]))
    clause = " ".join([*LEFT, *NEXT]).replace("pro- vided", "provided").removeprefix("12.1 ")

    best = locate({"indemnity": clause, "term": " ".join(RIGHT)}, content)["indemnity"][0]
    pages = [piece["page"] for piece in best.metadata.get("pieces", [])]

    assert (1, 2) == (best.page, pages[-1])
    assert "Either party" not in best.text
    assert best.text.startswith("The Supplier shall")
    assert best.text.endswith("within thirty days")
    assert all(rect[2] < 320 for piece in best.metadata["pieces"] for rect in piece["rects"])
    assert [] == locate({"indemnity": clause.replace("thirty", "sixty")}, content)["indemnity"]


def test_the_same_amount_in_several_rows_stands_in_its_own() -> None:
    """Amounts that repeat down a table are each cited in the row of their item, though cells are drawn by column."""
    names, amounts = ["Hinges", "Screws", "Brackets", "Delivery"], ["40.00", "12.50", "40.00", "12.50"]
    cells = [(60.0, 200.0 + 20 * n, name) for n, name in enumerate(names)]
    cells += [(400.0, 200.0 + 20 * n, amount) for n, amount in enumerate(amounts)]
    values = {"items": [{"name": n, "amount": float(a)} for n, a in zip(names, amounts, strict=True)]}

    found = locate(values, pdf(cells))

    tops = [found[f"items[{n}].amount"].rects[0][1] for n in range(4)]
    assert sorted(tops) == tops
    assert 4 == len({round(top) for top in tops})
