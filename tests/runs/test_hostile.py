"""Whatever an answer holds, and whatever reading it does: it lands, is kept, is booked, and the run ends."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import BaseModel, field_validator

from batchata_nb.core.results import Reply, Usage
from batchata_nb.runs.schemas import schema_key, schema_of
from batchata_nb.wire import anthropic, gemini, openai
from tests.runs.edge import Desk, FlatPrices, job, ok

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
WORST = Decimal("0.002")
"""Of one job: 1,000 tokens in and 1,000 out, at a dollar a million."""


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "state.db")


@pytest.mark.parametrize(
    "text",
    [
        "half a character \ud83d",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"total": ' + "9" * 10_000 + "}",
        '{"total": 1e999}',
        '{"total": NaN}',
        "\0" * 100,
        '{"total": "\\ud800"}',
        "```json\n" + "{" * 3000,
    ],
    ids=lambda text: repr(text[:14]),
)
@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["text", "schema"])
def test_no_text_stops_a_run(desk, text, schema):
    """A paid answer lands whatever its text is, beside others that are well."""
    desk.edge.replies = lambda batch_id, row: [ok(row, text if row.job.id == "job-0" else '{"total": 5}')]
    drive = desk.run(desk.start([replace(job(n), schema=schema) for n in range(3)], limit="1"))

    assert drive.crash is None
    assert {"succeeded", "invalid"} >= {drive.state.state_of(row) for row in range(3)}
    assert ["succeeded"] * 2 == [drive.state.state_of(row) for row in (1, 2)]
    assert Decimal("0.0006") == drive.state.ledger.spent
    kept = desk.store.result(drive.state.run_id, 0)["text"]
    assert kept == text or text.isprintable() is False
    desk.open(drive.state.run_id).summary()


class Odd(BaseModel):
    """A class whose validator has a fault of its own."""

    total: float

    @field_validator("total")
    @classmethod
    def fail(cls, value: float) -> float:
        """Divide by zero."""
        return value / math.floor(0.5)


def test_a_fault_in_the_users_own_validator_stops_no_run(desk):
    """What a validator raises is the reason why the answer is invalid; the text is kept."""
    desk.edge.replies = lambda batch_id, row: [ok(row, '{"total": 5}')]
    schema = schema_of(Odd)
    make = desk.context
    desk.context = lambda: replace(make(), models={schema_key(schema): Odd})
    drive = desk.run(desk.start([replace(job(0), schema=schema)]))

    stored = desk.store.result(drive.state.run_id, 0)
    assert ("invalid", "invalid_output", '{"total": 5}') == (stored["status"], stored["error_kind"], stored["text"])
    assert "ZeroDivisionError" in stored["error"]


UNKNOWN = {
    "anthropic": lambda row: anthropic.decode({"custom_id": row, "result": {"type": "novel"}}),
    "anthropic, no message": lambda row: anthropic.decode({"custom_id": row, "result": {"type": "succeeded"}}),
    "openai": lambda row: openai.decode({"custom_id": row, "response": {"status_code": 200, "body": {"x": 1}}}),
    "openai, no response": lambda row: openai.decode({"custom_id": row}),
    "gemini": lambda row: gemini.decode({"key": row, "novel": {}}),
    "an answer without usage": lambda row: anthropic.decode(
        {
            "custom_id": row,
            "result": {
                "type": "succeeded",
                "message": {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"},
            },
        }
    ),
}


@pytest.mark.parametrize("shape", UNKNOWN)
def test_a_line_that_does_not_tell_its_usage_is_booked_at_its_worst_case(desk, shape):
    """Of unknown shape, or without usage: never booked at zero, said in the log, and not sent again by itself."""
    desk.edge.replies = lambda batch_id, row: [UNKNOWN[shape](row.row_id)]
    drive = desk.run(desk.start([job(0)], limit="1"))

    stored = desk.store.result(drive.state.run_id, 0)
    assert (WORST, WORST, 1) == (drive.state.ledger.spent, stored["cost"], desk.edge.calls.count("submit"))
    assert "b1: 1 answer does not tell its usage; booked at the worst case" in [text for _, text in drive.state.log]
    assert stored["error"] is None or "booked at its worst case" in stored["error"]


@pytest.mark.parametrize(
    ("decode", "line"),
    [
        (
            anthropic.decode,
            {"result": {"type": "novel", "message": {"usage": {"input_tokens": 7, "output_tokens": 2}}}},
        ),
        (
            openai.decode,
            {"response": {"status_code": 200, "body": {"x": 1, "usage": {"input_tokens": 7, "output_tokens": 2}}}},
        ),
        (gemini.decode, {"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}),
    ],
    ids=["anthropic", "openai", "gemini"],
)
def test_a_line_of_unknown_shape_is_booked_by_its_usage_where_that_can_be_read(decode, line):
    """What is known counts: the tokens that the line reports."""
    reply = decode(line)

    assert ("errored", Usage(7, 2), True) == (reply.outcome, reply.usage, reply.metered)


def test_without_a_price_what_an_unmetered_line_cost_is_unknown(desk, monkeypatch):
    """No ceiling and no bound: its cost is unknown, which views say, and not zero."""
    desk.edge.replies = lambda batch_id, row: [UNKNOWN["anthropic"](row.row_id)]
    drive = desk.run(desk.start([job(0)], bound=None))

    assert (None, False) == (desk.store.result(drive.state.run_id, 0)["cost"], drive.summary()["money"]["known"])
    assert "not known" in desk.store.result(drive.state.run_id, 0)["error"]


def test_a_model_that_costs_nothing_is_booked_at_nothing(desk, monkeypatch):
    """A price of zero is known: an answer without usage then costs zero."""
    free = FlatPrices.settled(FlatPrices(), "edge", "m", None, None).times(Decimal(0))
    monkeypatch.setattr(FlatPrices, "settled", lambda *_, **__: free)
    monkeypatch.setattr(FlatPrices, "reserve", lambda *_, **__: free)
    desk.edge.replies = lambda batch_id, row: [Reply(row.row_id, "succeeded", "hi", metered=False)]
    drive = desk.run(desk.start([job(0)]))

    assert (0, True) == (desk.store.result(drive.state.run_id, 0)["cost"], drive.summary()["money"]["known"])
