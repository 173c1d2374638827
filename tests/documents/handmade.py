"""Small PDFs put together object by object, for what no library writes: forms, fonts without names, damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
FONT = "<< /Font << /F1 5 0 R >> >>"
DEFAULTS = f"/DR {FONT} /DA (/F1 10 Tf 0 g)"
BOX = "/MediaBox [0 0 300 200]"


def stream(content: bytes, entries: str = "") -> bytes:
    """A stream object with its length."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries.encode(), content)


def file_of(objects: Sequence[bytes | str], trailer: str = "") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        offsets.append(len(out))
        body = each if isinstance(each, bytes) else each.encode("latin-1")
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(
        out
        + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, trailer.encode(), start)
    )


def text(x: float, y: float, words: str, size: float = 10) -> str:
    """Content that writes words; y counts up from the bottom, as in PDF."""
    return f"BT /F1 {size} Tf {x} {y} Td ({words}) Tj ET"


def form(fields: Sequence[Mapping[str, str]], content: str = "", page: str = "") -> bytes:
    """One page of 300 × 200 points with form fields.

    Args:
        fields: Entries of each field's dictionary beside its type, such as `{"T": "(vendor)", "Rect": "[…]"}`.
        content: What else is on the page.
        page: Further entries of the page.
    """
    first = 6
    kids = " ".join(f"{first + n} 0 R" for n in range(len(fields)))
    return file_of(
        [
            f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{kids}] /NeedAppearances true {DEFAULTS} >> >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R {BOX} /Contents 4 0 R {page} /Resources {FONT} /Annots [{kids}] >>",
            stream(content.encode("latin-1")),
            HELVETICA,
            *(
                "<< /Type /Annot /Subtype /Widget /F 4 /P 3 0 R /DA (/F1 10 Tf 0 g) "
                + " ".join(f"/{key} {value}" for key, value in field.items())
                + " >>"
                for field in fields
            ),
        ]
    )


def without_names(words: str) -> bytes:
    """One page that shows `words` in a font whose shapes have no names and no Unicode values.

    The codes are shifted, as writers do that number shapes in their own order: the text layer says something else.
    """
    codes = "".join(f"{(ord(letter) + 29) % 256:02x}" for letter in words)
    shapes = sorted({(ord(letter) + 29) % 256 for letter in words})
    differences = " ".join(f"{code} /g{code}" for code in shapes)
    procedures = " ".join(f"/g{code} 6 0 R" for code in shapes)
    font = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [0.001 0 0 0.001 0 0] "
        f"/CharProcs << {procedures} >> /Encoding << /Type /Encoding /Differences [{differences}] >> "
        f"/FirstChar 0 /LastChar 255 /Widths [{' '.join(['600'] * 256)}] /Resources << >> >>"
    )
    return file_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R {BOX} /Contents 4 0 R /Resources {FONT} >>",
            stream(f"BT /F1 10 Tf 20 150 Td <{codes}> Tj ET".encode()),
            font,
            stream(b"600 0 0 0 500 700 d1 50 0 400 600 re f"),
        ]
    )


def pages(*contents: str | None, page: str = "", size: tuple[float, float] = (300, 200)) -> bytes:
    """Pages with these contents; None makes one whose object is missing from the file."""
    count = len(contents)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects: list[bytes | str] = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        HELVETICA,
    ]
    for n, content in enumerate(contents):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {5 + 2 * n} 0 R {page} "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
            if content is not None
            else "null",
            stream((content or "").encode("latin-1")),
        ]
    return file_of(objects)
