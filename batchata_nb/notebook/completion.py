"""Tab completion inside `%%batchata` cells and `%batchata` lines, for IPython 8.6 and later.

`hits` is pure but for the sources it is given; `install` and `remove` join it to a shell's completer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from ..core.errors import ValidationError
from .cells import ROLES, words_of
from .helptext import COMMANDS
from .options import BY_NAME, MODES, OPTIONS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Hit = tuple[str, str]
"""A word to offer, and its type as the front end shows it."""
_MOST = 200
_ALWAYS = ("index",)


class Context(Protocol):
    """What IPython hands to a matcher."""

    token: str
    full_text: str
    cursor_position: int
    cursor_line: int


@dataclass(frozen=True, slots=True)
class Sources:
    """Where words come from: each is called only when its words are wanted.

    Attributes:
        models: Model names.
        runs: Names of the runs of this notebook and its store.
        providers: Names of providers.
        namespace: The user's names.
    """

    models: Callable[[], Iterable[str]]
    runs: Callable[[], Iterable[str]]
    providers: Callable[[], Iterable[str]]
    namespace: Mapping[str, Any]


def hits(context: Context, sources: Sources) -> list[Hit]:
    """Return what may stand at the cursor; nothing where Python's own completions are right."""
    lines = context.full_text.split("\n")
    line = lines[context.cursor_line] if context.cursor_line < len(lines) else ""
    before = line[: context.cursor_position]
    first = next((n for n, text in enumerate(lines) if text.strip()), 0)
    if lines[first].startswith("%%batchata"):
        if context.cursor_line == first:
            found = _of_line(before.removeprefix("%%batchata"), sources)
        else:
            found = _of_body(lines[first], lines[first + 1 : context.cursor_line], before, sources)
    elif re.match(r"\s*(\w+\s*=\s*)?%batchata\s", before):
        found = _of_command(before.partition("%batchata")[2], sources)
    else:
        return []
    fitting = dict.fromkeys(hit for hit in found if hit[0].startswith(context.token) and hit[0] != context.token)
    return list(fitting)[:_MOST]


def _of_line(before: str, sources: Sources) -> list[Hit]:
    if before and not before[0].isspace():
        return []
    words = before.split()
    current = words.pop() if words and not before[-1].isspace() else ""
    name, equals, _ = current.partition("=") if current.startswith("-") else (current, "", "")
    option = BY_NAME.get(name if equals else words[-1] if words else "")
    if option and option.meta and (equals or not current.startswith("-")):
        values = _values(option.field, sources)
        if option.field.endswith(("_column", "_columns")):
            values = [(column, "field") for column in columns(before, sources.namespace)]
        return values if equals or option.takes_value else [*values, *_options(words)]
    runs = [] if words or current.startswith("-") else [(run, "instance") for run in sources.runs()]
    return runs if current and runs else [*runs, *_options(words)]


def _options(words: list[str]) -> list[Hit]:
    """Return the options that can still be added."""
    used = {option.field for word in words if (option := BY_NAME.get(word.partition("=")[0])) and not option.repeat}
    return [(option.long, "param") for option in OPTIONS if option.field not in used]


def _values(field: str, sources: Sources) -> list[Hit]:
    if field == "models":
        return [(model, "value") for model in sources.models()]
    if field == "provider":
        return [(name, "value") for name in sources.providers()]
    if field == "cite":
        return [(mode, "value") for mode in MODES]
    if field == "schema_name":
        return [(name, "class") for name, value in list(sources.namespace.items()) if _is_model(name, value)]
    return []


def _is_model(name: str, value: Any) -> bool:
    return isinstance(value, type) and hasattr(value, "model_json_schema") and not name.startswith("_")


def _of_body(line: str, above: list[str], before: str, sources: Sources) -> list[Hit]:
    """Return template fields inside `{{ … }}`, and roles behind `---`."""
    if before.startswith("---"):
        return [(role, "keyword") for role in ROLES]
    opened, closed = before.rfind("{{"), before.rfind("}}")
    if opened <= closed or re.search(r"[|.]\s*\w*$", before[opened:]):
        return []
    return [(name, "field") for name in (*fields(line, sources.namespace), *_ALWAYS)]


def fields(line: str, namespace: Mapping[str, Any]) -> list[str]:
    """Return what a prompt may name, from the cell's first line; an expression that is no plain name is not run."""
    try:
        words = [word.text for word in words_of(line)]
    except ValidationError:
        return []
    attached = any(BY_NAME[word].field in ("files", "file_column") for word in words if word in BY_NAME)
    return [*columns(line, namespace), *(["file"] if attached else [])]


def columns(line: str, namespace: Mapping[str, Any]) -> list[str]:
    """Return the columns of what `--over` names on a cell's first line, where it is a plain name."""
    words = line.split()
    over = next((value for name, value in pairwise(words) if name in BY_NAME and BY_NAME[name].field == "over"), None)
    over = over or next((word.partition("=")[2] for word in words if word.startswith("--over=")), None)
    return _columns(namespace.get(over)) if over else []


def _columns(value: Any) -> list[str]:
    for name in ("column_names", "columns"):
        found = getattr(value, name, None)
        if found is not None:
            return [str(column) for column in found]
    if isinstance(value, Mapping):
        value = list(value.values())[:1]
    if isinstance(value, (list, tuple)) and value:
        return [str(key) for key in value[0]] if isinstance(value[0], Mapping) else ["item"]
    return []


def _of_command(before: str, sources: Sources) -> list[Hit]:
    words = before.split()
    if not words or (len(words) == 1 and not before[-1].isspace()):
        return [(command.name, "keyword") for command in COMMANDS]
    if words[0] == "models":
        return [(model, "value") for model in sources.models()]
    if words[0] == "doctor":
        return []
    if words[0] == "rest" and len(words) + before[-1].isspace() > 2:
        return [("best", "keyword"), *((model, "value") for model in sources.models())]
    return [(run, "instance") for run in sources.runs()]


def install(shell: InteractiveShell, sources: Sources) -> Callable[[], None]:
    """Offer these completions in a shell; return what takes them away. Does nothing before IPython 8.6."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return lambda: None

    def offer(context: Context) -> dict[str, Any]:
        found = hits(context, sources)
        return {"completions": [SimpleCompletion(text, type=kind) for text, kind in found], "suppress": bool(found)}

    matcher = context_matcher(identifier="batchata")(offer)
    matchers = shell.Completer.custom_matchers
    matchers.append(matcher)

    def remove() -> None:
        if matcher in matchers:
            matchers.remove(matcher)

    return remove
