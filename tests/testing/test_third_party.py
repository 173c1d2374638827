"""A package of another maker, built and installed: found by its entry point, tried by the rules, and used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
from batchata_nb import Batch
batch = Batch().set_provider("shouting").set_price("shout-1", 1, 1).add_cost_limit(usd=1)
batch.add_jobs("Say {{ item }}", over=["one", "two"], model="shout-1", max_tokens=50)
run = batch.run(wait=True)
print(run.outputs, run.status()["cost_usd"] > 0)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment of a Python that has the package installed, with its metadata, in a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    source = Path(__file__).parent / "third_party"
    wheel = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(wheel, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(built)], check=True, timeout=100)
    path = os.pathsep.join([str(folder / "site"), str(ROOT)])
    own = {"SHOUTING_FOLDER": str(folder / "batches"), "SHOUTING_KEY": "please", "BATCHATA_POLL_INTERVAL": "0.05"}
    return {**os.environ, **own, "PYTHONPATH": path}


def python(environment: dict[str, str], *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], check=False, env=environment, cwd=cwd, capture_output=True, text=True, timeout=100
    )


def test_it_passes_the_conformance_tests(environment: dict[str, str], tmp_path: Path) -> None:
    """The public command tries it by its name, and finds no broken rule."""
    arguments = ("-m", "batchata_nb.testing", "shouting:Shouting", "--model", "shout-1", "--key", "SHOUTING_KEY")
    found = python(environment, *arguments, cwd=tmp_path)

    assert 0 == found.returncode, found.stdout + found.stderr
    assert " 0 broken" in found.stdout


def test_its_entry_point_makes_it_a_provider(environment: dict[str, str], tmp_path: Path) -> None:
    """Its name is all that a batch needs: jobs are checked, priced, sent, and answered by it."""
    found = python(environment, "-c", SCRIPT, cwd=tmp_path)

    assert "['SAY ONE', 'SAY TWO'] True" == found.stdout.strip(), found.stderr


def test_what_it_refuses_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    """Its own words reach the user, before anything is sent; without its variable, the variable is named."""
    refused = python(environment, "-c", SCRIPT.replace("shout-1", "gpt-6"), cwd=tmp_path)
    without = {name: value for name, value in environment.items() if name != "SHOUTING_KEY"}
    unready = python(without, "-c", SCRIPT, cwd=tmp_path)

    assert "Shouting has no model 'gpt-6'." in refused.stderr
    assert "set the variable SHOUTING_KEY" in unready.stderr
    assert not (tmp_path / ".batchata").exists()
