"""`python -m batchata_nb.testing module:Provider --model M`: try a provider, print a report, exit 1 for a broken rule.

    python -m batchata_nb.testing my_package:MyProvider --model my-model --key MY_API_KEY --base-url MY_BASE_URL

`--key` and `--base-url` name variables, whose values lead to a test service. What stands behind the colon may also be a
`batchata_nb.testing.Subject`, which needs no options.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from .checks import run_checks
from .subject import Finding, Subject

_MARKS = {"kept": "ok  ", "broken": "FAIL", "skipped": "skip"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a provider and print what was found; return 0, 1 for a broken rule, 2 for what cannot be tried at all."""
    parser = argparse.ArgumentParser(prog="python -m batchata_nb.testing", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("provider", metavar="module:Provider", help="the provider's class, or a Subject")
    parser.add_argument("--model", help="model that a few small jobs are sent to")
    parser.add_argument("--key", metavar="VARIABLE", help="variable that holds the key")
    parser.add_argument("--base-url", metavar="VARIABLE", help="variable that holds the base URL; failures need it")
    parser.add_argument("--practice", action="store_true", help="lead the three known providers to a practice server")
    options = parser.parse_args(arguments)
    try:
        found = _load(options.provider)
    except (ImportError, AttributeError, ValueError) as error:
        sys.stderr.write(f"{options.provider} cannot be loaded: {error}\n")
        return 2
    if not isinstance(found, Subject):
        if options.model is None:
            sys.stderr.write("Name a model with --model.\n")
            return 2
        found = Subject(found, options.model)
    if options.key or options.base_url:
        found = replace(found, key=options.key or found.key, base_url=options.base_url or found.base_url)
    with ExitStack() as stack:
        if options.practice:
            from ..practice import PracticeServer

            folder = stack.enter_context(tempfile.TemporaryDirectory())
            server = stack.enter_context(PracticeServer(folder, seconds=0.1))
            found = replace(found, environment={**found.environment, **server.environment()})
        findings = run_checks(found, _tell)
    count = {state: sum(finding.state == state for finding in findings) for state in _MARKS}
    sys.stdout.write(f"{count['kept']} kept, {count['broken']} broken, {count['skipped']} not tried\n")
    return 1 if count["broken"] else 0


def _load(name: str) -> Any:
    module, colon, attribute = name.partition(":")
    if not colon or not attribute:
        raise ValueError("write it as module:Provider")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _tell(finding: Finding) -> None:
    sys.stdout.write(f"{_MARKS[finding.state]}  {finding.rule}\n")
    if finding.why:
        sys.stdout.write(f"      {finding.why}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
