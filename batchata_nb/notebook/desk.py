"""Answers what a view asks for: pages of rows, one result, a page image, a document's text, and the buttons.

A message from the browser may come on the main thread or on a subshell's. It is only handed to the runner's thread,
where everything here happens; slow reading and drawing goes to the runner's workers. Each question gets one answer with
the same `kind` and `op`; one that cannot be answered gets `error`. Sizes are bounded: all of it travels to a browser.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError, ValidationError
from ..core.jobs import Document, JsonObject
from .pages import Pages, Picture, draw
from .texts import BlockText, read_text

if TYPE_CHECKING:
    from ..runs.run import BatchRun

Reply = Callable[[JsonObject, Sequence[bytes]], None]
"""Sends one answer with its binary buffers to the browser."""

KINDS = ("cmd", "pull", "rows", "compare", "result", "review", "page", "text", "export")
COMMANDS = ("cancel", "pause", "resume", "retry_failed", "raise_limit", "reconcile", "rest")
MOST_ROWS, MOST_COLUMNS, MOST_RAW, MOST_ERROR = 200, 200, 100_000, 500
_REMEMBERED = 64
_log = logging.getLogger(__name__)


class Desk:
    """Answers the views of one run.

    Args:
        run: The run.
        reply: Sends an answer; called on the runner's thread.
        pages: Pictures of pages drawn so far, shared by all desks.
        follow: Called on the runner's thread with the whole run, when what a preview left out is run.

    Attributes:
        in_use: Whether somebody has opened a result: such a view is not taken away while it may be read.
        close: Ends what this desk tells unasked, once its view is gone.
    """

    def __init__(
        self, run: BatchRun, reply: Reply, pages: Pages, follow: Callable[[BatchRun], None] = lambda _: None
    ) -> None:
        self._run = run
        self._follow = follow
        self._reply = reply
        self._pages = pages
        self._done: OrderedDict[str, str | None] = OrderedDict()
        self._columns: dict[str, None] = {}
        self.in_use = False
        self._texts = pages.texts
        self.close = run.on_review(self._reviewed)

    def _reviewed(self, row: int) -> None:
        """Tell the browser that a verdict was given, wherever that was."""
        try:
            self._reply({"kind": "reviewed", "row": row}, ())
        except Exception:  # noqa: BLE001  as in _send
            _log.debug("a verdict could not be told", exc_info=True)

    def receive(self, content: Any, _buffers: object = None) -> None:
        """Take a message from the browser, on any thread."""
        if isinstance(content, Mapping) and names(content):
            self._run.post(partial(self._answer, dict(content)))

    def _answer(self, content: JsonObject) -> None:
        """Answer on the runner's thread; nothing is raised here, or the run would stop for a view's sake."""
        kind = content["kind"]
        answer = getattr(self, f"_{kind}", None) if kind in KINDS else None
        try:
            if answer is None:
                raise ValidationError(f"There is no answer to {str(kind)[:40]!r}")
            answer(content)
        except Exception as error:  # noqa: BLE001  whatever it is, the browser is told, and the run goes on
            self._fail(content, error)

    def _send(self, content: JsonObject, answer: JsonObject, buffers: Sequence[bytes] = ()) -> None:
        try:
            self._reply(as_json({"kind": content["kind"], "op": content["op"], **answer}), buffers)
        except Exception:  # noqa: BLE001  the page is gone; the run is not
            _log.debug("an answer could not be sent", exc_info=True)

    def _fail(self, content: JsonObject, error: BaseException) -> None:
        words = str(error) if isinstance(error, BatchataError) else f"{type(error).__name__}: {error}"
        answer: JsonObject = {"error": words[:MOST_ERROR]}
        self._send(content, {"kind": "ack", **answer} if content["kind"] == "cmd" else answer)

    def _later(self, content: JsonObject, fn: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do slow work on a worker, then go on here."""

        def finished(result: Any, error: BaseException | None) -> None:
            try:
                if error is not None:
                    raise error
                done(result)
            except Exception as raised:  # noqa: BLE001  as above
                self._fail(content, raised)

        self._run.work(fn, finished)

    # one method for each kind of message

    def _cmd(self, content: JsonObject) -> None:
        """Carry a command out once, however often its click arrives."""
        op, name, args = str(content["op"]), content.get("cmd"), content.get("args")
        if op in self._done:
            return self._send(content, {"kind": "ack", "error": self._done[op]})
        if name not in COMMANDS:
            raise ValidationError(f"There is no command {str(name)[:40]!r}")

        def ack(error: str | None) -> None:
            self._done[op] = error
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
            self._send(content, {"kind": "ack", "error": error and error[:MOST_ERROR]})

        given = dict(args) if isinstance(args, Mapping) else {}
        if name == "rest":
            self._rest(_words(given, "model"), ack)
        else:
            self._run.command(str(name), given, ack)
        return None

    def _rest(self, model: str | None, ack: Callable[[str | None], None]) -> None:
        """Run what a preview left out, and look at the whole from now on; defining it takes time, so on a worker."""

        def done(run: BatchRun | None, error: BaseException | None) -> None:
            if run is None:
                words = str(error) if isinstance(error, BatchataError) else f"{type(error).__name__}: {error}"
                return ack(words)
            self._run, self.in_use = run, False
            self._columns.clear()
            self._follow(run)
            return ack(None)

        self._run.work(partial(self._run.rest, model, wait=False), done)

    def _pull(self, content: JsonObject) -> None:
        self._send(content, {"kind": "summary", "summary": self._run.summary()})

    def _rows(self, content: JsonObject) -> None:
        """Send a page of rows; on a worker where all rows may have to be looked at for it."""
        start, n = whole(content, "start", 0, 10**9), whole(content, "n", 1, MOST_ROWS)
        state, text, order = _words(content, "state"), _words(content, "text"), content.get("order")
        given = dict(order) if isinstance(order, Mapping) else None
        look = partial(self._run.page, start, n, state=state, text=text, order=given, cause=_words(content, "cause"))

        def show(found: tuple[int, int, list[JsonObject]]) -> None:
            rev, total, rows = found
            for row in rows:
                for path in row.get("fields") or {}:
                    if len(self._columns) < MOST_COLUMNS:
                        self._columns.setdefault(path)
                row["fields"] = {path: row["fields"][path] for path in row.get("fields") or {} if path in self._columns}
            answer = {"rev": rev, "total": total, "start": start, "columns": list(self._columns), "rows": rows}
            self._send(content, {**answer, "reviewed": self._run.review_progress()})

        if given or text:
            self._later(content, look, show)
        else:
            show(look())

    def _compare(self, content: JsonObject) -> None:
        """Put the models' answers to each input side by side; on a worker, since all rows are looked at."""
        start, n = whole(content, "start", 0, 10**9), whole(content, "n", 1, MOST_ROWS)
        path, differ = _words(content, "path"), content.get("differ") is True

        def compare() -> JsonObject:
            return self._run.compare(start, n, path=path, differ=differ)

        self._later(content, compare, lambda found: self._send(content, found))

    def _result(self, content: JsonObject) -> None:
        self.in_use = True
        result = dict(self._run.detail(whole(content, "row", 0, 10**9)))
        result["raw"] = str(result.get("raw") or "")[:MOST_RAW]
        self._send(content, {"result": result})

    def _review(self, content: JsonObject) -> None:
        """Keep a person's verdict on a field, and say what is kept."""
        row, path, verdict = whole(content, "row", 0, 10**9), str(content.get("path") or ""), content.get("verdict")
        value = content.get("value")
        self._run.review(row, path, verdict, None if value is None else str(value)[:MOST_RAW])
        found = next(field for field in self._run.detail(row)["fields"] if field["path"] == path)
        self._send(content, {"error": None, "field": found})

    def _export(self, content: JsonObject) -> None:
        """Write a file beside the notebook, and say where it is; without a format, say which there are."""
        from ..runs.saving import formats, save

        wanted = _words(content, "format")
        if wanted is None:
            return self._send(content, {"formats": formats(), "folder": str(Path.cwd())})

        def told(path: Path) -> None:
            self._send(content, {"path": str(path), "bytes": path.stat().st_size, "results": len(self._run)})

        return self._later(content, partial(save, self._run, wanted, Path.cwd()), told)

    def _page(self, content: JsonObject) -> None:
        document, page = self._document(content), whole(content, "page", 1, 10**6)
        scale = min(max(float(content.get("scale") or 1.5), 0.2), 4.0)
        key = (document.sha256, page, scale)
        known = self._pages.get(key)

        def show(picture: Picture) -> None:
            self._pages.put(key, picture)
            answer = {"page": page, "pages": document.pages or 1, "width": picture.width, "height": picture.height}
            self._send(content, {**answer, "mime": picture.mime}, [picture.data])

        if known is not None:
            show(known)
        else:
            self._later(content, partial(draw, document, page, scale), show)

    def _text(self, content: JsonObject) -> None:
        """Send the block of a text that holds a character, and with `outline` where all blocks are."""
        document, at = self._document(content), whole(content, "at", 0, 10**10)

        def show(text: BlockText) -> None:
            self._texts.put(document.sha256, text)
            outline = text.outline() if content.get("outline") is True else {}
            self._send(content, {**outline, **text.block_at(at)})

        known = self._texts.get(document.sha256)
        if known is not None:
            show(known)
        else:
            self._later(content, partial(read_text, document), show)

    def _document(self, content: JsonObject) -> Document:
        return self._run.document(whole(content, "row", 0, 10**9), whole(content, "document", 0, 10**4))


def as_json(value: JsonObject) -> JsonObject:
    """Return a value as a browser takes it: money and dates become text."""
    found: JsonObject = json.loads(json.dumps(value, default=str))
    return found


def names(content: Mapping[Any, Any]) -> bool:
    """Whether a message says what it is and where its answer goes."""
    return (
        isinstance(content.get("kind"), str)
        and isinstance(content.get("op"), (str, int))
        and len(str(content["op"])) <= 100
    )


def whole(content: JsonObject, key: str, low: int, high: int) -> int:
    """Return a whole number of a message; raises ValidationError where it is none, or out of bounds."""
    value = content.get(key, low)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or int(value) != value
        or not low <= value <= high
    ):
        raise ValidationError(f"{key} is to be a whole number from {low} to {high}.")
    return int(value)


def _words(content: JsonObject, key: str) -> str | None:
    value = content.get(key)
    return str(value)[:200] if value else None
