"""A wrong key and an unknown model are said before anything is sent; a silent or odd endpoint stops nothing."""

from __future__ import annotations

import pytest

from batchata_nb.core.errors import CredentialsError, ModelNotSupportedError
from batchata_nb.practice import Fault, PracticeServer
from batchata_nb.providers import registry
from batchata_nb.providers.probing import probe

KNOWN = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol", "gemini": "gemini-3.8-flash"}
UNKNOWN = {"anthropic": "claude-sonet-9-unknown", "openai": "gpt-unknown", "gemini": "gemini-unknown"}
KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "gemini": "GEMINI_API_KEY"}


@pytest.fixture
def server(tmp_path):
    with PracticeServer(tmp_path, seconds=0.1) as running:
        yield running


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_model_passes(name, server):
    """What the provider knows is not refused."""
    probe(registry.get(name, environment=server.environment()), KNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
def test_an_unknown_model_is_refused_by_name(name, server):
    """The sentence names the model and says that nothing was sent."""
    with pytest.raises(ModelNotSupportedError, match=rf"{UNKNOWN[name]}.*Nothing was sent"):
        probe(registry.get(name, environment=server.environment()), UNKNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
def test_a_wrong_key_is_refused_and_not_shown(name, server):
    """The sentence names the variable, never the key."""
    wrong = {**server.environment(), KEYS[name]: "sk-wrong-key-123456"}
    with pytest.raises(CredentialsError, match=KEYS[name]) as raised:
        probe(registry.get(name, environment=wrong), KNOWN[name])

    assert "wrong-key" not in str(raised.value)


@pytest.mark.parametrize("name", KNOWN)
def test_weather_stops_nothing(name, server):
    """An endpoint that fails, or has no list of models, is left to the run."""
    server.faults.add(Fault("status", provider=name, status=500, count=10))
    probe(registry.get(name, environment=server.environment()), UNKNOWN[name])

    gone = {**server.environment()}
    server.stop()
    probe(registry.get(name, environment=gone), KNOWN[name])
