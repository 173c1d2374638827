"""What a person says about results: kept, checked against the schema, and handed on."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, Field, model_validator

from batchata_nb import Batch, ValidationError
from batchata_nb.runs.corrections import corrected, reviewed
from batchata_nb.runs.launch import attach
from batchata_nb.runs.schemas import schema_of

pytestmark = pytest.mark.usefixtures("folder")
INVOICE = "Invoice number: A-1042\nDate: 2026-03-25\nVendor: Northwind Traders\nTotal: 1,234.50\n"


class Invoice(BaseModel):
    invoice_number: str
    vendor: str
    total: Decimal
    date: date


class Line(BaseModel):
    item: str
    count: int = Field(ge=1)
    kind: Literal["goods", "service"] | None = None


class Order(BaseModel):
    lines: list[Line]
    due: date | None = None
    weight: float = Field(gt=0)
    paid: bool
    code: str = Field(pattern="^[A-Z]{2}$")


class Person(BaseModel):
    name: str = Field(alias="Full name")
    town: str


class Bought(BaseModel):
    net: int = Field(alias="Net amount")
    buyer: Person

    @model_validator(mode="after")
    def _enough(self) -> Bought:
        if self.net < 1:
            raise ValueError("too small")
        return self


ORDER = {
    "lines": [{"item": "desk", "count": 2, "kind": None}, {"item": "lamp", "count": 1, "kind": "goods"}],
    "due": "2026-03-25",
    "weight": 2.5,
    "paid": False,
    "code": "AB",
}


def invoices(name="invoices", total="1,234.50", **options):
    """Return a finished run over two invoices."""
    rows = [{"id": name, "text": INVOICE.replace("1,234.50", t)} for name, t in (("a", total), ("b", "8.00"))]
    batch = Batch(**options).use_practice().set_default_params(model="claude-sonnet-5-5")
    batch.add_jobs("Extract: {{ text }}", over=rows, id_column="id", response_model=Invoice)
    return batch.run(wait=True)


def test_verdicts_are_kept_by_job_and_field():
    """A verdict is there at once, by row or by id, and is taken back with None."""
    run = invoices()
    run.review(0, "vendor", "confirmed")
    run.review("b", "total", "rejected")
    first, second = run.job_ids

    assert {first: {"vendor": "confirmed"}, second: {"total": "rejected"}} == {
        job: {path: review.verdict for path, review in found.items()} for job, found in run.reviews().items()
    }

    run.review(0, "vendor", None)
    assert [second] == list(run.reviews())


def test_a_correction_is_read_as_the_field_is():
    """What is typed becomes a value of the field's type; what does not fit is refused, and nothing is kept of it."""
    run = invoices()
    kept = run.review(0, "total", "corrected", "1240.00")
    with pytest.raises(ValidationError, match="total: Input should be a valid decimal"):
        run.review(0, "total", "corrected", "about 12")

    assert "1240.00" == kept.value
    assert "1240.00" == run.reviews()[run.job_ids[0]]["total"].value


@pytest.mark.parametrize(
    ("row", "path", "verdict", "words"),
    [
        (0, "tax", "confirmed", "no field 'tax'; its fields are invoice_number, vendor, total, date"),
        (7, "total", "confirmed", "no row 7"),
        ("nobody", "total", "confirmed", "no job 'nobody'"),
        (0, "total", "maybe", "no verdict 'maybe'; use confirmed, corrected, rejected, or None"),
    ],
)
def test_what_is_not_there_cannot_be_reviewed(row, path, verdict, words):
    """An unknown row, id, field or verdict is refused by name."""
    with pytest.raises(ValidationError, match=words):
        invoices().review(row, path, verdict)


def test_verdicts_outlive_the_kernel_and_follow_the_answer():
    """Another handle on the store knows them, and so does another run that reuses the answer; a new answer does not."""
    first = invoices()
    first.review(0, "total", "confirmed")
    again = attach(first.name, state_file=str(first.store.path))
    other = invoices(total="99.00")

    assert "confirmed" == again.reviews()[first.job_ids[0]]["total"].verdict
    assert first.run_id != other.run_id
    assert {} == other.reviews()


def test_a_verdict_does_not_count_for_another_value():
    """When the answer to the same job says something else, the old verdict is not shown for it."""
    run = invoices()
    run.review(0, "total", "confirmed")
    with run.store._write() as db:
        db.execute("UPDATE reviews SET seen = '\"1.00\"'")

    assert {} == run.reviews()
    assert [None] * 4 == [field["review"] for field in run.detail(0)["fields"]]


def test_views_show_what_was_said():
    """The evidence view has each field's verdict; the table has how far each row is checked; the run how many are."""
    run = invoices()
    for path in ("vendor", "date", "invoice_number"):
        run.review(0, path, "confirmed")
    run.review(0, "total", "corrected", "5")
    run.review(1, "total", "rejected")
    fields = {field["path"]: field["review"] for field in run.detail(0)["fields"]}
    _, rows = run.rows(0, 10)

    assert {"verdict": "corrected", "value": "5"} == fields["total"]
    assert {"verdict": "confirmed", "value": None} == fields["vendor"]
    assert [{"done": 4, "of": 4, "wrong": 1}, {"done": 1, "of": 4, "wrong": 1}] == [row["review"] for row in rows]
    assert {"begun": 2, "done": 1, "confirmed": 3, "corrected": 1, "rejected": 1} == run.review_progress()


def test_exports_hold_the_verdicts(folder):
    """Frames get columns for reviewed fields alone; JSON lines and HTML say the same."""
    run = invoices()
    assert not [column for column in run.to_df() if "review" in column]
    run.review(0, "total", "corrected", "5")
    run.review(1, "vendor", "confirmed")
    frame = run.to_df()
    lines = [json.loads(line) for line in run.to_jsonl(folder / "out.jsonl").read_text("utf-8").splitlines()]

    assert ["corrected", None] == [None if value != value else value for value in frame["total.review"]]
    assert "5" == frame["total.corrected"][0]
    assert "confirmed" == frame["vendor.review"][1]
    assert [("total", "corrected", "5"), ("vendor", "confirmed", None)] == [
        (path, said["verdict"], said["value"]) for line in lines for path, said in line["reviews"].items()
    ]


def test_a_table_is_signed(folder, monkeypatch):
    """Who reviewed and when stands beside each verdict, in the frame, in JSON lines and in the report."""
    run = invoices()
    monkeypatch.setenv("BATCHATA_REVIEWER", "Ada <Byron>")
    run.review(0, "total", "corrected", "5")
    run.review(0, "vendor", "rejected", reviewer="Charles")
    frame, html = run.to_df(), run.export_html(folder / "out.html").read_text("utf-8")
    said = json.loads(run.to_jsonl(folder / "out.jsonl").read_text("utf-8").splitlines()[0])["reviews"]

    at = datetime.fromisoformat(frame["reviewed_at"][0])
    minute = f"{at:%Y-%m-%d %H:%M} UTC"

    assert "Ada <Byron>, Charles" == frame["reviewed_by"][0]
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=2)
    assert {"total": "Ada <Byron>", "vendor": "Charles"} == {path: each["reviewer"] for path, each in said.items()}
    assert "<strong>Reviewed in part by Ada &lt;Byron&gt;, Charles, " in html
    assert f"{minute}: 0 of 2 results are checked in every field; fields 1 corrected, 1 rejected." in html
    assert re.search(r"<s>1,?234\.50?</s><br><strong>5</strong>", html)
    assert f"<strong>rejected</strong><br><small>Charles, {minute}</small>" in html
    assert 2 == html.count("<small>not checked</small>")


def test_a_reviewed_frame_has_what_the_person_said():
    """Corrected values stand in place of the answer's, with the field's type; rejected ones are empty."""
    run = invoices()
    run.review(0, "total", "corrected", "5.10")
    run.review(1, "vendor", "rejected")
    run.review(1, "date", "corrected", "2026-04-01")
    told, plain = run.to_df(reviewed=True), run.to_df()

    assert [Decimal("5.10"), Decimal("8")] == [Decimal(value) for value in told["total"]]
    assert [date(2026, 3, 25), date(2026, 4, 1)] == list(told["date"])
    assert ("Northwind Traders", True) == (told["vendor"][0], bool(told["vendor"].isna()[1]))
    assert ["Northwind Traders"] * 2 == list(plain["vendor"])
    assert list(plain) == list(told)


def test_reviewed_data_goes_by_the_names_of_fields():
    """Fields that travel under an alias are corrected and rejected too; plain data needs no class."""
    bought = Bought(**{"Net amount": 3, "buyer": {"Full name": "Ann", "town": "Bath"}})

    assert {"net": 4, "buyer": {"name": None, "town": "Bath"}} == reviewed(
        bought, {"Net amount": 4}, ["buyer.Full name"]
    )
    assert {"a": [1, None]} == reviewed({"a": [1, 2]}, {}, ["a[1]"])
    with pytest.raises(ValidationError, match=r"do not fit the schema together: .*too small"):
        reviewed(bought, {"Net amount": 0}, [])


def test_a_plain_answer_is_put_right_in_the_frame():
    """An answer without fields is replaced by what was typed."""
    batch = Batch().use_practice().set_default_params(model="claude-sonnet-5-5")
    run = batch.add_job(prompt="Say hello.").run(wait=True)
    run.review(0, "answer", "corrected", "Good day.")

    assert ["Good day."] == list(run.to_df(reviewed=True)["answer"])
    assert run.to_df()["answer"][0] != "Good day."


def test_the_report_table_leaves_rejected_values_out(folder):
    """In the table at the head of the report corrected values stand in place, and rejected ones leave an empty cell."""
    run = invoices()
    run.review(0, "vendor", "rejected")
    run.review(0, "total", "corrected", "5")
    html = run.export_html(folder / "out.html").read_text("utf-8")
    row = re.search(r'<tr><td><a href="#r0">.*?</tr>', html)[0]

    assert "Northwind" not in row
    assert ">5<" in row
    assert "2026-03-25" in row


def test_the_signature_says_how_far_it_goes(folder):
    """A report says that nobody has looked, or that all was checked; never more than was done."""
    run = invoices()
    assert "Not reviewed by a person" in run.export_html(folder / "none.html").read_text("utf-8")
    for row in (0, 1):
        for field in run.detail(row)["fields"]:
            run.review(row, field["path"], "confirmed", reviewer="")

    html = run.export_html(folder / "all.html").read_text("utf-8")
    assert "<strong>Reviewed by an unnamed reviewer, 20" in html
    assert "2 of 2 results are checked in every field; fields 8 confirmed." in html
    assert run.signature() in html


def test_a_store_from_before_reviewers_is_read_and_goes_on():
    """Verdicts that were given when no reviewer was noted stand, with nobody's name; new ones have theirs."""
    run = invoices()
    run.review(0, "total", "confirmed", reviewer="Ada")
    with run.store._write() as db:
        db.execute("ALTER TABLE reviews DROP COLUMN reviewer")

    assert "" == run.reviews()[run.job_ids[0]]["total"].reviewer
    run.review(1, "total", "confirmed", reviewer="Grace")
    assert ["", "Grace"] == [run.reviews()[job]["total"].reviewer for job in run.job_ids]


def test_a_plain_answer_is_reviewed_as_a_whole():
    """An answer without fields is one field named answer."""
    batch = Batch().use_practice().set_default_params(model="claude-sonnet-5-5")
    run = batch.add_job(prompt="Say hello.").run(wait=True)
    run.review(0, "answer", "corrected", "Good day.")

    assert [{"verdict": "corrected", "value": "Good day."}] == [f["review"] for f in run.detail(0)["fields"]]
    assert "Good day." == run.to_df()["answer.corrected"][0]


FITS = [
    ("lines[1].count", "3", 3),
    ("lines[0].item", "12", "12"),
    ("lines[0].kind", "service", "service"),
    ("lines[1].kind", "", None),
    ("due", "2027-01-31", "2027-01-31"),
    ("due", "", None),
    ("weight", "7", 7),
    ("paid", "true", True),
    ("code", "XY", "XY"),
]
MISFITS = [
    ("lines[1].count", "0"),
    ("lines[1].count", "two"),
    ("lines[1].count", "2.5"),
    ("lines[0].kind", "gift"),
    ("due", "soon"),
    ("weight", "0"),
    ("paid", "perhaps"),
    ("code", "xyz"),
    ("lines[0].count", ""),
]


@pytest.mark.parametrize("model", [Order, None])
@pytest.mark.parametrize(("path", "typed", "right"), FITS)
def test_typed_text_becomes_the_value_it_stands_for(path, typed, right, model):
    """With the class at hand, and with its schema alone, text is read as a value of the field's type."""
    found = corrected(ORDER, path, typed, {}, schema_of(Order), model)

    assert right == found
    assert type(right) is type(found) or path == "weight"


@pytest.mark.parametrize("model", [Order, None])
@pytest.mark.parametrize(("path", "typed"), MISFITS)
def test_what_does_not_fit_is_refused(path, typed, model):
    """With the class at hand, and with its schema alone, a value that the field cannot have is refused by its path."""
    with pytest.raises(ValidationError, match=path.replace("[", r"\[")):
        corrected(ORDER, path, typed, {}, schema_of(Order), model)
