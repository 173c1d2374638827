"""Every public name is documented where it is defined: the reference is made from that."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import batchata_nb
import batchata_nb.practice
import batchata_nb.testing

MODULES = (batchata_nb, batchata_nb.testing, batchata_nb.practice)
FIXTURES = {"practice", "practice_server"}  # pytest fills their arguments


def public() -> Iterator[tuple[str, Any]]:
    """Yield every public class and function, and the public members of classes, with their names."""
    for module in MODULES:
        for name in module.__all__:
            if name in FIXTURES or not callable(found := getattr(module, name)):
                continue
            yield f"{module.__name__}.{name}", found
            for member, value in inspect.getmembers(found) if inspect.isclass(found) else ():
                home = getattr(value, "__module__", None) or getattr(getattr(value, "fget", None), "__module__", "")
                if not member.startswith("_") and str(home).startswith("batchata_nb"):
                    yield f"{module.__name__}.{name}.{member}", value


NAMES = dict(public())


def section(text: str, head: str) -> str:
    """Return a section of a docstring, `Args` say."""
    found = re.search(rf"^{head}:\n((?:[ \t]+.*\n|\n)*)", f"{text}\n", re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("name", NAMES)
def test_first_line_says_what_it_is(name):
    """The first paragraph of each public docstring is one sentence, and ends like one."""
    first = (inspect.getdoc(NAMES[name]) or "").split("\n\n")[0]

    assert len(first) > 12
    assert first.endswith((".", ":"))


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_is_explained(name):
    """The docstring of each public callable has a line for each of its parameters, and for none that it has not."""
    found = NAMES[name]
    if isinstance(found, property) or (inspect.isclass(found) and issubclass(found, BaseException)):
        return
    text = inspect.getdoc(found) or ""
    if dataclasses.is_dataclass(found):
        wanted = {field.name for field in dataclasses.fields(found)}
        told = section(text, "Attributes")
    elif inspect.isclass(found) and found.__init__ in (object.__init__, list.__init__):
        return
    else:
        wanted = {p for p in inspect.signature(found).parameters if p not in ("self", "cls")}
        told = section(text, "Args")

    assert set(re.findall(r"^ {4}\*{0,2}(\w+):", told, re.MULTILINE)) == wanted


def test_error_with_attributes_explains_them():
    """What a provider's error carries beside its message is explained."""
    told = section(inspect.getdoc(batchata_nb.ProviderError) or "", "Args")

    for name in inspect.signature(batchata_nb.ProviderError).parameters:
        assert f"{name}:" in told
