"""Tests that a provider of another maker can be put to: `python -m batchata_nb.testing module:Provider`.

A provider is a class, or any function, that is called with a mapping of environment variables (or None) and returns an
object with the verbs of `batchata_nb.providers.base.Provider`; the entry-point group `batchata_nb.providers` makes it
known under a name. The tests send a few small batches, so let the variables lead to a test service. With the name of
the variable that holds the base URL, failures are brought about too, by a proxy on loopback between the two.

From Python, `run_checks(Subject(...))` returns the findings.
"""

from .checks import run_checks
from .subject import Finding, Subject

__all__ = ["Finding", "Subject", "run_checks"]
