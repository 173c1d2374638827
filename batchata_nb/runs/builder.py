"""`Batch`: what a user fills with jobs and settings, and runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from ..core.jobs import CiteMode, JsonObject, Message, Role
from .asking import AskedJobs, Part, conversation
from .compat import Job, asked_job
from .environment import in_kernel
from .gold import GoldColumns, gold_columns
from .ids import Names
from .schemas import schema_of
from .settable import Settable
from .settings import Settings
from .spool import Spool
from .waiting import wait_as_asked

if TYPE_CHECKING:
    from .run import BatchRun


class Batch(Settable):
    """Jobs for batch APIs, to be priced, run, and read as typed results.

    Args:
        results_dir: Folder for results as files (`{job_id}.json`); empty: only the store is written.
        max_parallel_batches: Most batches under way at once.
        items_per_batch: Most jobs in one batch; None: by the provider's limits.
        raw_files: Whether raw answers are written too, under `results_dir/raw_files`; None: yes.
        adaptive_max_tokens: Under a cost limit, lower `max_tokens` to what the answers so far were found to need, so
            that more jobs fit into each round. The limit stays as hard; what is cut is sent again with all its room.

    Raises:
        ValidationError: A number is out of range.
    """

    def __init__(
        self,
        results_dir: str | os.PathLike[str] = "",
        max_parallel_batches: int = 10,
        items_per_batch: int | None = None,
        raw_files: bool | None = None,
        *,
        adaptive_max_tokens: bool = False,
    ) -> None:
        for name, value in (("max_parallel_batches", max_parallel_batches), ("items_per_batch", items_per_batch)):
            if value is not None and value < 1:
                raise ValidationError(f"{name} must be at least 1, not {value}.")
        if results_dir and Path(results_dir).exists() and not Path(results_dir).is_dir():
            raise ValidationError(f"The results folder {os.fspath(results_dir)!r} is a file; name a folder.")
        super().__init__(
            Settings(
                results_dir=os.fspath(results_dir) or None,
                raw_files=raw_files is not False,
                max_parallel=max_parallel_batches,
                items_per_batch=items_per_batch,
                adaptive=adaptive_max_tokens,
            )
        )
        self.asked = AskedJobs()
        self.frame_kind: str | None = None
        self.index_names: tuple[Any, ...] = ()
        self.index: list[Any] = []
        self.gold: dict[str, JsonObject] = {}
        self.skipped: list[str] = []
        self.skips = False
        self._latest: tuple[type[Any], JsonObject] | None = None
        self._names = Names()

    def __len__(self) -> int:
        return len(self.asked)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs as they were asked for, with the defaults that hold now."""
        return tuple(asked_job(asked, self.defaults) for asked in self.asked)

    def __repr__(self) -> str:
        return f"Batch({len(self)} jobs)"

    def add_job(
        self,
        messages: Sequence[Mapping[str, Any]] | None = None,
        file: str | os.PathLike[str] | None = None,
        prompt: str | None = None,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        response_model: type[Any] | None = None,
        enable_citations: bool | CiteMode = False,
        *,
        job_id: str | None = None,
        **params: Any,
    ) -> Batch:
        """Add one job: either `messages`, or a `prompt` with or without a `file`.

        Args:
            messages: Turns, `{"role": …, "content": …}`.
            file: Document that the prompt is about.
            prompt: Text of the request; taken as it is, not as a template.
            model: Model; None: the default.
            temperature: Sampling temperature; None: the default, else the provider's own.
            max_tokens: Cap on output tokens, thinking included.
            response_model: Pydantic class of the answer; None: plain text.
            enable_citations: True or a mode: each field gets its evidence.
            job_id: The job's id; None: the file's name, with a number where it was given before, or a number.
            **params: Further parameters in the provider's own names.

        Raises:
            ValidationError: Both or neither of messages and prompt, no such file, no model, or a bad schema.
        """
        if (messages is None) == (prompt is None):
            raise ValidationError("A job takes either messages, or a prompt (with or without a file).")
        if messages is not None and file is not None:
            raise ValidationError("A file goes with a prompt, not with messages.")
        turns = conversation(messages, prompt, file)
        named = job_id or self._names.unique(Path(file).stem if file is not None else f"job-{len(self) + 1:06d}")
        own = {"temperature": temperature, "max_tokens": max_tokens, **params}
        self._ask(Spool([(named, turns)]), model, response_model, enable_citations, own)
        self.index.append(None)
        return self

    def add_jobs(
        self,
        prompt: str | None = None,
        *,
        over: Any = None,
        files: Sequence[Any] | str | None = None,
        sections: Sequence[tuple[Role, str]] | None = None,
        model: str | Sequence[str] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        response_model: type[Any] | None = None,
        enable_citations: bool | CiteMode = False,
        file_column: str | None = None,
        id_column: str | None = None,
        messages_column: str | None = None,
        gold_column: GoldColumns | None = None,
        namespace: Mapping[str, Any] | None = None,
        skip_bad_files: bool = False,
        **params: Any,
    ) -> Batch:
        """Add one job per row of `over`, or per file; the prompt is a template (`{{ column }}`, `{{ file.name }}`).

        Args:
            prompt: Template of the user's turn; or give `sections`.
            over: pandas, polars or pyarrow frame, list of dicts or values, dict id → row, generator, or an awaitable
                of these.
            files: Globs, paths or bytes.
            sections: Several turns, `(role, template)`.
            model: One model, or several to compare.
            temperature: As in `add_job`.
            max_tokens: As in `add_job`.
            response_model: As in `add_job`.
            enable_citations: As in `add_job`.
            file_column: Column that holds a path, bytes, a Pillow image or a list of these, for that row's job.
            id_column: Column with readable job ids.
            messages_column: Column that holds a conversation, `[{"role": …, "content": …}, …]` or its JSON; a prompt
                or sections then stand behind it, and may be left out.
            gold_column: Column that holds what is right of the field of its name, or field to column; models are then
                scored by it (`BatchRun.agreement`, `to_df`). Several are a list or a dict.
            namespace: Further names for templates.
            skip_bad_files: Leave unreadable files out instead of refusing them.
            **params: Further parameters in the provider's own names.

        Raises:
            ValidationError: What cannot be run, in one sentence.
        """
        from .inputs import drafts

        both, neither = prompt is not None and sections is not None, prompt is None and sections is None
        if both or (neither and messages_column is None):
            raise ValidationError("add_jobs takes either a prompt, or sections.")
        made = drafts(
            sections=sections if sections is not None else [] if prompt is None else [("user", prompt)],
            files=[files] if isinstance(files, (str, os.PathLike, bytes)) else files,
            over=over,
            file_column=file_column,
            id_column=id_column,
            messages_column=messages_column,
            gold=gold_columns(gold_column, None if response_model is None else schema_of(response_model)),
            namespace=namespace or {},
            spool=Path(self.settings.state_file).parent / "files",
            skip_bad_files=skip_bad_files,
        )
        own = {"temperature": temperature, "max_tokens": max_tokens, **params}
        index: list[Any] = []
        gold: dict[str, JsonObject] = {}
        rows: Spool[tuple[str, tuple[Message, ...]]] = Spool()
        for draft in made:
            rows.append((draft.id, draft.messages))
            index.append(draft.index)
            if draft.gold:
                gold[draft.id] = draft.gold
        models = [model] if model is None or isinstance(model, str) else model
        for one in models:
            self._ask(rows, one, response_model, enable_citations, own, is_shared=len(models) > 1)
            self.index += index
        self.gold |= gold
        self.frame_kind = made.frame_kind or self.frame_kind
        self.index_names = made.index_names or self.index_names
        self.skipped += made.skipped
        self.skips = self.skips or skip_bad_files
        return self

    def leave_out(self, unusable: Mapping[int, str]) -> None:
        """Take away inputs whose files cannot be sent.

        Args:
            unusable: Why, by the job's place.

        Raises:
            ValidationError: None would be left.
        """
        asked = [job.item for job in self.asked]
        items = {asked[at] for at in unusable}
        kept = [label for label, item in zip(self.index, asked, strict=True) if item not in items]
        if not kept:
            raise ValidationError(f"No file can be used. {next(iter(unusable.values()))}")
        self.asked.leave_out(items)
        self.index = kept
        self.skipped += dict.fromkeys(unusable.values())

    def _ask(
        self,
        rows: Spool[tuple[str, tuple[Message, ...]]],
        model: str | None,
        response_model: type[Any] | None,
        cite: bool | CiteMode,
        own: Mapping[str, Any],
        *,
        is_shared: bool = False,
    ) -> None:
        """Add jobs that share everything but their messages; `is_shared`: other models are asked the same."""
        model = model or self.defaults.get("model")
        if not model:
            raise ValidationError(
                "No model is named: give one with --model or model=…, or as a default "
                "(set_default_params, %config Batchata.model)."
            )
        schema = None if response_model is None else self._schema(response_model)
        stated = {key: value for key, value in own.items() if value is not None}
        mode: CiteMode | None = "auto" if cite is True else cite or None
        self.asked.add(Part(model, response_model, schema, mode, stated, rows, is_shared))

    def _schema(self, response_model: type[Any]) -> JsonObject:
        if self._latest is None or self._latest[0] is not response_model:
            self._latest = response_model, schema_of(response_model)
        return self._latest[1]

    def run(
        self,
        on_progress: Callable[[dict[str, Any], float, dict[str, Any]], None] | None = None,
        progress_interval: float = 1.0,
        print_status: bool = False,
        dry_run: bool = False,
        wait: bool | None = None,
        *,
        name: str = "batch",
        fresh: bool = False,
        live: bool = False,
        preview: int | None = None,
        sample: int | None = None,
    ) -> BatchRun:
        """Start the run on the background thread, or attach to it when the same run is in the store.

        Args:
            on_progress: Called with `(stats, elapsed_seconds, batches)` while waiting.
            progress_interval: Seconds between two such calls.
            print_status: Show progress in a terminal while waiting.
            dry_run: Plan and price only; nothing is sent or written. What waits prints the estimate.
            wait: Block until the run is over. None: yes in a plain Python process, no in a notebook kernel.
            name: With the store, identifies the run.
            fresh: Ignore earlier results of the same jobs and pay again.
            live: Run in real time instead of as a batch, at real-time prices.
            preview: Run only so many inputs, each with every model asked, in real time. `BatchRun.projection` tells
                from them what all would cost, and `BatchRun.rest` runs the others without paying for these again.
            sample: With `preview`, a seed: so many inputs at random, the same for the same seed; None: the first.

        Raises:
            BatchataError: It cannot be run as it stands; nothing was sent or written.
        """
        if preview is not None and preview < 1:
            raise ValidationError(f"A preview needs at least 1 job, not {preview}.")
        if sample is not None and preview is None:
            raise ValidationError("A sample is of a preview: say how many inputs with preview=N (--preview N).")
        self.settings.live, self.settings.preview = live or preview is not None, preview
        self.settings.sample, self.settings.rest_live = sample, live
        from .launch import launch

        run = launch(self, name=name, fresh=fresh or not self.settings.reuse_state, dry_run=dry_run)
        if dry_run and (wait or (wait is None and not in_kernel())):
            run.dry_run()
        return wait_as_asked(run, wait, on_progress, progress_interval, print_status)
