"""Fill a JSON schema from what documents say, by looking labels up: no model, no knowledge of particular documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import guess, quoting, tables, values
from .ask import Leaf, Place
from .labels import Pair, fit, is_label, pairs, words
from .reading import Cell, Page, Reading
from .schemas import resolve

_MONEY = re.compile(r"[$€£¥₹]|[.,]\d{2}(?!\d)|\b[A-Z]{3}\b")
LEAST = 0.45
"""How well a label must suit a field."""
JsonSchema = dict[str, Any]


MISSING = Leaf(None)
Tree = Leaf | dict[str, Any] | list[Any]
"""Leaves in nested objects and lists."""


@dataclass(slots=True)
class Filler:
    """Fills one schema from some documents; `material` is what stands in for a document that is only text."""

    readings: Sequence[Reading]
    root: JsonSchema
    question: str = ""
    all_pairs: list[Pair] = field(default_factory=list)
    style: values.Style = field(default_factory=values.Style)

    def __post_init__(self) -> None:
        self.all_pairs = pairs(self.pages)
        self.style = values.style("\n".join(page.text for page in self.pages))

    @property
    def pages(self) -> list[Page]:
        """All pages of all documents."""
        return [page for reading in self.readings for page in reading.pages]

    def fill(self) -> Tree:
        """Return the filled schema."""
        return self.value(self.root, (), ())

    def value(self, schema: Any, name: tuple[str, ...], told: tuple[str, ...], required: bool = True) -> Tree:
        """Fill one schema; `name` and `told` are the words of the field's name and description."""
        schema, nullable = self.plain(schema)
        told = words(schema.get("description") or "") or told
        kind = schema.get("type")
        if "const" in schema:
            return Leaf(schema["const"])
        if kind == "object" or "properties" in schema:
            return self.object(schema, name)
        if kind == "array":
            return self.array(schema, name, told)
        found = self.scalar(schema, name, told)
        if found is not None:
            return found
        return MISSING if nullable or not required else Leaf(empty(schema))

    def plain(self, schema: Any) -> tuple[JsonSchema, bool]:
        """Follow references and unions down to one type; also say whether null is allowed."""
        schema = resolve(schema, self.root)
        nullable = False
        for _ in range(8):
            options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            kinds = schema.get("type")
            if isinstance(kinds, list):
                nullable |= "null" in kinds
                schema = {**schema, "type": next((k for k in kinds if k != "null"), "null")}
            elif options:
                resolved = [resolve(option, self.root) for option in options]
                nullable |= any(option.get("type") == "null" for option in resolved)
                chosen = next((option for option in resolved if option.get("type") != "null"), {"type": "null"})
                schema = {**{k: v for k, v in schema.items() if k not in ("anyOf", "oneOf", "allOf")}, **chosen,
                          **({"description": schema["description"]} if "description" in schema else {})}  # fmt: skip
            else:
                break
        return schema, nullable

    def object(self, schema: JsonSchema, name: tuple[str, ...]) -> Tree:
        """Fill an object; quotes asked for beside the answer are filled from it."""
        properties: JsonSchema = schema.get("properties") or {}
        needed = schema.get("required") or ()
        tree: dict[str, Any] = {}
        quotes = next((key for key, inner in properties.items() if quoting.asks_for_quotes(self, inner)), None)
        for key, inner in properties.items():
            if key == quotes:
                tree[key] = []
                continue
            plain, nullable = self.plain(inner)
            nested = plain.get("type") == "object" or "properties" in plain
            # The name of what quotes stand beside, `answer` say, is no part of what its fields are called.
            own = () if nested and quotes is not None else words(key)
            wider = () if nested else name
            filled = self.value(inner, tuple(dict.fromkeys([*wider, *own])), (), key in needed or nullable)
            if filled is not MISSING or key in needed or nullable:
                tree[key] = filled
        if quotes is not None:
            tree[quotes] = quoting.quotes(self, properties[quotes], tree)
        return tree

    def array(self, schema: JsonSchema, name: tuple[str, ...], told: tuple[str, ...]) -> list[Any]:
        """Fill a list: the rows of a table, the parts of a labelled text, words of a given set, or frequent nouns."""
        item, _ = self.plain(schema.get("items") or {})
        if item.get("type") == "object" or "properties" in item:
            return self.rows(item)
        most = schema.get("maxItems") or guess.at_most(schema.get("description") or "")
        if "enum" in item:
            found = [self.word(option) for option in item["enum"] if isinstance(option, str)]
            return [leaf for leaf in found if leaf is not None][:most]
        labelled = self.labelled(name, told)
        if labelled:
            pair = labelled[0]
            parts = [part for part in re.finditer(r"[^,;]+", pair.value) if part[0].strip()]
            leaves = [self.typed(item, part[0].strip(), pair.page, pair.start + part.start(), pair) for part in parts]
            return [leaf for leaf in leaves if leaf is not None][:most]
        column = tables.find(self.pages, {"": (name, told)})
        if column:
            cells = [(row.page, row.cells[""][0]) for row in column if "" in row.cells]
            leaves = [self.typed(item, cell.text, page, cell.start, None) for page, cell in cells]
            return [leaf for leaf in leaves if leaf is not None][:most]
        if item.get("type") == "string" and guess.about_topics(name):
            return guess.topics(self, most or 3)
        return []

    def rows(self, item: JsonSchema) -> list[Any]:
        """Fill a list of objects from a table."""
        properties: JsonSchema = item.get("properties") or {}
        names = {}
        for key, inner in properties.items():
            plain, _ = self.plain(inner)
            names[key] = (words(key), words(plain.get("description") or ""))
        filled = []
        for row in tables.find(self.pages, names):
            tree: dict[str, Any] = {}
            for key, inner in properties.items():
                plain, nullable = self.plain(inner)
                leaf = self.cell(plain, row.page, row.cells.get(key) or [])
                if leaf is None and (nullable or key in (item.get("required") or ())):
                    leaf = MISSING if nullable else Leaf(empty(plain))
                if leaf is not None:
                    tree[key] = leaf
            filled.append(tree)
        return filled

    def cell(self, schema: JsonSchema, page: Page, cells: Sequence[Cell]) -> Leaf | None:
        """Read the cells of one field in a table row."""
        if not cells:
            return None
        if schema.get("type") in ("string", None) and "format" not in schema and "enum" not in schema:
            text = " ".join(cell.text for cell in cells)
            return Leaf(text, self.place(page, cells[0].start, cells[-1].end))
        return self.typed(schema, cells[0].text, page, cells[0].start, None)

    def scalar(self, schema: JsonSchema, name: tuple[str, ...], told: tuple[str, ...]) -> Leaf | None:
        """Find one value: by label first, else in the ways `guess` knows."""
        found = self.labelled(name, told)
        if schema.get("type") == "number" and not {"quantity", "percent"} & set(name):
            found.sort(key=lambda pair: not _MONEY.search(pair.value))  # "Total 12.50" before "Total items 3"
        for pair in found:
            leaf = self.typed(schema, pair.value, pair.page, pair.start, pair)
            if leaf is not None:
                return leaf
        return guess.scalar(self, schema, name, told)

    def labelled(self, name: tuple[str, ...], told: tuple[str, ...]) -> list[Pair]:
        """Return the pairs whose label suits, best first."""
        scored = [(fit(name, pair.label, told) * pair.strength, pair) for pair in self.all_pairs]
        good = sorted((item for item in scored if item[0] >= LEAST), key=lambda item: -item[0])
        return [pair for _, pair in good]

    def typed(self, schema: JsonSchema, text: str, page: Page, start: int, pair: Pair | None) -> Leaf | None:
        """Read a text as the schema's type; None if it is no such thing."""
        parsed = parse(schema, text, self.style)
        if parsed is None:
            return None
        first, last = start + parsed.start, start + parsed.end
        label = pair.label_start if pair else None
        return Leaf(parsed.value, self.place(page, first, last, label))

    def word(self, option: str) -> Leaf | None:
        """Find a word of a given set in the documents, as a whole word and not negated."""
        shape = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", option) if part)
        pattern = re.compile(rf"(?<![\w-])(?<!not )(?<!amount ){shape}(?![\w-]|:?[ \t]*[$€£]?\d)", re.I)
        for page in self.pages:
            if shape and (found := pattern.search(page.text)):
                return Leaf(option, self.place(page, found.start(), found.end()))
        return None

    def place(self, page: Page, start: int, end: int, label: int | None = None) -> Place:
        """Return the lines that hold a value, and its label if that stands just before."""
        text = page.text
        if label is not None and 0 < start - label <= 200:
            start = label
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", max(end - 1, start))
        last = len(text) if last < 0 else last
        if last - first > 400:
            first, last = guess.sentence(text, start, end)
        while first < last and text[first].isspace():
            first += 1
        while last > first and text[last - 1].isspace():
            last -= 1
        shown = text[first:last]
        if page.number is not None:
            shown = " ".join(shown.split())
        return Place(page.source, page.number, first, last, shown, page.block)


def parse(schema: JsonSchema, text: str, style: values.Style) -> values.Parsed | None:
    """Read a text as a schema's type."""
    kind, form = schema.get("type"), schema.get("format")
    if "enum" in schema:
        for option in sorted((o for o in schema["enum"] if o is not None), key=lambda o: -len(str(o))):
            shape = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", str(option)) if part)
            if found := re.search(rf"(?<!\w){shape}(?!\w)", text, re.I):
                return values.Parsed(option, found.start(), found.end())
        return None
    if kind in ("number", "integer"):
        return values.number(text, style.comma, whole=kind == "integer")
    if kind == "boolean":
        return values.truth(text)
    if form in ("date", "date-time"):
        found_day = values.day(text, style.day_first)
        if found_day is not None and form == "date-time":
            return values.Parsed(f"{found_day.value}T00:00:00Z", found_day.start, found_day.end)
        return found_day
    if kind == "null":
        return None
    if isinstance(schema.get("pattern"), str) and "\\d" in schema["pattern"] and "[+-]" in schema["pattern"]:
        amount = values.number(text, style.comma)  # a decimal number that is written as a string
        return values.Parsed(str(amount.value), amount.start, amount.end) if amount else None
    stripped = text.strip(" \t\r\n*_|,;")
    if not stripped or is_label(stripped):  # the next label is no value
        return None
    start = text.index(stripped[0])
    return values.Parsed(" ".join(stripped.split()), start, start + len(stripped))


def empty(schema: JsonSchema) -> Any:
    """Return what a required field holds when nothing was found: as little as its type allows."""
    if schema.get("enum"):
        options = schema["enum"]
        shy = ("unknown", "other", "none", "n/a", "not_stated", "unclear", "neutral", "mixed")
        return next((o for word in shy for o in options if str(o).lower() == word), options[0])
    if schema.get("format") in ("date", "date-time"):
        return "1970-01-01" if schema["format"] == "date" else "1970-01-01T00:00:00Z"
    return {"number": 0, "integer": 0, "boolean": False, "null": None}.get(str(schema.get("type")), "")
