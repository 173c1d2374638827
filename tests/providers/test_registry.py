"""From a model's name to its provider."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from batchata_nb.core.errors import ProviderNotFoundError, ValidationError
from batchata_nb.core.jobs import CiteMode, Document
from batchata_nb.providers import registry

PDF = Document("a.pdf", "application/pdf", "pdf", "p", 1)
PNG = Document("a.png", "image/png", "image", "i", 1)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-sonnet-5-5", "anthropic"),
        ("claude-3-5-sonnet-20241022", "anthropic"),
        ("anthropic/claude-opus-5-5", "anthropic"),
        ("gpt-6-sol", "openai"),
        ("gpt-4.1-2025-04-14", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("o3", "openai"),
        ("o4-mini", "openai"),
        ("ft:gpt-4.1:acme::1", "openai"),
        ("openai/gpt-6-sol", "openai"),
        ("gemini-3.8-flash", "gemini"),
        ("models/gemini-4-argon", "gemini"),
        ("google/gemini-flash-latest", "gemini"),
        (" gemini-3.8-flash ", "gemini"),
        ("claude-next-9", "anthropic"),
    ],
)
def test_a_family_belongs_to_its_provider(model: str, provider: str) -> None:
    """Old, new and future names of the three families are known by their pattern."""
    assert provider == registry.provider_for(model)


def test_an_unknown_name_is_settled_by_the_option() -> None:
    """A name of no family is refused with the option that settles it, and taken with it."""
    with pytest.raises(ProviderNotFoundError, match=r"--provider anthropic\|openai\|gemini"):
        registry.provider_for("llama-5-70b")
    assert "openai" == registry.provider_for("llama-5-70b", "openai")


@pytest.mark.parametrize(
    ("model", "meant"), [("cluade-sonnet-5-5", "claude-"), ("gtp-6-sol", "gpt-"), ("gemni-3.8-flash", "gemini-")]
)
def test_a_slip_gets_a_suggestion(model: str, meant: str) -> None:
    """A misspelt family is named."""
    with pytest.raises(ProviderNotFoundError, match=f"did you mean '{meant}'"):
        registry.provider_for(model)


def test_an_unknown_provider_gets_a_suggestion() -> None:
    """A misspelt provider is refused with the nearest name, wherever it is given."""
    for call in (lambda: registry.provider_for("x", "antropic"), lambda: registry.get("antropic")):
        with pytest.raises(ProviderNotFoundError, match="did you mean 'anthropic'"):
            call()


def test_known_providers_are_made_with_their_environment() -> None:
    """Each name gives its provider, which finds its key in what it was given."""
    keys = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "b", "GEMINI_API_KEY": "c"}
    for name in registry.NAMES:
        provider = registry.get(name, environment=keys)
        provider.ready()
        assert name == provider.name


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two installed provider packages, one of them broken."""
    points = EntryPoints([
        EntryPoint("acme", f"{__name__}:Acme", registry.GROUP),
        EntryPoint("broken", "no_such_package:Thing", registry.GROUP),
    ])  # fmt: skip
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))


def test_other_packages_can_add_providers(extension: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point is a provider by its name, by `--provider`, and by its name in front of a model."""

    class Acme:
        def __init__(self, environment: Any) -> None:
            self.environment = environment

    monkeypatch.setattr(EntryPoint, "load", lambda self: Acme)
    assert {"K": "v"} == registry.get("acme", environment={"K": "v"}).environment  # type: ignore[attr-defined]
    assert ["acme", "acme"] == [registry.provider_for("acme/big"), registry.provider_for("big", "acme")]


def test_a_broken_package_is_named(extension: None) -> None:
    """A provider package that cannot be imported is an error that says so."""
    with pytest.raises(ProviderNotFoundError, match="no_such_package"):
        registry.get("broken")


@pytest.mark.parametrize(
    ("provider", "mode", "schema", "documents", "expected"),
    [
        ("anthropic", "auto", False, [PDF], "native"),
        ("anthropic", "auto", True, [PDF], "native"),
        ("anthropic", "auto", True, [PDF, PNG], "quotes"),
        ("anthropic", "auto", False, [PDF, PNG], "native"),
        ("anthropic", "auto", False, [PNG], "locate"),
        ("openai", "auto", True, [PDF], "quotes"),
        ("gemini", "auto", True, [PDF], "quotes"),
        ("openai", "auto", False, [PDF], "locate"),
        ("openai", "auto", True, [], "locate"),
        ("gemini", "quotes", True, [PDF], "quotes"),
        ("gemini", "quotes", False, [PDF], "locate"),
        ("anthropic", "locate", True, [PDF], "locate"),
        ("anthropic", "native", True, [PDF], "native"),
        ("openai", None, True, [PDF], None),
    ],
)
def test_how_evidence_is_asked_for(
    provider: str, mode: CiteMode | None, schema: bool, documents: list[Document], expected: CiteMode | None
) -> None:
    """`auto` is native with Anthropic where all can be cited, quotes where fields are asked for, else locating."""
    assert expected == registry.cite_mode(provider, mode, schema, documents)


@pytest.mark.parametrize(("provider", "documents"), [("openai", [PDF]), ("anthropic", [PNG]), ("anthropic", [])])
def test_native_citations_that_cannot_be(provider: str, documents: list[Document]) -> None:
    """Native citations are refused where the provider has none or nothing can be cited."""
    with pytest.raises(ValidationError, match="Native citations"):
        registry.cite_mode(provider, "native", True, documents)
