"""Every line of a result file, in every shape that the providers are known to write."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.results import Usage
from batchata_nb.wire import anthropic, gemini, openai

BODIES = Path(__file__).parent.parent / "bodies"
DECODERS = {"anthropic": anthropic.decode, "openai": openai.decode, "gemini": gemini.decode}
CASES = [
    pytest.param(name, case, id=f"{name}: {case['name']}")
    for name in DECODERS
    for case in json.loads((BODIES / f"{name}_lines.json").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("provider", "case"), CASES)
def test_a_line_says_what_became_of_its_row(provider: str, case: dict[str, Any]) -> None:
    """Each known line gives its row id, outcome, text, cause and tokens; what is not known is never a success."""
    reply = DECODERS[provider](case["line"])
    expected = dict(case["expected"])
    if "usage" in expected:
        expected["usage"] = asdict(Usage(**expected["usage"]))
    actual = asdict(reply)
    assert expected == {name: actual[name] for name in expected}
    assert case["line"] == reply.raw
    assert (reply.outcome == "succeeded") == (reply.error is None) == (reply.error_kind is None)


@pytest.mark.parametrize("provider", DECODERS)
@pytest.mark.parametrize("junk", [{}, {"custom_id": 7, "key": 7}, {"result": [], "response": "x", "error": 3}])
def test_junk_is_an_error_and_never_raises(provider: str, junk: dict[str, Any]) -> None:
    """A line of no known shape is an errored row that is not sent again by itself, since it may have been billed."""
    reply = DECODERS[provider](junk)
    assert ("errored", False, None) == (reply.outcome, reply.retryable, reply.row_id)


def test_live_answers_are_read_as_batch_lines_are() -> None:
    """A message, a completion and a response of the real-time APIs give the same reply as inside a batch line."""
    for name, inner, decode in (
        ("anthropic", lambda line: line["result"]["message"], anthropic.decode_message),
        ("openai", lambda line: line["response"]["body"], openai.decode_body),
        ("gemini", lambda line: line["response"], gemini.decode_response),
    ):
        line = json.loads((BODIES / f"{name}_lines.json").read_text(encoding="utf-8"))[0]["line"]
        batch, live = DECODERS[name](line), decode("r", inner(line))
        assert (batch.text, batch.usage, batch.outcome) == (live.text, live.usage, live.outcome)
