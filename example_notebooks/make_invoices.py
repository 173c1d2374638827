"""Draw the invoices of the example notebooks: `python make_invoices.py [FOLDER]`.

Eight invented companies, eight layouts: tables with and without lines, one invoice over two pages, one on landscape
paper, one typewritten; dollars, euros, pounds, francs, kronor and yen; numbers and dates as they are written in several
countries. The same bytes on every run. Needs fpdf2. The PDFs are CC0: do with them what you like.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from fpdf import FPDF, XPos, YPos

Line = tuple[str, int, Decimal]  # description, quantity, price of one
Writer = Callable[[Decimal], str]  # how a country writes an amount


def written(thousands: str, point: str, places: int = 2) -> Writer:
    """Return a writer of amounts with these separators."""

    def write(amount: Decimal) -> str:
        plain = f"{amount:,.{places}f}"
        return plain.replace(",", "\0").replace(".", point).replace("\0", thousands)

    return write


english, german, swiss = written(",", "."), written(".", ","), written("'", ".")
french, yen = written(" ", ","), written(",", "", 0)


def lines(*rows: tuple[str, int, str]) -> list[Line]:
    """Return invoice lines with exact prices."""
    return [(text, quantity, Decimal(price)) for text, quantity, price in rows]


def total(rows: Sequence[Line]) -> Decimal:
    """Return the sum of all lines."""
    return sum((quantity * price for _, quantity, price in rows), Decimal(0))


class Page(FPDF):
    """A PDF that is the same on every run, with a few words for drawing."""

    def __init__(self, orientation: str = "portrait", font: str = "helvetica") -> None:
        super().__init__(orientation=orientation, format="A4")
        self.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
        self.set_producer("make_invoices.py")
        self.set_auto_page_break(True, margin=18)
        self.set_margin(18)
        self.face = font
        self.add_page()

    def say(self, text: str, size: float = 10, style: str = "", align: str = "L", width: float = 0) -> None:
        """Write one line and go to the next."""
        self.set_font(self.face, style, size)
        self.cell(width, size * 0.5, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def put(self, x: float, y: float, text: str, size: float = 10, style: str = "", align: str = "L") -> None:
        """Write lines in a box that begins at x, y (millimetres)."""
        self.set_xy(x, y)
        self.set_font(self.face, style, size)
        self.multi_cell(85, size * 0.5, text, align=align)

    def pair(self, label: str, value: str, size: float = 10, style: str = "", at: float | None = None) -> None:
        """Write a label and, right of it, its value."""
        if at is not None:
            self.set_x(at)
        self.set_font(self.face, style, size)
        self.cell(40, size * 0.55, label)
        self.cell(0, size * 0.55, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def rows(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], border: str = "B"
    ) -> None:
        """Draw a table; its first column is text, the others are numbers."""
        for number, row in enumerate([head, *rows]):
            self.set_font(self.face, "" if number else "B", 9.5)
            for column, (text, width) in enumerate(zip(row, widths, strict=True)):
                self.cell(width, 6.4, text, border=border, align="R" if column else "L", fill=not number)
            self.ln()

    def sums(self, pairs: Sequence[tuple[str, str]], right: float) -> None:
        """Write the sums below a table, the last one bold."""
        for number, (label, amount) in enumerate(pairs, start=1):
            self.set_font(self.face, "B" if number == len(pairs) else "", 10)
            self.set_x(right - 90)
            self.cell(50, 6.4, label)
            self.cell(40, 6.4, amount, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def table(rows: Sequence[Line], write: Writer) -> list[list[str]]:
    """Return the cells of the lines: description, quantity, price, amount."""
    return [[text, str(quantity), write(price), write(quantity * price)] for text, quantity, price in rows]


def harbour_lane() -> Page:
    """American: letterhead, ruled table, dollars."""
    rows = lines(("Field guide, hardcover", 12, "24.50"), ("Tide tables 2026", 40, "6.25"), ("Map tubes", 15, "3.10"))
    page, net = Page(font="times"), total(rows)
    page.set_fill_color(240)
    page.say("Harbour Lane Books, Inc.", 20, "B")
    page.say("118 Harbour Lane, Portland, ME 04101", 10)
    page.ln(8)
    page.pair("Invoice number:", "HLB-20418", 11)
    page.pair("Invoice date:", "March 4, 2026", 11)
    page.pair("Due date:", "April 3, 2026", 11)
    page.pair("Bill to:", "Casco Bay Outfitters", 11)
    page.ln(6)
    page.rows(("Description", "Qty", "Unit price", "Amount"), table(rows, english), (84, 20, 35, 35))
    page.ln(3)
    tax = (net * Decimal("0.055")).quantize(Decimal("0.01"))
    page.sums([("Subtotal", f"${english(net)}"), ("Sales tax 5.5%", f"${english(tax)}"),
               ("Total due", f"${english(net + tax)}")], 192)  # fmt: skip
    page.ln(10)
    page.say("Payment status: unpaid. Thank you for reading.", 10, "I")
    return page


def nordwind() -> Page:
    """German numbers and dates under English labels, address window, framed table."""
    rows = lines(
        ("Heat pump service, annual", 1, "389.00"),
        ("Circulation pump NW-40", 2, "447.75"),
        ("Working hour", 6, "78.50"),
    )
    page, net = Page(), total(rows)
    page.set_fill_color(225, 235, 225)
    page.put(108, 18, "Nordwind Wärmetechnik GmbH\nDeichstraße 9\n26122 Oldenburg\nGermany", 10, "B", "R")
    page.put(18, 48, "Moorhof Gästehaus\nAm Kanal 3\n26409 Wittmund", 11)
    page.set_y(88)
    page.say("Invoice", 16, "B")
    page.ln(3)
    page.pair("Invoice number", "RE-2026-0117")
    page.pair("Invoice date", "14.02.2026")
    page.pair("Due date", "28.02.2026")
    page.pair("Currency", "EUR")
    page.ln(4)
    page.rows(("Item", "Quantity", "Price EUR", "Amount EUR"), table(rows, german), (84, 22, 34, 34), border="1")
    page.ln(2)
    vat = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    page.sums(
        [("Net", f"{german(net)} EUR"), ("VAT 19 %", f"{german(vat)} EUR"), ("Total", f"{german(net + vat)} EUR")], 192
    )
    return page


def atelier_moreau() -> Page:
    """A coloured bar with all the facts at the side, no lines in the table, French spaces."""
    rows = lines(
        ("Portrait session, half day", 1, "1450.00"),
        ("Retouched prints 30 x 40", 8, "85.00"),
        ("Licence, one year", 1, "320.00"),
    )
    page, net = Page(), total(rows)
    page.set_fill_color(52, 73, 94)
    page.rect(0, 0, 62, 297, "F")
    page.set_text_color(255)
    page.put(8, 20, "Atelier Moreau", 19, "B")
    page.put(8, 60, "Invoice number AM-0093", 10)
    page.put(8, 76, "Date 5 January 2026", 10)
    page.put(8, 92, "Due 4 February 2026", 10)
    page.put(8, 108, "Status PAID", 10, "B")
    page.put(8, 260, "14 rue des Lilas\n69004 Lyon\nFrance", 9)
    page.set_text_color(0)
    page.set_fill_color(255)
    page.set_left_margin(72)
    page.set_xy(72, 60)
    page.say("For Théâtre de la Rive", 12)
    page.ln(6)
    page.rows(("Description", "Qty", "Price", "Amount"), table(rows, french), (58, 12, 24, 26), border="")
    page.ln(4)
    page.pair("Total in EUR", french(net), 13, "B")
    page.say("VAT not applicable, article 293 B of the CGI", 8)
    return page


def kestrel() -> Page:
    """Typewritten, ISO dates, many small prices."""
    rows = lines(
        ("compute-hours", 744, "0.0525"),
        ("storage-gb", 1200, "0.0230"),
        ("egress-gb", 310, "0.0900"),
        ("support", 1, "49.00"),
    )
    page, net = Page(font="courier"), total(rows)
    page.say("KESTREL HOSTING LTD", 12, "B")
    page.say("=" * 66)
    page.say("invoice number: KH/2026/01/5521")
    page.say("issued:         2026-01-31")
    page.say("due:            2026-02-14")
    page.say("customer:       lumen-analytics")
    page.say("currency:       USD")
    page.say("-" * 66)
    page.say(f"{'item':<20}{'quantity':>10}{'unit price':>16}{'amount':>16}", 10, "B")
    for text, quantity, price in rows:
        page.say(f"{text:<20}{quantity:>10}{price:>16}{english(quantity * price):>16}")
    page.say("-" * 66)
    page.say(f"{'total':<20}{'':>26}{english(net):>16}", 10, "B")
    page.ln(5)
    page.say("status:         paid by card on 2026-02-01")
    return page


def brightwater() -> Page:
    """Two pages: a long list of dishes, the sums at the end of the second."""
    dishes = (
        "Smoked trout blinis, Leek tartlets, Lamb koftas, Beetroot hummus, Cheddar scones, Lemon possets, "
        "Elderflower cordial, Sourdough rolls, Pea and mint soup, Brown shrimp toasts, Squash salad, Rhubarb fools, "
        "Ginger parkin, Filter coffee"
    ).split(", ")
    days = ("Tuesday", "Wednesday", "Thursday")
    rows = lines(*((f"{day}: {dish}", 20 + 5 * (n % 4) + 2 * d, f"{1.4 + 0.35 * (n % 7):.2f}")
                   for d, day in enumerate(days) for n, dish in enumerate(dishes)))  # fmt: skip
    page, net = Page(), total(rows)
    page.set_fill_color(215, 228, 240)
    page.say("Brightwater Catering", 18, "B", "C")
    page.say("The Old Boathouse, Quay Road, Bristol BS1 4QA", 9, "", "C")
    page.ln(5)
    page.pair("Invoice no.", "BW-7731")
    page.pair("Date of issue", "17 October 2025")
    page.pair("Payment due", "16 November 2025")
    page.pair("Client", "Severn Festival Trust")
    page.ln(4)
    page.rows(("Description", "Quantity", "Price", "Amount"), table(rows, english), (92, 22, 28, 32))
    page.ln(3)
    vat = (net * Decimal("0.20")).quantize(Decimal("0.01"))
    page.sums(
        [
            ("Subtotal", f"£{english(net)}"),
            ("VAT at 20%", f"£{english(vat)}"),
            ("Amount due", f"£{english(net + vat)}"),
        ],
        192,
    )
    page.ln(5)
    page.say("Status: unpaid. Please quote the invoice number with your payment.", 9)
    return page


def alpenblick() -> Page:
    """The total as a banner on top, Swiss apostrophes, a discount."""
    rows = lines(("Wayfinding concept", 1, "6800.00"), ("Sign designs", 14, "410.00"), ("Site visits", 3, "650.00"))
    page, gross = Page(), total(rows)
    off = (gross * Decimal("0.05")).quantize(Decimal("0.01"))
    page.set_fill_color(178, 34, 52)
    page.rect(0, 0, 210, 46, "F")
    page.set_text_color(255)
    page.put(18, 12, "Studio Alpenblick AG", 18, "B")
    page.put(18, 26, "Total payable", 9)
    page.put(18, 31, f"CHF {swiss(gross - off)}", 16, "B")
    page.put(108, 12, "Invoice number 2025-388\nInvoice date 28.11.2025\nDue date 28.12.2025", 10, "", "R")
    page.set_text_color(0)
    page.set_fill_color(245, 225, 228)
    page.set_xy(18, 60)
    page.say("Bergbahnen Hochfels, 7270 Davos", 11)
    page.ln(5)
    page.rows(("Service", "Units", "Rate CHF", "Amount CHF"), table(rows, swiss), (80, 22, 36, 36))
    page.ln(3)
    page.sums([("Sum", swiss(gross)), ("Discount 5 %", f"-{swiss(off)}"), ("Total", f"CHF {swiss(gross - off)}")], 192)
    return page


def takumi() -> Page:
    """Yen have no decimals; dates begin with the year; the address stands at the bottom."""
    rows = lines(("Micro bearing MB-3", 400, "118"), ("Linear rail 200 mm", 24, "5400"), ("Express freight", 1, "7800"))
    page, net = Page(), total(rows)
    page.set_fill_color(230)
    page.say("Takumi Seimitsu K.K.", 14, "B")
    page.say("INVOICE", 22, "B", "R")
    page.pair("Invoice no.", "T-60287", at=120)
    page.pair("Date", "2026/02/20", at=120)
    page.pair("Due date", "2026/03/31", at=120)
    page.ln(8)
    page.say("To: Helix Robotics", 12)
    page.ln(4)
    page.rows(("Item", "Pieces", "Unit price", "Amount"), table(rows, yen), (84, 22, 34, 34), border="TB")
    page.ln(3)
    tax = (net * Decimal("0.10")).quantize(Decimal("1"))
    page.sums(
        [("Subtotal", f"¥{yen(net)}"), ("Consumption tax 10%", f"¥{yen(tax)}"), ("Total (JPY)", f"¥{yen(net + tax)}")],
        192,
    )
    page.put(18, 250, "3-8 Minato, Nagoya 455-0032, Japan", 10)
    return page


def polar() -> Page:
    """Landscape paper, Swedish numbers, already paid."""
    rows = lines(
        ("Container 20 ft, Kiruna - Narvik", 3, "11250.25"),
        ("Customs papers", 3, "640.00"),
        ("Winter surcharge", 1, "2199.50"),
    )
    page, net = Page(orientation="landscape"), total(rows)
    page.set_fill_color(214, 234, 240)
    page.put(18, 16, "Polar Freight AB", 20, "B")
    page.put(18, 28, "Malmvägen 22, 981 31 Kiruna, Sweden", 9)
    page.put(190, 16, "Freight invoice\nInvoice number PF-33-1902", 13, "B")
    page.set_xy(18, 46)
    page.pair("Invoice date", "9 December 2025")
    page.pair("Due date", "23 December 2025")
    page.pair("Consignee", "Lofoten Seafood AS")
    page.ln(5)
    page.rows(("Service", "Count", "Price SEK", "Amount SEK"), table(rows, french), (140, 27, 47, 47))
    page.ln(3)
    page.sums([("Paid on 11 December 2025 SEK", french(net)), ("Total SEK", french(net))], 279)
    return page


INVOICES: dict[str, Callable[[], Page]] = {
    "alpenblick": alpenblick,
    "atelier-moreau": atelier_moreau,
    "brightwater": brightwater,
    "harbour-lane": harbour_lane,
    "kestrel": kestrel,
    "nordwind": nordwind,
    "polar-freight": polar,
    "takumi": takumi,
}


def main(folder: Path) -> None:
    """Write all invoices into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in INVOICES.items():
        draw().output(str(folder / f"{name}.pdf"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "invoices")
