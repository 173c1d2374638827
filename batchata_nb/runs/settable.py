"""What is set of a batch before it is run: defaults, limits, prices, where it goes and where it is kept."""

from __future__ import annotations

import logging
import os
from decimal import Decimal
from typing import Any, Self

from ..core.errors import ValidationError
from .settings import LONGEST, SHORTEST, STATE_FILE, Settings, limit_text
from .waiting import log_to_stderr


class Settable:
    """The settings of a batch; each method returns the batch, so that calls can be chained."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.defaults: dict[str, Any] = {}
        self.prices: dict[str, tuple[str, str]] = {}

    def set_default_params(self, **params: Any) -> Self:
        """Set parameters of jobs that do not state their own.

        Args:
            **params: `model`, `max_tokens` (tokens), `temperature`, or any other in the provider's own name.
        """
        self.defaults.update(params)
        return self

    def set_state(self, file: str | os.PathLike[str] | None = None, reuse_state: bool = True) -> Self:
        """Choose the state store, and whether earlier results of the same jobs are used.

        Args:
            file: SQLite file; made when missing. None: `.batchata/state.db` in the working folder.
            reuse_state: False starts a new run and pays again; nothing on disk is emptied.
        """
        self.settings.state_file = os.fspath(file) if file else STATE_FILE
        self.settings.reuse_state = reuse_state
        return self

    def add_cost_limit(self, usd: float | str | Decimal, *, budget: str | None = None) -> Self:
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
    ) -> Self:
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

    def set_verbosity(self, level: str) -> Self:
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

    def raw_files(self, enabled: bool = True) -> Self:
        """Choose whether raw answers are written beside results, where a results folder is set.

        Args:
            enabled: Whether they are.
        """
        self.settings.raw_files = enabled
        return self

    def set_price(self, model: str, batch_in: float | str | Decimal, batch_out: float | str | Decimal) -> Self:
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

    def set_provider(self, provider: str | None) -> Self:
        """Name the provider, for model names that do not tell it.

        Args:
            provider: `anthropic`, `openai`, `gemini`, or that of an entry point; None: by the model's name.
        """
        self.settings.provider = provider
        return self

    def set_base_url(self, url: str | None) -> Self:
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

    def set_cache(self, enabled: bool = True) -> Self:
        """Choose whether beginnings that jobs share are marked for the provider's prompt cache, where that pays.

        Args:
            enabled: False marks none; what a provider caches by itself it caches all the same.
        """
        self.settings.cache = enabled
        return self

    def use_practice(self, enabled: bool = True) -> Self:
        """Use the embedded practice provider: no model is asked, nothing leaves this machine, nothing is paid.

        Args:
            enabled: False goes back to the providers themselves.
        """
        self.settings.practice = enabled
        return self
