"""How well, and how fast, values are found in documents: `python benchmarks/evidence.py [--set FOLDER]`.

The set is a folder with `items.jsonl` and `docs/`: documents, each with a schema, an answer, the answer as a model
with citations gives it, and the accepted places of each value (`gold`). All goes through the public
`batchata_nb.locate`. Two tracks: *values* (document, schema and answer only) and *cited* (the model's content blocks
too). A citation is a hit when its characters overlap an accepted place by at least half (intersection over union,
blanks aside), or hold all of it and at most 24 characters more. F1 is the mean over groups of sources; *hard* are
values printed elsewhere too, printed with faults or in pieces, and absent values that differ from a printed one by a
digit.

The score of each source stands beside the mean over all others, so that a rule that helps one source alone shows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from batchata_nb import locate  # noqa: E402
from batchata_nb.core.citations import Citation  # noqa: E402
from batchata_nb.documents.files import load, open_document  # noqa: E402
from batchata_nb.documents.pdf import open_pdf  # noqa: E402

DEFAULT_SET = ROOT.parent / "shared" / "data" / "citations"
GROUPS = {
    "icdar": "tables",
    "zugferd": "e-invoices",
    "invoice2data": "e-invoices",
    "deepform": "ad-orders",
    "kleister": "contracts-pdf",
    "cuad": "contracts-pdf",
    "contractnli": "contracts-text",
    "sroie": "receipts",
    "xquad": "articles",
}
HARD = frozenset({"repeated", "noisy", "pieces", "over-page-break"})
_EXTRA = 24

Chars = set[tuple[int, int]]


@dataclass(slots=True)
class Tally:
    """Counts of one category."""

    fields: int = 0
    citations: int = 0
    right: int = 0
    found: int = 0
    absent: int = 0
    absent_cited: int = 0

    @property
    def precision(self) -> float:
        """Right citations of all given."""
        return self.right / self.citations if self.citations else 0.0

    @property
    def recall(self) -> float:
        """Fields with a right citation of all that have a place."""
        return self.found / self.fields if self.fields else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def false(self) -> float:
        """Share of absent values that were cited."""
        return self.absent_cited / self.absent if self.absent else 0.0

    def add(self, gold: Mapping[str, Any], hits: Sequence[bool]) -> None:
        """Count one field."""
        self.citations += len(hits)
        if gold.get("absent"):
            if gold["why"] != "null":
                self.absent += 1
                self.absent_cited += bool(hits)
            return
        self.fields += 1
        self.right += sum(hits)
        self.found += any(hits)


def texts_of(path: Path) -> list[str]:
    """Canonical text of each page of a document."""
    document = open_document(path)
    if document.kind == "pdf":
        with open_pdf(path) as pdf:
            return [pdf.text(n) for n in range(1, pdf.page_count + 1)]
    return [load(document).text or ""]


def characters(texts: Sequence[str], spans: Sequence[tuple[int, int, int]]) -> Chars:
    """The characters of spans, blanks left out."""
    return {
        (page, at)
        for page, start, end in spans
        if 1 <= page <= len(texts)
        for at in range(max(0, start), min(len(texts[page - 1]), end))
        if not texts[page - 1][at].isspace()
    }


def is_hit(given: Chars, accepted: Sequence[Chars]) -> bool:
    """Whether a citation is one of the accepted places."""
    for place in accepted:
        common = len(place & given)
        if (
            place
            and given
            and (common / len(place | given) >= 0.5 or (common == len(place) and len(given) - common <= _EXTRA))
        ):
            return True
    return False


def spans(citation: Citation) -> list[tuple[int, int, int]]:
    """All pieces of a citation as (page, start, end); text documents count as one page."""
    if pieces := citation.metadata.get("pieces"):
        return [(piece["page"] or 1, piece["start"], piece["end"]) for piece in pieces]
    return [(citation.page or 1, citation.start or 0, citation.end or 0)]


def name(pointer: str) -> str:
    """A JSON pointer as a field path."""
    text = ""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        text += f"[{key}]" if key.isdigit() else f".{key}" if text else key
    return text


def categories(source: str, gold: Mapping[str, Any]) -> Iterator[str]:
    """What a field is counted under."""
    tags = gold.get("tags", ())
    if "inferred" not in tags:
        yield "all"
        yield f"group {GROUPS.get(source, source)}"
        yield f"source {source}"
        if HARD & set(tags) or gold.get("why") == "near-miss":
            yield "hard"
    for tag in tags:
        yield f"tag {tag}"
    if gold.get("absent"):
        yield f"absent {gold['why']}"


def score(folder: Path, items: Sequence[Mapping[str, Any]], cited: bool) -> tuple[dict[str, Tally], dict[str, float]]:
    """Locate every item's values; return counts by category, and times."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    spent: dict[str, float] = defaultdict(float)
    for item in items:
        path = folder / item["doc"]["path"]
        native = item["model_text"] if cited else None
        started = time.perf_counter()
        located = locate(item["answer"], path, schema=item["schema"], native=native)
        spent["seconds"] += time.perf_counter() - started
        started = time.perf_counter()
        locate(item["answer"], path, schema=item["schema"], native=native)
        spent["again"] += time.perf_counter() - started
        texts = texts_of(path)
        spent["fields"] += len(located)
        spent["pages"] += len(texts)
        for pointer, gold in item["gold"].items():
            accepted = [
                characters(texts, [(s["page"], s["start"], s["end"]) for s in place]) for place in gold.get("spans", ())
            ]
            given = [characters(texts, spans(citation)) for citation in located.get(name(pointer), ())]
            hits = [is_hit(one, accepted) for one in given]
            for category in categories(item["source"], gold):
                tallies[category].add(gold, hits)
    return dict(tallies), dict(spent)


def mean_f1(tallies: Mapping[str, Tally], without: str = "") -> float:
    """Mean F1 over groups, as if one source were not there."""
    sources: dict[str, list[Tally]] = defaultdict(list)
    for category, tally in tallies.items():
        kind, _, label = category.partition(" ")
        if kind == "source" and label != without and tally.fields:
            sources[GROUPS.get(label, label)].append(tally)
    means = []
    for group in sources.values():
        joined = Tally()
        for tally in group:
            joined.fields += tally.fields
            joined.citations += tally.citations
            joined.right += tally.right
            joined.found += tally.found
        means.append(joined.f1)
    return sum(means) / len(means) if means else 0.0


def report(track: str, tallies: Mapping[str, Tally], spent: Mapping[str, float]) -> None:
    """Print the table of one track."""
    hard, everything = tallies.get("hard", Tally()), tallies.get("all", Tally())
    print(
        f"\n{track}: mean F1 {mean_f1(tallies):.3f}, hard F1 {hard.f1:.3f}, absent values cited {everything.false:.3f}",
        end="",
    )
    if near := tallies.get("absent near-miss"):
        print(f" (near misses {near.false:.3f})", end="")
    if "tag inferred" in tallies:
        print(f", yes/no F1 {tallies['tag inferred'].f1:.3f}", end="")
    print(f"\n{'':24}{'fields':>8}{'P':>8}{'R':>8}{'F1':>8}{'absent':>8}{'cited':>8}{'others':>8}")
    for category in sorted(tallies):
        tally, kind = tallies[category], category.partition(" ")
        others = f"{mean_f1(tallies, kind[2]):>8.3f}" if kind[0] == "source" else ""
        absent = f"{tally.absent:>8}{tally.false:>8.3f}" if tally.absent else f"{'':>16}"
        print(
            f"{category:24}{tally.fields:>8}{tally.precision:>8.3f}{tally.recall:>8.3f}{tally.f1:>8.3f}{absent}{others}"
        )
    first, again = spent["fields"] / spent["seconds"], spent["fields"] / spent["again"]
    per_page = 1000 * spent["seconds"] / spent["pages"]
    per_field = 1000 * spent["seconds"] / spent["fields"]
    print(
        f"{spent['fields']:.0f} fields, {spent['pages']:.0f} pages, {spent['seconds']:.2f} s: {first:.0f} fields/s "
        f"({again:.0f} with the text kept), {per_field:.2f} ms a field, {per_page:.1f} ms a page"
    )


def main() -> None:
    """Run both tracks and print their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", type=Path, default=DEFAULT_SET, help="folder with items.jsonl and docs/")
    parser.add_argument("--source", action="append", help="only this source (repeatable)")
    options = parser.parse_args()
    listing = options.set / "items.jsonl"
    if not listing.exists():
        raise SystemExit(f"There is no citation set at {options.set}; name its folder with --set.")
    items = [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]
    if options.source:
        items = [item for item in items if item["source"] in options.source]
    for track, cited in (("values", False), ("cited", True)):
        report(track, *score(options.set, items, cited))


if __name__ == "__main__":
    main()
