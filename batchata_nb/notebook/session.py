"""The runs of one shell, each joined to what shows it.

Everything that reaches a browser after a cell has ended goes through a widget or through an output's display id, from
the runner's thread; nothing is printed there. The registry hangs on the shell, so that it outlives a reload of modules.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError, ValidationError
from ..core.jobs import JsonObject
from .desk import Desk, as_json
from .pages import Pages
from .relay import Relay
from .shown import Shown
from .tables import bundle
from .views import View, bundled

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..core.results import JobResult
    from ..runs.run import BatchRun

_ATTRIBUTE = "_batchata_session"


class Session:
    """The runs that this shell knows, by name and by id.

    Args:
        shell: The shell.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.pages = Pages()
        self.practice = False
        self.runs: dict[str, BatchRun] = {}
        self.views: dict[tuple[str, str], View] = {}
        self.shown = Shown()

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

    def show(self, run: BatchRun, *, keep: bool = False, offer: bool = False) -> None:
        """Show a run in the output of the current cell; a dry run as its table of prices. See `View.show`."""
        if run.is_dry:
            self.publish(estimate_bundle(run))
        else:
            self.view(run).show(keep=keep, offer=offer)

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
            self.views[key] = View(run, self)
        return self.views[key]

    def show_result(self, result: JobResult) -> None:
        """Show a result beside its document; without its run at hand, its fields alone."""
        from ..runs.environment import in_kernel
        from ..widgets.evidence_view import ResultView
        from ..widgets.fallback import result_html, result_text
        from ..widgets.standin import result_standin

        found = self._row_of(result)
        if found is None:
            detail = detail_of(result)
            self.publish({"text/html": result_html(detail), "text/plain": result_text(detail)})
            return
        run, row = found
        about = {"run_id": run.run_id, "run": run.name, "view": uuid.uuid4().hex}
        detail = {**as_json(run.detail(row)), **about}

        def reply(content: JsonObject, buffers: Iterable[bytes]) -> None:
            widget.reply(content, list(buffers))
            if content["kind"] in ("review", "reviewed"):  # whichever view the verdict was given in
                widget.detail = {**as_json(run.detail(row)), **about}

        def close() -> None:
            desk.close()
            widget.close()

        relay = Relay()
        desk = Desk(run, relay.answer, self.pages)
        widget = ResultView(detail, relay.take)
        relay.join(desk.receive, reply)
        data, metadata = bundled(widget)
        self.publish({**data, "text/html": result_html(detail), "text/plain": result_text(detail)}, metadata)
        if in_kernel():
            self.publish(result_standin(detail))
        self.shown.until_again(close)

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

    def before_cell(self, info: object = None) -> None:
        """Let go of what this cell has shown before, and put views away whose reader has moved on."""
        self.shown.begin(getattr(info, "cell_id", None))
        for view in list(self.views.values()):
            view.say_again()
            if view.desk.in_use and view.run.is_final:
                view.run.post(view.put_away)


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
