"""The tests for other makers' providers pass those of our own, and find what is wrong with broken ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from batchata_nb.practice import PracticeServer
from batchata_nb.providers import registry
from batchata_nb.testing import Finding, Subject, run_checks
from batchata_nb.testing.__main__ import main
from batchata_nb.testing.checks import CHECKS
from batchata_nb.testing.failures import FAILURES
from tests.testing import broken

PROVIDERS = {
    "anthropic": ("claude-sonnet-5-5", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "openai": ("gpt-6-sol", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "gemini": ("gemini-3.8-flash", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    """A practice server whose batches end at once."""
    with PracticeServer(tmp_path_factory.mktemp("practice"), seconds=0.05) as running:
        yield running


def subject_of(name: str, server: PracticeServer, make: object = None) -> Subject:
    model, key, base_url = PROVIDERS[name]
    given = make or (lambda environment: registry.get(name, environment=environment))
    return Subject(given, model, server.environment(), key=key, base_url=base_url)  # type: ignore[arg-type]


def faults(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.rule} {finding.why}" for finding in findings if finding.state == "broken")


@pytest.mark.parametrize("name", PROVIDERS)
def test_our_providers_keep_every_rule(name: str, server: PracticeServer) -> None:
    """Nothing is broken, and nothing is left untried."""
    findings = run_checks(subject_of(name, server))

    assert "" == faults(findings)
    assert {"kept"} == {finding.state for finding in findings}
    assert len(CHECKS) + len(FAILURES) == len(findings)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (broken.Repeats, "went out 2 times"),
        (broken.Certain, "not marked as ambiguous"),
        (broken.Tells, "shows the key"),
        (broken.Forgets, r"sent the rows \['r\w+-1-000000', .* got replies of \['r\w+-1-000000'\]"),
        (broken.Blind, "was not found"),
        (broken.Rash, "was taken for a submission that never was"),
        (broken.Raises, "not ProviderError"),
        (broken.Deaf, "no verb 'cancel'"),
        (broken.Deaf, "limits.rows is 0"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_broken_providers_are_found_out(make: type, words: str, server: PracticeServer) -> None:
    """Each way to break a rule is named."""
    assert re.search(words, faults(run_checks(subject_of("anthropic", server, make))))


def test_what_cannot_be_tried_is_said(server: PracticeServer) -> None:
    """Without the variables' names some rules are skipped, with what is missing to try them."""
    findings = run_checks(Subject(subject_of("openai", server).make, "gpt-6-sol", server.environment()))

    skipped = [finding.why for finding in findings if finding.state == "skipped"]
    assert "" == faults(findings)
    assert (len(FAILURES), 2) == (sum("--base-url" in why for why in skipped), sum("--key" in why for why in skipped))


def test_the_command_reports_and_exits_by_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    """0 when every rule is kept, 1 for a broken one, with a line for each."""
    options = ["--model", "claude-sonnet-5-5", "--key", "ANTHROPIC_API_KEY", "--practice"]
    assert 0 == main(["batchata_nb.providers.anthropic:AnthropicProvider", *options])
    assert "13 kept, 0 broken, 8 not tried" in capsys.readouterr().out
    assert 1 == main(["tests.testing.broken:Forgets", *options])
    assert re.search(r"FAIL  A batch is submitted.*\n +sent the rows", capsys.readouterr().out)
    assert 0 == main(["tests.testing.broken:SUBJECT", "--practice"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nothing_of_this_name:Provider", "--model", "m"], "cannot be loaded"),
        (["tests.testing.broken:Nothing", "--model", "m"], "cannot be loaded"),
        (["tests.testing.broken", "--model", "m"], "module:Provider"),
        (["tests.testing.broken:Blind"], "--model"),
    ],
)
def test_what_cannot_be_loaded_is_said(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2 and one sentence."""
    assert 2 == main(given)
    assert words in capsys.readouterr().err
