"""From a `CellSpec` and the user's namespace to a filled `Batch` and its run."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError, ValidationError
from .cells import CellSpec
from .schema import response_model

if TYPE_CHECKING:
    from ..runs.builder import Batch
    from ..runs.run import BatchRun

_DATA_FILE = re.compile(r"[\w./\\~ -]+\.(?:csv|tsv|xlsx?|parquet|feather|jsonl?|txt|md|pdf|docx)")
_NAME = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a cell says nothing: `%config Batchata` and the environment.

    Attributes:
        model: Model, or None.
        provider: Provider, or None.
        max_cost: Ceiling in US dollars, or None.
        practice: Whether the practice provider is used.
        poll_interval: Seconds between polls, or None.
        state: State store, or None.
        wait: Whether cells wait for the end.
    """

    model: str | None = None
    provider: str | None = None
    max_cost: Decimal | None = None
    practice: bool = False
    poll_interval: float | None = None
    state: str | None = None
    wait: bool = False


def expander(namespace: dict[str, Any]) -> Callable[[str], str]:
    """Return what puts variables into a word of the cell's first line.

    `{expression}` is replaced, and an error if it cannot be; `$name` is replaced where there is such a name; `{{` and
    `}}` are braces.
    """

    def value(found: re.Match[str]) -> str:
        expression, name = found.groups()
        if expression:
            return str(evaluate(expression, namespace, f"{{{expression}}} in the first line"))
        return str(namespace[name]) if name and name in namespace else found[0][:1] if name is None else found[0]

    return lambda text: _NAME.sub(value, text)


def evaluate(expression: str, namespace: dict[str, Any], where: str) -> Any:
    """Evaluate an expression of the user's; an `await` in it gives an awaitable.

    Raises:
        ValidationError: It is no expression, or fails.
    """
    try:
        code = compile(
            expression.strip(), f"<{where}>", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        return eval(code, namespace)
    except BatchataError:
        raise
    except (SyntaxError, NameError, AttributeError) as error:
        if _DATA_FILE.fullmatch(expression.strip()):
            raise ValidationError(
                f"{where}: {expression} is the name of a file; read it first, with pandas say, and name the variable"
            ) from error
        if not isinstance(error, SyntaxError):
            words = " ".join(str(error).split())[:300]
            raise ValidationError(f"{where}: {expression} failed with {type(error).__name__}: {words}") from error
        raise ValidationError(f"{where}: {expression} is no Python expression ({error.msg})") from error
    except Exception as error:
        words = " ".join(str(error).split())[:300]
        raise ValidationError(f"{where}: {expression} failed with {type(error).__name__}: {words}") from error


def fill(spec: CellSpec, namespace: dict[str, Any], defaults: Defaults) -> Batch:
    """Return the `Batch` that a cell asks for.

    Raises:
        ValidationError: What the user must change, in one sentence.
    """
    from ..runs.builder import Batch

    models = spec.models or ((defaults.model,) if defaults.model else ())
    if not models:
        raise ValidationError('No model is named; add --model M, or set a default with %config Batchata.model = "M"')
    model = response_model(spec.schema_code, namespace, run_name=spec.name, schema_name=spec.schema_name)
    over = evaluate(spec.over, namespace, "--over") if spec.over is not None else None
    if spec.over is not None and over is None:
        raise ValidationError(f"--over: {spec.over} is None; give a data frame, a list or a dict of rows")
    batch = _settled(Batch, spec, defaults)
    for price in spec.prices:
        for name in (price.model,) if price.model else models:
            batch.set_price(str(name), price.input, price.output)
    batch.add_jobs(
        sections=[(section.role, section.text) for section in spec.sections],
        over=over,
        files=list(spec.files) or None,
        model=models[0] if len(models) == 1 else list(models),
        temperature=spec.temperature,
        max_tokens=spec.max_tokens,
        response_model=model,
        enable_citations=spec.cite or False,
        file_column=spec.file_column,
        messages_column=spec.messages_column,
        id_column=spec.id_column,
        gold_column=_gold(spec),
        namespace=namespace,
        skip_bad_files=spec.skip_bad_files,
        **_params(spec, batch.add_jobs),
    )
    return batch


def _settled(make: type[Batch], spec: CellSpec, defaults: Defaults) -> Batch:
    """Return an empty batch with the settings of the cell."""
    batch = make(
        spec.results_dir or "",
        **({} if spec.max_parallel_batches is None else {"max_parallel_batches": spec.max_parallel_batches}),
        items_per_batch=spec.items_per_batch,
        raw_files=spec.raw_files,
        adaptive_max_tokens=spec.adaptive_max_tokens,
    )
    batch.set_state(file=spec.state or defaults.state)
    batch.set_provider(spec.provider or defaults.provider)
    batch.set_base_url(spec.base_url)
    batch.set_cache(spec.cache)
    batch.use_practice(spec.practice or defaults.practice)
    batch.settings.poll_interval = defaults.poll_interval
    limit = spec.max_cost if spec.max_cost is not None else defaults.max_cost
    if limit is not None:
        batch.add_cost_limit(usd=limit, budget=spec.budget)
    elif spec.budget is not None:
        raise ValidationError("--budget names a ceiling that several runs share; state it with --max-cost")
    if spec.time_limit is not None:
        batch.add_time_limit(seconds=spec.time_limit)
    return batch


def _gold(spec: CellSpec) -> list[str] | dict[str, str] | None:
    named = {field: column for field, column in spec.gold_columns if field is not None}
    plain = [column for field, column in spec.gold_columns if field is None]
    if named and plain:
        raise ValidationError(f"--gold {plain[0]}: say of which field it is, as with the others: FIELD={plain[0]}")
    return named or plain or None


def _params(spec: CellSpec, add_jobs: Callable[..., Any]) -> dict[str, Any]:
    taken = [key for key in spec.params if key in inspect.signature(add_jobs).parameters]
    if taken:
        raise ValidationError(f"--param {taken[0]}: {taken[0]} is no request parameter of a provider")
    return dict(spec.params)


def start(batch: Batch, spec: CellSpec) -> BatchRun:
    """Start the run of a filled batch, or find it under way; returns at once.

    Raises:
        BatchataError: It cannot be run as it stands; nothing was sent or written.
    """
    return batch.run(
        wait=False,
        dry_run=spec.dry_run,
        name=spec.name,
        fresh=spec.fresh,
        live=spec.live,
        preview=spec.preview,
        sample=spec.sample,
    )


def price(batch: Batch, spec: CellSpec) -> str | None:
    """Return in one line what a run in real time is about to cost; None for a batch, which `--dry-run` prices.

    Raises:
        BatchataError: As `start`.
    """
    from ..runs.estimate import dollars

    if spec.dry_run or not (spec.live or spec.preview):
        return None
    priced = batch.run(
        wait=False, dry_run=True, name=spec.name, live=spec.live, preview=spec.preview, sample=spec.sample
    ).estimate()
    jobs = f"{priced.jobs:,} of {len(batch):,} jobs" if spec.preview else f"{priced.jobs:,} jobs"
    return f"{spec.name}: {jobs} in real time, {dollars(priced.expected, '~')}, at most {dollars(priced.worst)}."
