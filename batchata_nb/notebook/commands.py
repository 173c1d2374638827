"""The line commands, `%batchata status invoices`: a function each, named as in `helptext.COMMANDS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from .cells import check_name
from .helptext import COMMANDS, cell_help
from .options import whole
from .session import Session, estimate_bundle
from .tables import bundle

if TYPE_CHECKING:
    from ..runs.run import BatchRun


def run_command(session: Session, state: str, words: list[str]) -> Any:
    """Carry out a line command; return what the line's value is.

    Args:
        session: The runs of this shell.
        state: The state store.
        words: The words of the line.

    Raises:
        BatchataError: What the user must change, in one sentence.
    """
    if not words:
        return list_runs(session, state)
    name, *rest = words
    if name in ("help", "--help", "-h"):
        return session.publish({"text/plain": cell_help()})
    known = {command.name: command for command in COMMANDS}
    if name not in known:
        import difflib

        if any(word.startswith("-") for word in words):
            raise ValidationError(f"A run is started by a cell: %%batchata {name} with two %, the prompt below it")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise ValidationError(f"There is no command {name!r}; {hint}")
    least, most = _ARGUMENTS.get(name, (0, 1))
    if not least <= len(rest) <= most:
        raise ValidationError(f"Write it as %batchata {known[name].usage}")
    return _DO[name](session, state, rest)


def list_runs(session: Session, state: str) -> None:
    """Show the runs of a store, newest first."""
    from .overview import OverviewDesk

    OverviewDesk(session, state).show()


def status(session: Session, state: str, words: list[str]) -> None:
    """Show state, counts and money."""
    from ..widgets.fallback import report_html, report_text

    run = session.find(_first(words), state)
    if run.is_dry:
        session.publish(estimate_bundle(run))
    else:
        summary = run.summary()
        session.publish({"text/html": report_html(summary, {}), "text/plain": report_text(summary, {})})


def dashboard(session: Session, state: str, words: list[str]) -> None:
    """Show the run again, live."""
    session.show(session.find(_first(words), state), keep=True)


def results(session: Session, state: str, words: list[str]) -> Any:
    """Return the results as a data frame."""
    return session.find(_first(words), state).to_df()


def cancel(session: Session, state: str, words: list[str]) -> None:
    """Cancel a run."""
    _steer(session, session.find(_first(words), state), "cancel")


def pause(session: Session, state: str, words: list[str]) -> None:
    """Send no further batches."""
    _steer(session, session.find(_first(words), state), "pause")


def resume(session: Session, state: str, words: list[str]) -> None:
    """Go on sending."""
    _steer(session, session.find(_first(words), state), "resume")


def retry(session: Session, state: str, words: list[str]) -> None:
    """Send the failed jobs again: all, or those of one kind; with more room."""
    left, given = _taken(words, {"--kind": str, "--max-tokens": whole}, "retry")
    run = session.find(_first(left), state)
    idle = run.is_final and "retry_failed" not in run.summary()["can"]
    run.retry_failed(given.get("--kind"), max_tokens=given.get("--max-tokens"))
    _say(session, run, "No job of it has failed, so nothing is sent again." if idle else "")


def rest(session: Session, state: str, words: list[str]) -> None:
    """Run what a preview left out; its variable is the whole run from then on."""
    run = session.find(_first(words), state)
    made = run.rest(words[1] if len(words) > 1 else None, wait=False)
    session.bind(check_name(made.name), made)
    session.show(made)


def reconcile(session: Session, state: str, words: list[str]) -> None:
    """Show lost submissions, or decide on one."""
    run = session.find(words[0], state)
    never = words[1:2] == ["never-accepted"]
    named = words[1] if len(words) > 1 and not never else None
    lost = run.reconcile(named, never_accepted=never, tag=words[2] if len(words) > 2 else None)
    notes = [] if lost else [f"No submission of {run.name} is lost."]
    if lost:
        command = f"%batchata reconcile {words[0]}"
        notes.append(
            "It is not known whether these were accepted; their jobs are not sent meanwhile. Look at the provider's "
            f"console, then: {command} BATCH_ID, or {command} never-accepted (if it was accepted after all, its jobs "
            "are paid twice)."
        )
    rows = [{**item, "candidates": ", ".join(item["candidates"]), "note": item["note"] or ""} for item in lost]
    session.publish(bundle(rows, notes))


def export(session: Session, state: str, words: list[str]) -> None:
    """Write the results to a file, by its ending."""
    from ..runs.saving import to_csv, to_parquet

    run, path = session.find(words[0], state), Path(words[1]).expanduser()
    writers: dict[str, Callable[[], object]] = {
        ".html": lambda: run.export_html(path),
        ".jsonl": lambda: run.to_jsonl(path),
        ".csv": lambda: to_csv(run, path),
        ".parquet": lambda: to_parquet(run, path),
    }
    if path.suffix not in writers:
        raise ValidationError(f"{path.name}: results can be written as {', '.join(writers)}")
    writers[path.suffix]()
    session.publish(bundle([], [f"{len(run):,} results of {run.name} are in {path}."]))


def forget(session: Session, state: str, words: list[str]) -> None:
    """Leave a finished run out of the list."""
    run = session.find(words[0], state)
    if run.is_dry:
        raise ValidationError(f"{run.name} is a dry run, which no list holds, so there is nothing to forget")
    if not run.is_final:
        raise ValidationError(f"{run.name} is not over; %batchata cancel {words[0]} stops it first")
    run.store.forget(run.run_id)
    session.runs = {name: known for name, known in session.runs.items() if known.run_id != run.run_id}
    session.publish(bundle([], [f"{run.name} is no longer listed. Its results stay in {run.store.path}."]))


def attach(session: Session, state: str, words: list[str]) -> None:
    """Bind a run of the store, or a provider's batch that was made elsewhere, to a variable, and show it."""
    from ..runs import launch
    from .session import models_of

    options: dict[str, Callable[[str], Any]] = {"--as": check_name, "--provider": str, "--schema": str}
    (found, *more), given = _taken(words, options, "attach")
    if more or ("--schema" in given and "--provider" not in given):
        raise ValidationError(f"Write it as %batchata {_usage('attach')}")
    namespace = session.shell.user_ns
    if "--provider" in given:
        run = _made_elsewhere(session, state, found, given)
    else:
        run = launch.attach(found, state_file=state, models=models_of(namespace))
    said = session.bind(given.get("--as") or check_name(run.name), run)
    if said:
        session.publish(bundle([], [said]))
    session.show(run)


def _made_elsewhere(session: Session, state: str, batch_id: str, given: Mapping[str, str]) -> BatchRun:
    from ..runs.foreign import attach_batch

    name = given.get("--schema")
    model = None if name is None else session.shell.user_ns.get(name)
    if name is not None and not (isinstance(model, type) and hasattr(model, "model_json_schema")):
        raise ValidationError(f"--schema: {name} is no Pydantic model of this notebook")
    return attach_batch(
        batch_id,
        provider=given["--provider"],
        name=given.get("--as", "attached"),
        response_model=model,
        state_file=state,
        practice=session.practice or None,
    )


def estimate(session: Session, state: str, words: list[str]) -> None:
    """Show what a run was expected to cost."""
    session.publish(estimate_bundle(session.find(_first(words), state)))


def models(session: Session, _state: str, words: list[str]) -> None:
    """List models with their prices."""
    from .catalogue import model_rows

    rows, notes = model_rows(words[0] if words else "")
    session.publish(bundle(rows, notes))


def doctor(session: Session, state: str, _words: list[str]) -> None:
    """Say what is there and what to fix."""
    from .catalogue import doctor_rows

    session.publish(bundle(doctor_rows(state, practice=session.practice), most=400))


def _taken(
    words: list[str], readers: Mapping[str, Callable[[str], Any]], command: str
) -> tuple[list[str], dict[str, Any]]:
    """Return the words without the options of a command, and these read; `--kind K` and `--kind=K` are the same."""
    left: list[str] = []
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("--"):
            left.append(word)
            continue
        value = value if equals else next(rest, "")
        if name not in readers or not value or len(left) > 1:
            raise ValidationError(f"Write it as %batchata {_usage(command)}")
        try:
            given[name] = readers[name](value)
        except ValidationError as error:
            raise ValidationError(f"{name}: {error}") from None
    return left, given


def _usage(command: str) -> str:
    return next(known.usage for known in COMMANDS if known.name == command)


def _first(words: list[str]) -> str | None:
    return words[0] if words else None


def _steer(session: Session, run: BatchRun, verb: str) -> None:
    """Have a run do what it is told; where that changes nothing, say so and tell it nothing."""
    if run.is_dry or verb in run.summary()["can"]:
        getattr(run, verb)()
        _say(session, run, "Paused: no further batches are sent; those under way go on." if verb == "pause" else "")
    elif run.is_final:
        _say(session, run, f"It is over, so there is nothing to {verb}.")
    else:
        _say(session, run, {"pause": "It is paused already.", "resume": "It is not paused."}.get(verb, ""))


def _say(session: Session, run: BatchRun, more: str = "") -> None:
    session.publish(bundle([], [f"{run.name}: {run.summary()['words']}{f'. {more}' if more else ''}"]))


_DO: dict[str, Callable[[Session, str, list[str]], Any]] = {
    "status": status, "dashboard": dashboard, "results": results, "cancel": cancel, "pause": pause, "resume": resume,
    "retry": retry, "rest": rest, "reconcile": reconcile, "export": export, "forget": forget, "attach": attach,
    "estimate": estimate, "models": models, "doctor": doctor,
}  # fmt: skip
_ARGUMENTS = {
    "retry": (0, 5),
    "rest": (0, 2),
    "reconcile": (1, 3),
    "export": (2, 2),
    "forget": (1, 1),
    "attach": (1, 7),
    "doctor": (0, 0),
}
"""Least and most words behind a command; 0 to 1 where none are given."""
