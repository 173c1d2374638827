"""Texts of five million characters full of what must not run, as an endpoint's answers, its errors, and files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.providers.compatible import CompatibleServer
from tests.widgets.hostile import PAYLOADS

MORE = (
    "<iframe srcdoc='<script>parent.PWNED=1</script>'></iframe>",
    "<svg xmlns='http://www.w3.org/2000/svg' onload='window.PWNED=1'><animate onbegin=window.PWNED=1 /></svg>",
    "<link rel=stylesheet href=http://192.0.2.1/x.css><img src=http://192.0.2.1/x.png>",
    "<form action=javascript:window.PWNED=1><button autofocus onfocus=window.PWNED=1>x</button></form>",
    "$x^2$ $$x^2$$ \\(x^2\\) \\[x^2\\]",
)
EVIL = " ".join((*PAYLOADS, *MORE))
"""All of it once."""
HUGE = (EVIL + "\n") * (5_000_000 // len(EVIL) + 1)
"""More than five million characters of it."""
NAME = "<img src=x onerror=window.PWNED=1> $x$ \u202efdp.\x1b[31m {{7*7}}.txt"
"""A file name, as file systems allow it."""


MODELS = ("plain", "<img/src=x/onerror=window.PWNED=1>")


class HostileServer(CompatibleServer):
    """An endpoint whose answers are hostile: a field, prose, or an error, as the prompt asks."""

    def reply(self, line: str, key: str | None, body: Any) -> tuple[int, Any]:
        """Answer one request."""
        if line == "GET /v1/models":
            return 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]}
        found = re.search(r"answer with (field|prose|error)", json.dumps(body)) if isinstance(body, dict) else None
        if not found:
            return super().reply(line, key, body)
        kind = found[1]
        if kind == "error":
            return 400, {"error": {"message": HUGE, "type": EVIL, "param": None, "code": EVIL}}
        quotes = [{"field": "vendor", "quote": HUGE}, {"field": "note", "quote": EVIL}]
        answer = {"answer": {"vendor": HUGE, "note": EVIL}, "quotes": quotes}
        said = json.dumps(answer) if kind == "field" else HUGE
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return 200, {"id": EVIL, "object": "chat.completion", "model": EVIL, "choices": [choice], "usage": usage}


def papers(folder: Path) -> Path:
    """Write a document whose name and text are hostile; return its folder."""
    made = folder / "papers"
    made.mkdir()
    text = HUGE.replace("\0", "").encode("utf-8", "replace")  # with a NUL it would be no text, and be refused
    (made / NAME).write_bytes(text)
    return made
