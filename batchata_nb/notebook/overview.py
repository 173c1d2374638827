"""`%batchata` alone: the runs of the store, as a widget that opens any of them below itself.

Questions are answered on the thread that they arrive on: they are few and quick, and some hosts (Colab) hear only what
comes from there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError, ValidationError
from ..core.jobs import JsonObject
from .desk import as_json, names, whole
from .tables import bundle

if TYPE_CHECKING:
    from .session import Session
    from .views import View

PAGE = 20
MOST_ERROR = 500


class OverviewDesk:
    """Answers one overview.

    Args:
        session: The runs of this shell.
        state: The state store.
    """

    def __init__(self, session: Session, state: str) -> None:
        from ..runs.overview import Overview
        from ..widgets.overview import OverviewView

        self._session = session
        self._state = state
        self.runs = Overview(state)
        self._below = uuid.uuid4().hex
        self.first = {**as_json(self.runs.page(0, PAGE)), "store": state, "view": self._below}
        self.widget = OverviewView(self.first, self.receive)
        self._shown: View | None = None

    def show(self) -> None:
        """Show the overview in the output of the current cell, and below it an empty place for a run."""
        from ..runs.environment import in_kernel
        from ..widgets.standin import EMPTY, standin
        from .views import bundled

        self._session.shown.until_again(self._close)
        data, metadata = bundled(self.widget)
        self._session.publish({**data, **static(self.first)}, metadata)
        if in_kernel() and self.first["runs"]:
            told = "These were the runs of this store. No list above? "
            self._session.publish(EMPTY, display_id=self._below)
            self._session.publish(standin(self._below, told, "%batchata"))

    def _close(self) -> None:
        self.widget.close()
        if self._shown is not None:
            self._shown.leave(self._below)

    def receive(self, content: Any, _buffers: object = None) -> None:
        """Answer a message of the browser, on whichever thread it comes."""
        if not isinstance(content, Mapping) or not names(content):
            return
        answers = {"runs": self._page, "open": self._open}
        answer = answers.get(str(content["kind"]))
        try:
            if answer is None:
                raise ValidationError(f"There is no answer to {str(content['kind'])[:40]!r}")
            found = answer(dict(content))
        except Exception as error:  # noqa: BLE001  the browser is told; nobody else listens
            words = str(error) if isinstance(error, BatchataError) else f"{type(error).__name__}: {error}"
            found = {"error": words[:MOST_ERROR]}
        self.widget.reply(as_json({"kind": content["kind"], "op": content["op"], **found}))

    def _page(self, content: JsonObject) -> JsonObject:
        return self.runs.page(whole(content, "start", 0, 10**9), whole(content, "n", 1, 50))

    def _open(self, content: JsonObject) -> JsonObject:
        """Attach to a run, which drives it where nobody does, and show it below."""
        from ..runs.launch import attach
        from .session import models_of

        run_id = str(content.get("run_id") or "")
        run = attach(run_id, state_file=self._state, models=models_of(self._session.shell.user_ns))
        if run.run_id != run_id:
            raise ValidationError(f"There is no run {run_id[:40]!r} in {self._state} any more.")
        view = self._session.view(run)
        if self._shown is not None:
            self._shown.leave(self._below)
        self._shown = view
        view.show(keep=True, into=self._below)
        return {"run_id": run_id}


def static(page: Mapping[str, Any]) -> dict[str, str]:
    """Return the overview for readers without a kernel: a table of numbers, and how to attach."""
    from ..widgets.words import cut, dollars, number, time_words

    rows = [
        {
            "name": run["name"],
            "state": run["word"],
            "succeeded": f"{number(run['counts'].get('succeeded', 0))} of {number(run['total'])}",
            "spent": _spent(run, dollars),
            "models": cut(", ".join(run["models"]), 80),
            "started": f"{run['started_at'][:16].replace('T', ' ')} UTC",
            "took": time_words(run),
            "attach": f"%batchata attach {run['run_id']}",
        }
        for run in page["runs"]
    ]
    rest = page["total"] - len(rows)
    notes = [f"and {rest:,} older ones"] if rest > 0 else []
    notes += [] if rows else [f"No runs yet in {page['store']}."]
    if any(run["practice"] for run in page["runs"]):
        notes.append("practice: no model was asked, and nothing was paid; the cost is what it would have been.")
    return bundle(rows, notes)


def _spent(run: Mapping[str, Any], dollars: Any) -> str:
    money = run["money"]
    if not money["known"]:
        return "unknown"
    limit = "" if money["limit"] is None else f" of {dollars(money['limit'])}"
    return f"{dollars(money['spent'])}{limit}" + (" (practice)" if run["practice"] else "")
