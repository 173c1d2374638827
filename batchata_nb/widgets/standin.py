"""The sentence that stands in for a live view, in an output of its own below it.

A live view hides it as long as it is there. Where the view cannot load (a reopened notebook, a new kernel, a host
without widgets), the front end says no more than "model not found"; this says what was known, and how to see it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .fallback import framed
from .words import attach_lines, counts, cut, money_words, number, state_words, visible

EMPTY = {"text/html": "", "text/plain": ""}
"""What is shown once the view itself has become static."""


def run_standin(summary: Mapping[str, Any], at: str) -> dict[str, str]:
    """Return the stand-in of a run's live view.

    Args:
        summary: The run's summary, as the dashboard gets it.
        at: When that was so, as a person reads it.
    """
    jobs = ", ".join(f"{n:,} {state}" for state, n in counts(summary)) or "none yet"
    over = summary.get("state") in ("finished", "cancelled", "failed")
    goes_on = "" if over else " What was sent goes on at the provider."
    told = (
        f"{cut(summary.get('name', 'batch'), 80)} was {state_words(summary)} at {at}: "
        f"{number(summary.get('total'))} jobs, {jobs}; {money_words(summary)}.{goes_on} "
        "No live view above? Nothing is lost: run its cell again (nothing is paid twice), or "
    )
    return standin(str(summary.get("run_id", "")), told, attach_lines(summary)[1])


def result_standin(detail: Mapping[str, Any]) -> dict[str, str]:
    """Return the stand-in of a single result's view.

    Args:
        detail: The result as its view gets it, with `run_id`, `run` and `view`.
    """
    told = (
        f"This was the result {cut(detail.get('id', ''), 80)} of {cut(detail.get('run', ''), 80)}. No view above? "
        "Nothing is lost: run this cell again; in a new kernel first "
    )
    run = {"run_id": detail.get("run_id", ""), "name": detail.get("run", "")}
    return standin(str(detail.get("view", "")), told, attach_lines(run)[1])


def standin(view: str, told: str, call: str) -> dict[str, str]:
    """Return a stand-in: what it tells, and the line that shows the view again.

    Args:
        view: Which view it stands in for, as that view knows itself.
        told: Sentences.
        call: A line of code.
    """
    key = re.sub(r"[^A-Za-z0-9-]", "", view)[:40]
    return {"text/html": framed(told, call, f"bnb-standin bnb-standin-{key}"), "text/plain": visible(f"{told}{call}")}
