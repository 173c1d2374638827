"""The dry run says what each way of getting evidence would add."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.runs.evidence_cost import TOKENS_PER_QUOTE


class Line(BaseModel):
    """A part that is itself made of parts."""

    amount: float
    taxed: bool


class Paper(BaseModel):
    """Two printed fields; two derived ones, one of them within a list."""

    vendor: str
    total: float
    status: Literal["paid", "unpaid"]
    lines: list[Line]


def priced(folder: Path, model: str, n: int = 3, **job: Any) -> Any:
    """The estimate of some jobs, nothing sent."""
    batch = Batch(results_dir="").set_state(file=str(folder / "s.db")).set_default_params(model=model)
    for number in range(n):
        (folder / f"{number}.txt").write_text("Vendor: Acme\nTotal: 5.00\n")
        batch.add_job(prompt="Extract.", file=str(folder / f"{number}.txt"), **job)
    return batch.run(dry_run=True).estimate()


@pytest.fixture(autouse=True)
def practised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is asked of a real provider."""
    monkeypatch.setenv("BATCHATA_PRACTICE", "1")
    monkeypatch.chdir(tmp_path)


def test_modes_are_compared(tmp_path: Path) -> None:
    """With Anthropic and a schema three modes can be compared: their tokens, their price, and which one is chosen."""
    estimate = priced(tmp_path, "claude-sonnet-5-5", response_model=Paper, enable_citations=True)
    native, quotes, locate = estimate.evidence_costs

    assert ("native", "quotes", "locate") == (native.mode, quotes.mode, locate.mode)
    assert (3, 0, 0) == (native.jobs, quotes.jobs, locate.jobs)
    assert 3 * 2 * TOKENS_PER_QUOTE == quotes.output_tokens
    assert quotes.input_tokens > 300
    assert quotes.cost is not None
    assert quotes.cost > (native.cost or Decimal(0)) >= 0
    assert (0, 0, Decimal(0)) == (locate.input_tokens, locate.output_tokens, locate.cost)
    words = next(line for line in estimate.summary() if line.startswith("Evidence"))
    assert "native (chosen)" in words
    assert f"quotes ~{quotes.input_tokens:,} input tokens and ~270 output tokens, ~$" in words
    assert "locate adds no tokens" in words


def test_only_what_is_possible_is_offered(tmp_path: Path) -> None:
    """Native citations are Anthropic's; without a schema there are no fields to quote for."""
    openai = priced(tmp_path, "gpt-6.1-sol", response_model=Paper, enable_citations=True)
    plain = priced(tmp_path, "gpt-6.1-sol", enable_citations=True)
    none = priced(tmp_path, "gpt-6.1-sol", response_model=Paper)

    assert ["quotes", "locate"] == [cost.mode for cost in openai.evidence_costs]
    assert "locate" in [cost.mode for cost in plain.evidence_costs]
    assert "native" not in [cost.mode for cost in plain.evidence_costs]
    assert [] == none.evidence_costs
    assert not any(line.startswith("Evidence") for line in none.summary())


def test_a_sample_stands_for_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With many jobs a sample is looked at, and its tokens stand for all."""
    monkeypatch.setattr("batchata_nb.runs.evidence_cost.SAMPLE", 4)
    few = priced(tmp_path, "gpt-6.1-sol", 3, response_model=Paper, enable_citations=True)
    many = priced(tmp_path, "gpt-6.1-sol", 30, response_model=Paper, enable_citations=True)

    assert many.evidence_costs[0].output_tokens == 10 * few.evidence_costs[0].output_tokens
