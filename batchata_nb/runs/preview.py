"""A preview: some inputs in real time, what they tell of the whole, and the rest without paying for these again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core.errors import UnknownPriceError, ValidationError
from ..core.jobs import JsonObject
from ..core.projection import Interval, project
from ..core.results import Usage
from . import environment
from .estimate import dollars
from .records import JobRecord

if TYPE_CHECKING:
    from ..core.pricing import Price
    from .builder import Batch
    from .drive import Drive
    from .settings import Settings

ENDED = ("succeeded", "invalid", "errored", "expired", "missing")
BEST = "best"
"""Names the model that is right most often, where there are gold values."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What all jobs would take as a batch, by the preview.

    Attributes:
        model: The model; "all" for several together.
        jobs: How many jobs there are in all.
        measured: How many of them the preview has run.
        input_tokens: Of all jobs; by the ratio of measured to estimated tokens.
        output_tokens: Of all jobs; by the mean of the measured ones.
        cost: Of all jobs in dollars at batch rates; None when no price is known.

    Intervals are Student's t at 95 %, as `core.projection.project` describes: they hold for a random `sample`.
    """

    model: str
    jobs: int
    measured: int
    input_tokens: Interval
    output_tokens: Interval
    cost: Interval | None

    def __str__(self) -> str:
        tokens = f"{_span(self.input_tokens)} input tokens, {_span(self.output_tokens)} output tokens"
        return f"{self.model}: all {self.jobs:,} jobs as a batch, by {self.measured:,} measured: {self.price}; {tokens}"

    @property
    def price(self) -> str:
        """The cost with its interval, in words."""
        if self.cost is None:
            return "price unknown"
        middle = dollars(_decimal(self.cost.middle), "~")
        if self.cost.low is None or self.cost.high is None:
            return f"{middle} (one job tells of no interval)"
        low, high = dollars(_decimal(self.cost.low)), dollars(_decimal(self.cost.high))
        return f"{middle} (95 % interval {low} to {high})" if low != high else f"{middle} (jobs cost nearly the same)"


def chosen(batch: Batch, found: list[JobRecord]) -> tuple[list[JobRecord], list[Any]]:
    """Return the jobs of the inputs that are previewed, numbered anew, and the labels of their rows.

    Each input counts once, however many models are asked of it.
    """
    settings = batch.settings
    if settings.preview is None:
        return found, list(batch.index)
    items = list(dict.fromkeys(asked.item for asked in batch.asked))
    n = min(settings.preview, len(items))
    taken = set(items[:n] if settings.sample is None else random.Random(settings.sample).sample(items, n))
    rows = [row for row, asked in enumerate(batch.asked) if asked.item in taken]
    kept = [JobRecord(found[row].job, replace(found[row].sizing, row=n)) for n, row in enumerate(rows)]
    return kept, [batch.index[row] for row in rows]


def whole(found: Sequence[JobRecord], kept: Sequence[JobRecord], settings: Settings) -> JsonObject:
    """Return what a preview keeps of the whole: its size by model, and the estimated tokens of its own jobs."""
    from ..providers.tokens import estimate

    models: dict[str, list[Any]] = {}
    for record in found:
        line = models.setdefault(record.job.model, [record.job.provider, 0, 0])
        line[1] += 1
        line[2] += estimate(record.job)
    return {
        "jobs": len(found),
        "seed": settings.sample,
        "live": settings.rest_live,
        "models": models,
        "estimates": [estimate(record.job) for record in kept],
    }


def projections(drive: Drive) -> list[Projection]:
    """Return what all jobs would take, a line for each model and one for all; empty for a run that is no preview."""
    kept, state, store = drive.spec.get("preview"), drive.state, drive.context.store
    if not isinstance(kept, Mapping):
        return []
    rows = state.rows_in(*ENDED)
    bodies = store.results(state.run_id, rows)
    measured: dict[str, list[tuple[int, Usage]]] = {}
    for sizing in store.sizings(state.run_id, rows):
        if sizing.row in bodies:
            usage = Usage(**bodies[sizing.row]["usage"])
            measured.setdefault(sizing.model, []).append((kept["estimates"][sizing.row], usage))
    lines = [
        _of_model(model, _price(drive, provider, model), measured.get(model, []), jobs, tokens)
        for model, (provider, jobs, tokens) in kept["models"].items()
    ]
    return lines if len(lines) == 1 else [*lines, _sum(lines)]


def _of_model(model: str, price: Price | None, measured: list[tuple[int, Usage]], jobs: int, tokens: int) -> Projection:
    estimates = [estimate for estimate, _ in measured]
    usages = [usage for _, usage in measured]
    return Projection(
        model,
        jobs,
        len(measured),
        project([u.input_tokens for u in usages], jobs, known=estimates, known_total=tokens),
        project([u.output_tokens for u in usages], jobs),
        None if price is None else _cost(price, measured, jobs, tokens),
    )


def _price(drive: Drive, provider: str, model: str) -> Price | None:
    """What the whole is run at; None where no price is known."""
    from .clock import utc
    from .defining import stated_prices

    book = environment.price_book(stated_prices(drive.spec), live=bool(drive.spec["preview"]["live"]))
    try:
        return book.expected(provider, model, utc(drive.context.clock.now()))
    except UnknownPriceError:
        return None


def _cost(price: Price, measured: list[tuple[int, Usage]], jobs: int, tokens: int) -> Interval | None:
    """Input and output are projected each in its own way; a job's two residuals are one, as they may go together."""
    into = [float(price.cost(replace(u, output_tokens=0))) for _, u in measured]
    out = [float(price.cost(Usage(output_tokens=u.output_tokens))) for _, u in measured]
    known = [estimate for estimate, _ in measured]
    if not measured or not sum(known):
        return project([a + b for a, b in zip(into, out, strict=True)], jobs)
    rate, mean = sum(into) / sum(known), sum(out) / len(out)
    expected = [rate * estimate + mean for estimate in known]
    return project(
        [a + b for a, b in zip(into, out, strict=True)], jobs, known=expected, known_total=rate * tokens + mean * jobs
    )


def _sum(lines: Sequence[Projection]) -> Projection:
    costs = [line.cost for line in lines]
    known = [cost for cost in costs if cost is not None]
    return Projection(
        "all",
        sum(line.jobs for line in lines),
        sum(line.measured for line in lines),
        sum((line.input_tokens for line in lines), Interval(0.0, 0.0, 0.0)),
        sum((line.output_tokens for line in lines), Interval(0.0, 0.0, 0.0)),
        sum(known, Interval(0.0, 0.0, 0.0)) if len(known) == len(costs) else None,
    )


def outlook(drive: Drive) -> JsonObject | None:
    """Return what a dashboard says of the whole once a preview is over: how many jobs are left, and the price by model.

    None for a run that is no preview. It is reckoned once for each state of the run.
    """
    if not drive.spec.get("preview") or drive.state.over is None:
        return None
    if drive.outlook is None or drive.outlook[0] != drive.state.seq:
        lines = projections(drive)
        left = {line.model: line.jobs - line.measured for line in lines}
        models = [{"model": line.model, "left": left[line.model], "words": line.price} for line in lines[:4]]
        made: JsonObject = {"jobs": lines[-1].jobs, "left": left[lines[-1].model], "models": models}
        drive.outlook = drive.state.seq, made
    return drive.outlook[1]


def rest_of(batch: Batch, model: str | None) -> Batch:
    """Return the batch of which a preview was made, to be run as a whole; with a model, its jobs alone."""
    import copy

    made = copy.copy(batch)
    made.settings = replace(batch.settings, reuse_state=True)
    if model is None:
        return made
    models = list(dict.fromkeys(asked.model for asked in batch.asked))
    if model not in models:
        raise ValidationError(f"{model!r} is none of the models that were previewed: {', '.join(models)}.")
    made.asked = batch.asked.of_model(model)
    made.index = [label for asked, label in zip(batch.asked, batch.index, strict=True) if asked.model == model]
    return made


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))


def _span(total: Interval) -> str:
    if total.low is None or total.high is None:
        return f"~{total.middle:,.0f}"
    return f"~{total.middle:,.0f} ({total.low:,.0f} to {total.high:,.0f})"
