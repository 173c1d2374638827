"""A run with an endpoint of the user's own: `--base-url`, from the builder and the cell to the store."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from batchata_nb import Batch, BatchSubmissionError, ModelNotSupportedError, ProviderError, ValidationError
from batchata_nb.notebook.cells import parse
from batchata_nb.notebook.start import Defaults, fill
from batchata_nb.runs.launch import attach
from tests.providers import certificates
from tests.providers.compatible import CompatibleServer

pytestmark = pytest.mark.usefixtures("folder")


class City(BaseModel):
    city: str
    size: int


def cities(url: str, *, count: int = 6, model: str = "gemma3-270m") -> Batch:
    names = ["Lisbon", "Oslo", "Rome", "Bern", "Riga", "Kyiv"][:count]
    return (
        Batch()
        .set_base_url(url)
        .add_jobs("{{ item }} is a city.", over=names, model=model, response_model=City, max_tokens=50)
    )


def test_texts_become_objects_on_a_server_of_ones_own():
    """Any model name, no key, no price: answers are typed, and running again asks nothing."""
    with CompatibleServer() as server:
        run = cities(server.url).run(name="local", live=True, wait=True)
        again = cities(server.url).run(name="local", live=True, wait=True)
        calls = len(server.sent("POST /v1/chat/completions"))

    logged = " ".join(line["text"] for line in run.summary()["log"])
    assert ("/v1/chat/completions" in logged, "json_object" in logged) == (True, True)
    assert ["Lisbon", "Oslo", "Rome", "Bern", "Riga", "Kyiv"] == [answer.city for answer in run.outputs]
    assert (run.run_id, 8) == (again.run_id, calls)  # six jobs, and one asked twice more until the way was found
    assert all(result.output_tokens > 0 for result in run)


def test_answers_of_one_endpoint_are_not_those_of_another():
    """The endpoint is part of a job's identity: another one is asked anew, though all else is the same."""
    with CompatibleServer() as one, CompatibleServer() as other:
        cities(one.url, count=2).run(name="a", live=True, wait=True)
        cities(other.url, count=2).run(name="a", live=True, wait=True)

    assert other.sent("POST /v1/chat/completions")


def test_a_run_that_is_attached_to_knows_its_endpoint():
    """The endpoint stands in the store, so a later process goes on with it."""
    with CompatibleServer(faults=[403]) as server:
        cities(server.url, count=2).run(name="b", live=True, wait=True)
        run = attach("b", state_file=".batchata/state.db", models={})
        run.retry_failed().wait(30)

    assert ["succeeded"] * 2 == [result.status for result in run]


def test_without_batches_nothing_is_recorded(folder):
    """The one sentence names the option, and the store is not made."""
    with CompatibleServer() as server, pytest.raises(BatchSubmissionError, match="--live"):
        cities(server.url).run(name="c", wait=True)

    assert not (folder / ".batchata").exists()


@pytest.mark.parametrize("live", [True, False])
def test_a_certificate_that_is_refused_is_one_sentence(folder, live):
    """Waiting would not mend it, so it is said before a run is recorded, with what to do; nothing is waited for."""
    server = CompatibleServer(certificate=certificates.make(folder))
    with server, pytest.raises(ProviderError, match="SSL_CERT_FILE") as caught:
        cities(server.url).run(name="c", live=live, wait=True)

    assert str(caught.value).startswith(f"The endpoint {server.url} shows a certificate that this computer does not")
    assert "\n" not in str(caught.value)
    assert not (folder / ".batchata").exists()


def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(folder, monkeypatch):
    """What the sentence says to do is enough."""
    file = certificates.make(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with CompatibleServer(certificate=file) as server:
        run = cities(server.url, count=2).run(name="c", live=True, wait=True)

    assert ["Lisbon", "Oslo"] == [answer.city for answer in run.outputs]


def test_https_where_there_is_only_http_is_said(folder):
    """The sentence names what was probably meant."""
    with CompatibleServer() as server, pytest.raises(ProviderError, match="did you mean http://"):
        cities(server.url.replace("http:", "https:")).run(name="c", live=True, wait=True)

    assert not (folder / ".batchata").exists()


def test_an_unknown_model_is_said_with_those_there_are():
    """The endpoint's own list of models is what counts, whatever the name looks like elsewhere."""
    with CompatibleServer() as server, pytest.raises(ModelNotSupportedError, match="gemma3-270m"):
        cities(server.url, model="gemma3-27b").run(name="d", live=True, wait=True)


def test_another_provider_has_no_base_url():
    """The protocol is OpenAI's, so another provider's name beside it is a mistake."""
    with pytest.raises(ValidationError, match="--base-url"):
        cities("http://localhost:1/v1").set_provider("anthropic").run(live=True)


def test_the_cell_fills_the_setting():
    """`--base-url` of a cell is `set_base_url` of the builder."""
    spec = parse("x -m gemma3-270m --base-url http://localhost:8000/v1/ --live", "Hello")

    assert "http://localhost:8000/v1" == fill(spec, {}, Defaults()).settings.base_url


def test_a_url_in_the_environment_is_an_endpoint_too(monkeypatch):
    """`OPENAI_BASE_URL` is part of a job's identity: another server is asked anew, the same one is not."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def run(server: CompatibleServer) -> str:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        batch = Batch().set_provider("openai")
        batch.add_jobs("{{ item }} is a city.", over=["Oslo"], model="gemma3-270m", response_model=City, max_tokens=50)
        return batch.run(name="a", live=True, wait=True).run_id

    with CompatibleServer() as one, CompatibleServer() as other:
        first, again, second = run(one), run(one), run(other)

    assert first == again != second
    assert other.sent("POST /v1/chat/completions")


def test_a_run_goes_on_where_it_began(monkeypatch):
    """The endpoint of the environment is kept with the run, so that another kernel does not send its jobs elsewhere."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with CompatibleServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
        batch = Batch().set_provider("openai")
        batch.add_jobs("{{ item }} is a city.", over=["Oslo"], model="gemma3-270m", max_tokens=50)
        run = batch.run(name="a", live=True, wait=True)

    assert server.url == run.drive.spec["base_url"]
    assert {server.url} == {job.endpoint for job in run.store.jobs(run.run_id, [0])}
