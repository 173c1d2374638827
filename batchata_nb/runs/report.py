"""One HTML file that proves each number: fields beside their evidence, as image crops or quotes.

It holds no script and makes no request. Its size is bounded: pictures are crops of at most 1,200 × 600 pixels at 144
pixels per inch, all of them together at most 25 MB; places after that are quoted in words. Values are cut at 2,000
characters, and how much was cut is said; no result is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.jobs import Document, JsonObject
from ..core.markup import escape
from . import pages
from .clock import minute
from .estimate import dollars
from .proofs import Proofs

if TYPE_CHECKING:
    from .reviews import Review
    from .run import BatchRun

LONGEST, COLUMNS, CELL = 2_000, 12, 120
"""Characters of a value; columns of the table, and characters of a cell in it."""
NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?")
STYLE = Path(__file__).with_name("report.css")


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
    yield f"<title>{escape(run.name)}</title><style>{STYLE.read_text('utf-8')}</style></head><body>"
    begun = f"begun {minute(run.drive.state.started)}"
    yield f'<h1>{escape(run.name)}</h1><p class="soft">{escape(summary["words"])} · {begun}</p>'
    spent = "?" if not money["known"] else dollars(run.drive.state.ledger.spent)
    saved = "?" if not money["known"] else dollars(run.drive.state.ledger.saved)
    would = "would " if summary["practice"] else ""
    facts = (
        ("jobs succeeded", f"{counts['succeeded']:,} of {summary['total']:,}"),
        (f"{would}cost", spent),
        (f"{would}save against real-time prices" if would else "saved against real-time prices", saved),
        ("model" if len(summary["models"]) == 1 else "models", ", ".join(summary["models"])),
    )
    yield '<div class="facts">'
    yield from (f"<div><span>{escape(value)}</span><small>{name}</small></div>" for name, value in facts)
    yield "</div>"
    if summary["practice"]:
        yield '<p class="told"><strong>Practice run: no model was asked, nothing was paid.</strong></p>'
    reviews = run.reviews()
    yield f'<p class="told"><strong>{escape(run.signature())}</strong></p>'
    yield from _table(run)
    ids, proofs = run.job_ids, Proofs()
    for row in range(len(run)):
        yield from _job(run, pages.detail(run.store, run.drive.state, row), reviews.get(ids[row], {}), proofs)
    if proofs.left_out:
        yield (
            f"<p><small>Pictures end here: with {proofs.left_out:,} more this file would be larger than pages can well "
            "be. Their places are quoted in words.</small></p>"
        )
    yield "</body></html>"


def _table(run: BatchRun) -> Iterator[str]:
    """All results as a table, each linked to its evidence below; a value that was corrected is the corrected one."""
    columns: dict[str, bool] = {}  # and whether all that stands in one are numbers
    for start in range(0, len(run), pages.MOST):
        for row in run.rows(start, pages.MOST)[1]:
            for path, value in row["fields"].items():
                columns[path] = columns.get(path, True) and (not value or NUMBER.fullmatch(value) is not None)
    shown = list(columns)[:COLUMNS]
    hidden = len(columns) - len(shown)
    also = f"<p><small>{hidden:,} more columns are below, with each result.</small></p>" if hidden else ""
    side = {path: ' class="number"' if columns[path] else "" for path in shown}
    heads = "".join(f"<th{side[name]}>{escape(name, CELL)}</th>" for name in shown)
    yield f'{also}<div class="wide"><table><tr><th>job</th><th>state</th>{heads}</tr>'
    for start in range(0, len(run), pages.MOST):
        for row in run.rows(start, pages.MOST)[1]:
            right = _corrected(run, row)
            values = ((c, right.get(c, row["fields"].get(c, ""))) for c in shown)
            cells = "".join(f"<td{side[c]}>{escape(value, CELL)}</td>" for c, value in values)
            link = f'<a href="#r{row["row"]}">{escape(row["id"], CELL)}</a>'
            yield f"<tr><td>{link}</td><td>{escape(row['state'])}</td>{cells}</tr>"
    yield "</table></div>"


def _corrected(run: BatchRun, row: JsonObject) -> dict[str, str]:
    """What a person put in place of a row's values, by column; a rejected value leaves its cell empty."""
    if not row["review"] or not row["review"]["wrong"]:
        return {}
    fields = run.detail(row["row"])["fields"]
    wrong = [field for field in fields if field["review"] and field["review"]["verdict"] != "confirmed"]
    return {field["path"]: field["review"]["value"] or "" for field in wrong}


def _job(run: BatchRun, detail: JsonObject, reviews: Mapping[str, Review], proofs: Proofs) -> Iterator[str]:
    yield f'<details open id="r{detail["row"]}"><summary>'
    cost = "" if detail["cost"] is None else f" · {dollars(Decimal(detail['cost']))}"
    yield f"{escape(detail['id'])} <small>{escape(detail['state'])} · {escape(detail['model'])}{cost}</small></summary>"
    if detail["error"]:
        yield f'<p class="told">{escape(detail["error"], LONGEST)}</p>'
    yield "<table>"
    documents = run.store.job(run.run_id, detail["row"]).documents
    for field in detail["fields"]:
        found = next(iter(field["citations"]), None)
        none = f"<small>{escape(field['note'] or 'no evidence found')}</small>"
        proof = _proof(documents, found, proofs) if found else none
        value = escape(field["value"], LONGEST)
        said = reviews.get(field["path"])
        if said is not None and said.verdict != "confirmed":
            value = f"<s>{value}</s>" + _right(field["review"])
        cell = f'<td class="said">{_said(said)}</td>' if reviews else ""
        path = f"<small>{escape(field['path'])}</small>"
        yield f'<tr><td class="value">{path}<div>{value}</div></td><td class="proof">{proof}</td>{cell}</tr>'
    yield "</table>"
    for note in detail["page_notes"]:
        name = f"{documents[note['document']].name}: " if len(documents) > 1 else ""
        yield f"<p><small>{escape(name + note['text'])}</small></p>"
    yield "</details>"


def _right(review: JsonObject) -> str:
    """The value that a person put in place of the answer's."""
    return f"<br><strong>{escape(review['value'], LONGEST)}</strong>" if review["verdict"] == "corrected" else ""


def _said(review: Review | None) -> str:
    """What a person said about a value, who it was and when."""
    if review is None:
        return "<small>not checked</small>"
    who = escape(review.reviewer or "unnamed")
    return f"<strong>{escape(review.verdict)}</strong><br><small>{who}, {minute(review.at)}</small>"


def _proof(documents: tuple[Document, ...], citation: Mapping[str, Any], proofs: Proofs) -> str:
    number = citation["document"]
    document = documents[number] if 0 <= number < len(documents) else None
    where = escape(document.name if document else "document") + (
        f", page {citation['page']}" if citation["page"] else ""
    )
    sure = citation["confidence"] and f"{citation['confidence']} confidence"
    why = " · ".join(str(part) for part in (sure, citation["reason"]) if part)
    return f"{proofs.of(document, citation)}<small>{where}{' · ' + escape(why) if why else ''}</small>"
