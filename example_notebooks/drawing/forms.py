"""How an invoice looks: five layouts. Used by `../make_documents.py`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from make_invoices import Line, Page, Writer, english, french, german, lines, swiss, table, total

from .languages import DATES, LANGUAGES, MONTHS, Words

CUSTOMER = "Meridian Museum of the Sea"
ADDRESS = "Meridian Museum of the Sea\n4 Lighthouse Walk\nBristol BS1 6XN\nUnited Kingdom"


@dataclass(frozen=True)
class Invoice:
    """One invoice: who asks for what, and how it is written there.

    Attributes:
        days: How a date is written: a key of `DATES`, or a format of `strftime`.
        rate: Tax in percent.
    """

    layout: Callable[[Invoice], Page]
    words: Words
    supplier: str
    place: str
    number: str
    dated: date
    due: date
    days: str
    currency: str
    write: Writer
    rate: str
    rows: Sequence[Line]
    colour: Sequence[int] = (228, 234, 238)

    def day(self, when: date) -> str:
        """Write a date as this country does."""
        if self.days in DATES:
            return DATES[self.days].format(d=when, m=MONTHS[self.days][when.month - 1])
        return when.strftime(self.days)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What stands above the table."""
        named = self.words
        pairs = [(named.number, self.number), (named.dated, self.day(self.dated)), (named.due, self.day(self.due))]
        return [*pairs, (named.to, CUSTOMER)]

    @property
    def sums(self) -> list[tuple[str, str]]:
        """What stands below it."""
        net = total(self.rows)
        tax = (net * Decimal(self.rate) / 100).quantize(Decimal("0.01"))
        mark, named = self.currency, self.words
        labels = (f"{named.net} {mark}", f"{named.tax} {self.rate} %", f"{named.total} {mark}")
        return [(label, self.write(amount)) for label, amount in zip(labels, (net, tax, net + tax), strict=True)]


def painted(of: Invoice, width: float, height: float) -> Page:
    """Begin a page with a coloured field in its corner, to be written on in white."""
    page = Page()
    page.set_fill_color(*of.colour)
    page.rect(0, 0, width, height, "F")
    page.set_text_color(255)
    return page


def charges(page: Page, of: Invoice, widths: Sequence[float], gap: float, border: str = "B") -> None:
    """Draw the table and, below it, what it sums up to."""
    page.rows(of.words.head, table(of.rows, of.write), widths, border)
    page.ln(gap)
    page.sums(of.sums, 192)


def letter(of: Invoice) -> Page:
    """Letterhead on top, ruled table."""
    page = Page(font="times")
    page.set_fill_color(*of.colour)
    page.say(of.supplier, 19, "B")
    page.say(of.place, 10)
    page.ln(9)
    page.say(of.words.title, 15, "B")
    page.ln(3)
    for label, value in of.facts:
        page.pair(f"{label}:", value, 11)
    page.ln(7)
    charges(page, of, (84, 22, 34, 34), 3)
    return page


def boxed(of: Invoice) -> Page:
    """Sender at the right, address window at the left, framed table."""
    page = Page()
    page.set_fill_color(*of.colour)
    page.put(104, 18, of.supplier, 13, "B", "R")
    page.put(104, 26, of.place.replace(", ", "\n"), 9, "", "R")
    page.put(18, 46, ADDRESS, 10)
    page.set_y(84)
    page.say(of.words.title.upper(), 15, "B")
    page.ln(3)
    for label, value in of.facts[:3]:
        page.pair(label, value)
    page.ln(5)
    charges(page, of, (84, 22, 34, 34), 2, border="1")
    return page


def barred(of: Invoice) -> Page:
    """A coloured bar with the facts at the side."""
    page = painted(of, 64, 297)
    page.put(8, 20, of.supplier, 11.5, "B")
    for number, (label, value) in enumerate(of.facts[:3]):
        page.put(8, 62 + 18 * number, f"{label}\n{value}", 10)
    page.put(8, 258, of.place.replace(", ", "\n"), 9)
    page.set_text_color(0)
    page.set_fill_color(255)
    page.set_left_margin(72)
    page.set_xy(72, 58)
    page.pair(of.words.to, CUSTOMER, 11)
    page.ln(6)
    charges(page, of, (54, 18, 24, 24), 4, border="")
    return page


def typed(of: Invoice) -> Page:
    """From a typewriter or an old system: one width for all letters."""
    page = Page(font="courier")
    page.say(of.supplier.upper(), 12, "B")
    page.say(of.place)
    page.say("=" * 72)
    for label, value in of.facts:
        page.say(f"{label + ':':<24}{value}")
    page.say("-" * 72)
    for row in [of.words.head, *table(of.rows, of.write)]:
        page.say(f"{row[0]:<34}{row[1]:>10}{row[2]:>14}{row[3]:>14}")
    page.say("-" * 72)
    for label, amount in of.sums:
        page.say(f"{label:<34}{amount:>38}")
    return page


def banner(of: Invoice) -> Page:
    """Coloured head with what is to be paid in large figures."""
    page = painted(of, 210, 48)
    page.put(18, 12, of.supplier, 15, "B")
    label, amount = of.sums[-1]
    page.put(18, 26, label, 9)
    page.put(18, 31, amount, 16, "B")
    page.put(108, 12, "\n".join(f"{label} {value}" for label, value in of.facts[:3]), 10, "", "R")
    page.set_text_color(0)
    page.set_fill_color(238)
    page.set_xy(18, 60)
    page.say(f"{of.words.to} {CUSTOMER}", 11)
    page.ln(5)
    charges(page, of, (80, 22, 36, 36), 3)
    page.put(18, 262, f"{of.supplier}, {of.place}", 8)
    return page


LAYOUTS = {layout.__name__: layout for layout in (letter, boxed, barred, typed, banner)}
WRITERS: dict[str, Writer] = {"english": english, "german": german, "french": french, "swiss": swiss}


def invoices() -> dict[str, Invoice]:
    """Read the invoices of `invoices.toml` by name."""
    book = tomllib.loads(Path(__file__).with_name("invoices.toml").read_text(encoding="utf-8"))
    found = {}
    for name, own in book["invoice"].items():
        facts = {**book["country"][own.pop("country")], **own}
        facts["layout"], facts["words"] = LAYOUTS[facts["layout"]], LANGUAGES[facts["words"]]
        facts["write"], facts["rows"] = WRITERS[facts["write"]], lines(*facts["rows"])
        found[name] = Invoice(**facts)
    return found
