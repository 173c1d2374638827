"""What an OpenAI-compatible endpoint takes: found out once, by the first real requests, step by step, and said.

Such servers differ: one has no Responses, another refuses `json_schema` or takes it and keeps to nothing. Nothing is
asked only to find out, as that might be billed; the first job with a schema is tried in one way after the other.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import ProviderError, ValidationError
from ..core.jobs import Job, JsonObject
from ..wire import openai as wire
from ..wire.envelope import answer_schema
from . import openai_models as models
from .openai_ways import WAYS, Way

NO_KEY = "no-key-needed"
"""What goes out as the key where none is set: most servers on one's own machine look at none."""
_SAID = {
    "strict": "answers of a schema by json_schema",
    "object": "answers of a schema by json_object with the schema beside it and in the prompt",
    "prompt": "answers of a schema by words in the prompt; they are checked all the same",
}
_REFUSING = frozenset({400, 415, 422, 500, 501})
_log = logging.getLogger("batchata_nb")


def base_url(text: str) -> str:
    """Return a base URL in the one form that stands for it, `http://localhost:8000/v1`.

    Raises:
        ValidationError: It is no URL of a server, or holds a key.
    """
    url = urlsplit(text.strip())
    try:
        fine = url.scheme.lower() in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        fine = False
    if not fine:
        raise ValidationError(f"{text!r} is no base URL; write it as http://localhost:8000/v1.")
    if "@" in url.netloc or url.query or url.fragment:
        raise ValidationError(
            "A base URL holds no key, query or fragment, as it is kept with the results; put the key into the variable "
            "OPENAI_API_KEY."
        )
    return f"{url.scheme.lower()}://{url.netloc.lower()}{url.path.rstrip('/')}"


class Abilities:
    """What one endpoint was found to take so far; used from several threads.

    Args:
        name: What the endpoint is called in notes.
        path: Path of its requests where that is known, `/v1/responses` or `/v1/chat/completions`.

    Attributes:
        notes: What was found, one sentence each, in the order it was.
    """

    def __init__(self, name: str, path: str | None = None) -> None:
        self.name = name
        self.path = path
        self.form: wire.SchemaForm = "strict"
        self.notes: list[str] = []
        self._cap: wire.ChatCap | None = None
        self._sure = False
        self._searching = threading.Lock()

    @property
    def is_settled(self) -> bool:
        """Whether it is known how a schema goes."""
        return self._sure

    @property
    def way(self) -> Way:
        """The way that is known to be taken so far, or that is tried first."""
        return Way(self.path or wire.RESPONSES, self.form if self._sure else "strict", self._cap)

    def note(self, text: str) -> None:
        """Keep and log what was found."""
        self.notes.append(f"{self.name}: {text}.")
        _log.info(self.notes[-1])

    def cap(self, model: str) -> wire.ChatCap:
        """Return the parameter that caps a model's output in Chat Completions.

        OpenAI's own models want the newer one; most other servers know the older one alone, and pass over the newer.
        """
        return self._cap or ("max_completion_tokens" if models.is_openai(model) else "max_tokens")

    def ask(self, job: Job, send: Callable[[], JsonObject]) -> JsonObject:
        """Send a job's request; until it is settled how a schema goes, try one way after the other, one job at a time.

        Args:
            job: The job.
            send: Encodes it as is settled so far, sends it, and returns the answer.

        Raises:
            ProviderError: It failed in every way; this is what the best of them was answered.
        """
        if answer_schema(job) is not None and not self.is_settled:
            with self._searching:
                if not self.is_settled:  # as another job may have found out meanwhile
                    return self._search(job, send)
        return self._capped(job, send)

    def _search(self, job: Job, send: Callable[[], JsonObject]) -> JsonObject:
        first: ProviderError | None = None
        before = self.path, self.form
        for way in WAYS[WAYS.index((self.path or wire.RESPONSES, self.form)) :]:
            self.path, self.form = way
            try:
                answer = self._twice(job, send)
            except ProviderError as error:
                first = first or error
                if error.status in _REFUSING:
                    continue
                self.path, self.form = before
                raise
            self._settle(answer, first)
            return answer
        self.path, self.form = before
        assert first is not None
        raise first

    def _settle(self, answer: JsonObject, refused: ProviderError | None) -> None:
        """Keep to a way that was answered, unless the answer shows that the endpoint passed over the schema."""
        why = "" if refused is None else f", as it refuses other ways ({refused.status})"
        if self.form == "prompt" or _is_object(answer):
            self._sure = True
            self.note(_SAID[self.form] + why)
        else:
            self.note(f"{_SAID[self.form]} are not kept to; the next goes another way")
            self.path, self.form = wire.CHAT, "object" if self.form == "strict" else "prompt"

    def _twice(self, job: Job, send: Callable[[], JsonObject]) -> JsonObject:
        """A 500 may be a refusal, as it is with llama-cpp-python, or a passing fault: then the second time shows it."""
        try:
            return self._capped(job, send)
        except ProviderError as error:
            if error.status != 500:
                raise
        return self._capped(job, send)

    def _capped(self, job: Job, send: Callable[[], JsonObject]) -> JsonObject:
        """Send, and send again with the other cap on output where the endpoint refuses this one by name."""
        try:
            return send()
        except ProviderError as error:
            ours = self.cap(job.model)
            if self.path != wire.CHAT or error.status not in (400, 422) or ours not in str(error):
                raise
            self._cap = "max_tokens" if ours == "max_completion_tokens" else "max_completion_tokens"
        self.note(f"output is capped by {self._cap}")
        return send()


def error_in(answer: JsonObject) -> tuple[int, str] | None:
    """Return the status and words of an error that came under the status of success, as some servers send them."""
    error = answer.get("error") or (answer if answer.get("object") == "error" else None)
    if not error or "choices" in answer or "output" in answer:
        return None
    told: JsonObject = error if isinstance(error, dict) else {"message": error}
    code: Any = told.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 500, str(told.get("message") or error)


def _is_object(answer: JsonObject) -> bool:
    """Whether an answer is a JSON object, or one that ended too early to tell."""
    reply = wire.decode_body(None, answer)
    if reply.outcome != "succeeded":
        return True
    try:
        data: Any = json.loads(reply.text)
    except ValueError:
        return False
    return isinstance(data, dict)
