"""What shows one run: its dashboard, and the outputs it stands in, live while it goes on and static afterwards."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError
from ..core.jobs import JsonObject
from .desk import Desk
from .relay import Relay, deaf_to_threads
from .standing import StandIns

if TYPE_CHECKING:
    from ..runs.run import BatchRun
    from ..widgets.dashboard import Dashboard
    from .session import Session

FINAL = ("finished", "cancelled", "failed", "held")
STATIC_ROWS = 50
_log = logging.getLogger(__name__)


class View:
    """What shows one run: a dashboard, and the outputs it stands in.

    While the run goes on, an output holds the widget, beside static HTML and text for readers without a kernel. When
    the run is final the output becomes static: that is all that a new kernel can show. An output in which somebody has
    opened a result stays until the next cell is run.

    Args:
        run: The run.
        session: The runs of the shell in which it is shown.
    """

    def __init__(self, run: BatchRun, session: Session) -> None:
        from ..widgets.dashboard import Dashboard

        self.run = run
        self._session, self._shell = session, session.shell
        relay = Relay()
        self.desk = Desk(run, relay.answer, session.pages, self._follow)
        self.widget: Dashboard = Dashboard(run.summary(), relay.take)
        relay.join(self.desk.receive, self.widget.reply)
        self._unheard: set[str] = set()
        self._outputs: dict[str, bool] = {}  # display id → whether it is static now
        self._stand_ins = StandIns(self._publish)
        self._silence = run.subscribe(self._heard)

    def _follow(self, run: BatchRun) -> None:
        """Show the whole run from now on, where its preview was shown; on the runner's thread."""
        self._silence()
        self.run = run
        self._session.bind(run.name, run)
        self._session.views[str(run.store.path), run.run_id] = self
        self._silence = run.subscribe(self._heard)

    def show(self, *, keep: bool = False, offer: bool = False, into: str | None = None) -> None:
        """Show the run in the output of the current cell.

        Args:
            keep: Whether the output stays live although the run is over.
            into: Display id of an output that is there already, to be shown in its place.
            offer: Whether it offers to run what a preview left out: then it stays live until the next cell is run.
        """
        summary = self.run.summary()
        display_id = into or uuid.uuid4().hex
        final = summary["state"] in FINAL
        self.desk.in_use = self.desk.in_use or (offer and self.run.source is not None)
        keep = keep or self.desk.in_use
        data, metadata = (self._report(summary), {}) if final and not keep else self._live(summary)
        self._publish(display_id, data, metadata, update=into is not None)
        if into is None and (not final or keep):
            self._stand_ins.begin(display_id, summary)
        self._session.shown.until_again(partial(self.leave, display_id))
        if not (final and keep):
            self._outputs[display_id] = final
            self.run.post(self._look)  # the run may have ended in between

    def leave(self, display_id: str) -> None:
        """Have nothing more to do with an output: it is gone, or something else is shown there."""
        self._outputs.pop(display_id, None)
        self._unheard.discard(display_id)
        self._stand_ins.leave(display_id)

    def put_away(self) -> None:
        """Make the outputs static that were left live for their reader; on the runner's thread."""
        self.desk.in_use = False
        self._look()

    def _look(self) -> None:
        with suppress(BatchataError):
            self._heard(self.run.summary())

    def say_again(self) -> None:
        """Publish what a host has not heard that shows nothing of threads; on the main thread."""
        for display_id in list(self._unheard):
            self._unheard.discard(display_id)
            if self._outputs.get(display_id):
                self._publish(display_id, self._report(self.run.summary()), {}, update=True)

    def _heard(self, summary: JsonObject) -> None:
        """Hand a summary on; on the runner's thread, where nothing may be raised for a view's sake."""
        try:
            self.widget.publish(summary)
            self._stand_ins.tell(summary)
            final = summary["state"] in FINAL
            stale = [display_id for display_id, static in list(self._outputs.items()) if static != final]
            if stale and not (final and self.desk.in_use):
                data, metadata = (self._report(summary), {}) if final else self._live(summary)
                for display_id in stale:
                    self._publish(display_id, data, metadata, update=True)
                    if display_id in self._outputs:
                        self._outputs[display_id] = final
                    self._stand_ins.turn(display_id, summary, static=final)
                self._unheard.update(stale if deaf_to_threads() else ())
        except Exception:  # noqa: BLE001  a page that is gone must not stop a run
            _log.debug("a view of %s could not be updated", summary.get("name"), exc_info=True)

    def _live(self, summary: JsonObject) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = bundled(self.widget)
        return {**data, **self._report(summary)}, metadata

    def _report(self, summary: JsonObject) -> dict[str, Any]:
        from ..widgets.fallback import report_html, report_text

        total, rows = self.run.rows(0, STATIC_ROWS)
        page = {"total": total, "start": 0, "columns": columns(rows), "rows": rows}
        return {"text/html": report_html(summary, page), "text/plain": report_text(summary, page)}

    def _publish(self, display_id: str, data: dict[str, Any], metadata: dict[str, Any], *, update: bool) -> None:
        publisher = self._shell.display_pub
        publisher.publish(data=data, metadata=metadata, transient={"display_id": display_id}, update=update)


def columns(rows: Iterable[JsonObject]) -> list[str]:
    """Return the field paths of a page of rows, in order."""
    return list(dict.fromkeys(path for row in rows for path in row.get("fields") or {}))


def bundled(widget: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a widget's MIME bundle with its metadata, which names its manager in Colab."""
    found = widget._repr_mimebundle_()
    data, metadata = found if isinstance(found, tuple) else (found, {})
    return dict(data or {}), dict(metadata)
