"""Models side by side: on which fields they agree, what each costs, and how often each is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core.citations import flat
from ..core.errors import ValidationError
from ..core.results import JobResult
from .equality import is_missing, key, same
from .gold import ANSWER

if TYPE_CHECKING:
    from .run import BatchRun


@dataclass(frozen=True, slots=True)
class Answered:
    """What one model said of one item: its fields by path, or None where it has no usable answer.

    `cost` is None where no price is known; a job that has no result, not even a bad one, tells of no cost (`ended`).
    """

    item: str
    model: str
    fields: Mapping[str, Any] | None
    cost: Decimal | None
    ended: bool = True


@dataclass(frozen=True, slots=True)
class FieldScore:
    """One field.

    Attributes:
        field: Its path, `seller.name`.
        agreed: Items on which all models that answered say the same.
        compared: Items that at least two models answered.
        accuracy: Model to the share of gold values that it has right, 0 to 1; empty without gold values.
    """

    field: str
    agreed: int
    compared: int
    accuracy: Mapping[str, float]

    @property
    def share(self) -> float | None:
        """Share of compared items on which all say the same, 0 to 1; None where nothing could be compared."""
        return self.agreed / self.compared if self.compared else None


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One model.

    Attributes:
        model: Its name.
        jobs: Jobs that were asked of it.
        answered: Jobs with a usable answer.
        per_thousand: Dollars for a thousand jobs at what those that ended cost; None if no price is known.
        right: Gold values that it has right; no usable answer counts as wrong.
        judged: Gold values there are.
    """

    model: str
    jobs: int
    answered: int
    per_thousand: Decimal | None
    right: int
    judged: int

    @property
    def accuracy(self) -> float | None:
        """Share of gold values that it has right, 0 to 1; None without gold values."""
        return self.right / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Models side by side.

    Attributes:
        items: Number of items, each asked of every model.
        compared: Items that at least two models gave a usable answer to.
        fields: The fields, in the order of the answers.
        models: The models, in the order of the run.
    """

    items: int
    compared: int
    fields: tuple[FieldScore, ...]
    models: tuple[ModelScore, ...]

    @property
    def best(self) -> str | None:
        """The model that is right most often, the cheaper of equals; None without gold values."""
        judged = [model for model in self.models if model.judged]
        if not judged:
            return None
        return min(judged, key=lambda m: (-m.right, m.per_thousand is None, m.per_thousand or 0)).model

    def rows(self) -> list[dict[str, Any]]:
        """Return the fields as rows of a table: `field`, `agreement`, `compared`, and with gold a column a model."""
        return [
            {"field": f.field, "agreement": f.share, "compared": f.compared, **dict(f.accuracy)} for f in self.fields
        ]

    def model_rows(self) -> list[dict[str, Any]]:
        """Return the models as rows of a table."""
        return [
            {
                "model": m.model,
                "jobs": m.jobs,
                "answered": m.answered,
                "usd_per_1000": None if m.per_thousand is None else float(m.per_thousand),
                "accuracy": m.accuracy,
            }
            for m in self.models
        ]

    def __str__(self) -> str:
        head = f"{len(self.models)} models on {self.items:,} items; {self.compared:,} answered by at least two"
        lines = [f"{m.model}: {_model_words(m)}" for m in self.models]
        lines += [f"{f.field}: {_field_words(f)}" for f in self.fields]
        return "\n  ".join([head, *lines])

    __repr__ = __str__


def agreement(run: BatchRun, gold: Any = None, field: str | None = None) -> Agreement:
    """Compare the models of a run that asked several of them the same.

    Args:
        run: The run; jobs without an answer so far count as unanswered.
        gold: What is right: a column in the order of the rows, or item id to value. A value is that of one field, or a
            mapping of field path to value; a frame's columns are paths. Missing values are not judged. None: what the
            run was given with `--gold` (`gold_column=`), if it was.
        field: The field that single gold values are of; None: the only one there is.

    Raises:
        ValidationError: The run has one model only, or the gold values do not fit its items.
    """
    jobs = run.store.jobs(run.run_id, range(len(run)))
    paid = run.store.paid(run.run_id)
    answers = [
        Answered(
            job.id.removesuffix(f"@{job.model}"),
            job.model,
            fields_of(result),
            paid.get(row),
            row in paid,
        )
        for row, (job, result) in enumerate(zip(jobs, run, strict=True))
    ]
    items = list(dict.fromkeys(answer.item for answer in answers))
    stored = run.store.gold(run.run_id) if gold is None else {}
    if len({answer.model for answer in answers}) < 2 and gold is None and not stored:
        raise ValidationError(
            "There is one model only, so there is nothing to compare: ask several with --model, or name a column of "
            "right values with --gold."
        )
    kept = {item: stored[item] for item in items if item in stored}
    return compare(answers, kept if gold is None else _gold(gold, items, answers, field))


def compare(answers: Sequence[Answered], gold: Mapping[str, Mapping[str, Any]]) -> Agreement:
    """Compare answers.

    Args:
        answers: What the models said, in any order.
        gold: Item to the right value of each field, by path; fields and items may be missing.
    """
    models = list(dict.fromkeys(answer.model for answer in answers))
    said: dict[str, dict[str, Answered]] = {}
    for answer in answers:
        said.setdefault(answer.item, {})[answer.model] = answer
    known = [answer.fields for answer in answers if answer.fields is not None]
    paths = list(dict.fromkeys([*(p for fields in known for p in fields), *(p for row in gold.values() for p in row)]))
    usable = [[found.fields for found in by_model.values() if found.fields is not None] for by_model in said.values()]
    pairs = [fields for fields in usable if len(fields) > 1]
    right = {model: {path: [0, 0] for path in paths} for model in models}
    for item, values in gold.items():
        for model in models:
            found = said.get(item, {}).get(model)
            for path, value in values.items():
                if is_missing(value):
                    continue
                score = right[model][path]
                score[1] += 1
                score[0] += found is not None and found.fields is not None and same(found.fields.get(path), value)
    fields = tuple(
        FieldScore(
            path,
            sum(len({key(each.get(path)) for each in row}) == 1 for row in pairs),
            len(pairs),
            {m: right[m][path][0] / right[m][path][1] for m in models if right[m][path][1]},
        )
        for path in paths
    )
    scores = (_score(model, [a for a in answers if a.model == model], right[model].values()) for model in models)
    return Agreement(len(said), len(pairs), fields, tuple(scores))


def _score(model: str, answers: Sequence[Answered], right: Iterable[Sequence[int]]) -> ModelScore:
    counts = list(right)
    return ModelScore(
        model,
        len(answers),
        sum(answer.fields is not None for answer in answers),
        per_thousand([answer.cost for answer in answers if answer.ended]),
        sum(count[0] for count in counts),
        sum(count[1] for count in counts),
    )


def per_thousand(costs: Sequence[Decimal | None]) -> Decimal | None:
    """Return dollars for a thousand jobs at what these cost; None where there are none, or a price is not known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) * 1000 / len(known) if known and len(known) == len(costs) else None


def fields_of(result: JobResult) -> dict[str, Any] | None:
    """Return a usable answer's fields by path, a plain answer as `answer`; None where there is none."""
    if not result.is_success:
        return None
    parsed = result.parsed_response
    data = parsed.model_dump() if hasattr(parsed, "model_dump") else parsed
    return {ANSWER: result.raw_response} if data is None else flat(data)


def _gold(
    gold: Any, items: Sequence[str], answers: Sequence[Answered], field: str | None
) -> dict[str, Mapping[str, Any]]:
    """Return the right values by item and path.

    Raises:
        ValidationError: There are more or fewer than items, or it is not clear what field they are of.
    """
    from .rows import rows_of

    rows = rows_of(gold)
    pairs = list(rows.pairs(None))
    if rows.labels == "id":
        unknown = [str(label) for label, _ in pairs if str(label) not in set(items)]
        if unknown:
            raise ValidationError(f"The gold values name {unknown[0]!r}, which is no item of the run.")
        named = {str(label): value for label, value in pairs}
    elif len(pairs) == len(items):
        named = dict(zip(items, (value for _, value in pairs), strict=True))
    else:
        raise ValidationError(
            f"There are {len(pairs):,} gold values for {len(items):,} items; give one for each in their order, or a "
            "dict of item id to value."
        )
    paths = list(dict.fromkeys(path for answer in answers for path in answer.fields or ()))
    if field is not None and paths and field not in paths:
        raise ValidationError(f"The answers have no field {field!r}; they have {', '.join(paths)}.")
    single = field or (paths[0] if len(paths) == 1 else None)
    found: dict[str, Mapping[str, Any]] = {}
    for item, value in named.items():
        if isinstance(value, Mapping):
            found[item] = flat(value)
        elif single is not None:
            found[item] = {single: value}
        elif paths:
            raise ValidationError(
                f"Say which field the gold values are of, with field=…: the answers have {', '.join(paths)}."
            )
    return found


def _model_words(model: ModelScore) -> str:
    cost = "price unknown" if model.per_thousand is None else f"${model.per_thousand:,.2f} per 1,000"
    right = "" if model.accuracy is None else f", {model.accuracy:.1%} right"
    return f"{model.answered:,} of {model.jobs:,} answered, {cost}{right}"


def _field_words(field: FieldScore) -> str:
    agreed = "nothing to compare" if field.share is None else f"{field.share:.1%} agree"
    return "; ".join([agreed, *(f"{model} {share:.1%} right" for model, share in field.accuracy.items())])
