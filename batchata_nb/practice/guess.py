"""What can be said of a text without labels: tone, topics, sentences, e-mail addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .ask import Leaf, Place
from .labels import DOCUMENT, GENERIC, is_label, synonyms, words

if TYPE_CHECKING:
    from .fill import Filler
    from .reading import Page

GOOD = frozenset(
    "good great love loved excellent happy thanks thank thankful perfect amazing awesome helpful fast quick easy "
    "pleased wonderful fantastic works resolved recommend best nice brilliant delighted smooth friendly superb "
    "enjoy enjoyed glad satisfied appreciate impressed lovely fine".split()
)
BAD = frozenset(
    "bad terrible hate hated awful broken slow late angry poor worst disappointed disappointing refund crash crashes "
    "crashed error errors fail fails failed failing useless rude damaged missing wrong never unacceptable frustrating "
    "frustrated annoying complaint defective delayed lost problem issue horrible confusing cancel unhappy "
    "leak leaks leaking broke burnt crushed rattles charged stuck dirty scratched".split()
)
STOP = frozenset(
    "this that with from have been were will would could should about there their which when what where your they "
    "them then than because after before again still just also very much more most some only into over please "
    "said says does doesn didn cannot want need like make made back here thing things every even while being each "
    "other really support message customer today yesterday since comes come goes went gets tried three four five "
    "weeks week month months days hour time next found other another sent send keep otherwise elsewhere nobody "
    "instead mine".split()
)
TOPICS = frozenset("topic tag keyword theme subject category label concept".split())
SUMMARY = frozenset("summary title subject headline reason text description question request complaint".split())
_PATTERNS = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "url": re.compile(r"https?://[^\s)>\]]+|\bwww\.[^\s)>\]]+"),
    "website": re.compile(r"https?://[^\s)>\]]+|\bwww\.[^\s)>\]]+"),
    "phone": re.compile(r"\+?\(?\d[\d ()-]{6,}\d"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
}
_CURRENCIES = (("€", "EUR"), ("£", "GBP"), ("¥", "JPY"), ("₹", "INR"), ("$", "USD"))
_SENTENCE = re.compile(r"[^\s.!?][^.!?\n]*(?:[.!?](?=\d|\w)[^.!?\n]*)*[.!?]*")


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence around a span begins and ends."""
    first, last = start, end
    for found in _SENTENCE.finditer(text, max(0, start - 600), min(len(text), end + 600)):
        if found.end() > start and found.start() < end:
            first, last = min(first, found.start()), max(last, found.end())
    return first, last


def sentences(page: Page) -> Iterator[tuple[int, int, str]]:
    """Yield the sentences of a page."""
    for found in _SENTENCE.finditer(page.text):
        if len(found[0].strip()) > 1:
            yield found.start(), found.end(), found[0]


def at_most(description: str) -> int | None:
    """Return the most items that a description allows: "at most three"."""
    found = re.search(r"(?:at most|up to|max(?:imum)?(?: of)?|no more than)\s+(\w+)", description, re.I)
    if found is None:
        return None
    spelled = "zero one two three four five six seven eight nine ten".split()
    word = found[1].lower()
    return int(word) if word.isdigit() else spelled.index(word) if word in spelled else None


def about_topics(name: tuple[str, ...]) -> bool:
    """Whether a field asks for topics."""
    return any(word.removesuffix("s") in TOPICS for word in name)


def topics(filler: Filler, most: int) -> list[Any]:
    """Return the most frequent nouns, or what looks like one, where they first stand."""
    counted: Counter[str] = Counter()
    first: dict[str, tuple[Page, int, int]] = {}
    for page in filler.pages:
        for found in re.finditer(r"[^\W\d_]{4,}", page.text):
            word = found[0].lower()
            if word not in STOP | GOOD | BAD and not re.search(r"(?:ing|ed|ly|n't)$", word):
                counted[word] += 1
                first.setdefault(word, (page, found.start(), found.end()))
    order = {word: index for index, word in enumerate(counted)}
    best = sorted(counted, key=lambda word: (-counted[word], order[word]))[:most]
    return [Leaf(word, filler.place(*first[word])) for word in best]


def scalar(filler: Filler, schema: dict[str, Any], name: tuple[str, ...], told: tuple[str, ...]) -> Leaf | None:
    """Find a value that no label gives away; None if nothing does."""
    if "enum" in schema:
        return _enum(filler, schema["enum"])
    kind = schema.get("type")
    if kind == "boolean":
        return _mentioned(filler, name)
    if schema.get("format") in ("date", "date-time"):
        return _first_date(filler, schema, name)
    return _string(filler, name) if kind in ("string", None) else None


def _first_date(filler: Filler, schema: dict[str, Any], name: tuple[str, ...]) -> Leaf | None:
    """The date of a document is the first one in it; a date of something else needs a label."""
    if set(name) - GENERIC - DOCUMENT - {"issue"}:
        return None
    for page in filler.pages:
        for line in page.lines:
            for cell in line.cells:
                leaf = filler.typed(schema, cell.text, page, cell.start, None)
                if leaf is not None:
                    return leaf
    return None


def _enum(filler: Filler, options: list[Any]) -> Leaf | None:
    named = {str(option).lower(): option for option in options if option is not None}
    if "positive" in named and "negative" in named:
        return _tone(filler, named)
    for option in sorted((o for o in options if isinstance(o, str)), key=len, reverse=True):
        leaf = filler.word(option)
        if leaf is not None:
            return leaf
    text = "\n".join(page.text for page in filler.pages)
    for code, symbol in ((code, symbol) for symbol, code in _CURRENCIES):
        if code in options and symbol in text:
            return Leaf(code, _first(filler, re.escape(symbol)))
    return None


def _tone(filler: Filler, named: dict[str, Any]) -> Leaf:
    good = bad = 0
    place = None
    for page in filler.pages:
        for found in re.finditer(r"[^\W\d_]+(?:'t)?", page.text.lower()):
            before = page.text[max(0, found.start() - 12) : found.start()].lower()
            turned = bool(re.search(r"\b(?:not|no|never|isn't|wasn't|don't|didn't)\s+(?:\w+\s+)?$", before))
            is_good, is_bad = found[0] in GOOD, found[0] in BAD
            good += is_bad if turned else is_good
            bad += is_good if turned else is_bad
            if (is_good or is_bad) and place is None:
                place = filler.place(page, found.start(), found.end())
    both = next((named[word] for word in ("mixed", "neutral") if word in named), named["positive"])
    if good and bad and "mixed" in named:
        return Leaf(named["mixed"], place)
    if good == bad:
        return Leaf(named.get("neutral", both), place)
    return Leaf(named["positive" if good > bad else "negative"], place)


def _mentioned(filler: Filler, name: tuple[str, ...]) -> Leaf | None:
    """Say yes or no by whether a telling word of the field's name is in the text; a question wants an answer."""
    if set(name) & {"question", "answer", "reply", "response"} and (place := _first(filler, r"\?")):
        return Leaf(True, place)
    for word in name:
        if len(word) < 4 or word in GENERIC:
            continue
        for page in filler.pages:
            found = re.search(rf"\b{re.escape(word[:6])}\w*", page.text, re.I)
            if found:
                before = page.text[max(0, found.start() - 24) : found.start()].lower()
                negated = bool(re.search(r"\b(?:not|no|never|without|n't)\b", before))
                return Leaf(not negated, filler.place(page, found.start(), found.end()))
    return None


def _string(filler: Filler, name: tuple[str, ...]) -> Leaf | None:
    for word in name:
        if pattern := _PATTERNS.get(word):
            for page in filler.pages:
                if found := pattern.search(page.text):
                    return Leaf(found[0], filler.place(page, found.start(), found.end()))
            return None
    if {"answer", "response", "reply"} & set(name):
        places = matching(filler.question, filler.pages)
        return Leaf(" ".join(" ".join(place.text.split()) for place in places), places[0]) if places else None
    if "currency" in name:
        return _currency(filler)
    if "seller" in name and not set(name) & {"address", "tax", "number", "phone"}:
        return _letterhead(filler)
    if named := _named(filler, name):
        return named
    if set(name) & SUMMARY or about_topics(name):
        for page in filler.pages:
            for start, end, text in sentences(page):
                return Leaf(" ".join(text.split()), filler.place(page, start, end))
    return None


def _named(filler: Filler, name: tuple[str, ...]) -> Leaf | None:
    """Find "the product Desk Lamp": a field's name, then a name in capitals, in the question or the material."""
    for word in name:
        said = "|".join(map(re.escape, synonyms(word)))
        pattern = re.compile(rf"\b(?i:{said})\s+(?:is\s+|named\s+|called\s+)?[\"']?([A-Z][\w-]*(?: [A-Z][\w-]*)*)")
        if found := pattern.search(filler.question):
            return Leaf(found[1])
        for page in filler.pages:
            if found := pattern.search(page.text):
                return Leaf(found[1], filler.place(page, *found.span(1)))
    return None


def _currency(filler: Filler) -> Leaf | None:
    if place := _first(filler, r"\b(?:EUR|USD|GBP|CHF|JPY|SEK|PLN|INR|CAD|AUD)\b"):
        found = re.search(r"\b(?:EUR|USD|GBP|CHF|JPY|SEK|PLN|INR|CAD|AUD)\b", place.text)
        return Leaf(found[0] if found else "", place)
    for symbol, code in _CURRENCIES:
        if place := _first(filler, re.escape(symbol)):
            return Leaf(code, place)
    return None


def _first(filler: Filler, pattern: str) -> Any:
    for page in filler.pages:
        if found := re.search(pattern, page.text):
            return filler.place(page, found.start(), found.end())
    return None


def _letterhead(filler: Filler) -> Leaf | None:
    """The sender of a letter stands at its top: the first line of words that is no title and no label."""
    for page in filler.pages[:1]:
        for line in page.lines[:8]:
            for cell in line.cells:
                plain = cell.text.strip()
                title = re.fullmatch(
                    r"(?:tax |sales |commercial |pro.?forma )*(?:invoice|receipt|bill|statement|page)\b.*", plain, re.I
                )
                if not title and ":" not in plain and not is_label(plain) and len(re.findall(r"[^\W\d_]", plain)) >= 4:
                    return Leaf(plain, filler.place(page, cell.start, cell.end))
    return None


def matching(question: str, pages: list[Page]) -> list[Place]:
    """Return up to three sentences that share most words with a question, in the order of the document."""
    wanted = telling(question)
    scored: list[tuple[int, int, Place]] = []
    for page in pages:
        for start, end, text in sentences(page):
            shared = len(wanted & telling(text))
            shown = text if page.number is None else " ".join(text.split())
            scored.append((-shared, len(scored), Place(page.source, page.number, start, end, shown, page.block)))
    apt = [item for item in scored if item[0]] or scored
    best = sorted(sorted(apt, key=lambda item: item[:2])[:3], key=lambda item: item[1])
    return [place for _, _, place in best]


def telling(text: str) -> set[str]:
    """Return the words of a question that may be looked for."""
    return {word for word in words(text) if len(word) > 3 and word not in STOP}
