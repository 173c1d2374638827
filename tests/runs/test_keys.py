"""Keys are never in the store, in logs, errors, views or files: canaries are planted, and everything is searched."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.core.errors import CredentialsError
from batchata_nb.practice import PracticeServer
from batchata_nb.practice.faults import Fault

CANARY = "sk-ant-canary-4f1c9e7d2b"
KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "gemini": "GEMINI_API_KEY"}
MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-3.8-flash"}


class Invoice(BaseModel):
    total: float


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A provider that takes the canary as its key; its own folder is not ours."""
    ours = tmp_path / "ours"
    ours.mkdir()
    monkeypatch.chdir(ours)
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    with PracticeServer(tmp_path / "provider", seconds=0.2, key=CANARY) as server:
        for name, value in server.environment().items():
            if not name.endswith("_KEY"):
                monkeypatch.setenv(name, value)
        yield server


def leaks(folder: Path, *texts: str) -> list[str]:
    """Where the canary is: files by name, and texts by their beginning."""
    files = [str(path) for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    return [*files, *(text[:200] for text in texts if CANARY in text)]


@pytest.mark.parametrize("provider", MODELS)
def test_nothing_that_is_written_or_shown_holds_a_key(provider, server, monkeypatch, caplog):
    """A whole run with results, raw files, exports, faults and debug logs leaves no trace of its key."""
    monkeypatch.setenv(KEYS[provider], CANARY)
    caplog.set_level(logging.DEBUG)
    server.faults.add(Fault("status", route="batches.create", status=503))
    server.faults.add(Fault("reset", route="batches.retrieve"))
    Path("a.txt").write_text("Total: 12.50")
    batch = Batch(results_dir="out", raw_files=True).set_default_params(model=MODELS[provider]).set_verbosity("debug")
    batch.add_job(prompt="Extract.", file="a.txt", response_model=Invoice, enable_citations=True)

    run = batch.run(name="keys", wait=True)
    run.export_html("run.html")
    run.to_jsonl("run.jsonl")

    assert ["succeeded"] == [r.status for r in run]
    shown = [repr(batch), repr(run), repr(run[0]), str(run.summary()), str(run.detail(0)), repr(run.drive)]
    assert [] == leaks(Path.cwd(), *shown, caplog.text)


@pytest.mark.parametrize("provider", MODELS)
def test_errors_name_the_variable_and_not_the_key(provider, server, monkeypatch, caplog):
    """A wrong key: the error names where it came from; message, causes and traceback do not hold it."""
    wrong = CANARY + "-wrong"
    monkeypatch.setenv(KEYS[provider], wrong)
    caplog.set_level(logging.DEBUG)
    batch = Batch().set_default_params(model=MODELS[provider]).add_job(prompt="Hello?")

    texts = []
    try:
        run = batch.run(name="wrong", wait=True)
        texts += [run.summary()["words"], str(run.summary()), repr(run)]
    except CredentialsError as error:
        texts += ["".join(traceback.format_exception(error)), repr(error)]

    assert any(KEYS[provider] in text for text in texts), texts
    assert [] == leaks(Path.cwd(), *texts, caplog.text)


def test_a_key_of_a_dotenv_file_is_used_and_not_copied(server):
    """.env is read, and what it holds is written nowhere else."""
    Path(".env").write_text(f"ANTHROPIC_API_KEY={CANARY}\n")

    run = Batch().set_default_params(model=MODELS["anthropic"]).add_job(prompt="Hello?").run(name="env", wait=True)

    assert ["succeeded"] == [r.status for r in run]
    assert [str(Path.cwd() / ".env")] == leaks(Path.cwd(), repr(run))


def test_a_key_of_colabs_secrets_is_used_and_not_copied(server, monkeypatch):
    """In Colab a key comes from the secrets panel; one that is not opened to the notebook is as one that is missing."""

    def get(name: str) -> str:
        if name != "OPENAI_API_KEY":
            raise PermissionError(f"the notebook may not read {name}")
        return CANARY

    colab, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
    userdata.get = get
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    monkeypatch.setattr(os, "environ", os.environ.copy())

    run = Batch().set_default_params(model=MODELS["openai"]).add_job(prompt="Hello?").run(name="colab", wait=True)

    assert ["succeeded"] == [r.status for r in run]
    assert [] == leaks(Path.cwd(), repr(run))
    with pytest.raises(CredentialsError, match="ANTHROPIC_API_KEY"):
        Batch().set_default_params(model=MODELS["anthropic"]).add_job(prompt="Hello?").run(wait=True)
