"""A batch that was made elsewhere: its results in the store, its cost known and not ours, over three wire protocols."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from batchata_nb import Batch, BatchataError, ValidationError, attach_batch
from batchata_nb.practice import PracticeServer
from batchata_nb.runs.launch import attach

IDS = ["invoice-7", "ünusual id!", "r1-000001"]
PLAIN = ["invoice-7", "row_2", "r1-000001"]  # what every provider takes


class Amount(BaseModel):
    total: float


def text_of(row: int) -> str:
    return f"Total: {row}.50"


def at_anthropic() -> str:
    """Make a batch as another program would, with the provider's own SDK."""
    import anthropic

    params = [
        {"model": "claude-sonnet-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": question(row)}]}
        for row in range(3)
    ]
    requests: Any = [{"custom_id": key, "params": each} for key, each in zip(PLAIN, params, strict=True)]
    with anthropic.Anthropic() as client:
        return client.messages.batches.create(requests=requests).id


def at_openai() -> str:
    import openai

    lines = [
        {
            "custom_id": key,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": question(row)}]},
        }
        for row, key in enumerate(IDS)
    ]
    content = "\n".join(json.dumps(line) for line in lines).encode()
    with openai.OpenAI() as client:
        file = client.files.create(file=("in.jsonl", content), purpose="batch")
        made = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        return made.id


def at_gemini() -> str:
    from google import genai

    client = genai.Client()
    lines = [
        {"key": key, "request": {"contents": [{"role": "user", "parts": [{"text": question(row)}]}]}}
        for row, key in enumerate(IDS)
    ]
    import io

    content = io.BytesIO("\n".join(json.dumps(line) for line in lines).encode())
    file = client.files.upload(file=content, config={"mime_type": "jsonl", "display_name": "in"})
    made = client.batches.create(model="gemini-3.8-flash", src=str(file.name))
    client.close()
    return str(made.name)


def question(row: int) -> str:
    schema = json.dumps(Amount.model_json_schema())
    return f"{text_of(row)}\n\nAnswer with one JSON value that conforms to the JSON schema below.\n\n{schema}"


@pytest.mark.parametrize(
    ("provider", "make", "ids"),
    [("anthropic", at_anthropic, PLAIN), ("openai", at_openai, IDS), ("gemini", at_gemini, IDS)],
)
def test_results_of_another_programs_batch_land(server, provider, make, ids):
    """Each row has its id, text, tokens and cost; nothing counts as spent here, and attaching again asks nothing."""
    batch_id = make()
    run = attach_batch(batch_id, provider=provider, name="theirs", wait=True).wait(30)
    calls = len(server.book()[provider]["batches"])
    again = attach_batch(batch_id, provider=provider, name="theirs")

    assert sorted(ids) == sorted(run.job_ids)
    assert {"succeeded"} == {result.status for result in run}
    assert all(result.raw_response and result.input_tokens > 0 and result.cost_usd > 0 for result in run)
    assert {batch_id} == {result.batch_id for result in run}
    assert (0.0, run.run_id, 1) == (run.status()["cost_usd"], again.run_id, calls)
    assert "counts as nothing spent here" in str(run.summary()["log"])


def test_answers_are_read_as_the_model_that_is_given(server):
    """With a response model the same texts become objects; another attach with it is another run."""
    batch_id = at_openai()
    plain = attach_batch(batch_id, provider="openai", name="theirs", wait=True).wait(30)
    typed = attach_batch(batch_id, provider="openai", name="theirs", response_model=Amount).wait(30)

    assert plain.run_id != typed.run_id
    assert [0.5, 1.5, 2.5] == [typed[key].parsed_response.total for key in IDS]
    assert {"total"} <= set(typed.to_df().columns)


def test_it_is_found_again_and_never_sent(server):
    """After a restart the run is there by name; its jobs can be neither retried nor taken for those of another run."""
    attach_batch(at_anthropic(), provider="anthropic", name="theirs", wait=True).wait(30)
    found = attach("theirs", state_file=".batchata/state.db")

    assert "invoice-7" in found.job_ids
    with pytest.raises(BatchataError, match="what its jobs asked is not known"):
        found.retry_failed()
    assert 1 == len(server.book()["anthropic"]["batches"])


def test_what_cannot_be_attached_is_said(server, tmp_path, monkeypatch):
    """A batch that has not ended, one of our own and one that is nowhere are each one sentence, and change nothing."""
    own = Batch().add_job(prompt="Hi", model="claude-sonnet-5-5", max_tokens=20).run(name="mine", wait=True)
    with pytest.raises(ValidationError, match=rf"is a batch of this store's run mine: attach {own.run_id}"):
        attach_batch(own[0].batch_id, provider="anthropic")
    with pytest.raises(BatchataError, match="batch"):
        attach_batch("msgbatch_none", provider="anthropic", state_file="other.db")
    with PracticeServer(tmp_path / "slow", seconds=60) as slow:
        for name, value in slow.environment().items():
            monkeypatch.setenv(name, value)
        batch_id = at_anthropic()
        with pytest.raises(ValidationError, match=r"has not ended at anthropic: it is in_progress"):
            attach_batch(batch_id, provider="anthropic")
    assert ["mine"] == [record.name for record in own.store.runs()]
