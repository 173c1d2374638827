"""What a file is, and whether it can be used."""

from __future__ import annotations

import base64
import io
import os
import zipfile
from pathlib import Path

import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod
from PIL import Image

from batchata_nb.core.errors import ValidationError
from batchata_nb.core.jobs import Attachment, Document
from batchata_nb.documents import files

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:fpdf")


def image_bytes(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    """A small image of the given Pillow format."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, kind)
    return out.getvalue()


def pdf_bytes(text: str = "Total 12.00", **encryption: object) -> bytes:
    """A PDF of one page."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text=text)
    if encryption:
        pdf.set_encryption(encryption_method=EncryptionMethod.RC4, **encryption)
    return bytes(pdf.output())


@pytest.mark.parametrize(
    ("name", "content", "media_type", "kind"),
    [
        ("a.pdf", pdf_bytes(), "application/pdf", "pdf"),
        ("a.png", image_bytes("PNG"), "image/png", "image"),
        ("a.JPG", image_bytes("JPEG"), "image/jpeg", "image"),
        ("a.webp", image_bytes("WEBP"), "image/webp", "image"),
        ("a.gif", image_bytes("GIF"), "image/gif", "image"),
        ("a.txt", b"hello", "text/plain", "text"),
        ("a.md", b"# hello", "text/markdown", "text"),
        ("a.html", b"<p>hello", "text/html", "text"),
        ("a.csv", b"a,b\n1,2", "text/csv", "text"),
        ("a.json", b'{"a": 1}', "application/json", "text"),
        ("scan.png", image_bytes("JPEG"), "image/jpeg", "image"),
        ("report.txt", pdf_bytes(), "application/pdf", "pdf"),
        ("upload", pdf_bytes(), "application/pdf", "pdf"),
        ("note", b"plain words", "text/plain", "text"),
        ("page", b"<!DOCTYPE html><p>hello", "text/html", "text"),
    ],
)
def test_a_file_is_known_by_content_then_by_name(
    tmp_path: Path, name: str, content: bytes, media_type: str, kind: str
) -> None:
    """Content decides what a file is; its name decides between text formats."""
    path = tmp_path / name
    path.write_bytes(content)

    document = files.open_document(path)

    assert (name, media_type, kind, len(content)) == (
        document.name,
        document.media_type,
        document.kind,
        document.size,
    )
    assert content == files.read(document)


def test_size_of_an_image_and_pages_of_a_pdf_are_known(tmp_path: Path) -> None:
    """A document carries what a price needs: pages of a PDF, pixels of an image."""
    (tmp_path / "a.png").write_bytes(image_bytes("PNG", (64, 48)))
    (tmp_path / "a.pdf").write_bytes(pdf_bytes())

    image = files.open_document(tmp_path / "a.png")
    pdf = files.open_document(tmp_path / "a.pdf")

    assert (64, 48, None) == (image.width, image.height, image.pages)
    assert (None, None, 1) == (pdf.width, pdf.height, pdf.pages)


def test_another_name_can_be_shown(tmp_path: Path) -> None:
    """The name given is the one the user sees, and tells the type when the path has none."""
    (tmp_path / "3f9a").write_bytes(b"a,b")

    document = files.open_document(tmp_path / "3f9a", name="table.csv")

    assert ("table.csv", "text/csv") == (document.name, document.media_type)


def zip_bytes(**parts: bytes) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"", "empty"),
        ("a.txt", b" \n\t ", "no text"),
        ("a.pdf", pdf_bytes()[:300], "damaged"),
        ("a.pdf", b"just words", "does not hold what its name says"),
        ("a.pdf", pdf_bytes(owner_password="o", user_password="u"), "password"),
        ("a.png", image_bytes("PNG")[:200], "cut short"),
        ("a.jpg", image_bytes("JPEG")[:400], "cut short"),
        ("a.png", b"no image", "does not hold what its name says"),
        ("a.txt", b"ab\0\1\2\3cd", "binary"),
        ("a.txt", bytes(range(256)) * 4, "binary"),
        ("a.csv", b"\x01\x02\x03\x04" * 9, "binary"),
        ("a.xyz", b"words", "type that is not supported"),
        ("a.xlsx", zip_bytes(a=b"1"), "type that is not supported"),
        ("a.docx", zip_bytes(a=b"1"), "does not hold what its name says"),
        ("a.docx", zip_bytes(**{"word/document.xml": b"<w:"}), "damaged"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """Each bad input is one clear ValidationError that names the file."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ValidationError) as caught:
        files.open_document(path)

    assert says in caught.value.message
    assert name in caught.value.message
    assert "\n" not in caught.value.message


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A name in another encoding than UTF-8 can be neither kept nor sent; one sentence says what to do."""
    path = tmp_path / os.fsdecode(b"M\xfcller.txt")
    path.write_bytes(b"Vendor: x")

    with pytest.raises(ValidationError, match=r"no UTF-8 text behind '.*M': .* rename the file"):
        files.open_document(path)


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    """A missing file and a folder each have their own message."""
    with pytest.raises(ValidationError, match="no file"):
        files.open_document(tmp_path / "nothing.pdf")
    with pytest.raises(ValidationError, match="is a folder"):
        files.open_document(tmp_path)


def test_a_pdf_with_an_owner_password_only_opens(tmp_path: Path) -> None:
    """Restrictions on printing do not keep a PDF from being read."""
    (tmp_path / "a.pdf").write_bytes(pdf_bytes(owner_password="secret", permissions=AccessPermission.none()))

    assert 1 == files.open_document(tmp_path / "a.pdf").pages


def test_a_file_that_changed_is_not_read(tmp_path: Path) -> None:
    """What was looked at and what is sent are the same bytes."""
    path = tmp_path / "a.txt"
    path.write_text("one")
    document = files.open_document(path)
    path.write_text("two")

    with pytest.raises(ValidationError, match="has changed"):
        files.read(document)
    path.unlink()
    with pytest.raises(ValidationError, match="no file"):
        files.load(document)
    with pytest.raises(ValidationError, match="memory"):
        files.read(Document("a", "text/plain", "text", "0", 1))


def test_load_gives_text_or_base64(tmp_path: Path) -> None:
    """Text goes out as text, PDFs and images as base64."""
    (tmp_path / "a.txt").write_bytes("Größe\r\n".encode("latin-1"))
    (tmp_path / "a.pdf").write_bytes(pdf_bytes())

    text, pdf = (files.open_document(tmp_path / name) for name in ("a.txt", "a.pdf"))

    assert Attachment(text, text="Größe\r\n") == files.load(text)
    assert (tmp_path / "a.pdf").read_bytes() == base64.b64decode(files.load(pdf).base64 or "")
    with pytest.raises(ValidationError, match="not a text document"):
        files.text_of(pdf)
