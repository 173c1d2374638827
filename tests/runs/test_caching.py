"""Prompt caching: on where even few hits pay, said before and after, and inside the ceiling."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batchata_nb import Batch
from batchata_nb.practice import PracticeServer
from batchata_nb.providers.anthropic import AnthropicProvider
from batchata_nb.providers.attachments import inline
from batchata_nb.runs.dry_run import DryRun

pytestmark = pytest.mark.usefixtures("folder")
RULES = "Read the message with care and follow each of the house rules to the letter. " * 100
"""Some 1,900 tokens, by four characters each."""
MODEL = "claude-sonnet-4-6"


def asked(count: int = 20, *, model: str = MODEL, system: str = RULES, **options) -> Batch:
    sections = [("system", system), ("user", "Message {{ item }}")]
    texts = [f"number {n}" for n in range(count)]
    return Batch().use_practice().add_jobs(sections=sections, over=texts, model=model, max_tokens=50, **options)


def notes(batch: Batch) -> str:
    run = batch.run(dry_run=True)
    assert isinstance(run, DryRun)
    return " ".join(run.estimate().notes)


def test_a_shared_system_prompt_is_written_once_and_read_by_the_others(folder):
    """The dry run says what is expected, the results what came: the saving is that of the tokens that were read."""
    said = notes(asked())
    run = asked().run(name="x", wait=True)
    usages = [result.usage for result in run]
    written = [usage.cache_write_tokens for usage in usages if usage.cache_write_tokens]
    read = [usage.cache_read_tokens for usage in usages if usage.cache_read_tokens]
    # Claude Sonnet 4.6 in a batch: 1.50 dollars per million input tokens, 1.875 written, 0.15 read.
    saving = (sum(read) * Decimal("1.35") - sum(written) * Decimal("0.375")) / 1_000_000

    assert f"Prompt caching: 20 jobs of {MODEL} begin alike (system prompt, ~" in said
    assert "expected to save $0.0" in said
    assert (1, 19, 1) == (len(written), len(read), len({*written, *read}))
    assert saving == Decimal(run.summary()["money"]["cached"])
    from batchata_nb.widgets.fallback import report_text

    assert "would be saved by prompt caching" in report_text(run.summary(), {})


def test_caching_changes_no_identity():
    """What was answered without a cache is not asked again with it, and the other way round."""
    first = asked().set_cache(False).run(name="x", wait=True)
    again = asked().run(name="y", wait=True)

    assert all(not result.usage.cache_write_tokens for result in first)
    assert (20, 0.0) == (again.summary()["reused"], again.status()["cost_usd"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"system": "Be brief, and follow the house rules."}, "caches from 1,024 tokens on"),
        ({"model": "claude-haiku-4-5"}, "claude-haiku-4-5 caches from 4,096 tokens on"),
        ({"count": 3}, "too few to pay for writing the cache"),
        ({"model": "gpt-6.1-sol"}, "which openai may cache by itself"),
        ({"model": "gemini-3.8-flash"}, "gemini-3.8-flash caches from 6,144 tokens on"),
    ],
)
def test_why_nothing_is_marked_is_said(options, words):
    """A beginning that is too short, jobs that are too few, and providers that cache by themselves are told apart."""
    batch = asked(**options)

    assert words in notes(batch)
    assert {None} == {job.cached for job in (record.job for record in batch.run(dry_run=True)._found)}


def test_what_is_shared_goes_out_marked(folder):
    """A shared document is marked with all before it; a user's own `cache_control` and a job's own document are not."""
    (folder / "contract.txt").write_text("The tenant pays the rent on the first day of each month. " * 150)
    (folder / "own.txt").write_text("Another paper. " * 900)
    rows = [{"file": "contract.txt", "ask": f"Question {n}?"} for n in range(8)] + [{"file": "own.txt", "ask": "Q"}]

    def encoded(**params) -> list[dict]:
        batch = Batch().use_practice()
        batch.add_jobs("{{ ask }}", over=rows, file_column="file", model=MODEL, max_tokens=50, **params)
        found = batch.run(dry_run=True)._found
        provider = AnthropicProvider({"ANTHROPIC_API_KEY": "none"})
        return [provider.request_of(record.job, inline(record.job)) for record in found]

    plain = {"type": "ephemeral"}
    marks = [request["messages"][0]["content"][0].get("cache_control") for request in encoded()]
    assert [plain] * 8 + [None] == marks
    own = encoded(cache_control={"type": "ephemeral", "ttl": "1h"})
    assert all("cache_control" not in request["messages"][0]["content"][0] for request in own)


def test_the_ceiling_reserves_for_writing_the_cache():
    """A job's worst case counts all its input as written to the cache: 1.25 times the price."""
    plain = asked().set_cache(False).run(dry_run=True)._found[0].sizing
    marked = asked().run(dry_run=True)._found[0].sizing

    assert (None, "5m") == (plain.cache_write, marked.cache_write)
    run = asked().add_cost_limit(usd=0.05).run(name="limited", wait=True)
    assert run.status()["cost_usd"] <= 0.05
    assert run.summary()["counts"]["succeeded"] == 20


def test_few_new_rows_are_not_marked(folder):
    """Rows that have answers are not sent and hit nothing: two new ones beside them would only pay for writing."""
    asked(20).run(name="x", wait=True)
    asked(22).run(name="x", wait=True)

    with PracticeServer(folder / ".batchata" / "practice") as server:
        assert [20, 2] == [batch["billed"] for batch in server.book()["anthropic"]["batches"]]
    added = asked(22).run(name="x", wait=True)[20:]
    assert all(not result.usage.cache_write_tokens for result in added)
