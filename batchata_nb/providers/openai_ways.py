"""How requests can be put to an OpenAI-compatible endpoint, and which way follows one that it refuses.

In real time the first job tries one way after the other (`openai_compatible.py`). Batches find out likewise by the work
itself, never by a request that only asks: a request in real time would cost its real-time price, may be served by other
machines that take other forms, and the endpoint may have no real-time API at all. What is refused costs nothing: a
batch that is not accepted, or whose rows are errors one and all. So its rows go out again in the next way. That may
take as many rounds as there are ways; what was found is kept in the run's events and holds for later runs, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..wire import openai as wire

WAYS: tuple[tuple[str, wire.SchemaForm], ...] = (
    (wire.RESPONSES, "strict"),
    (wire.CHAT, "strict"),
    (wire.CHAT, "object"),
    (wire.CHAT, "prompt"),
)
"""Ways to ask for an answer of a schema, the one with the firmest promise first."""
MISSING = frozenset({404, 405, 501})
"""HTTP statuses of a path that an endpoint does not have."""
CAPS: tuple[wire.ChatCap, ...] = ("max_tokens", "max_completion_tokens")

_FORMS = {"strict": "json_schema", "object": "json_object", "prompt": "words in the prompt"}
_PATH = re.compile(
    r"/v1/responses"
    r"|\b(unsupported|unknown|invalid|not supported|only)\b.{0,40}\b(endpoint|url|path)\b"
    r"|\b(endpoint|url|path)\b.{0,60}\b(not|unsupported|supported|unknown|invalid|must)\b",
    re.IGNORECASE | re.DOTALL,
)
_FORM = re.compile(
    r"response.?format|json.?schema|json.?object|text\.format|structured.?output|guided|grammar", re.IGNORECASE
)
_STATUS = re.compile(r"[45]\d\d\b")
_PASSING = re.compile(r"^(408|425|429|502|503|504)\b|\((408|425|429|502|503|504)\b[^()]*\)$")
"""What comes from a queue or from whatever stands before the endpoint: it says nothing of the request."""
_CAP = re.compile(r"support|unknown|unrecogni|unexpected|extra|permitted|instead", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """How the requests of one batch are put; as text it is kept in the store and shown.

    Attributes:
        path: `/v1/responses` or `/v1/chat/completions`.
        form: How an answer of a schema is asked for.
        cap: The parameter that caps the output, where the one that suits the model was refused.
    """

    path: str
    form: wire.SchemaForm = "strict"
    cap: wire.ChatCap | None = None

    def __str__(self) -> str:
        return f"{self.path} with schemas by {_FORMS[self.form]}" + (f" and {self.cap}" if self.cap else "")


_NAMED = {str(way): way for path, form in WAYS for cap in (None, *CAPS) for way in (Way(path, form, cap),)}


def named(text: str) -> Way | None:
    """Return the way of that name; None for one that this version does not know."""
    return _NAMED.get(text)


def after(way: Way, said: str, *, cap: wire.ChatCap) -> Way | None:
    """Return the way that may be taken where this one was refused, or None where another one would not help.

    Each step goes on along a finite line, so that there are only so many.

    Args:
        way: The way that was refused.
        said: What the endpoint said; of a row, its HTTP status first.
        cap: The parameter that capped the output.
    """
    if _PASSING.search(said):
        return None
    status = _STATUS.match(said)
    missing = status is not None and int(status[0]) in MISSING and "model" not in said.lower()
    if way.path == wire.RESPONSES and (missing or _PATH.search(said)):
        return Way(wire.CHAT)
    if way.path == wire.CHAT and way.cap is None and cap in said and _CAP.search(said):
        return replace(way, cap=CAPS[1 - CAPS.index(cap)])
    if _FORM.search(said) and (way.path, way.form) != WAYS[-1]:
        path, form = WAYS[WAYS.index((way.path, way.form)) + 1]
        return Way(path, form, way.cap)
    return None
