"""README tells the truth: its tables name what there is, no more and no less."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from batchata_nb.notebook.options import BY_NAME

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text under a heading."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(title: str) -> list[str]:
    """Return the first column of the table under a heading, without its head."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")]
    return [row.split("|")[1].strip() for row in rows[2:]]


def test_options_table_is_the_parsers():
    """Each option of README's table is one that the parser knows, and each that it knows is in the table."""
    documented = {name for cell in first_cells("Options") for name in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", cell)}

    assert set(BY_NAME) == documented


def test_each_dependency_has_its_reason():
    """README names each run-time dependency with a reason, and names no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=~! \[]", line)[0] for line in project["dependencies"]}
    told = {name.strip() for cell in first_cells("Run-time dependencies") for name in cell.split(",")}

    assert wanted == told


@pytest.mark.parametrize("path", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_links_lead_somewhere(path):
    """Each file that README links to or shows is in the project."""
    assert (ROOT / path).is_file()


def test_changelog_has_what_is_coming():
    """The changelog begins with what is not released yet, in the form of Keep a Changelog."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[0] == "[Unreleased]"
