"""Bytes of text formats become text."""

from __future__ import annotations

import io

import docx
import pytest

from batchata_nb.documents import convert

WORDS = "Größe 10 €, naïve"


@pytest.mark.parametrize(
    "content",
    [
        WORDS.encode(),
        b"\xef\xbb\xbf" + WORDS.encode(),
        WORDS.encode("utf-16"),
        b"\xfe\xff" + WORDS.encode("utf-16-be"),
        WORDS.encode("utf-32"),
        WORDS.encode("utf-16-le"),
        WORDS.encode("utf-16-be"),
        WORDS.encode("cp1252"),
    ],
)
def test_character_sets_are_recognised(content: bytes) -> None:
    """Text comes out the same from every usual encoding, with or without a byte order mark."""
    assert WORDS == convert.decode(content, "a.txt")


def test_a_declared_character_set_is_used() -> None:
    """HTML that says its encoding is read in it."""
    html = '<meta charset="windows-1251"><p>Сумма'

    assert "Сумма\n" == convert.to_text(html.encode("windows-1251"), "text/html", "a.html")


def test_line_ends_are_kept() -> None:
    """Offsets count the characters of the file, so CR LF stays two characters."""
    assert "a\r\nb" == convert.decode(b"a\r\nb", "a.txt")


def test_html_becomes_what_a_reader_sees() -> None:
    """Scripts vanish, blocks break lines, rows keep their cells together, entities are decoded."""
    html = """<html><head><title>Bill</title><style>p {}</style></head><body><h2>Lines &amp; sums</h2>
    <p>Paid
    on  <b>1 May</b>.<br>Thanks</p><script>x()</script>
    <table><tr><th>Item</th><th>Price</th></tr><tr><td><p>Nut</p></td><td>1.50</td></tr></table>
    <ol><li>one</li><li>two<ul><li>deep</li></ul></li></ol><pre>a
  b</pre></body></html>"""

    assert (
        "Bill\n\n## Lines & sums\n\nPaid on 1 May.\nThanks\n\nItem | Price\nNut | 1.50\n\n"
        "1. one\n2. two\n  - deep\n\na\n  b\n" == convert.html_to_text(html)
    )


def test_broken_html_is_still_read() -> None:
    """Unclosed and stray tags do not lose text."""
    assert "a\n\nb c\n" == convert.html_to_text("</table><div>a<p>b <i>c</div></p></pre>")


def test_docx_keeps_headings_lists_tables_and_footnotes() -> None:
    """A Word file's structure is there in its text."""
    word = docx.Document()
    word.add_heading("Offer", level=1)
    word.add_paragraph("Valid until 1 May 2026.")
    word.add_paragraph("first", style="List Number")
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ("Item", "Price", "Nut", "1.50"), strict=True):
        cell.text = text
    out = io.BytesIO()
    word.save(out)

    text = convert.to_text(out.getvalue(), convert.DOCX, "a.docx")

    assert "# Offer\n\nValid until 1 May 2026.\n\n1. first\n\nItem | Price\nNut | 1.50\n" == text
