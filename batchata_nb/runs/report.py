"""One HTML file that proves each number: fields beside their evidence, as image crops or quotes.

It holds no script and makes no request.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError
from ..core.jobs import Document, JsonObject
from ..core.markup import escape
from . import pages
from .clock import utc
from .estimate import dollars
from .reviews import VERDICTS

if TYPE_CHECKING:
    from .reviews import Review
    from .run import BatchRun

MARGIN, SCALE, LONGEST, CONTEXT = 14.0, 2.0, 2_000, 80
STYLE = """
:root{color-scheme:light dark}
body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}
td,th{padding:.3rem .6rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
details{border-top:1px solid #8886;padding:.5rem 0}summary{cursor:pointer;font-weight:600}
img{max-width:100%;border:1px solid #8886;background:#fff}small{opacity:.75}mark{background:#ffd54f;color:#000}
.n{font-variant-numeric:tabular-nums}
"""


def export_html(run: BatchRun, path: Path) -> Path:
    """Write a run's results with their evidence; whole or not at all.

    Args:
        run: The run; it may still go on.
        path: The file; its folder is made when missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8") as out:
        out.writelines(_document(run))
    draft.replace(path)
    return path


def _document(run: BatchRun) -> Iterator[str]:
    summary = run.summary()
    money, counts = summary["money"], summary["counts"]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{escape(run.name)}</title><style>{STYLE}</style></head><body>"
    models = escape(", ".join(summary["models"]))
    yield f"<h1>{escape(run.name)}</h1><p>{escape(summary['words'])}. Models: {models}.</p>"
    if summary["practice"]:
        yield "<p><strong>Practice run: no model was asked, nothing was paid.</strong></p>"
    spent = "?" if not money["known"] else dollars(run.drive.state.ledger.spent)
    yield f'<p class="n">Cost {escape(spent)}; {counts["succeeded"]:,} of {summary["total"]:,} jobs succeeded.</p>'
    reviews = run.reviews()
    yield _signature(run, reviews)
    ids = run.job_ids
    for row in range(len(run)):
        yield from _job(run, pages.detail(run.store, run.drive.state, row), reviews.get(ids[row], {}))
    yield "</body></html>"


def _signature(run: BatchRun, reviews: Mapping[str, Mapping[str, Review]]) -> str:
    """Say how much of the run was reviewed, by whom and when: what makes a table one that is signed."""
    said = [review for found in reviews.values() for review in found.values()]
    total = run.drive.state.counts["succeeded"]
    if not said:
        return f"<p><strong>Not reviewed by a person.</strong> {total:,} results stand as they were answered.</p>"
    progress = run.review_progress()
    verdicts = ", ".join(f"{progress[verdict]:,} {verdict}" for verdict in VERDICTS if progress[verdict])
    people = ", ".join(dict.fromkeys(review.reviewer or "an unnamed reviewer" for review in said))
    first, last = min(review.at for review in said), max(review.at for review in said)
    part = f"{progress['done']:,} of {total:,} results are checked in every field"
    whole = "Reviewed" if progress["done"] == total else "Reviewed in part"
    return (
        f"<p><strong>{whole} by {escape(people)}</strong>, {_minute(first)} to {_minute(last)}: {part}; "
        f"fields {verdicts}.</p>"
    )


def _minute(at: float) -> str:
    return f"{utc(at):%Y-%m-%d %H:%M} UTC"


def _job(run: BatchRun, detail: JsonObject, reviews: Mapping[str, Review]) -> Iterator[str]:
    yield f"<details open><summary>{escape(detail['id'])} <small>{escape(detail['state'])}</small></summary>"
    if detail["error"]:
        yield f"<p>{escape(detail['error'], LONGEST)}</p>"
    head = "<th>review</th>" if reviews else ""
    yield f"<table><tr><th>field</th><th>value</th><th>evidence</th>{head}</tr>"
    documents = run.store.job(run.run_id, detail["row"]).documents
    for field in detail["fields"]:
        found = next(iter(field["citations"]), None)
        proof = _proof(documents, found) if found else f"<small>{escape(field['note'] or 'no evidence found')}</small>"
        value = escape(field["value"], LONGEST)
        said = reviews.get(field["path"])
        if said is not None and said.verdict != "confirmed":
            value = f"<s>{value}</s>" + _right(field["review"])
        cell = f"<td>{_said(said)}</td>" if reviews else ""
        yield f"<tr><td>{escape(field['path'])}</td><td>{value}</td><td>{proof}</td>{cell}</tr>"
    yield "</table></details>"


def _right(review: JsonObject) -> str:
    """The value that a person put in place of the answer's."""
    return f"<br><strong>{escape(review['value'], LONGEST)}</strong>" if review["verdict"] == "corrected" else ""


def _said(review: Review | None) -> str:
    """What a person said about a value, who it was and when."""
    if review is None:
        return "<small>not checked</small>"
    who = escape(review.reviewer or "unnamed")
    return f"<strong>{escape(review.verdict)}</strong><br><small>{who}, {_minute(review.at)}</small>"


def _proof(documents: tuple[Document, ...], citation: Mapping[str, Any]) -> str:
    number = citation["document"]
    document = documents[number] if 0 <= number < len(documents) else None
    where = escape(document.name if document else "document") + (
        f", page {citation['page']}" if citation["page"] else ""
    )
    why = ", ".join(str(part) for part in (citation["confidence"], citation["reason"]) if part)
    picture = _crop(document, citation) if document is not None and document.kind == "pdf" else ""
    quote = "" if picture else f"<blockquote>{escape(citation['text'], LONGEST)}</blockquote>"
    return f"{picture}{quote}<small>{where}{' — ' + escape(why) if why else ''}</small>"


def _crop(document: Document, citation: Mapping[str, Any]) -> str:
    """Return the cited place as an image with its highlight drawn in, or nothing where it cannot be drawn."""
    rects, page = citation["rects"], citation["page"]
    if not rects or not page or document.path is None:
        return ""
    from PIL import Image, ImageDraw

    from ..documents.pdf import open_pdf

    try:
        with open_pdf(document.path) as pdf:
            jpeg, _ = pdf.render(page, SCALE)
            width = pdf.page(page).width
    except BatchataError:
        return ""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    scale = picture.width / width
    overlay = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    for rect in rects:
        ImageDraw.Draw(overlay).rectangle([v * scale for v in rect], fill=(255, 213, 79, 110))
    picture = Image.alpha_composite(picture.convert("RGBA"), overlay).convert("RGB")
    top, bottom = min(r[1] for r in rects) - MARGIN, max(r[3] for r in rects) + MARGIN
    left, right = min(r[0] for r in rects) - CONTEXT, max(r[2] for r in rects) + CONTEXT
    box = (
        max(left * scale, 0),
        max(top * scale, 0),
        min(right * scale, picture.width),
        min(bottom * scale, picture.height),
    )
    out = io.BytesIO()
    picture.crop(tuple(int(v) for v in box)).save(out, "JPEG", quality=80)  # type: ignore[arg-type]
    data = base64.b64encode(out.getvalue()).decode()
    return f'<img alt="{escape(citation["text"], 200)}" src="data:image/jpeg;base64,{data}"><br>'
