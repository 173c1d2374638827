"""The runs of one shell, each joined to what shows it.

Everything that reaches a browser after a cell has ended goes through a widget or through an output's display id, from
the runner's thread; nothing is printed there. The registry hangs on the shell, so that it outlives a reload of modules.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError, ValidationError
from ..core.jobs import JsonObject
from .desk import Desk, as_json
from .pages import Pages
from .standing import StandIns
from .tables import bundle

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..core.results import JobResult
    from ..runs.run import BatchRun
    from ..widgets.dashboard import Dashboard

FINAL = ("finished", "cancelled", "failed", "held")
STATIC_ROWS = 50
_ATTRIBUTE = "_batchata_session"
_log = logging.getLogger(__name__)


class View:
    """What shows one run: a dashboard, and the outputs it stands in.

    While the run goes on, an output holds the widget, beside static HTML and text for readers without a kernel. When
    the run is final the output becomes static: that is all that a new kernel can show. An output in which somebody has
    opened a result stays until the next cell is run.

    Args:
        run: The run.
        shell: Where outputs are published.
        pages: Pictures of pages, shared by all views.
    """

    def __init__(self, run: BatchRun, shell: InteractiveShell, pages: Pages) -> None:
        from ..widgets.dashboard import Dashboard

        self.run = run
        self._shell = shell
        self.desk = Desk(run, self._reply, pages)
        self.widget: Dashboard = Dashboard(run.summary(), self.desk.receive)
        self._outputs: dict[str, bool] = {}  # display id → whether it is static now
        self._stand_ins = StandIns(self._publish)
        run.subscribe(self._heard)

    def show(self, *, keep: bool = False, into: str | None = None) -> None:
        """Show the run in the output of the current cell.

        Args:
            keep: Whether the output stays live although the run is over.
            into: Display id of an output that is there already, to be shown in its place.
        """
        summary = self.run.summary()
        display_id = into or uuid.uuid4().hex
        final = summary["state"] in FINAL
        data, metadata = (self._report(summary), {}) if final and not keep else self._live(summary)
        self._publish(display_id, data, metadata, update=into is not None)
        if into is None and (not final or keep):
            self._stand_ins.begin(display_id, summary)
        if not (final and keep):
            self._outputs[display_id] = final
            self.run.post(self._look)  # the run may have ended in between

    def leave(self, display_id: str) -> None:
        """Have nothing more to do with an output: something else is shown there."""
        self._outputs.pop(display_id, None)

    def put_away(self) -> None:
        """Make the outputs static that were left live for their reader; on the runner's thread."""
        self.desk.in_use = False
        self._look()

    def _look(self) -> None:
        with suppress(BatchataError):
            self._heard(self.run.summary())

    def _reply(self, content: JsonObject, buffers: Iterable[bytes]) -> None:
        self.widget.reply(content, list(buffers))

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
                    self._outputs[display_id] = final
                    self._stand_ins.turn(display_id, summary, static=final)
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


class Session:
    """The runs that this shell knows, by name and by id.

    Args:
        shell: The shell.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.pages = Pages()
        self.runs: dict[str, BatchRun] = {}
        self.views: dict[tuple[str, str], View] = {}

    @classmethod
    def of(cls, shell: InteractiveShell) -> Session:
        """Return the session of a shell, made on first use."""
        found: Session | None = getattr(shell, _ATTRIBUTE, None)
        if found is None:
            found = cls(shell)
            setattr(shell, _ATTRIBUTE, found)
        return found

    def bind(self, name: str, run: BatchRun) -> str | None:
        """Bind a run to a variable; return a sentence when that hides something else."""
        import builtins

        from ..runs.run import BatchRun

        namespace = self.shell.user_ns
        old = namespace.get(name)
        self.runs.pop(name, None)
        self.runs[name] = run
        namespace[name] = run
        self.shell.user_ns_hidden.pop(name, None)  # what a startup file hid is the user's own from now on
        if old is not None and not isinstance(old, BatchRun):
            return f"{name} held a value of type {type(old).__name__}; it is the run now."
        if old is None and hasattr(builtins, name):
            return f"{name} hides Python's own {name} in this notebook; another name is safer."
        return None

    def show(self, run: BatchRun, *, keep: bool = False) -> None:
        """Show a run in the output of the current cell; a dry run as its table of prices."""
        if run.is_dry:
            self.publish(estimate_bundle(run))
        else:
            self.view(run).show(keep=keep)

    def wait(self, run: BatchRun) -> None:
        """Wait for a run's end, and until its outputs show it."""
        run.wait()
        shown = threading.Event()
        run.post(shown.set)
        shown.wait(5)

    def show_live(self, run: BatchRun) -> None:
        """Show a run as the user asked for by name: live, also when it is over."""
        self.show(run, keep=True)

    def view(self, run: BatchRun) -> View:
        """Return the one view of a run."""
        key = (str(run.store.path), run.run_id)
        if key not in self.views:
            self.views[key] = View(run, self.shell, self.pages)
        return self.views[key]

    def show_result(self, result: JobResult) -> None:
        """Show a result beside its document; without its run at hand, its fields alone."""
        from ..widgets.evidence_view import ResultView
        from ..widgets.fallback import result_html, result_text

        found = self._row_of(result)
        if found is None:
            detail = detail_of(result)
            self.publish({"text/html": result_html(detail), "text/plain": result_text(detail)})
            return
        run, row = found
        detail = as_json(run.detail(row))

        def reply(content: JsonObject, buffers: Iterable[bytes]) -> None:
            widget.reply(content, list(buffers))
            if content["kind"] == "review":  # what is drawn anew, in another view of this output, knows it too
                widget.detail = as_json(run.detail(row))

        desk = Desk(run, reply, self.pages)
        widget = ResultView(detail, desk.receive)
        data, metadata = bundled(widget)
        self.publish({**data, "text/html": result_html(detail), "text/plain": result_text(detail)}, metadata)

    def _row_of(self, result: JobResult) -> tuple[BatchRun, int] | None:
        """Find the run that a result is of: results carry no reference to it, so that they can be kept and copied."""
        for run in dict.fromkeys([*reversed(self.runs.values()), *(view.run for view in self.views.values())]):
            if run.is_dry or result.status in ("pending", "held"):
                continue
            try:
                row = run.row_of(result.job_id)
            except KeyError:
                continue
            if run[row].to_dict() == result.to_dict():
                return run, row
        return None

    def find(self, name: str | None, state: str) -> BatchRun:
        """Return a run by variable, name or id; without one, the run that was bound last.

        Raises:
            BatchataError: There is no such run; says which there are.
        """
        from ..runs.launch import attach
        from ..runs.run import BatchRun

        if name is None:
            if not self.runs:
                raise ValidationError("This notebook has no run yet; name one: %batchata lists those of the store")
            return next(reversed(self.runs.values()))
        bound = self.shell.user_ns.get(name)
        if isinstance(bound, BatchRun):
            return bound
        if name in self.runs:
            return self.runs[name]
        return attach(name, state_file=state, models=models_of(self.shell.user_ns))

    def publish(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, display_id: str | None = None
    ) -> None:
        """Put a MIME bundle into the output of the current cell."""
        named = {"transient": {"display_id": display_id}} if display_id else {}
        self.shell.display_pub.publish(data=dict(data), metadata=dict(metadata or {}), **named)

    def say(self, *lines: str) -> None:
        """Print lines in the cell that is running; nothing from any other thread."""
        for line in lines:
            print(line)  # noqa: T201  the one place that prints

    def before_cell(self, _info: object = None) -> None:
        """Put views away that were left live for a reader who has moved on."""
        for view in list(self.views.values()):
            if view.desk.in_use and view.run.is_final:
                view.run.post(view.put_away)


def columns(rows: Iterable[JsonObject]) -> list[str]:
    """Return the field paths of a page of rows, in order."""
    return list(dict.fromkeys(path for row in rows for path in row.get("fields") or {}))


def estimate_bundle(run: BatchRun) -> dict[str, str]:
    """Return what a run is expected to cost as a table."""
    priced = run.estimate()
    title = f"{run.name}: dry run, nothing was sent" if run.is_dry else f"{run.name}: estimate"
    return bundle(priced.rows(), priced.summary(), title)


def detail_of(result: JobResult) -> JsonObject:
    """Return a result as a view takes it, where its run is not at hand."""
    from ..core.citations import leaves

    plain = result.to_dict()
    data, cited = plain["parsed_response"], plain["citation_mappings"]
    found = leaves(data) if data is not None else [("", result.raw_response)]
    fields = [
        {
            "path": path or "answer",
            "value": "" if value is None else str(value),
            "citations": [{**each, "reason": each["match_reason"]} for each in cited.get(path, ())],
            "note": getattr(result.citation_mappings.get(path), "note", ""),
        }
        for path, value in found
    ]
    documents = [{"name": name} for name in result.documents]
    return {**plain, "id": result.job_id, "state": result.status, "cost": result.cost_usd, "raw": result.raw_response,
            "fields": fields, "documents": documents}  # fmt: skip


def bundled(widget: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a widget's MIME bundle with its metadata, which names its manager in Colab."""
    found = widget._repr_mimebundle_()
    data, metadata = found if isinstance(found, tuple) else (found, {})
    return dict(data or {}), dict(metadata)


def models_of(namespace: Mapping[str, Any]) -> dict[str, type[Any]]:
    """Return the Pydantic models of a namespace by the key under which a store knows their schema."""
    from ..runs.schemas import schema_key, schema_of

    found: dict[str, type[Any]] = {}
    for value in list(namespace.values()):
        if isinstance(value, type) and hasattr(value, "model_json_schema") and value.__module__ != "pydantic.main":
            try:
                found[schema_key(schema_of(value))] = value
            except BatchataError:
                continue
    return found
