"""The eight contracts: invented parties, clauses in plain words. Used by `../make_documents.py`."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fpdf import XPos, YPos
from make_invoices import Page

from .forms import CUSTOMER
from .languages import DATES, MONTHS

Clause = dict[str, str]


@dataclass(frozen=True)
class Terms:
    """The words that all contracts of one language have in common.

    Attributes:
        labels: Of the cover table: number, supplier, customer, first day, last day, fee for a year.
        clauses: Heading and text; `{fee}` and the like are put in.
    """

    labels: Sequence[str]
    preamble: str
    signed: str
    clauses: Sequence[Clause]


@dataclass(frozen=True)
class Contract:
    """One contract.

    Attributes:
        fee: What is paid for a year, as it is printed.
        notice: Days, or months, as the language's clause on notice says.
        annex: Heading of a list that follows the signatures, of each of the `things` at each of the `places`.
        cover: Whether the facts also stand in a table above; else only in the text.
        own: Clauses that only this contract has: heading and text.
    """

    terms: Terms
    days: str
    title: str
    number: str
    supplier: str
    seat: str
    begins: date
    ends: date
    fee: str
    notice: int
    own: Sequence[Clause]
    cover: bool = True
    annex: str = ""
    things: Sequence[str] = ()
    places: Sequence[str] = ()

    def day(self, when: date) -> str:
        """Write a date as the contract's language does."""
        return DATES[self.days].format(d=when, m=MONTHS[self.days][when.month - 1])

    def said(self, text: str) -> str:
        """Put the facts into a clause."""
        return text.format(
            supplier=self.supplier, seat=self.seat, customer=CUSTOMER, number=self.number, begins=self.day(self.begins),
            ends=self.day(self.ends), fee=self.fee, notice=self.notice,
        )  # fmt: skip


def contract(of: Contract) -> Page:
    """Draw a contract: title, cover table or preamble, numbered clauses, signatures, page numbers."""
    page = Numbered(font="times")
    page.say(of.title, 18, "B", "C")
    page.ln(6)
    named = of.terms.labels
    if of.cover:
        facts = (of.number, of.supplier, CUSTOMER, of.day(of.begins), of.day(of.ends), of.fee)
        for label, value in zip(named, facts, strict=True):
            page.pair(f"{label}:", value, 11)
        page.ln(5)
    clauses = [*of.terms.clauses[:3], *of.own, *of.terms.clauses[3:]]
    page.write_text(of.said(of.terms.preamble))
    for number, clause in enumerate(clauses, start=1):
        page.clause(f"{number}. {clause['heading']}", of.said(clause["text"]))
    page.sign(of.terms.signed.format(day=of.day(of.begins)), of.supplier)
    if of.annex:
        page.add_page()
        page.say(of.annex, 14, "B")
        page.ln(4)
        for number, (thing, place) in enumerate(itertools.product(of.things, of.places), start=1):
            page.say(f"{number}.  {thing}, {place}", 11)
            page.ln(1.2)
    return page


class Numbered(Page):
    """A page with its number at the foot, and running text."""

    def footer(self) -> None:
        """Write the page's number; called by fpdf2."""
        self.set_y(-14)
        self.set_font(self.face, "", 9)
        self.cell(0, 6, str(self.page_no()), align="C")

    def write_text(self, text: str) -> None:
        """Write a paragraph in justified lines."""
        self.set_font(self.face, "", 11)
        self.multi_cell(0, 5.4, text, align="J", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def clause(self, heading: str, text: str) -> None:
        """Write a clause; its heading does not stand alone at the foot of a page."""
        if self.will_page_break(24):
            self.add_page()
        self.say(heading, 11.5, "B")
        self.ln(1)
        self.write_text(text)

    def sign(self, words: str, supplier: str) -> None:
        """Draw the lines on which both parties sign."""
        if self.will_page_break(46):
            self.add_page()
        self.ln(6)
        self.write_text(words)
        self.ln(16)
        for name in (supplier, CUSTOMER):
            self.cell(80, 6, name, border="T")
            self.cell(14, 6, "")
        self.ln()


def contracts() -> dict[str, Contract]:
    """Read the contracts of `contracts.toml` by name."""
    book = tomllib.loads(Path(__file__).with_name("contracts.toml").read_text(encoding="utf-8"))
    terms = {name: Terms(**facts) for name, facts in book["terms"].items()}
    return {name: Contract(**{**own, "terms": terms[own["terms"]]}) for name, own in book["contract"].items()}
