"""The text of a `%%batchata` cell → `CellSpec`. Pure: no namespace, no file, no provider.

    %%batchata NAME --option value …
    schema section (Python)
    --- [user|system|assistant]
    prompt text

A cell without a line that begins with `---` is all prompt.
"""

from __future__ import annotations

import difflib
import keyword
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, cast

from ..core.errors import ValidationError
from ..core.jobs import CiteMode, Role
from .options import BY_NAME, OPTIONS, Option, StatedPrice
from .schema import forgotten_line

__all__ = ["OPTIONS", "CellSpec", "Section", "Word", "check_name", "parse", "sections_of", "words_of"]

ROLES: tuple[Role, ...] = ("user", "system", "assistant")
_SEPARATOR = re.compile(r"---\s*(\w+)?\s*")
_PIECE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"|\\([\s'"#])|([^\s'"])""", re.DOTALL)


class Word(NamedTuple):
    """One word of the line: `text` without its quotes, and as it stands there in `raw`."""

    text: str
    raw: str


@dataclass(frozen=True, slots=True)
class Section:
    """One prompt section: who speaks, and the template."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class CellSpec:
    """What a cell asks for.

    Attributes:
        name: Variable the run is bound to.
        sections: Prompt sections, in order.
        schema_code: Python of the schema section, from the second line of the cell on; empty where there is none.
        models: Models, in order; empty: the configured default.
        cite: How to cite; None: not at all.
        time_limit: Seconds.
        raw_files: None where the cell does not say.

    The other attributes are the options of `OPTIONS` by the same name.
    """

    name: str = "batch"
    sections: tuple[Section, ...] = ()
    schema_code: str = ""
    models: tuple[str, ...] = ()
    provider: str | None = None
    base_url: str | None = None
    files: tuple[str, ...] = ()
    over: str | None = None
    file_column: str | None = None
    messages_column: str | None = None
    id_column: str | None = None
    gold_columns: tuple[tuple[str | None, str], ...] = ()
    schema_name: str | None = None
    cite: CiteMode | None = None
    max_cost: Decimal | None = None
    budget: str | None = None
    prices: tuple[StatedPrice, ...] = ()
    time_limit: float | None = None
    max_tokens: int | None = None
    adaptive_max_tokens: bool = False
    temperature: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    preview: int | None = None
    sample: int | None = None
    live: bool = False
    items_per_batch: int | None = None
    max_parallel_batches: int | None = None
    results_dir: str | None = None
    raw_files: bool | None = None
    skip_bad_files: bool = False
    state: str | None = None
    fresh: bool = False
    cache: bool = True
    practice: bool = False
    wait: bool = False


def parse(line: str, cell: str, expand: Callable[[str], str] = str) -> CellSpec:
    """Read a cell.

    Args:
        line: What stands behind `%%batchata` on its line.
        cell: The lines below it.
        expand: Puts the user's variables into a value (`{folder}/*.pdf`); a value that it changed is still one value.

    Returns:
        What the cell asks for; nothing is looked up yet.

    Raises:
        ValidationError: The one message the user is shown.
    """
    values, name = _options(words_of(line), expand)
    code, sections = sections_of(cell)
    _check(values)
    values["params"] = dict(values.get("params", ()))
    return CellSpec(name=check_name(name or "batch"), sections=sections, schema_code=code, **values)


def check_name(name: str) -> str:
    """Return the name as Python spells it, if a variable can have it, else raise `ValidationError`."""
    name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier():
        raise ValidationError(f"{name!r} cannot name a variable; use letters, digits and _, as in invoices_2026")
    if keyword.iskeyword(name):
        raise ValidationError(f"{name!r} is a word of Python and cannot name a variable")
    return name


def words_of(line: str) -> list[Word]:
    """Split a line into words as a shell does: quotes group, `#` at the start of a word begins a comment.

    A backslash is an ordinary character (Windows paths) unless a space, quote or `#` follows it.
    """
    words: list[Word] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif line[at] == "#":
            break
        else:
            word, at = _word(line, at)
            words.append(word)
    return words


def _word(line: str, start: int) -> tuple[Word, int]:
    text, at, pieces, quoted = "", start, 0, False
    while at < len(line) and not line[at].isspace():
        found = _PIECE.match(line, at)
        if not found:
            raise ValidationError(f"A quote is opened and not closed: {line[at : at + 40]}")
        single, double, escaped, plain = found.groups()
        if double is not None:
            double = re.sub(r'\\(["\\])', r"\1", double)
        quoted = single is not None or double is not None
        text += next(piece for piece in (single, double, escaped, plain) if piece is not None)
        at, pieces = found.end(), pieces + 1
    raw = line[start:at]
    return Word(text, text if quoted and pieces == 1 else raw), at


def _options(words: list[Word], expand: Callable[[str], str]) -> tuple[dict[str, Any], str | None]:
    values: dict[str, Any] = {}
    given: dict[str, str] = {}
    name: str | None = None
    rest = deque(words)
    while rest:
        word = rest.popleft()
        if _is_option(word):
            spelling, option, inline = _find(word)
            _put(values, given, spelling, option, _take(spelling, option, inline, rest, expand))
        elif name is None:
            name = expand(word.text)
        else:
            raise ValidationError(_stray(word.text, name, values))
    return values, name


def _is_option(word: Word) -> bool:
    return word.text.startswith("-") and not re.match(r"-[\d.]", word.text)


def _find(word: Word) -> tuple[str, Option, Word | None]:
    """Return the option a word names, and the value behind its `=`, if there is one."""
    spelling, equals, text = word.text.partition("=")
    option = BY_NAME.get(spelling)
    if option is None:
        near = difflib.get_close_matches(spelling, BY_NAME, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValidationError(f"There is no option {spelling}; {hint}%%batchata? lists them all")
    if not equals:
        return spelling, option, None
    if not text or word.raw == word.text or not word.raw.startswith(f"{spelling}="):
        return spelling, option, Word(text, text)
    return spelling, option, _word(word.raw.partition("=")[2], 0)[0]


def _take(spelling: str, option: Option, inline: Word | None, rest: deque[Word], expand: Callable[[str], str]) -> Any:
    """Return the value of an option, taking its word from the line."""
    if not option.meta:
        if inline:
            raise ValidationError(f"{spelling} takes no value, and {inline.text!r} was given")
        return option.value
    optional = bool(option.meta) and not option.takes_value
    if optional and inline is None and not (rest and option.may_be(rest[0].text)):
        return option.value
    word = inline or (rest.popleft() if rest else None)
    if word is None or (word is not inline and _is_option(word) and word.text.partition("=")[0] in BY_NAME):
        raise ValidationError(f"{spelling} needs a value: {spelling} {option.meta}")
    text = word.raw if option.expand == "raw" else word.text
    try:
        return option.read(expand(text) if option.expand == "text" else text)
    except ValidationError as error:
        raise ValidationError(f"{spelling}: {error}") from None


def _put(values: dict[str, Any], given: dict[str, str], spelling: str, option: Option, value: Any) -> None:
    if option.repeat:
        values[option.field] = (*values.get(option.field, ()), value)
    elif option.field in given:
        other = given[option.field]
        raise ValidationError(
            f"{spelling} is given twice" if spelling == other else f"{other} and {spelling} exclude each other"
        )
    else:
        values[option.field] = value
    given[option.field] = spelling


def _stray(text: str, name: str, values: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(text, BY_NAME["--cite"].choices, n=1) if values.get("cite") else []
    if near:
        return f"--cite {text} is no way to cite; did you mean {near[0]}?"
    word, equals, value = text.partition("=")
    if equals and f"--{word}" in BY_NAME:
        return f"{text!r} is no option; write it as --{word} {value}"
    if values.get("cite") and text.isalpha():
        return f"--cite {text} is no way to cite; there are {', '.join(BY_NAME['--cite'].choices)}"
    return (
        f"The line names two variables, {name!r} and {text!r}; a value with spaces needs quotes around it, "
        "and an option begins with --"
    )


def _check(values: Mapping[str, Any]) -> None:
    """Raise for options that do not go together."""
    if values.get("files") and values.get("over"):
        raise ValidationError(
            "--files and --over exclude each other; to attach a file to each row, put its path into a column and "
            "name it with --file-column"
        )
    rows = [(name, "over") for name in ("file_column", "id_column", "messages_column", "gold_columns")]
    for option, needed in (*rows, ("raw_files", "results_dir"), ("sample", "preview")):
        if values.get(option) is not None and not values.get(needed):
            spelling = next(o.long for o in OPTIONS if o.field == option)
            raise ValidationError(f"{spelling} works only together with --{needed.replace('_', '-')}")
    if values.get("dry_run") and values.get("preview"):
        raise ValidationError("--dry-run sends nothing and --preview sends some; leave one of them out")
    keys = [key for key, _ in values.get("params", ())]
    for key in keys:
        if keys.count(key) > 1:
            raise ValidationError(f"--param {key} is given twice")
        if key in ("model", "max_tokens", "temperature"):
            raise ValidationError(f"{key} has an option of its own: --{key.replace('_', '-')}")
    unnamed = [price for price in values.get("prices", ()) if price.model is None]
    if len(unnamed) > 1 or (unnamed and len(values.get("models", ())) > 1):
        raise ValidationError("With several models or prices say which one a price is for: --price MODEL=IN,OUT")


def sections_of(cell: str) -> tuple[str, tuple[Section, ...]]:
    """Split a cell's body.

    Returns:
        The code of the schema section (blank lines kept, so that lines can be counted), and the prompt sections.

    Raises:
        ValidationError: An unknown role, an empty section, or no prompt at all.
    """
    lines = cell.replace("\r\n", "\n").split("\n")
    cuts = [index for index, text in enumerate(lines) if text.startswith("---")]
    if not cuts:
        if not cell.strip():
            raise ValidationError("The cell has no prompt; write it below the first line")
        if why := forgotten_line(lines):
            raise ValidationError(why)
        return "", (Section("user", cell.replace("\r\n", "\n").strip()),)
    code = "\n".join(lines[: cuts[0]])
    sections = tuple(_sections(lines, cuts))
    return code if code.strip() else "", sections


def _sections(lines: list[str], cuts: list[int]) -> Iterator[Section]:
    for cut, end in zip(cuts, [*cuts[1:], len(lines)], strict=True):
        found = _SEPARATOR.fullmatch(lines[cut])
        role = (found[1] or "user") if found else ""
        if role not in ROLES:
            raise ValidationError(
                f"Line {cut + 2} of the cell, {lines[cut][:40]!r}: a line that begins with --- starts a section, and "
                "is one of ---, --- user, --- system, --- assistant; if it belongs to the text, put a space before it"
            )
        text = "\n".join(lines[cut + 1 : end]).strip()
        if not text:
            raise ValidationError(
                f"The section that starts on line {cut + 2} of the cell is empty; write its text below it"
            )
        yield Section(cast(Role, role), text)
