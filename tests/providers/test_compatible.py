"""OpenAI-compatible endpoints: what one can do is found out once, step by step, and said."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.errors import BatchSubmissionError, CredentialsError, ProviderError, ValidationError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.providers import registry
from batchata_nb.providers.answering import ask, read
from batchata_nb.providers.base import Row
from batchata_nb.providers.openai import OpenAIProvider
from batchata_nb.providers.openai_compatible import NO_KEY, base_url
from batchata_nb.providers.probing import probe
from batchata_nb.providers.tokens import bound
from batchata_nb.wire import jsonl

from .compatible import CompatibleServer

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["city"],
}
PLAIN = Job("j", "openai", "gemma3-270m", (Message("user", "Paris is large."),), 64)
TYPED = replace(PLAIN, schema=SCHEMA, schema_name="City")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no base URL come from outside."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def provider_of(server: CompatibleServer, **options: Any) -> OpenAIProvider:
    return OpenAIProvider(options.pop("environment", None), base_url=server.url, **options)


def text_of(provider: OpenAIProvider, job: Job) -> str:
    reply = read("openai", "t-0", ask(provider, job))
    assert ("succeeded", None) == (reply.outcome, reply.error)
    return reply.text


def test_a_server_like_llama_cpp_is_settled_by_the_first_job() -> None:
    """No Responses, 500 for json_schema: chat with json_object and a schema, found out once, said once."""
    with CompatibleServer() as server:
        provider = provider_of(server)
        found = [json.loads(text_of(provider, TYPED)) for _ in range(3)]

    assert [{"city": "Paris", "size": 1}] * 3 == found
    # A 500 may be passing, so it is asked twice; then nothing more is tried.
    assert ["json_schema", "json_schema", "json_object", "json_object", "json_object"] == server.formats
    assert 1 == len(server.sent("POST /v1/responses"))
    body = server.sent("POST /v1/chat/completions")[-1]
    assert (64, False) == (body["max_tokens"], "max_completion_tokens" in body)
    assert SCHEMA["properties"].keys() == body["response_format"]["schema"]["properties"].keys()
    path, form = provider.notes
    assert f"{server.url}: requests go to /v1/chat/completions." == path
    assert f"{server.url}: answers of a schema by json_object with the schema beside it and in the prompt" in form
    assert form.endswith("as it refuses other ways (500).")


@pytest.mark.parametrize(
    ("options", "formats"),
    [
        ({"json_schema": 200}, ["json_schema", "json_schema"]),
        ({"json_schema": 400}, ["json_schema", "json_object", "json_object"]),
        ({"json_schema": 422, "json_object": 400}, ["json_schema", "json_object", None, None]),
        ({"json_schema": 400, "json_object": 500}, ["json_schema", "json_object", "json_object", None, None]),
    ],
)
def test_each_step_is_taken_only_where_it_is_needed(options: dict[str, int], formats: list[str | None]) -> None:
    """Strict schema, then an object with the schema, then words: the first that is taken is kept to."""
    with CompatibleServer(**options) as server:
        provider = provider_of(server)
        texts = [text_of(provider, TYPED) for _ in range(2)]

    assert formats == server.formats
    assert all('{"city": "Paris", "size": 1}' in text for text in texts)


def test_a_schema_that_is_passed_over_is_asked_for_otherwise_next() -> None:
    """What was answered stands, as it is billed; the next job goes another way."""
    with CompatibleServer(json_schema=0, json_object=0) as server:
        provider = provider_of(server)
        texts = [text_of(provider, TYPED) for _ in range(3)]

    assert ["json_schema", "json_object", None] == server.formats
    assert ["Good morning.", True, True] == [texts[0], *('"city": "Paris"' in text for text in texts[1:])]
    assert ["not kept to" in note for note in provider.notes] == [False, True, True, False]


def test_only_one_job_searches() -> None:
    """Jobs that come at once wait for what the first finds out."""
    with CompatibleServer(json_schema=400) as server:
        provider = provider_of(server)
        threads = [threading.Thread(target=text_of, args=(provider, TYPED)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert ["json_schema", *["json_object"] * 8] == server.formats


@pytest.mark.parametrize(("status", "retryable", "times"), [(429, True, 1), (503, True, 1), (404, False, 1)])
def test_weather_settles_nothing(status: int, retryable: bool, times: int) -> None:
    """What says nothing of the schema is raised as it is, and the next job begins where this one did."""
    with CompatibleServer(json_schema=200, faults=[status]) as server:
        provider = provider_of(server)
        with pytest.raises(ProviderError) as caught:
            ask(provider, TYPED)
        text_of(provider, TYPED)

    assert (status, retryable) == (caught.value.status, caught.value.retryable)
    assert ["json_schema"] * (times + 1) == server.formats


def test_a_single_fault_does_not_cost_the_strict_schema() -> None:
    """A 500 that does not come again is no refusal."""
    with CompatibleServer(json_schema=200, faults=[500]) as server:
        text_of(provider_of(server), TYPED)

    assert ["json_schema", "json_schema"] == server.formats


def test_a_request_that_fails_every_way_settles_nothing() -> None:
    """The first refusal is raised, and the next job starts from the best way again."""
    with CompatibleServer(json_schema=200, faults=[400, 400, 400]) as server:
        provider = provider_of(server)
        with pytest.raises(ProviderError, match="busy"):
            ask(provider, TYPED)
        text_of(provider, TYPED)

    assert "json_schema" == server.formats[-1]


@pytest.mark.parametrize("cap", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("model", ["gemma3-270m", "gpt-6-sol"])
def test_the_cap_goes_by_the_name_that_is_taken(cap: str, model: str) -> None:
    """A cap that is refused by name goes out under the other name, from then on."""
    with CompatibleServer(cap=cap) as server:
        provider = provider_of(server)
        for _ in range(2):
            text_of(provider, replace(PLAIN, model=model))

    bodies = server.sent("POST /v1/chat/completions")
    assert [64, 64] == [body[cap] for body in bodies[-2:]]
    assert len(bodies) == 2 + (model == "gpt-6-sol") * (cap == "max_tokens") + (model != "gpt-6-sol") * (
        cap != "max_tokens"
    )


def test_text_documents_go_out_as_one_string(tmp_path: Path) -> None:
    """Chat templates of small servers print a list of parts as it is, so text alone is no list."""
    (tmp_path / "a.txt").write_text("Lisbon is old.")
    job = replace(PLAIN, messages=(Message("user", "What?", (open_document(tmp_path / "a.txt"),)),))
    with CompatibleServer() as server:
        text_of(provider_of(server), job)

    [body] = server.sent("POST /v1/chat/completions")
    assert '<document name="a.txt">\nLisbon is old.\n</document>\n\nWhat?' == body["messages"][0]["content"]


def test_no_key_is_needed_where_none_is_set() -> None:
    """An endpoint of one's own gets a placeholder, and one that wants a key refuses it by the variable's name."""
    with CompatibleServer(key="sk-mine-123456") as server:
        provider = provider_of(server)
        provider.ready()
        with pytest.raises(CredentialsError, match="OPENAI_API_KEY"):
            ask(provider, PLAIN)
        mine = provider_of(server, environment={"OPENAI_API_KEY": "sk-mine-123456"})
        text_of(mine, PLAIN)

    assert NO_KEY == provider.key()


def test_openai_itself_needs_its_key() -> None:
    """Without an endpoint of the user's own, a missing key is said."""
    with pytest.raises(CredentialsError, match="OPENAI_API_KEY"):
        OpenAIProvider({}).ready()


def test_an_endpoint_without_batches_names_the_option() -> None:
    """Said before a run is recorded, and by a submission of its own accord; in real time nothing is said."""
    with CompatibleServer() as server:
        provider = provider_of(server)
        for call in (lambda: probe(provider, "gemma3-270m"), lambda: provider.submit("t", [Row("t-0", PLAIN)])):
            with pytest.raises(BatchSubmissionError, match=r"has no batches.*--live") as caught:
                call()
            assert (False, False) == (caught.value.retryable, caught.value.ambiguous)
        probe(provider, "gemma3-270m", live=True)

    assert [] == server.sent("POST /v1/batches")


def test_a_base_url_that_lacks_its_path_is_corrected() -> None:
    """Most such servers answer below /v1; the sentence says so."""
    with CompatibleServer() as server:
        provider = OpenAIProvider(base_url=server.url.removesuffix("/v1"))
        with pytest.raises(BatchSubmissionError, match=f"did you mean {server.url}"):
            probe(provider, "gemma3-270m", live=True)


def test_errors_name_the_endpoint() -> None:
    """It is not OpenAI that failed."""
    with CompatibleServer(faults=[400]) as server, pytest.raises(ProviderError) as caught:
        ask(provider_of(server), PLAIN)

    assert str(caught.value).startswith(f"The endpoint {server.url} refused the request: busy")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        (" HTTPS://API.Groq.com/openai/v1", "https://api.groq.com/openai/v1"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_base_url_has_one_form(given: str, kept: str) -> None:
    """It is part of a job's identity, so one endpoint is written in one way."""
    assert kept == base_url(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("localhost:8000/v1", "no base URL"),
        ("ftp://x/v1", "no base URL"),
        ("http://", "no base URL"),
        ("http://x:port/v1", "no base URL"),
        ("", "no base URL"),
        ("https://me:secret@x/v1", "no key"),
        ("https://x/v1?key=1", "no key"),
    ],
)
def test_what_is_no_base_url_is_refused(given: str, words: str) -> None:
    """A URL that cannot be called, or that would keep a key on disk."""
    with pytest.raises(ValidationError, match=words):
        base_url(given)


def test_a_base_url_is_for_openai_alone() -> None:
    """The other providers' protocols are their own."""
    with pytest.raises(ValidationError, match="--base-url"):
        registry.get("anthropic", base_url="http://localhost:1/v1")


def test_a_schema_in_the_prompt_counts_as_size() -> None:
    """The bounds of a row, in bytes and tokens, cover the way that takes most room."""
    wide = {**SCHEMA, "properties": {**SCHEMA["properties"], **{f"p{n}": {"type": "boolean"} for n in range(500)}}}
    with CompatibleServer(json_schema=400) as server:
        provider = provider_of(server)
        job = replace(TYPED, schema=wide, endpoint=server.url)
        size, tokens = provider.encoded_size(job), bound(job).tokens
        text_of(provider, job)

    sent = server.sent("POST /v1/chat/completions")[-1]
    assert len(jsonl.encode(sent)) <= size
    assert len(json.dumps(sent["response_format"]) + sent["messages"][-1]["content"]) <= tokens
