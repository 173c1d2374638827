"""Twenty mistakes that are easily made with the SDKs and batch APIs: where each is proven not to be ours.

What is tested elsewhere is named here and looked up; what is not, is tested here.
"""

from __future__ import annotations

import ast
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.jobs import Job, Message
from batchata_nb.providers.anthropic import AnthropicProvider
from batchata_nb.providers.gemini import GeminiProvider
from batchata_nb.providers.openai import OpenAIProvider
from batchata_nb.runs.sending import row_id
from batchata_nb.wire import anthropic, gemini, openai

TESTS = Path(__file__).resolve().parents[1]
TRAPS = {
    "two batches for one click": [
        ("providers/test_anthropic.py", "test_a_refused_create_is_sent_once_and_classified"),
        ("providers/test_openai.py", "test_a_refused_create_is_sent_once_and_classified"),
        ("providers/test_gemini.py", "test_a_refused_create_is_sent_once_and_classified"),
        ("crash/test_crash.py", "test_the_network_loses_answers_and_breaks_downloads"),
    ],
    "lost id": [("crash/test_crash.py", "test_killed_at_every_critical_step")],
    "a 200 on create taken for a valid batch": [
        ("providers/test_traps.py", "test_a_batch_that_fails_in_validation_is_rejected"),
        ("providers/test_anthropic.py", "test_a_create_without_a_readable_answer_is_ambiguous"),
    ],
    "temperature out of habit": [("providers/test_check.py", "test_parameters_are_refused_by_name")],
    "results matched by position": [("providers/test_gemini.py", "test_results_are_joined_by_key")],
    "row ids that one provider refuses": [("providers/test_traps.py", "test_row_ids_are_taken_by_every_provider")],
    "errors looked for in the wrong place": [("wire/test_decode.py", "test_a_line_says_what_became_of_its_row")],
    "completed without an output file": [
        ("providers/test_traps.py", "test_a_completed_batch_without_an_output_file_is_read_all_the_same")
    ],
    "succeeded taken for usable": [("wire/test_decode.py", "test_a_line_says_what_became_of_its_row")],
    "an output cap eaten by reasoning": [
        ("providers/test_traps.py", "test_an_answer_of_thinking_only_is_truncated_and_billed")
    ],
    "coming back too late": [
        ("runs/test_afterwards.py", "test_a_batch_that_the_provider_does_not_know_any_more_is_settled")
    ],
    "waits nobody planned": [
        ("providers/test_traps.py", "test_every_client_has_a_timeout_and_no_retries_of_its_own"),
        ("providers/test_errors.py", "test_the_wait_that_is_asked_for"),
    ],
    "retrying a 429 that cannot clear": [("providers/test_traps.py", "test_a_429_without_credit_is_not_waited_out")],
    "jsonl cut at the wrong characters": [("wire/test_jsonl.py", "test_unusual_line_separators_stay_inside_strings")],
    "typed models trusted blindly": [
        ("wire/test_decode.py", "test_junk_is_an_error_and_never_raises"),
        ("providers/test_anthropic.py", "test_a_web_page_in_place_of_results_is_no_result"),
    ],
    "one schema for three dialects": [("wire/test_schema.py", "test_whatever_is_fitted_obeys_the_subset")],
    "citations with structured output, or on some documents only": [
        ("wire/test_encode.py", "test_anthropic_cites_all_documents_or_none"),
        ("providers/test_traps.py", "test_native_citations_and_a_native_schema_never_go_together"),
    ],
    "file not found just after upload": [
        ("providers/test_openai.py", "test_a_file_that_is_not_there_yet_is_asked_for_again")
    ],
    "interrupting the cell does not stop the bill": [
        ("runs/test_batch.py", "test_an_interrupt_ends_the_waiting_only"),
        ("runs/test_afterwards.py", "test_nothing_is_sent_after_a_cancel"),
    ],
    "keys and hosts": [
        ("providers/test_anthropic.py", "test_results_come_from_our_own_base_url"),
        ("providers/test_gemini.py", "test_a_redirected_download_leaves_the_key_behind"),
        ("providers/test_openai.py", "test_keys_are_in_no_message"),
        ("providers/test_errors.py", "test_keys_are_blotted_out"),
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_has_its_tests(trap: str) -> None:
    """The tests that are named for a trap are there."""
    for file, name in TRAPS[trap]:
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (file, name)
    assert 20 == len(TRAPS)


def test_a_batch_that_fails_in_validation_is_rejected(loopback: Any) -> None:
    """Accepted with 200 and failed later: nothing of it ran, and the reason is the first of its errors."""
    errors = {"data": [{"code": "invalid_json_line", "line": 1, "message": "line 1 is not valid"}]}
    counts = {"total": 0, "completed": 0, "failed": 0}
    loopback.on("GET /v1/batches/b1", {"id": "b1", "status": "failed", "errors": errors, "request_counts": counts})
    status = OpenAIProvider(loopback.environment()).poll("b1")

    assert ("ended", True, False) == (status.state, status.rejected, status.quota)
    assert "line 1 is not valid" in str(status.reason)


def test_row_ids_are_taken_by_every_provider() -> None:
    """Row ids keep to the narrowest rule of the three, however many batches and rows a run has."""
    for tag, row in (("r0123456789-1", 0), ("r0123456789-99999", 999_999)):
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", row_id(tag, row))
    assert 1000 == len({row_id(f"r0123456789-{n // 100}", n % 100) for n in range(1000)})


def test_a_completed_batch_without_an_output_file_is_read_all_the_same(loopback: Any) -> None:
    """All rows failed: there is only an error file, or none at all; neither is a fault."""
    provider = OpenAIProvider(loopback.environment())
    loopback.on(
        "GET /v1/files/e/content",
        b'{"custom_id": "t-0", "response": {"status_code": 400, "body": {"error": {"message": "no"}}}}\n',
    )
    both = {"id": "b1", "status": "completed", "output_file_id": None, "request_counts": {"total": 1, "failed": 1}}
    loopback.on("GET /v1/batches/b1", {**both, "error_file_id": "e"}, {**both, "error_file_id": None})

    found = [[(r.row_id, r.outcome) for r in provider.fetch("b1", provider.poll("b1").handle)] for _ in range(2)]
    assert [[("t-0", "errored")], []] == found


@pytest.mark.parametrize(
    ("decode", "line"),
    [
        (
            anthropic.decode,
            {
                "custom_id": "r",
                "result": {
                    "type": "succeeded",
                    "message": {
                        "content": [{"type": "thinking", "thinking": "hm"}],
                        "stop_reason": "max_tokens",
                        "usage": {"input_tokens": 5, "output_tokens": 1000},
                    },
                },
            },
        ),
        (
            openai.decode,
            {
                "custom_id": "r",
                "response": {
                    "status_code": 200,
                    "body": {
                        "object": "response",
                        "status": "incomplete",
                        "incomplete_details": {"reason": "max_output_tokens"},
                        "output": [{"type": "reasoning"}],
                        "usage": {"input_tokens": 5, "output_tokens": 1000},
                    },
                },
            },
        ),
        (
            gemini.decode,
            {
                "key": "r",
                "response": {
                    "candidates": [{"finishReason": "MAX_TOKENS"}],
                    "usageMetadata": {"promptTokenCount": 5, "thoughtsTokenCount": 1000},
                },
            },
        ),
    ],
    ids=["anthropic", "openai", "gemini"],
)
def test_an_answer_of_thinking_only_is_truncated_and_billed(decode: Any, line: dict[str, Any]) -> None:
    """Thinking took all the room: no text, but truncated and not empty, at what was billed."""
    reply = decode(line)

    assert ("invalid", "truncated", 1000) == (reply.outcome, reply.error_kind, reply.usage.output_tokens)


@pytest.mark.parametrize("make", [AnthropicProvider, OpenAIProvider])
def test_every_client_has_a_timeout_and_no_retries_of_its_own(make: Any, loopback: Any) -> None:
    """No call waits for ever, and none is repeated behind our back."""
    client = make(loopback.environment()).client

    assert (0, 600, 10) == (client.max_retries, client.timeout.read, client.timeout.connect)


@pytest.mark.parametrize(
    ("make", "route", "body"),
    [
        (
            AnthropicProvider,
            "GET /v1/messages/batches/b1",
            {
                "type": "error",
                "error": {
                    "type": "rate_limit_error",
                    "message": "spent",
                    "details": {"error_code": "enforced_spend_limit_reached"},
                },
            },
        ),
        (OpenAIProvider, "GET /v1/batches/b1", {"error": {"message": "spent", "code": "insufficient_quota"}}),
    ],
    ids=["anthropic", "openai"],
)
def test_a_429_without_credit_is_not_waited_out(make: Any, route: str, body: Any, loopback: Any, answer: Any) -> None:
    """No credit, or the spend limit: waiting does not help, and the user is told to top up."""
    from batchata_nb.core.errors import ProviderError

    loopback.on(route, answer(body, 429))
    with pytest.raises(ProviderError, match="credit") as raised:
        make(loopback.environment()).poll("b1")

    assert (False, False) == (raised.value.retryable, raised.value.quota)
    assert 1 == len(loopback.sent(route))


def test_native_citations_and_a_native_schema_never_go_together() -> None:
    """The two are refused together, in a batch only at its end: with native citations the prompt asks for the form."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    job = Job("j", "anthropic", "claude-sonnet-5-5", (Message("user", "hi"),), 10, schema=schema, cite="native")

    request = anthropic.encode(job, {})

    assert "output_config" not in request
    assert "JSON" in str(request["messages"])


def test_geminis_client_has_a_timeout(loopback: Any) -> None:
    """Google's SDK waits for ever unless it is told not to, in milliseconds."""
    options = GeminiProvider(loopback.environment()).client._api_client._http_options

    assert 600_000 == options.timeout


@pytest.mark.parametrize("name", ["client", "http"])
def test_threads_that_ask_first_get_the_same_client(name: str, loopback: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that ask at once share one client: of two, Google's SDK would close one in the midst of a request."""
    asked = threading.Barrier(2, timeout=0.5)
    url = GeminiProvider.base_url.fget

    def slow(provider: GeminiProvider) -> str:
        with suppress(threading.BrokenBarrierError):  # nobody else is making one, as it should be
            asked.wait()
        return str(url(provider))

    monkeypatch.setattr(GeminiProvider, "base_url", property(slow))
    provider = GeminiProvider(loopback.environment())
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: getattr(provider, name), range(2)))

    assert made[0] is made[1]
