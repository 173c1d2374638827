r"""Prompts as Jinja2 templates in which braces of JSON examples need no escaping.

What counts as template: `{{ expression }}` with at least one name in it, the statements `{% if %} {% for %} {% set %}
{% with %} {% filter %} {% macro %} {% call %} {% raw %}`, and `{# comment #}` with a space after the `#`. All other
braces are text: `{"a": {"b": 1}}`, `{{"a": 1}}`, `\d{{4}}`, `## Heading {#anchor}`, `{%d}`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError

if TYPE_CHECKING:
    from jinja2 import TemplateSyntaxError
    from jinja2.sandbox import SandboxedEnvironment

_STATEMENTS = {
    *("if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "filter", "endfilter"),
    *("macro", "endmacro", "call", "endcall", "raw", "endraw", "break", "continue"),
}
_OTHER_FILES = {"include", "import", "from", "extends", "block", "endblock"}
_TAG = re.compile(r"\{%[-+]?\s*([a-z]+)\b")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}", re.DOTALL)
_COMMENT = re.compile(r"\{#[-+\s].*?#\}", re.DOTALL)
_ESCAPED_BRACES = re.compile(r"\s*(['\"])[{}%#]+\1\s*")
_HALF_OPEN = re.compile(r"\{\{\s*[A-Za-z_][\w.]*\s*\}(?!\})")
_LITERAL_BRACE = re.compile(r"\{(?=[{%#]|\Z)")
_RAW_HINT = "If it is meant as text, put it between {% raw %} and {% endraw %}."
BUILTINS: dict[str, Any] = {
    "len": len,
    "max": max,
    "min": min,
    "range": range,
    "round": round,
    "sorted": sorted,
    "sum": sum,
}
"""Functions that a prompt may call besides those of the notebook."""


class Prompt:
    """One section of a prompt, compiled once.

    Attributes:
        names: The names that the template takes from outside.

    Args:
        source: The text as the user wrote it.

    Raises:
        ValidationError: The template cannot be read.
    """

    def __init__(self, source: str) -> None:
        from jinja2 import TemplateSyntaxError, meta

        environment = _environment()
        protected = _protect(source)
        try:
            self.names = frozenset(meta.find_undeclared_variables(environment.parse(protected)))
            self._template = environment.from_string(protected) if "{" in source else None
        except TemplateSyntaxError as error:
            raise ValidationError(
                f"The prompt cannot be read as a template, line {error.lineno}: {_plain(error)}. {_RAW_HINT}"
            ) from None
        self._source = source

    def render(
        self, values: Mapping[str, Any], *, where: str = "", columns: Iterable[str] = (), ours: Iterable[str] = ()
    ) -> str:
        """Fill the template in; None becomes the empty text.

        Args:
            values: Values by name.
            where: What is being filled in, for messages: `row 17`.
            columns: Names of columns, to list when one is missing.
            ours: Names that we give beside columns, to list where there are no columns.

        Raises:
            ValidationError: A name is missing, or an expression fails.
        """
        if self._template is None:
            return self._source
        from jinja2.exceptions import SecurityError, UndefinedError

        try:
            return self._template.render(values)
        except UndefinedError as error:
            missing = sorted(self.names - set(values))
            if missing:
                raise ValidationError(_missing(missing, list(columns), list(ours), where)) from None
            raise ValidationError(f"{_at(where)}the prompt cannot be filled in: {error.message}.") from None
        except SecurityError as error:
            raise ValidationError(f"The prompt does what a template may not: {error}") from None
        except Exception as error:  # of the user's own function or value: it may raise anything
            said = f"{type(error).__name__}: {error}"
            raise ValidationError(f"{_at(where)}the prompt cannot be filled in: {said}") from error


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean {by_lower[close[0]]!r}?" if close else ""


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names as a list for a message, cut when there are many."""
    names = list(names)
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")


def _missing(missing: list[str], columns: list[str], ours: list[str], where: str) -> str:
    names = " and ".join("{{ " + name + " }}" for name in missing)
    if missing[0] in columns:
        return f"{_at(where)}there is no {missing[0]!r}, which the first row has; give every row the same names."
    are = "is no column and no name" if len(missing) == 1 else "are no columns and no names"
    if columns:
        there = f" Columns: {listed(columns)}."
        awkward = next((column for column in columns if not column.isidentifier()), None)
        if awkward is not None:
            there += f' A column whose name is no plain word is written {{{{ item["{awkward}"] }}}}.'
    elif ours:
        there = f" There are no columns here, but {listed(ours)}."
    else:
        there = " There are no columns here; rows are given with --over."
    return f"{_at(where)}the prompt uses {names}, which {are} of the notebook.{nearest(missing[0], columns)}{there}"


def _plain(error: TemplateSyntaxError) -> str:
    return (error.message or "").rstrip(".")


def _at(where: str) -> str:
    return f"At {where}, " if where else ""


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=lambda value: "" if value is None else value,
    )
    # A missing column must be reported missing, even if Jinja has a global of its name ("dict", "cycler", …).
    environment.globals.clear()
    environment.filters["tojson"] = _to_json
    return environment


def _to_json(value: Any, indent: int | None = None) -> str:
    """JSON as people write it: Jinja's own filter escapes quotes and angle brackets for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _protect(source: str) -> str:
    """Rewrite braces that are text so that Jinja leaves them alone."""
    out: list[str] = []
    text: list[str] = []
    at = 0
    while (brace := source.find("{", at)) >= 0:
        text.append(source[at:brace])
        template = _template_at(source, brace)
        if template:
            out += [_LITERAL_BRACE.sub("{{ '{' }}", "".join(text)), template]
            text.clear()
        else:
            text.append("{")
        at = brace + len(template or "{")
    text.append(source[at:])
    return "".join([*out, _LITERAL_BRACE.sub("{{ '{' }}", "".join(text))])


def _template_at(source: str, at: int) -> str | None:
    """The template construct that begins at a brace, or None where the brace is text."""
    opening = source[at : at + 2]
    if opening == "{{":
        return _expression_at(source, at)
    if opening == "{#":
        comment = _COMMENT.match(source, at)
        return comment and comment[0]
    tag = _TAG.match(source, at)
    if not tag or tag[1] not in _STATEMENTS | _OTHER_FILES:
        return None
    if tag[1] in _OTHER_FILES:
        raise ValidationError(f"A prompt cannot use {{% {tag[1]} %}}: it stands alone. {_RAW_HINT}")
    raw = _RAW.match(source, at)
    end = raw.end() if raw else source.find("%}", at) + 2
    if end < 2:
        raise ValidationError(f"In the prompt {tag[0]!r} is not closed by %}}. {_RAW_HINT}")
    return source[at:end]


def _expression_at(source: str, at: int) -> str | None:
    from jinja2 import TemplateSyntaxError, meta

    end = _end_of_expression(source, at + 2)
    if end < 0:
        if half := _HALF_OPEN.match(source, at):
            raise ValidationError(f"In the prompt {half[0]!r} is closed by one brace only; write two. {_RAW_HINT}")
        return None
    inner = source[at + 2 : end]
    whole = source[at : end + 2]
    if _ESCAPED_BRACES.fullmatch(inner):
        return whole
    try:
        names = meta.find_undeclared_variables(_environment().parse(whole))  # tells of an unknown filter, too
    except TemplateSyntaxError as error:
        if inner.lstrip("-+ \t\n")[:1].isidentifier():
            raise ValidationError(f"In the prompt {whole!r} cannot be read: {_plain(error)}. {_RAW_HINT}") from None
        return None
    return whole if names else None


def _end_of_expression(source: str, at: int) -> int:
    """Position of the `}}` that closes an expression: not inside a string or a bracket; -1 if there is none."""
    depth, quote, start = 0, "", at
    while at < len(source):
        char = source[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "{[(":
            depth += 1
        elif char == "}" and depth == 0:
            if source[at + 1 : at + 2] == "}":
                return at
            break
        elif char in "}])":
            depth -= 1
        at += 1
    return source.find("}}", start) if quote else -1
