"""The part of a run's handle that changes what it does: cancel, retry, another ceiling, the rest of a preview."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from .clock import utc
from .handle import Handle
from .preview import BEST, Projection, projections, rest_of

if TYPE_CHECKING:
    from .agreement import Agreement
    from .builder import Batch
    from .run import BatchRun


class Steered(Handle):
    """A run as its user steers it."""

    source: Batch | None = None
    """What it was started from, in this process."""

    def agreement(self, gold: Any = None, *, field: str | None = None) -> Agreement:
        """Compare the run's models; see `BatchRun`."""
        raise NotImplementedError

    def tell(self, command: str, **args: Any) -> None:
        """Carry out a command on the runner's thread, and wait for that.

        Args:
            command: Its name.
            **args: What it is told.

        Raises:
            BatchataError: It cannot be done; says why.
        """
        from .launch import runner

        runner().call(lambda: self.drive.command(command, args))

    def cancel(self) -> Self:
        """Cancel the run: providers are asked to stop, and what has finished is kept."""
        self.tell("cancel")
        return self

    def pause(self) -> Self:
        """Send nothing more until resumed; batches under way go on."""
        self.tell("pause")
        return self

    def resume(self) -> Self:
        """Go on sending."""
        self.tell("resume")
        return self

    def retry_failed(self, kind: str | None = None, *, max_tokens: int | None = None) -> Self:
        """Send failed and cancelled jobs again.

        Answers that did not fit the schema are asked for again with the validation error in the prompt, and those that
        were cut with more room. The latest good answer of a job counts; `attempts` gives all.

        Args:
            kind: Only those of one `error_kind`.
            max_tokens: New cap on output tokens; None: what was cut gets twice what it had.

        Raises:
            ValidationError: The model does not give so many tokens; nothing was changed.
        """
        self.tell("retry_failed", kind=kind, max_tokens=max_tokens)
        return self

    def reconcile(
        self, batch_id: str | None = None, *, never_accepted: bool = False, tag: str | None = None
    ) -> list[JsonObject]:
        """Show the submissions of which it is not known whether the provider took them; decide on one where told.

        While one is lost its jobs are not sent. The provider's list settles most by itself; where it cannot, look at
        the provider's console.

        Args:
            batch_id: The provider's batch that it is. Its rows are checked: a wrong one does no harm.
            never_accepted: The provider never took it, so that its jobs are sent again. If it did, they are paid twice.
            tag: Which lost submission, where there are several.

        Returns:
            Those that are lost: tag, provider, number of jobs, when they were sent, and batches that it may be.

        Raises:
            ValidationError: There is nothing to decide, or the batch is known as another submission.
        """
        if batch_id is not None or never_accepted:
            self.tell("reconcile", batch_id=batch_id, never_accepted=never_accepted, tag=tag)
        return [
            {
                "tag": s.tag,
                "provider": s.provider,
                "jobs": len(s.rows),
                "sent_at": utc(s.at).isoformat(timespec="seconds"),
                "candidates": list(s.candidates),
                "note": s.note,
            }
            for s in self.drive.state.open_submissions
            if s.state == "uncertain"
        ]

    def set_cost_limit(self, usd: float | str | Decimal | None) -> Self:
        """Set the ceiling anew; held jobs that now fit are sent.

        Args:
            usd: The ceiling in US dollars; None takes it away.

        Raises:
            BatchataError: It is no amount of money.
        """
        self.tell("raise_limit", usd=None if usd is None else str(usd))
        return self

    @property
    def projection(self) -> list[Projection]:
        """What all jobs would take as a batch, by what a preview has measured; empty for a run that is no preview.

        One line for each model, and one for all where there are several. Intervals are Student's t at 95 %; they hold
        for a random sample (`sample=`).
        """
        return projections(self.drive)

    def rest(self, model: str | None = None, *, live: bool | None = None, wait: bool | None = None) -> BatchRun:
        """Run the inputs that a preview left out; what it has run is not paid for again.

        Args:
            model: Where several were compared, the one to go on with; `best`: the one that is right most often by the
                gold values. None: all of them.
            live: In real time; None: as the preview was asked for, which is as a batch unless it said `live`.
            wait: As in `Batch.run`.

        Returns:
            The run of all inputs, under the same name; the preview's results are among its own.

        Raises:
            ValidationError: The run is no preview of this process, or the model is none of its models.
        """
        if not self.drive.spec.get("preview"):
            raise ValidationError(f"{self.name} is no preview, so there is no rest to run.")
        if self.source is None:
            raise ValidationError(
                f"What {self.name} was a preview of is not known in this kernel: run its cell again without --preview; "
                "what has been run is not paid for again."
            )
        if model == BEST:
            model = self.agreement().best
            if model is None:
                raise ValidationError("There are no gold values to choose the best model by: name it, or use --gold.")
        batch = rest_of(self.source, model)
        later = self.source.settings.rest_live if live is None else live
        return batch.run(wait=wait, name=self.name, live=later)
