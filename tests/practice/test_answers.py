"""What the label reader finds in documents and texts: honest extraction, typed by the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.documents.pdf import open_pdf
from batchata_nb.practice.answer import answer, input_tokens, material
from batchata_nb.practice.ask import Ask, Source

LINE = {
    "type": "object",
    "properties": {
        "description": {"type": "string"},
        "quantity": {"type": "number"},
        "unit_price": {"type": "number"},
        "amount": {"type": "number"},
    },
    "required": ["description", "quantity", "unit_price", "amount"],
}
INVOICE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "invoice_date": {"type": "string", "format": "date"},
        "due_date": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "vendor": {"type": "string"},
        "customer": {"type": "string", "description": "who is billed"},
        "purchase_order": {"type": ["string", "null"]},
        "currency": {"type": "string"},
        "subtotal": {"type": "number"},
        "tax": {"type": "number"},
        "total_amount": {"type": "number"},
        "payment_status": {"type": "string", "enum": ["paid", "unpaid", "unknown"]},
        "lines": {"type": "array", "items": LINE},
    },
}
INVOICE["required"] = list(INVOICE["properties"])


def ask(schema: Any, prompt: str = "Extract.", *sources: Source, **more: Any) -> Any:
    """The answer as JSON."""
    return json.loads(answer(Ask("m", prompt, sources=list(sources), schema=schema, json=True, **more)).text)


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def drawn(draw: Any, family: str = "Helvetica") -> Source:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font(family, size=10)
    draw(pdf)
    return Source("pdf", data=bytes(pdf.output()))


def columns(pdf: Any, rows: Any, widths: Any, aligns: str) -> None:
    for row in rows:
        for text, width, align in zip(row, widths, aligns, strict=True):
            pdf.cell(width, 7, text, align=align)
        pdf.ln()


def british(pdf: Any) -> None:
    """Fields at the right, the customer in a block under its label, a stamp at the end."""
    for y, text in (
        (10, "Brightwater Design Studio"),
        (16, "14 Harbour Road, Bristol"),
        (40, "Bill To:"),
        (46, "Acme Ltd"),
    ):
        pdf.set_xy(10, y)
        pdf.cell(80, 6, text)
    pdf.set_xy(120, 10)
    pdf.cell(60, 10, "INVOICE")
    labels = (("Invoice #", "BW-0077"), ("Date", "03/04/2026"), ("Due Date", "05/04/2026"), ("P.O. #", "PO-5512"))
    for number, (label, value) in enumerate(labels):
        pdf.set_xy(120, 40 + 6 * number)
        pdf.cell(35, 6, label, align="R")
        pdf.cell(35, 6, value, align="R")
    pdf.set_xy(10, 80)
    rows = (
        ("Qty", "Item description", "Rate", "Line total"),
        ("3", "Logo concepts", "250.00", "750.00"),
        ("12", "Hours of tax consulting", "80.50", "966.00"),
    )
    columns(pdf, rows, (15, 90, 35, 35), "LLRR")
    sums = (("", "Subtotal", "1,716.00"), ("", "VAT (20%)", "343.20"), ("", "Balance due", "£2,059.20"))
    columns(pdf, sums, (105, 35, 35), "LRR")
    pdf.cell(0, 7, "Thank you for your business. PAID")


def continental(pdf: Any) -> None:
    """Two labels on one line, decimal commas, the currency behind the amounts."""
    lines = (
        "Nord Handel GmbH",
        "Invoice No. 2026-118          Invoice Date: 12.05.2026",
        "Customer: Weber & Sons       Payment due: 11.06.2026",
    )
    for line in lines:
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    rows = (
        ("Pos", "Article", "Quantity", "Unit price", "Total"),
        ("1", "Steel coil", "10", "100,00 EUR", "1.000,00 EUR"),
        ("2", "Pallet", "4", "12,50 EUR", "50,00 EUR"),
    )
    columns(pdf, rows, (12, 60, 25, 35, 35), "LLLLL")
    sums = (("Net amount:", "1.050,00 EUR"), ("VAT 19 %:", "199,50 EUR"), ("Total amount:", "1.249,50 EUR"))
    columns(pdf, sums, (132, 35), "LL")
    pdf.cell(0, 6, "Status: open / unpaid")


def american(pdf: Any) -> None:
    """Labels above their values, a description that wraps in a cell, no status."""
    pdf.cell(0, 6, "Invoice from Cloud Hosting Inc.", new_x="LMARGIN", new_y="NEXT")
    columns(
        pdf,
        (("INVOICE NUMBER", "DATE OF ISSUE", "DUE"), ("CH-9", "June 1, 2026", "June 30, 2026")),
        (60, 60, 60),
        "LLL",
    )
    pdf.cell(0, 6, "Customer: Jane Doe", new_x="LMARGIN", new_y="NEXT")
    with pdf.table(col_widths=(70, 20, 30, 30)) as table:
        for row in (
            ("Service", "Hours", "Rate", "Amount"),
            ("Managed cluster with nightly backups and a very long description that wraps", "1", "$300.00", "$300.00"),
            ("Support", "2.5", "$120.00", "$300.00"),
        ):
            cells = table.row()
            for text in row:
                cells.cell(text)
    sums = (
        ("Subtotal", "$600.00"),
        ("Tax (8.5%)", "$51.00"),
        ("Amount paid", "$0.00"),
        ("Amount due (USD)", "$651.00"),
    )
    columns(pdf, sums, (120, 30), "LL")


def line(description: str, quantity: float, unit_price: float) -> dict[str, Any]:
    return {
        "description": description,
        "quantity": quantity,
        "unit_price": unit_price,
        "amount": quantity * unit_price,
    }


LAYOUTS: dict[str, Any] = {
    "british": (british, "Times", {
        "invoice_number": "BW-0077", "invoice_date": "2026-04-03", "due_date": "2026-04-05",
        "vendor": "Brightwater Design Studio", "customer": "Acme Ltd", "purchase_order": "PO-5512", "currency": "GBP",
        "subtotal": 1716.0, "tax": 343.2, "total_amount": 2059.2, "payment_status": "paid",
        "lines": [line("Logo concepts", 3, 250.0), line("Hours of tax consulting", 12, 80.5)],
    }),
    "continental": (continental, "Courier", {
        "invoice_number": "2026-118", "invoice_date": "2026-05-12", "due_date": "2026-06-11",
        "vendor": "Nord Handel GmbH", "customer": "Weber & Sons", "purchase_order": None, "currency": "EUR",
        "subtotal": 1050.0, "tax": 199.5, "total_amount": 1249.5, "payment_status": "unpaid",
        "lines": [line("Steel coil", 10, 100.0), line("Pallet", 4, 12.5)],
    }),
    "american": (american, "Helvetica", {
        "invoice_number": "CH-9", "invoice_date": "2026-06-01", "due_date": "2026-06-30",
        "vendor": "Cloud Hosting Inc.", "customer": "Jane Doe", "purchase_order": None, "currency": "USD",
        "subtotal": 600.0, "tax": 51.0, "total_amount": 651.0, "payment_status": "unknown",
        "lines": [
            line("Managed cluster with nightly backups and a very long description that wraps", 1, 300.0),
            line("Support", 2.5, 120.0),
        ],
    }),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_invoices_of_several_layouts_are_read(layout: str) -> None:
    """Fields, stacked labels and tables are found by their labels, in each country's way of writing."""
    draw, family, expected = LAYOUTS[layout]

    assert expected == ask(INVOICE, "Extract.", drawn(draw, family))


def test_a_table_goes_on_on_the_next_page() -> None:
    """A table with its header repeated on every page gives one list."""

    def draw(pdf: Any) -> None:
        with pdf.table(col_widths=(100, 30, 30, 30)) as table:
            for row in [("Item", "Qty", "Unit price", "Amount")] + [
                (f"Part {n}", "2", "1.50", "3.00") for n in range(60)
            ]:
                cells = table.row()
                for text in row:
                    cells.cell(text)

    lines = ask(fields(lines={"type": "array", "items": LINE}), "Extract.", drawn(draw))["lines"]

    assert [f"Part {n}" for n in range(60)] == [each["description"] for each in lines]


def test_a_table_goes_on_without_its_header() -> None:
    """A table whose header is not repeated goes on where the next page has whole rows."""

    def draw(pdf: Any) -> None:
        rows = [("Item", "Qty", "Unit price", "Amount"), *((f"Part {n}", "2", "1.50", "3.00") for n in range(60))]
        columns(pdf, [*rows, ("Total", "", "", "180.00")], (90, 30, 30, 30), "LRRR")

    lines = ask(fields(lines={"type": "array", "items": LINE}), "Extract.", drawn(draw))["lines"]

    assert [f"Part {n}" for n in range(60)] == [each["description"] for each in lines]


def test_what_stands_beside_a_table_is_not_in_it() -> None:
    """Text left of a table, on the height of a row, is no cell; it can still be a label."""

    def draw(pdf: Any) -> None:
        rows = [
            ("", "Item", "Qty", "Unit price", "Amount"),
            ("Date 5 May 2026", "Oak table", "2", "450.00", "900.00"),
            ("Due 9 May 2026", "Chair", "1", "50.00", "50.00"),
        ]
        columns(pdf, rows, (50, 50, 20, 30, 30), "LLRRR")

    schema = fields(due_date={"type": "string", "format": "date"}, lines={"type": "array", "items": LINE})
    found = ask(schema, "Extract.", drawn(draw))

    assert {"due_date": "2026-05-09", "lines": [line("Oak table", 2, 450.0), line("Chair", 1, 50.0)]} == found


TABLES = {
    "markdown": "| Item | Qty | Unit price | Amount |\n|---|---|---|---|\n| Oak table | 2 | 450.00 | 900.00 |\n",
    "csv": "Item;Qty;Unit price;Amount\nOak table;2;450.00;900.00\nChair;;;\n",
    "aligned": (
        "Item           Qty    Unit price   Amount\n"
        "Oak table      2        450.00   900.00\n"
        "Total                              900.00\n"
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_in_texts_are_read(kind: str) -> None:
    """Markdown, CSV and aligned columns are tables too; the total is no row."""
    lines = ask(fields(lines={"type": "array", "items": LINE}), "Extract.", Source("text", parts=(TABLES[kind],)))[
        "lines"
    ]

    assert [line("Oak table", 2, 450.0)] == [each for each in lines if each["amount"]]


@pytest.mark.parametrize(
    ("message", "sentiment", "urgent"),
    [
        ("I love the new dashboard, thank you! It is great.", "positive", False),
        ("My order arrived damaged and nobody answers. This is urgent.", "negative", True),
        ("The app is fast, but the download fails every time. Not urgent.", "mixed", False),
        ("It is not good.", "negative", False),
    ],
)
def test_support_messages_are_judged_by_their_words(message: str, sentiment: str, urgent: bool) -> None:
    """Tone comes from a list of words, minding negation; a yes or no from whether the word is there."""
    schema = fields(sentiment={"enum": ["positive", "negative", "mixed"]}, urgent={"type": "boolean"})

    assert {"sentiment": sentiment, "urgent": urgent} == ask(schema, f"Classify this support message:\n{message}")


def test_topics_are_frequent_nouns_and_as_many_as_allowed() -> None:
    """A list of topics holds at most the number the description allows."""
    topics = {"type": "array", "items": {"type": "string"}, "description": "at most two"}
    found = ask(
        fields(topics=topics),
        "Classify:\nThe invoice is late. The invoice and the parcel are lost. A parcel! And shoes.",
    )

    assert {"topics": ["invoice", "parcel"]} == found


def test_what_is_not_there_is_as_little_as_its_type_allows() -> None:
    """Nothing found: null where allowed, left out where optional, else empty, zero, false or the shyest word."""
    schema = {
        "type": "object",
        "properties": {
            "a_text": {"type": "string"},
            "iban": {"type": "string"},
            "weight": {"type": "number"},
            "pages": {"type": "integer"},
            "signed": {"type": "boolean"},
            "delivery_date": {"type": ["string", "null"], "format": "date"},
            "colour": {"enum": ["red", "unknown"]},
            "parts": {"type": "array", "items": {"type": "string"}},
            "note": {"type": "string"},
        },
        "required": ["a_text", "iban", "weight", "pages", "signed", "colour", "parts", "delivery_date"],
    }
    expected = {
        "a_text": "", "iban": "", "weight": 0, "pages": 0, "signed": False, "delivery_date": None, "colour": "unknown",
        "parts": [],
    }  # fmt: skip

    assert expected == ask(schema, "Extract.", Source("text", parts=("Nothing of interest.",)))


def test_references_unions_and_nesting_are_followed() -> None:
    """Nested objects, $ref, anyOf with null, const and decimals as strings are filled."""
    schema = {
        "type": "object",
        "$defs": {"Party": fields(name={"type": "string"}, vat_id={"type": "string"})},
        "properties": {
            "kind": {"const": "invoice"},
            "seller": {"$ref": "#/$defs/Party"},
            "total": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?\d+$"}, {"type": "null"}]},
            "fee": {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"},
        },
        "required": ["kind", "seller", "total", "fee"],
    }
    text = "Seller: Oak & Sons\nSeller VAT ID: GB123\nTotal: 1,234.50\nFee: 12.50"
    expected = {"kind": "invoice", "seller": {"name": "Oak & Sons", "vat_id": "GB123"}, "total": 1234.5, "fee": "12.5"}

    assert expected == ask(schema, "Extract.", Source("text", parts=(text,)))


def test_a_name_after_its_kind_is_read() -> None:
    """A kind and a name in capitals after it give the name, also in the question; a question mark wants a reply."""
    schema = fields(product={"type": "string"}, wants_reply={"type": "boolean"})
    prompt = "Classify this message about the product Desk Lamp:\nIs it safe?"

    assert {"product": "Desk Lamp", "wants_reply": True} == ask(schema, prompt)


def test_labels_in_the_prompt_are_read() -> None:
    """Without a document the labels are looked up in the prompt, several on a line."""
    schema = fields(name={"type": "string"}, age={"type": "integer"})

    assert {"name": "Ann Smith", "age": 41} == ask(schema, "Extract the person: Name: Ann Smith, Age: 41")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Classify this message:\nIt is late.", "It is late."),
        ("Classify this message: It is late.", "It is late."),
        ("Classify the message.\n\nIt is late.", "It is late."),
        ("It is late.", "It is late."),
        ('Look:\n<document name="a">\nIt is late.\n</document>\nWhat is it?', "It is late."),
        ('Classify:\nIt is late.\n\nAnswer with JSON of this schema.\n\n{"type": "object"}', "It is late."),
        ("[[practice: truncate]]Classify:\nIt is late.", "It is late."),
    ],
)  # fmt: skip
def test_instructions_are_told_from_what_they_are_about(prompt: str, expected: str) -> None:
    """Only the material of a prompt is searched, not the instructions before and after it."""
    assert expected == material(prompt)


ENVELOPE = fields(
    answer=fields(status={"enum": ["paid", "unpaid"]}, lines={"type": "array", "items": LINE}),
    quotes={"type": "array", "items": fields(field={"type": "string"}, quote={"type": "string"})},
)


def test_an_envelope_is_filled_with_verbatim_quotes() -> None:
    """Quotes name the path inside the answer and repeat the document's own words."""
    text = "Status: unpaid since May.\n\nItem;Qty;Unit price;Amount\nOak table;2;450.00;900.00\nChair;1;5.00;5.00"
    found = ask(ENVELOPE, "Extract.", Source("text", parts=(text,)))
    quotes = {each["field"]: each["quote"] for each in found["quotes"]}

    assert "unpaid" == found["answer"]["status"]
    assert "Status: unpaid since May." == quotes["status"]
    assert all(quote in text for quote in quotes.values())


def test_an_envelope_changes_no_value() -> None:
    """The same document gives the same values with quotes beside them as without."""
    invoices = Path(__file__).resolve().parents[2] / "example_notebooks" / "invoices"
    bill = fields(vendor={"type": "string"}, total_amount={"type": "number"})
    envelope = fields(answer=bill, quotes=ENVELOPE["properties"]["quotes"])
    for path in sorted(invoices.glob("*.pdf")):
        source = Source("pdf", data=path.read_bytes())

        assert ask(bill, "Who bills how much?", source) == ask(envelope, "Who bills how much?", source)["answer"]


def test_an_envelope_around_plain_text_answers_in_sentences() -> None:
    """A string named `answer` gets the matching sentences, and `answer` is the path of its quote."""
    envelope = fields(answer={"type": "string"}, quotes=ENVELOPE["properties"]["quotes"])
    source = Source("text", parts=("The rent is 750. The lease ends on 31 May 2026. Bye.",))
    found = ask(envelope, "When does the lease end?", source)

    assert "The lease ends on 31 May 2026." == found["answer"]
    assert [{"field": "answer", "quote": "The lease ends on 31 May 2026."}] == found["quotes"]


def test_plain_questions_are_answered_with_sentences() -> None:
    """Without a schema the answer quotes the sentences that share words with the question."""
    source = Source("text", parts=("The rent is 750. The lease ends on 31 May 2026. Bye.",))

    assert (
        "The document says: The lease ends on 31 May 2026."
        == answer(Ask("m", "When does the lease end?", sources=[source])).text
    )


def test_a_picture_has_no_text_to_quote() -> None:
    """An image alone gives an answer that says so, for the price of an image."""
    request = Ask("m", "", sources=[Source("image", data=b"\x89PNG")])

    assert "hold no text" in answer(Ask("m", "", sources=[Source("image", data=b"x")])).text
    assert input_tokens(request) > 1000


def test_quotes_from_a_pdf_stand_on_their_page() -> None:
    """A quote from a PDF is on the page it was taken from, but for white space."""
    source = drawn(continental, "Courier")
    envelope = fields(answer=INVOICE, quotes=ENVELOPE["properties"]["quotes"])
    quotes = ask(envelope, "Extract.", source)["quotes"]
    with open_pdf(source.data) as pdf:
        text = " ".join(pdf.text(1).split())

    assert "lines[1].amount" in {each["field"] for each in quotes}
    assert [] == [each for each in quotes if each["quote"] not in text]


def test_the_same_request_costs_and_says_the_same() -> None:
    """Answers and token counts are deterministic, and longer documents cost more."""
    short, long = (Ask("m", "Total?", sources=[Source("text", parts=("Total: 5. " * n,))]) for n in (1, 100))

    assert answer(short).text == answer(short).text
    assert input_tokens(short) < input_tokens(long)


@pytest.mark.parametrize(
    ("labels", "values", "expected"),
    [
        ("Rechnungsnummer|Rechnungsdatum|Zahlbar bis|Nettobetrag|Gesamtbetrag",
         "2026-7|3. März 2026|2. April 2026|10,00|11,90", ("2026-7", "2026-03-03", "2026-04-02", 11.9)),
        ("Numéro de facture|Date de facture|Date d'échéance|Total HT|Total TTC",
         "F-9|5 février 2026|7 mars 2026|10,00|12,00", ("F-9", "2026-02-05", "2026-03-07", 12)),
        ("Número de factura|Fecha de factura|Vencimiento|Base imponible|Total a pagar",
         "41|26/01/2026|25/02/2026|10,00|12,10", ("41", "2026-01-26", "2026-02-25", 12.1)),
        ("Fakturanummer|Fakturadatum|Förfallodatum|Netto|Att betala",
         "N-1|2026-02-13|2026-03-15|10,00|12,50", ("N-1", "2026-02-13", "2026-03-15", 12.5)),
    ],
)  # fmt: skip
def test_labels_of_other_languages_are_known(labels: str, values: str, expected: tuple[Any, ...]) -> None:
    """Invoices in German, French, Spanish and Swedish are read by their own labels."""
    names = ("invoice_number", "invoice_date", "due_date", "total_amount")
    schema = fields(**{name: INVOICE["properties"][name] for name in names})
    text = "\n".join(f"{label}: {value}" for label, value in zip(labels.split("|"), values.split("|"), strict=True))

    assert dict(zip(names, expected, strict=True)) == ask(schema, "Extract.", Source("text", parts=(text,)))


@pytest.mark.parametrize("rotation", [90, 270])
def test_a_page_on_its_side_is_read(rotation: int) -> None:
    """A sheet that was filed on its side is read as if it were turned."""
    import io

    import pypdfium2

    def lines(pdf: Any) -> None:
        columns(pdf, [("Invoice number", "TB-12"), ("Due date", "2026-04-05"), ("Total due", "12.50")], (60, 40), "LR")

    out = io.BytesIO()
    with pypdfium2.PdfDocument(drawn(lines).data) as document:
        document[0].set_rotation(rotation)
        document.save(out)
    schema = fields(**{name: INVOICE["properties"][name] for name in ("invoice_number", "due_date", "total_amount")})
    found = ask(schema, "Extract.", Source("pdf", data=out.getvalue()))

    assert found == {"invoice_number": "TB-12", "due_date": "2026-04-05", "total_amount": 12.5}
