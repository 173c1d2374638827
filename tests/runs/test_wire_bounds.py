"""What leaves for a browser is bounded, whatever an endpoint answers."""

from __future__ import annotations

import json
from typing import Any

from pydantic import create_model

from batchata_nb import Batch
from tests.providers.compatible import CompatibleServer

HUGE = "x" * 5_000_000
FIELDS = [f"f{n}" for n in range(300)]


class HugeServer(CompatibleServer):
    """An endpoint that answers with one field of five million characters, and 299 of fifty thousand."""

    def _chat(self, body: Any) -> tuple[int, Any]:
        values = dict.fromkeys(FIELDS, HUGE[:50000]) | {"f0": HUGE}
        quotes = [{"field": "f0", "quote": HUGE}]
        said = json.dumps({"answer": values, "quotes": quotes})
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return 200, {
            "id": "c",
            "object": "chat.completion",
            "model": HUGE,
            "choices": [choice],
            "usage": usage,
        }


def test_a_result_and_a_row_are_cut_where_they_leave(tmp_path, monkeypatch):
    """Values, cited words, the raw answer and names are cut, with a mark; objects in the kernel are whole."""
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    (tmp_path / "long.txt").write_text(HUGE, encoding="utf-8")
    model = create_model("Wide", **dict.fromkeys(FIELDS, (str, ...)))
    with HugeServer(json_schema=200) as server:
        batch = Batch().set_base_url(server.url).set_state(file=str(tmp_path / "state.db"))
        batch.add_job(
            prompt="Read it.",
            file=str(tmp_path / "long.txt"),
            model="gemma3-270m",
            response_model=model,
            enable_citations="quotes",
        )
        run = batch.run(name="wide", live=True, wait=True)
    detail, [row] = run.detail(0), run.rows(0, 50)[1]
    values = [field["value"] for field in detail["fields"]]

    assert run[0].output.f0 == HUGE
    assert run[0].citation_mappings["f0"].text == HUGE
    assert len(json.dumps(detail)) < 2_400_000
    assert len(detail["raw"]) == 100_000
    assert len(detail["fields"][0]["citations"][0]["text"]) == 600
    assert [len(values), {len(value) for value in values}] == [300, {6_666}]
    assert all(value.endswith("x…") for value in values)
    assert len(json.dumps(row)) < 100_000
    assert len(json.dumps(run.summary(), default=str)) < 2_048
