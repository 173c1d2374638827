"""How long answers are, and the cap on output tokens that this suggests.

The ceiling reserves as much as an answer may cost, which is several times what it does cost; so few jobs fit at once,
and a budget takes many rounds. A cap near the longest usual answer reserves less. An answer that is cut by it is paid
in vain and asked for again with all its room: a cap is right when this waste is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from .pricing import Price
from .results import Usage

ENOUGH = 200
"""How many answers must be known before anything is concluded from their lengths."""
WASTE = Decimal("0.05")
"""Most that answers cut in vain may cost, as a share of what all answers cost."""
SHARES = tuple(Decimal(share) for share in ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99", "0.995"))
SLACK = Decimal("1.05")
LEAST = 64
"""Lowest cap: providers refuse very small ones."""


@dataclass(slots=True)
class Lengths:
    """Lengths of one model's whole answers, in tokens.

    Attributes:
        outputs: How often each length of output was seen.
        count: How many answers that are.
        inputs: Prompt tokens of all of them together.
        total: Output tokens of all of them together.
    """

    outputs: Counter[int] = field(default_factory=Counter)
    count: int = 0
    inputs: int = 0
    total: int = 0

    def add(self, input_tokens: int, output_tokens: int) -> None:
        """Take note of one answer that was not cut."""
        self.outputs[output_tokens] += 1
        self.count += 1
        self.inputs += input_tokens
        self.total += output_tokens

    def cap(self, price: Price) -> int | None:
        """Return the lowest cap that wastes little at this price, or None while nothing can be said."""
        if self.count < ENOUGH:
            return None
        inputs = self.inputs // self.count
        bearable = WASTE * price.cost(Usage(inputs, self.total // self.count))
        for cap, over in self._choices():
            if Decimal(over) / self.count * price.cost(Usage(inputs, cap)) <= bearable:
                return max(cap, LEAST)
        return None

    def _choices(self) -> Iterator[tuple[int, int]]:
        """Yield caps a little above usual lengths, lowest first, each with how many answers it would have cut."""
        lengths = sorted(self.outputs.items())
        caps, below, at = [], 0, 0
        for share in SHARES:
            while below + lengths[at][1] < share * self.count:
                below += lengths[at][1]
                at += 1
            caps.append(int(SLACK * lengths[at][0]) + 1)
        shorter, at = 0, 0
        for cap in caps:
            while at < len(lengths) and lengths[at][0] < cap:
                shorter += lengths[at][1]
                at += 1
            yield cap, self.count - shorter
