"""`%%batchata` and `%batchata`: read, start, bind, show. The extension's load and unload."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Any as AnyTrait
from traitlets import Bool, Float, TraitError, Unicode, default, observe, validate

from ..core.errors import BatchataError, ValidationError
from ..runs.settings import truth
from ..widgets.words import visible
from . import completion
from .cells import parse, words_of
from .commands import run_command
from .helptext import cell_help
from .options import money
from .session import Session
from .start import Defaults, expander, fill, price, start

Value = TypeVar("Value")
STATE_FILE = ".batchata/state.db"
_ATTRIBUTE = "_batchata_magics"
_FORMATTED = (("batchata_nb.runs.run", "BatchRun"), ("batchata_nb.core.results", "JobResult"))


def _documented(magic: Callable[..., Any]) -> Callable[..., Any]:
    magic.__doc__ = cell_help()
    return magic


@magics_class
class Batchata(Magics):
    """The magics, and the defaults that `%config Batchata` sets; each default has an environment variable too."""

    model = Unicode(None, allow_none=True, help="Model of cells that name none (BATCHATA_MODEL).").tag(config=True)
    provider = Unicode(None, allow_none=True, help="Provider, where a name leaves doubt (BATCHATA_PROVIDER).").tag(
        config=True
    )
    max_cost = AnyTrait(None, allow_none=True, help="Ceiling of a run in US dollars (BATCHATA_MAX_COST).").tag(
        config=True
    )
    practice = Bool(False, help="Use the embedded practice provider (BATCHATA_PRACTICE).").tag(config=True)
    poll_interval = Float(None, allow_none=True, help="Seconds between polls (BATCHATA_POLL_INTERVAL).").tag(
        config=True
    )
    state = Unicode(STATE_FILE, help="State store (BATCHATA_STATE).").tag(config=True)
    wait = Bool(False, help="Cells wait for the end of their run (BATCHATA_WAIT).").tag(config=True)
    reviewer = Unicode(None, allow_none=True, help="Who reviews results (BATCHATA_REVIEWER).").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell=shell)
        self.session = Session.of(shell)
        self._remove: Callable[[], None] = lambda: None

    @no_var_expand
    @line_cell_magic
    @_documented
    def batchata(self, line: str, cell: str | None = None) -> Any:
        """Run a cell or a line command; what a user reads here is the page made from the options."""
        try:
            if cell is None:
                words = [word.text for word in words_of(line)]
                self.session.practice = self.practice
                return run_command(self.session, str(Path(self.state)), words)
            self._run(line, cell)
        except BatchataError as error:
            raise UsageError(_sentence(error)) from None
        return None

    def _run(self, line: str, cell: str) -> None:
        """Run a cell: the name is bound and the dashboard shown before anything has landed."""
        namespace = self.session.shell.user_ns
        spec = parse(line, cell, expander(namespace))
        defaults = self.defaults()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", UserWarning)
            batch = fill(spec, namespace, defaults)
            costs = price(batch, spec)
            self.session.say(*([costs] if costs else []))
            run = start(batch, spec)
        hidden = self.session.bind(spec.name, run)
        self.session.say(*([hidden] if hidden else []), *_notes(heard), *_left_out(batch.skipped))
        waits = spec.wait or defaults.wait
        self.session.show(run, offer=bool(spec.preview) and not waits)
        if waits and not run.is_dry:
            self.session.wait(run)

    def defaults(self) -> Defaults:
        """Return the defaults as they are now."""
        return Defaults(
            self.model or None,
            self.provider or None,
            self.max_cost,
            self.practice,
            self.poll_interval,
            self.state,
            self.wait,
        )

    @default("model")
    def _model_default(self) -> str | None:
        return os.environ.get("BATCHATA_MODEL") or None

    @default("provider")
    def _provider_default(self) -> str | None:
        return os.environ.get("BATCHATA_PROVIDER") or None

    @default("max_cost")
    def _max_cost_default(self) -> Decimal | None:
        return _from_environment("BATCHATA_MAX_COST", money, None)

    @default("practice")
    def _practice_default(self) -> bool:
        return bool(_from_environment("BATCHATA_PRACTICE", truth, False))

    @default("poll_interval")
    def _poll_interval_default(self) -> float | None:
        return _from_environment("BATCHATA_POLL_INTERVAL", _seconds, None)

    @default("state")
    def _state_default(self) -> str:
        return os.environ.get("BATCHATA_STATE") or STATE_FILE

    @default("reviewer")
    def _reviewer_default(self) -> str | None:
        return os.environ.get("BATCHATA_REVIEWER") or None

    @observe("reviewer")
    def _set_reviewer(self, change: Any) -> None:
        """Set the variable that it stands for: reviews are also given where no magic is, in views and programs."""
        os.environ["BATCHATA_REVIEWER"] = change["new"] or ""

    @default("wait")
    def _wait_default(self) -> bool:
        return bool(_from_environment("BATCHATA_WAIT", truth, False))

    @validate("max_cost")
    def _check_max_cost(self, proposal: Any) -> Decimal | None:
        value = proposal["value"]
        try:
            return None if value is None else money(str(value))
        except ValidationError as error:
            raise TraitError(f"Batchata.max_cost: {error}") from None

    @validate("poll_interval")
    def _check_poll_interval(self, proposal: Any) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not 0 < value < float("inf"):
            raise TraitError("Batchata.poll_interval is a number of seconds, more than 0")
        return value

    def join(self) -> None:
        """Add what surrounds the magics: configuration, completions, and how runs and results are displayed."""
        shell = self.session.shell
        sources = completion.Sources(_models, self._run_names, _providers, shell.user_ns)
        self._remove = completion.install(shell, sources)
        shell.events.register("pre_run_cell", self.session.before_cell)
        shows = (self.session.show_live, self.session.show_result)
        for (module, name), show in zip(_FORMATTED, shows, strict=True):
            _displays(shell).for_type_by_name(module, name, show)

    def leave(self) -> None:
        """Take all of it away; runs under way go on, and their outputs with them."""
        shell = self.session.shell
        self._remove()
        configurables: list[Any] = shell.configurables
        configurables[:] = [other for other in configurables if other is not self]
        shell.events.unregister("pre_run_cell", self.session.before_cell)
        for module, name in _FORMATTED:
            _displays(shell).pop(f"{module}.{name}", None)
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("batchata", None)

    def _run_names(self) -> list[str]:
        names = list(self.session.runs)
        with suppress(BatchataError):  # a damaged store is said where it is needed, not while somebody types
            names += [name for name, _ in _recorded(self.state)]
        return list(dict.fromkeys(names))


def load(shell: InteractiveShell) -> None:
    """Register the magics; one line is printed when unfinished runs are waiting."""
    unload(shell)
    magics = Batchata(shell)
    shell.register_magics(magics)
    setattr(shell, _ATTRIBUTE, magics)
    magics.join()
    try:
        waiting = [name for name, over in _recorded(magics.state) if over is None and name not in magics.session.runs]
    except BatchataError as error:
        magics.session.say(f"batchata: {_sentence(error)}")
        return
    if waiting:
        names = ", ".join(dict.fromkeys(waiting[:5])) + (" …" if len(waiting) > 5 else "")
        count = "1 unfinished run is" if len(waiting) == 1 else f"{len(waiting)} unfinished runs are"
        magics.session.say(f"batchata: {count} waiting: {names}. Run the cell again, or %batchata attach NAME.")


def unload(shell: InteractiveShell) -> None:
    """Take the magics away again, if they are there."""
    magics: Batchata | None = getattr(shell, _ATTRIBUTE, None)
    if magics is not None:
        magics.leave()
        delattr(shell, _ATTRIBUTE)


def _displays(shell: InteractiveShell) -> Any:
    """Return what maps types to functions that display them."""
    assert shell.display_formatter is not None
    return shell.display_formatter.ipython_display_formatter


def _recorded(state: str) -> list[tuple[str, str | None]]:
    """Return name and end of the runs in the store, if there is one."""
    if not Path(state).expanduser().exists():
        return []
    from ..runs.launch import store_at

    return [(record.name, record.over) for record in store_at(state).runs()]


def _models() -> tuple[str, ...]:
    from .catalogue import model_names

    return model_names()


def _providers() -> tuple[str, ...]:
    from .catalogue import PROVIDERS

    return PROVIDERS


def _notes(heard: Sequence[warnings.WarningMessage]) -> list[str]:
    """What a cell warns of, each once and without the place in our code that a plain warning would show."""
    return list(dict.fromkeys(f"Note: {warning.message}" for warning in heard))


def _left_out(skipped: list[str]) -> list[str]:
    """Say which files were left out, the first few by name."""
    if not skipped:
        return []
    more = [f"… and {len(skipped) - 5:,} more"] if len(skipped) > 5 else []
    return ["Left out:", *(f"  {reason}" for reason in skipped[:5]), *more]


def _sentence(error: BatchataError) -> str:
    """Return the message as one line that ends like a sentence; names in it are anybody's."""
    words = visible(" ".join(str(error).split()))
    return words if words.endswith((".", "?", "!", ")", "`")) else f"{words}."


def _from_environment(name: str, read: Callable[[str], Value], otherwise: Value | None) -> Value | None:
    text = os.environ.get(name, "")
    try:
        return read(text) if text.strip() else otherwise
    except ValidationError as error:
        raise ValidationError(f"The environment variable {name}: {error}") from None


def _seconds(text: str) -> float:
    from .options import number

    found = number(text)
    if not found:
        raise ValidationError("the seconds must be more than 0")
    return found
