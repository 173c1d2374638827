"""What the form fields (AcroForm) of a PDF page are filled in with.

A reader sees it on the page, and so does a model, but it is no part of a page's canonical text.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.citations import Rect

if TYPE_CHECKING:
    import pypdfium2

    from .page import LoadedPage

_WIDGET = 20  # FPDF_ANNOT_WIDGET
_CHECK, _RADIO, _COMBO, _LIST, _TEXT = 2, 3, 4, 5, 6  # FPDF_FORMFIELD_*
_PASSWORD = 1 << 13
_HIDDEN = 1 << 1 | 1 << 5  # of an annotation: hidden, not shown
TICKED, EMPTY = "☒", "☐"


@dataclass(frozen=True, slots=True)
class Entry:
    """One filled-in form field.

    Attributes:
        label: What the form calls it: its tooltip, else its name.
        value: What is filled in; of a check box ☒ or ☐, of radio buttons the name of the chosen one.
        rect: Where the field is, on the page as displayed.
    """

    label: str
    value: str
    rect: Rect


def entries(raw: pypdfium2.PdfDocument, loaded: LoadedPage) -> tuple[Entry, ...]:
    """Return the filled-in fields of a loaded page in their order; used under pdfium's lock.

    Args:
        raw: The document, its forms initialised; without forms there are no entries.
        loaded: The page.
    """
    import pypdfium2.raw as pdfium

    if raw.formenv is None:
        return ()
    found = []
    for number in range(pdfium.FPDFPage_GetAnnotCount(loaded.page)):
        annotation = pdfium.FPDFPage_GetAnnot(loaded.page, number)
        if not annotation:
            continue
        try:
            if pdfium.FPDFAnnot_GetSubtype(annotation) == _WIDGET:
                entry = _entry(raw.formenv, annotation, loaded)
                if entry is not None:
                    found.append(entry)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return tuple(found)


def _entry(form: Any, annotation: Any, loaded: LoadedPage) -> Entry | None:
    import pypdfium2.raw as pdfium

    value = _value(form, annotation)
    rect = pdfium.FS_RECTF()
    if not value or pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN or not pdfium.FPDFAnnot_GetRect(annotation, rect):
        return None
    shown = loaded.box(rect.left, rect.bottom, rect.right, rect.top)
    if shown[0] >= shown[2]:
        return None
    name = _text(pdfium.FPDFAnnot_GetFormFieldName, form, annotation).rpartition(".")[2]
    label = _text(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, annotation) or name
    return Entry(" ".join(label.split()), value, shown)


def _value(form: Any, annotation: Any) -> str:
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind == _CHECK:
        return TICKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else EMPTY
    if kind == _RADIO:
        chosen = pdfium.FPDFAnnot_IsChecked(form, annotation)
        return _text(pdfium.FPDFAnnot_GetFormFieldExportValue, form, annotation) if chosen else ""
    if kind not in (_TEXT, _COMBO, _LIST):
        return ""
    if kind == _TEXT and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    value = _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    return "\n".join(line.rstrip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()


def _text(ask: Any, form: Any, annotation: Any) -> str:
    """What a function of pdfium writes as UTF-16 into a buffer, without the zero at its end."""
    size = ask(form, annotation, None, 0)
    if size < 4:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    ask(form, annotation, buffer, size)
    return bytes(buffer)[:-2].decode("utf-16-le", errors="replace")
