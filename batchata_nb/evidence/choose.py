"""Which of several places is the evidence of a field: its label, its siblings and what the model cited decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .fields import Field
from .labels import Labels, halved
from .printed import Printed
from .source import Source

Spans = Sequence[tuple[int, int]]

_ADDRESS = frozenset(
    {"street", "city", "town", "zip", "postcode", "postal", "plz", "state", "country", "address", "region"}
)
_CITED, _COHESION, _EARLY, _ORDER = 3.0, 0.7, 0.1, 1e-6
_PART = 0.7
_MAY_LOSE = 0.35


@dataclass(slots=True)
class Option:
    """A candidate place of a field with what speaks for it."""

    place: Printed
    label: float = 0.0
    term: str = ""
    cited: bool = False
    company: float = 0.0
    part: bool = False
    late: float = 0.0

    @property
    def score(self) -> float:
        """All that speaks for the place, in one number; of equals the earlier wins."""
        near = _CITED * self.cited + _COHESION * self.company
        return (
            self.place.quality + self.label + near - _PART * self.part - _EARLY * self.late - _ORDER * self.place.start
        )


@dataclass(slots=True)
class Choice:
    """The options of a field, best first."""

    field: Field
    options: list[Option] = dataclasses.field(default_factory=list)
    in_row: bool = False

    @property
    def best(self) -> Option | None:
        """The chosen place, None when there is none."""
        return self.options[0] if self.options else None

    def sort(self) -> None:
        """Put the best option first."""
        self.options.sort(key=lambda option: -option.score)

    @property
    def margin(self) -> float:
        """How far the best is ahead of the next."""
        if len(self.options) < 2:
            return 9.0
        return self.options[0].score - self.options[1].score


def singles(
    labels: Labels,
    found: Sequence[tuple[Field, Sequence[Printed]]],
    cited: Mapping[str, Spans],
    taken: Sequence[Printed] = (),
) -> list[Choice]:
    """Choose places for fields that belong to no list of objects; places that rows of lists have taken count less."""
    source, choices = labels.source, []
    for one, places in found:
        scorer = labels.scorer(one.generic) if len(places) > 1 or one.hint.choices else None
        choice = Choice(one)
        for place in places:
            label, term = scorer.score(place.start, place.end) if scorer else (0.0, "")
            is_cited = within(place, cited.get(one.name, ()))
            option = Option(place, label, term, is_cited, late=place.start / len(source.text))
            option.part = scorer is not None and any(place.overlaps(other) for other in taken)
            choice.options.append(option)
        choice.sort()
        choices.append(choice)
    for group in _groups(choices):
        _keep_company(source, group)
    _spread(choices)
    return choices


def _spread(choices: Sequence[Choice]) -> None:
    """Give equal amounts different places where each has about as good a one: net and gross that are the same."""
    equal: dict[object, list[Choice]] = {}
    for choice in choices:
        value = choice.field.value
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and len(choice.options) > 1:
            equal.setdefault(value, []).append(choice)
    for group in equal.values():
        for i, one in enumerate(group):
            for other in group[i + 1 :]:
                if one.options[0].place == other.options[0].place and not one.options[0].cited:
                    loser = min(one, other, key=lambda choice: choice.margin)
                    if loser.margin < _MAY_LOSE:
                        loser.options[0], loser.options[1] = loser.options[1], loser.options[0]


def within(place: Printed, spans: Spans) -> bool:
    """Whether a place lies in one of some spans, save for a few characters."""
    return bool(spans) and all(any(a - 2 <= start and end <= b + 2 for a, b in spans) for start, end in place.spans)


def is_labelled(choice: Choice) -> bool:
    """Whether more than chance speaks for the best place: label, citation, siblings, row, or that it is a code."""
    best = choice.best
    if best is None:
        return False
    code = str(choice.field.value)
    is_code = best.place.quality >= 0.99 and len(code) > 2 and (code.isupper() or any(c.isdigit() for c in code))
    return best.cited or choice.in_row or best.label > 0.3 or best.company > 0.4 or is_code


def _groups(choices: Sequence[Choice]) -> list[list[Choice]]:
    """Fields whose values stand together: of one object, with one prefix, or of one address."""
    groups: dict[object, list[Choice]] = {}
    for choice in choices:
        if not choice.options:
            continue
        *parent, leaf = choice.field.path
        words = str(leaf).lower().split("_")
        if parent:
            groups.setdefault(("object", tuple(parent)), []).append(choice)
        if len(words) > 1:
            groups.setdefault(("prefix", tuple(parent), words[0]), []).append(choice)
        if _ADDRESS & set(words):
            prefix = words[0] if words[0] not in _ADDRESS else ""
            groups.setdefault(("address", tuple(parent), prefix), []).append(choice)
    return [group for group in groups.values() if len(group) > 1 and any(len(c.options) > 1 for c in group)]


def _keep_company(source: Source, group: Sequence[Choice]) -> None:
    """Prefer places near those of the siblings, surest siblings first."""
    for _ in range(2):
        for choice in group:
            if len(choice.options) < 2:
                continue
            others = [c for c in group if c is not choice and c.options]
            for option in choice.options:
                near = [_near(source, option.place, c.options[0].place) * _trust(c) for c in others]
                option.company = max(option.company, 0.6 * max(near) + 0.4 * sum(near) / len(near))
                option.part = option.part or any(_inside(option.place, c.options[0].place) for c in others)
            choice.sort()


def _trust(choice: Choice) -> float:
    return 1.0 if len(choice.options) == 1 else 0.8 if choice.margin > 0.2 else 0.4


def _inside(one: Printed, other: Printed) -> bool:
    """Whether a place is a part of another, longer one: a town in the name of a company."""
    return any(a <= one.start and one.end <= b and b - a > one.end - one.start for a, b in other.spans)


def _near(source: Source, one: Printed, other: Printed) -> float:
    """How near two places are, along the text or on the page; 0 for the same place."""
    gap = max(one.start - other.end, other.start - one.end)
    if gap < 0:
        return 0.0
    near = halved(gap, 30.0)
    if (
        gap < 2500
        and (a := source.box(one.start, one.end))
        and (b := source.box(other.start, other.end))
        and a.page == b.page
    ):
        lines = abs(a.middle - b.middle) / max(a.height, b.height)
        aside = max(0.0, a.x0 - b.x1, b.x0 - a.x1) / max(a.height, b.height)
        near = max(near, 0.9 * halved(lines / 2.0 + aside / 12.0, 1.0))
    return near
