"""Bytes of text formats become text."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from batchata_nb.core.errors import ValidationError
from batchata_nb.documents import convert
from batchata_nb.documents.html import html_to_text

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


def test_nul_characters_are_told_from_binary_data() -> None:
    """A text with a stray NUL is refused with its place, as what is no text at all is refused as such."""
    with pytest.raises(ValidationError, match="the first at byte 901: no model takes such text"):
        convert.decode(b"a" * 900 + b"\0" + b"b", "a.txt")
    with pytest.raises(ValidationError, match="holds binary data"):
        convert.decode(b"\0\1\2abc" * 20, "a.txt")


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


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BOX = "<w:txbxContent><w:p><w:r><w:t>In a box 88</w:t></w:r></w:p></w:txbxContent>"
PARTS = {
    "deleted": '<w:del w:id="1" w:author="a"><w:r><w:delText>Struck out</w:delText></w:r></w:del>',
    "inserted": '<w:ins w:id="2" w:author="a"><w:r><w:t>Put in</w:t></w:r></w:ins>',
    "box": (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="wps"><w:drawing>{BOX}</w:drawing></mc:Choice>'
        '<mc:Fallback><w:pict xmlns:v="urn:schemas-microsoft-com:vml">'
        f"<v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    ),
    "note": '<w:r><w:footnoteReference w:id="2"/></w:r>',
}


def _part(name: str) -> Any:
    """A run of Word's own XML, within the paragraph that it will stand in."""
    return parse_xml(f"<w:p {W}>{PARTS[name]}</w:p>")[0]


def _with_footnote(word: Any) -> bytes:
    """The file with a footnote, which python-docx cannot write."""
    plain, noted = io.BytesIO(), io.BytesIO()
    word.save(plain)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    more = {
        "[Content_Types].xml": f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/>',
        "word/_rels/document.xml.rels": f'<Relationship Id="rId99" Type="{link}" Target="footnotes.xml"/>',
    }
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(noted, "w") as new:
        for name in old.namelist():
            before, end, tail = old.read(name).rpartition(b"</")
            new.writestr(name, before + more.get(name, "").encode() + end + tail)
        note = '<w:footnote w:id="2"><w:p><w:r><w:t>Without tax.</w:t></w:r></w:p></w:footnote>'
        new.writestr("word/footnotes.xml", f"<w:footnotes {W}>{note}</w:footnotes>")
    return noted.getvalue()


def test_docx_becomes_clean_text() -> None:
    """Letterhead, changes as accepted, boxes and footnotes are in the text once; a table in a cell breaks no row."""
    word = docx.Document()
    header = word.sections[0].header.paragraphs[0]
    header.text = "Acme Ltd\tLeeds"
    header._p.append(_part("box"))
    word.sections[0].footer.paragraphs[0].text = "VAT GB 123"
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ("Item", "Price", "Nut", "1.50"), strict=True):
        cell.text = text
    inner = table.cell(1, 0).add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "M6", "steel"
    changed = word.add_paragraph("Price: ")
    for name in ("deleted", "inserted", "note"):
        changed._p.append(_part(name))
    word.add_paragraph("See")._p.append(_part("box"))

    text = convert.to_text(_with_footnote(word), convert.DOCX, "a.docx")

    table_lines = "Item | Price\nNut | 1.50\n\nM6 | steel\n"
    body = f"{table_lines}\nPrice: Put in[1]\n\nSee\n\nIn a box 88\n\n1. Without tax.\n"
    assert f"Acme Ltd\tLeeds\nIn a box 88\n\n{body}\nVAT GB 123\n" == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<table><tr><td>a<table><tr><td>b<td>c<table><tr><td>d</table></table>e<td>f<tr><td>g</table>h",
            "a e | f\n\nb | c\n\nd\n\ng\n\nh\n",
        ),
        ("<table><tr><td><table><tr><td>b<td>c", "b | c\n"),
        ("<ol><li><p>a</p><p>b</p></li><li>c</ol>", "1. a\nb\n2. c\n"),
    ],
)
def test_tables_in_cells_and_paragraphs_in_lists(html: str, text: str) -> None:
    """An inner table stands below its row, a paragraph that begins an item behind its number; nothing is lost."""
    assert text == html_to_text(html)
