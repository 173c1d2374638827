"""The schema section of a cell: Python that runs in the user's namespace and leaves a Pydantic model behind.

A few names (`BaseModel`, `Field`, `Literal`, …) are there without an import. They are put among the builtins of the
section while it runs: its functions and methods keep them, and the namespace does not get them.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = type[BaseModel]

FILENAME = "<batchata schema>"
_ANNOTATED, _FIELD, _BASE = "_batchata_annotated", "_batchata_field", "_batchata_base"
_NOT_WORDS = re.compile(r"#+\s*(type:|noqa|pyright:|pylint:|mypy:|ruff:|fmt:|pragma:)|#[\s#]*$")
_SCHEMA_BEGINS = re.compile(
    r"class \w+ *\(.*\) *:|(?:from [\w.]+ )?import \w|"
    r"[A-Za-z_]\w*: *(?:(?:str|int|float|bool|date|datetime|Decimal)\b *(?:$|[#=|])|"
    r"(?:Literal|Optional|Annotated|[Ll]ist|[Dd]ict)\[)"
)
_TAKEN = {"Batch", "BatchRun", "JobResult"}


def response_model(
    code: str, namespace: dict[str, Any], *, run_name: str, schema_name: str | None = None
) -> Model | None:
    """Run a schema section and return the response model.

    Args:
        code: The section; it starts on the second line of the cell. Empty: nothing is run.
        namespace: The user's names; classes that the section defines are put there.
        run_name: Names the model that bare fields make: `tickets` gives `Tickets`.
        schema_name: Model to take instead, by its name in the namespace, such as `Invoice` or `models.Invoice`.

    Returns:
        The last model that the section defines, or the named one; None without a section and a name.

    Raises:
        ValidationError: One sentence with the line of the cell.
    """
    defined = _run(code, namespace, run_name) if code.strip() else []
    if schema_name is not None:
        return _named(schema_name, namespace)
    if code.strip() and not defined:
        raise ValidationError(
            "The text above the first --- is the schema section, and it defines no model; write fields there, such as "
            "total: float, or name a model with --schema, or put a line --- above the text if it belongs to the prompt"
        )
    return defined[-1] if defined else None


def forgotten_line(lines: Sequence[str]) -> str | None:
    """Return what is wrong with a cell without a line --- that begins like a schema section, None if it does not.

    Args:
        lines: The lines of the cell's body, from the first on.
    """
    first = next((text for text in lines if text.strip()), "")
    if not _SCHEMA_BEGINS.match(first):
        return None
    return (
        f"The cell begins with Python ({first.strip()[:40]}), and no line --- says where the prompt begins; write a "
        "line --- between the two, or above all of it if all of it is prompt"
    )


def model_name(run_name: str) -> str:
    """Return the name of the model that bare fields make: `support_tickets` gives `SupportTickets`.

    Names that mean something else in a notebook (`Batch`, `Decimal`) get `Model` behind them.
    """
    name = "".join(part[:1].upper() + part[1:] for part in run_name.split("_")) or "Answer"
    name = name if name.isidentifier() else f"Run{name}"
    return f"{name}Model" if name in _TAKEN or name in _helpers() or keyword.iskeyword(name) else name


def _helpers() -> dict[str, Any]:
    """Return the names that a schema section has without an import."""
    from datetime import date, datetime
    from decimal import Decimal
    from enum import Enum
    from typing import Annotated, Literal, Optional

    from pydantic import BaseModel, Field

    return {
        "BaseModel": BaseModel, "Field": Field, "Literal": Literal, "Optional": Optional, "Annotated": Annotated,
        "Enum": Enum, "date": date, "datetime": datetime, "Decimal": Decimal,
    }  # fmt: skip


def _run(code: str, namespace: dict[str, Any], run_name: str) -> list[Model]:
    """Execute the section; return the models it defined, in order."""
    helpers = _helpers()
    tree = _parsed(code)
    _describe(tree, _comments(code))
    made = _gather(tree, model_name(run_name))
    if made:
        _guard(made, namespace, helpers["BaseModel"])
    try:
        compiled = compile(tree, FILENAME, "exec", dont_inherit=True)
        with _lent(namespace, helpers):
            exec(compiled, namespace)  # the user's own code, in the user's own namespace
            defined = [
                value
                for value in map(namespace.get, _bound(tree.body))
                if isinstance(value, type) and issubclass(value, helpers["BaseModel"])
            ]
            for model in defined:
                _complete(model, namespace)
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError(_sentence(error, code)) from error
    return defined


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code, FILENAME)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValidationError(_sentence(error, code)) from None


def _comments(code: str) -> dict[int, str]:
    """Return the trailing comments that describe something, by line from 1."""
    found: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        before = token.line[: token.start[1]].strip() if token.type == tokenize.COMMENT else ""
        if before and not _NOT_WORDS.match(token.string):
            found[token.start[0]] = token.string.lstrip("#").strip()
    return found


def _describe(tree: ast.Module, comments: dict[int, str]) -> None:
    """Make the comment behind a field its description: `x: T  # w` → `x: Annotated[T, Field(description="w")]`."""
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for owner in owners:
        for node in owner.body:
            if isinstance(node, ast.AnnAssign) and _is_field(node) and (words := comments.get(node.end_lineno or 0)):
                call = ast.Call(ast.Name(_FIELD, ast.Load()), [], [ast.keyword("description", ast.Constant(words))])
                pair = ast.Tuple([node.annotation, call], ast.Load())
                node.annotation = ast.copy_location(
                    ast.Subscript(ast.Name(_ANNOTATED, ast.Load()), pair, ast.Load()), node.annotation
                )
    ast.fix_missing_locations(tree)


def _is_field(node: ast.AnnAssign) -> bool:
    name = node.target.id if isinstance(node.target, ast.Name) else "_"
    kind = ast.unparse(node.annotation)
    return not name.startswith("_") and name != "model_config" and not re.search(r"\b(ClassVar|Final)\b", kind)


def _gather(tree: ast.Module, name: str) -> str | None:
    """Move bare fields into a model of their own, at the end; return its name, None where there are no bare fields."""
    fields = [node for node in tree.body if isinstance(node, ast.AnnAssign) and _is_field(node)]
    if not fields:
        return None
    if any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body):
        raise ValidationError(
            f"The fields would make a model {name}, and the section has a class {name}; give the run another name."
        )
    about = [node for node in tree.body[:1] if isinstance(node, ast.Expr) and _is_text(node.value)]
    # The title is the same for all: a sample's answers count in the whole run, whatever the two are called.
    template = ast.parse(f"class {name}({_BASE}, title='Answer'): pass").body[0]
    assert isinstance(template, ast.ClassDef)
    template.body = [*about, *fields]
    tree.body = [node for node in tree.body if node not in fields and node not in about] + [template]
    return name


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _guard(name: str, namespace: dict[str, Any], base: type) -> None:
    old = namespace.get(name)
    if old is not None and not (isinstance(old, type) and issubclass(old, base)):
        raise ValidationError(
            f"The fields would make a model {name}, and {name} already means something else in this notebook; "
            "give the run another name, or write the fields as a class with a name of its own"
        )


@contextmanager
def _lent(namespace: dict[str, Any], helpers: dict[str, Any]) -> Iterator[None]:
    """Put the helper names among the builtins for a while; code defined meanwhile keeps them."""
    lent = {_ANNOTATED: helpers["Annotated"], _FIELD: helpers["Field"], _BASE: helpers["BaseModel"]}
    missing = object()
    before = namespace.get("__builtins__", missing)
    namespace["__builtins__"] = {**vars(builtins), **helpers, **lent}
    try:
        yield
    finally:
        if before is missing:
            del namespace["__builtins__"]
        else:
            namespace["__builtins__"] = before


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that the section's classes and assignments bind at its top level."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from _bound(node.body)
            yield from _bound(getattr(node, "orelse", []))


def _complete(model: Model, namespace: dict[str, Any]) -> None:
    """Resolve references to classes that came later, while the lent names are still there."""
    # Python 3.14 evaluates annotations on first use: here, where the names are lent, and where a mistake has its line.
    _ = model.__annotations__
    if not model.__pydantic_complete__:
        model.model_rebuild(_types_namespace=dict(namespace))


def _named(name: str, namespace: dict[str, Any]) -> Model:
    from pydantic import BaseModel

    head, *rest = name.split(".")
    found = namespace.get(head)
    for part in rest:
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return found
    models = [
        key for key, value in list(namespace.items())
        if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel and key[0] != "_"
    ]  # fmt: skip
    near = difflib.get_close_matches(name, models, n=1) or models[-1:]
    hint = f"; did you mean {near[0]}?" if near else "; run the cell that defines it first"
    what = "is not a Pydantic model class" if found is not None else "is not defined in this notebook"
    raise ValidationError(f"--schema {name}: {name} {what}{hint}")


def _sentence(error: BaseException, code: str) -> str:
    """Say in one sentence what is wrong, and on which line of the cell."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    words = " ".join(re.sub(r"\s*For further information visit \S+", "", words or "").split())[:300]
    lines = code.split("\n")
    quoted = f" ({lines[line - 1].strip()[:60]})" if line and line <= len(lines) else ""
    where = f"Line {line + 1} of the cell{quoted}" if line else "The schema section"
    if type(error).__name__ == "PydanticSchemaGenerationError":
        kind = words.partition("<class ")[2].partition(">")[0] or "this"
        usual = "str, int, float, bool, Decimal, date, Literal, list[...] or a BaseModel"
        return f"{where}: {kind} cannot be the type of a field; use {usual}"
    words = words.rpartition("Error: ")[2] if type(error).__name__ == "SchemaError" else words
    kind = "" if isinstance(error, SyntaxError) else f"{type(error).__name__}: "
    hint = ""
    if isinstance(error, SyntaxError):
        hint = "; what stands above the first --- is Python, so put a line --- above it if it belongs to the prompt"
    return f"{where}: {kind}{words or 'cannot be run'}{hint}"
