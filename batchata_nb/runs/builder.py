"""`Batch`: what a user fills with jobs and settings, and runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ValidationError
from ..core.jobs import CiteMode, Message, Role
from .asking import Asked, conversation
from .schemas import schema_of
from .settings import LONGEST, SHORTEST, STATE_FILE, Settings, limit_text
from .waiting import log_to_stderr, wait_as_asked

if TYPE_CHECKING:
    from .run import BatchRun


class Batch:
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
        self.settings = Settings(
            results_dir=os.fspath(results_dir) or None,
            raw_files=raw_files is not False,
            max_parallel=max_parallel_batches,
            items_per_batch=items_per_batch,
            adaptive=adaptive_max_tokens,
        )
        self.defaults: dict[str, Any] = {}
        self.prices: dict[str, tuple[str, str]] = {}
        self.asked: list[Asked] = []
        self.frame_kind: str | None = None
        self.index: list[Any] = []
        self.skipped: list[str] = []

    def __len__(self) -> int:
        return len(self.asked)

    def __repr__(self) -> str:
        return f"Batch({len(self)} jobs)"

    def set_default_params(self, **params: Any) -> Batch:
        """Set parameters of jobs that do not state their own.

        Args:
            **params: `model`, `max_tokens` (tokens), `temperature`, or any other in the provider's own name.
        """
        self.defaults.update(params)
        return self

    def set_state(self, file: str | os.PathLike[str] | None = None, reuse_state: bool = True) -> Batch:
        """Choose the state store, and whether earlier results of the same jobs are used.

        Args:
            file: SQLite file; made when missing. None: `.batchata/state.db` in the working folder.
            reuse_state: False starts a new run and pays again; nothing on disk is emptied.
        """
        self.settings.state_file = os.fspath(file) if file else STATE_FILE
        self.settings.reuse_state = reuse_state
        return self

    def add_cost_limit(self, usd: float | str | Decimal, *, budget: str | None = None) -> Batch:
        """Set the ceiling, in US dollars. A batch is sent only if its worst case stays within it.

        Args:
            usd: The ceiling.
            budget: Name of a budget: all runs of the store that name it stay within the ceiling together.

        Raises:
            ValidationError: Not a positive amount.
        """
        text = limit_text(usd)
        if text is None or Decimal(text) <= 0:
            raise ValidationError(f"The cost limit must be more than 0 dollars, not {usd!r}.")
        self.settings.limit, self.settings.budget = text, budget
        return self

    def add_time_limit(
        self, seconds: float | None = None, minutes: float | None = None, hours: float | None = None
    ) -> Batch:
        """Set the time after which active batches are cancelled: 10 s to 24 h, the units add up.

        Args:
            seconds: Seconds.
            minutes: Minutes.
            hours: Hours.

        Raises:
            ValidationError: No time given, or out of range.
        """
        total = (seconds or 0) + 60 * (minutes or 0) + 3600 * (hours or 0)
        if not SHORTEST <= total <= LONGEST:
            raise ValidationError(f"The time limit must be from 10 seconds to 24 hours, not {total:g} seconds.")
        self.settings.time_limit = total
        return self

    def set_verbosity(self, level: str) -> Batch:
        """Set how much is logged; in a plain process to stderr.

        Args:
            level: `debug`, `info`, `warn` or `error`.

        Raises:
            ValidationError: Another word.
        """
        levels = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
        if level.lower() not in levels:
            raise ValidationError(f"The verbosity is one of {', '.join(levels)}, not {level!r}.")
        log_to_stderr(levels[level.lower()])
        return self

    def raw_files(self, enabled: bool = True) -> Batch:
        """Choose whether raw answers are written beside results, where a results folder is set.

        Args:
            enabled: Whether they are.
        """
        self.settings.raw_files = enabled
        return self

    def set_price(self, model: str, batch_in: float | str | Decimal, batch_out: float | str | Decimal) -> Batch:
        """State the price of a model, in US dollars per million tokens at batch rates.

        Args:
            model: The model, as jobs name it.
            batch_in: Dollars per million input tokens.
            batch_out: Dollars per million output tokens.

        Raises:
            ValidationError: One of the two is missing.
            BatchataError: One of the two is no amount.
        """
        given, out = limit_text(batch_in), limit_text(batch_out)
        if given is None or out is None:
            raise ValidationError("A price needs two amounts: dollars per million tokens in, and out.")
        self.prices[model] = (given, out)
        return self

    def set_provider(self, provider: str | None) -> Batch:
        """Name the provider, for model names that do not tell it.

        Args:
            provider: `anthropic`, `openai`, `gemini`, or that of an entry point; None: by the model's name.
        """
        self.settings.provider = provider
        return self

    def set_base_url(self, url: str | None) -> Batch:
        """Choose an OpenAI-compatible endpoint, such as `http://localhost:8000/v1`; None: the provider itself.

        Models are then the endpoint's own, and answers are never taken for those of another one. The key in
        `OPENAI_API_KEY` goes to it, if one is set. Where it has no batches, run with `live=True`.

        Args:
            url: The base URL, without a key in it.

        Raises:
            ValidationError: It is no URL of a server, or holds a key.
        """
        from ..providers.openai_compatible import base_url

        self.settings.base_url = None if url is None else base_url(url)
        return self

    def use_practice(self, enabled: bool = True) -> Batch:
        """Use the embedded practice provider: no model is asked, nothing leaves this machine, nothing is paid.

        Args:
            enabled: False goes back to the providers themselves.
        """
        self.settings.practice = enabled
        return self

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
            job_id: The job's id; None: the file's name, or a number.
            **params: Further parameters in the provider's own names.

        Raises:
            ValidationError: Both or neither of messages and prompt, no such file, no model, or a bad schema.
        """
        if (messages is None) == (prompt is None):
            raise ValidationError("A job takes either messages, or a prompt (with or without a file).")
        if messages is not None and file is not None:
            raise ValidationError("A file goes with a prompt, not with messages.")
        turns = conversation(messages, prompt, file)
        default_id = job_id or (Path(file).stem if file is not None else f"job-{len(self) + 1:06d}")
        own = {"temperature": temperature, "max_tokens": max_tokens, **params}
        self._ask([(default_id, turns, None)], model, response_model, enable_citations, own)
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
            namespace=namespace or {},
            spool=Path(self.settings.state_file).parent / "files",
            skip_bad_files=skip_bad_files,
        )
        own = {"temperature": temperature, "max_tokens": max_tokens, **params}
        rows = [(draft.id, draft.messages, draft.index) for draft in made]
        for one in [model] if model is None or isinstance(model, str) else model:
            self._ask(
                rows,
                one,
                response_model,
                enable_citations,
                own,
                suffix=not (model is None or isinstance(model, str)) and len(model) > 1,
            )
        self.frame_kind = made.frame_kind or self.frame_kind
        self.skipped += made.skipped
        return self

    def _ask(
        self,
        rows: Sequence[tuple[str, tuple[Message, ...], Any]],
        model: str | None,
        response_model: type[Any] | None,
        cite: bool | CiteMode,
        own: Mapping[str, Any],
        *,
        suffix: bool = False,
    ) -> None:
        """Add jobs that share everything but their messages."""
        model = model or self.defaults.get("model")
        if not model:
            raise ValidationError(
                "No model is named: give one with --model or model=…, or as a default "
                "(set_default_params, %config Batchata.model)."
            )
        schema = None if response_model is None else schema_of(response_model)
        stated = {key: value for key, value in own.items() if value is not None}
        mode: CiteMode | None = "auto" if cite is True else cite or None
        for job_id, messages, index in rows:
            unique = f"{job_id}@{model}" if suffix else job_id
            self.asked.append(Asked(unique, messages, model, response_model, schema, mode, stated))
            self.index.append(index)

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
    ) -> BatchRun:
        """Start the run on the background thread, or attach to it when the same run is in the store.

        Args:
            on_progress: Called with `(stats, elapsed_seconds, batches)` while waiting.
            progress_interval: Seconds between two such calls.
            print_status: Show progress in a terminal while waiting.
            dry_run: Plan and price only; nothing is sent or written.
            wait: Block until the run is over. None: yes in a plain Python process, no in a notebook kernel.
            name: With the store, identifies the run.
            fresh: Ignore earlier results of the same jobs and pay again.
            live: Run in real time instead of as a batch, at real-time prices.
            preview: Run only the first so many jobs, in real time; the rest can then be run without paying for these
                again.

        Raises:
            BatchataError: It cannot be run as it stands; nothing was sent or written.
        """
        if preview is not None and preview < 1:
            raise ValidationError(f"A preview needs at least 1 job, not {preview}.")
        self.settings.live, self.settings.preview = live or preview is not None, preview
        from .launch import launch

        run = launch(self, name=name, fresh=fresh or not self.settings.reuse_state, dry_run=dry_run)
        return wait_as_asked(run, wait, on_progress, progress_interval, print_status)
