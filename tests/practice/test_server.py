"""The server itself: its state outlives it, it can run as a process of its own, and it keeps the book."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from batchata_nb.practice import KEY, PracticeServer
from tests.practice.conftest import Clock


def row(custom_id: str, text: str = "Say: hello.") -> Any:
    params = {"model": "claude-sonnet-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": custom_id, "params": params}


def client(server: PracticeServer) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.environment()["ANTHROPIC_BASE_URL"], api_key=server.key, max_retries=0)


def test_a_batch_goes_on_while_no_server_runs(tmp_path: Path, clock: Clock) -> None:
    """A server started later on the same folder knows the batch, and time has passed for it."""
    with PracticeServer(tmp_path, seconds=10, clock=clock) as first, client(first) as claude:
        batch = claude.messages.batches.create(requests=[row("a"), row("b")])
    clock.tick()
    with PracticeServer(tmp_path, seconds=10, clock=clock) as second, client(second) as claude:
        results = {line.custom_id: line.result.type for line in claude.messages.batches.results(batch.id)}

    assert {"a": "succeeded", "b": "succeeded"} == results


def test_two_servers_share_one_folder(tmp_path: Path, clock: Clock) -> None:
    """What one process takes, the other shows at once."""
    with (
        PracticeServer(tmp_path, clock=clock) as first,
        PracticeServer(tmp_path, clock=clock) as second,
        client(first) as one,
        client(second) as two,
    ):
        batch = one.messages.batches.create(requests=[row("a")])
        two.messages.batches.cancel(batch.id)

        assert "canceling" == one.messages.batches.retrieve(batch.id).processing_status


def test_a_stopped_server_drops_its_connections_and_starts_again_where_it_was(tmp_path: Path) -> None:
    """After stop() calls fail; after start() the same URL answers, also for clients that were connected."""
    server = PracticeServer(tmp_path).start()
    url = server.url
    with client(server) as claude:
        claude.models.list()
        server.stop()
        with pytest.raises(anthropic.APIConnectionError):
            claude.models.list()
        server.start()
        try:
            assert url == server.url
            assert claude.models.list().data
        finally:
            server.stop()


def test_the_book_shows_what_was_paid_twice(server: PracticeServer, gpt: Any, clock: Clock, pdf: bytes) -> None:
    """Rows of the same content have the same digest, whatever their ids and file ids; deleted batches stay."""
    for number in (1, 2):
        uploaded = gpt.files.create(file=("a.pdf", pdf), purpose="user_data")
        part = {"type": "input_file", "file_id": uploaded.id}
        body = {
            "model": "gpt-6-sol",
            "input": [{"role": "user", "content": [part, {"type": "input_text", "text": "Go"}]}],
        }
        line = {"custom_id": f"run{number}-0", "method": "POST", "url": "/v1/responses", "body": body}
        batch_file = gpt.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
        gpt.batches.create(input_file_id=batch_file.id, endpoint="/v1/responses", completion_window="24h")
    clock.tick()
    with client(server) as claude:
        batch = claude.messages.batches.create(requests=[row("a")])
        clock.tick()
        claude.messages.batches.delete(batch.id)
    book = httpx2.get(f"{server.url}/practice/book").json()
    rows = [row for batch in book["openai"]["batches"] for row in batch["rows"]]

    assert book == server.book()
    assert ["run1-0", "run2-0"] == [row["id"] for row in rows]
    assert rows[0]["digest"] == rows[1]["digest"]
    assert [True, True] == [row["billed"] for row in rows]
    assert 1 == book["anthropic"]["batches"][0]["billed"]


def test_rows_are_billed_one_after_the_other(server: PracticeServer, clock: Clock) -> None:
    """Halfway through a batch half of its rows are billed, the others wait."""
    with client(server) as claude:
        claude.messages.batches.create(requests=[row(f"r{n}") for n in range(10)])
    clock.tick(5)
    rows = server.book()["anthropic"]["batches"][0]["rows"]

    assert [True] * 5 + [False] * 5 == [row["billed"] for row in rows]
    assert ["ok"] * 5 + ["waiting"] * 5 == [row["state"] for row in rows]


def test_an_own_process_serves_and_can_be_killed(tmp_path: Path) -> None:
    """`python -m batchata_nb.practice` prints its URL; killed and started again it knows its batches."""
    command = [sys.executable, "-m", "batchata_nb.practice", "--state", str(tmp_path), "--seconds", "0.01"]
    ids = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().strip()
                with anthropic.Anthropic(base_url=f"{url}/anthropic", api_key=KEY) as claude:
                    ids.append(claude.messages.batches.create(requests=[row("a")]).id)
                    known = [batch.id for batch in claude.messages.batches.list()]
            finally:
                process.kill()

    assert ids[::-1] == known


def test_importing_is_light() -> None:
    """The practice provider loads no SDK and no PDF library until a document is read."""
    heavy = "anthropic openai google.genai pypdfium2 pandas PIL pydantic"
    code = f"import sys, batchata_nb.practice; print([m for m in {heavy.split()!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )

    assert "[]" == found.stdout.strip()


def test_an_unknown_path_is_the_services_404(server: PracticeServer, gpt: Any) -> None:
    """A path that the service does not have is a 404 in its own shape; foreign paths are told where to look."""
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        gpt.get("/embeddings", cast_to=object)

    assert "environment()" in httpx2.get(f"{server.url}/v1/batches").json()["error"]


def test_a_request_in_chunks_is_read(server: PracticeServer) -> None:
    """A body without Content-Length, sent in chunks, arrives whole."""
    body = json.dumps({"model": "gpt-6-sol", "input": "Note: " + "word " * 100}).encode()
    pieces = (body[n : n + 50] for n in range(0, len(body), 50))
    headers = {"Authorization": f"Bearer {server.key}"}
    answer = httpx2.post(f"{server.url}/openai/v1/responses", content=pieces, headers=headers)

    assert 200 == answer.status_code


def test_the_server_is_not_asked_before_it_runs(tmp_path: Path) -> None:
    """A server that was not started has no URL, and says what to do."""
    with pytest.raises(RuntimeError, match="call start"):
        PracticeServer(tmp_path).environment()
