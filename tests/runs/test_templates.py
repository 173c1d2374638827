"""Prompts as templates: what is filled in, and which braces are text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.errors import ValidationError
from batchata_nb.runs.templates import Prompt


def fill(source: str, **values: object) -> str:
    """Compile and fill in."""
    return Prompt(source).render(values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('Return {"a": {"b": 1}} for {{ x }}', 'Return {"a": {"b": 1}} for V'),
        ('{"a":{"b":{{x}}}}', '{"a":{"b":V}}'),
        ('{{"a": 1}} {{ x }}', '{{"a": 1}} V'),
        ('{{"a": {{ x }}}}', '{{"a": V}}'),
        (r"\d{{4}} {{{ x }}}", r"\d{{4}} {V}"),
        ("## Heading {#anchor}\n{%d} 50{%}", "## Heading {#anchor}\n{%d} 50{%}"),
        ("{{}} {{ }} a{", "{{}} {{ }} a{"),
        ('{% if x %}{"q": {"z": {{x}}}}{% endif %}', '{"q": {"z": V}}'),
        ("{% raw %}{{ your answer }}{% endraw %} {{x}}", "{{ your answer }} V"),
        ("{{ '{{' }} {{x}} {{ '}}' }}", "{{ V }}"),
        ('{{ {"k": x}["k"] }}', "V"),
        ("{# a note #}{{ x }}", "V"),
        ("{#{{ x }}#}", "{#V#}"),
        ("{% for c in x %}{{ loop.index }}{{ c }}{% endfor %}", "1V"),
        ("a {{- x -}} b", "aVb"),
        ("no template at all\n", "no template at all\n"),
    ],
)
def test_only_expressions_are_templates(source: str, expected: str) -> None:
    """Braces of JSON, code and Markdown are text; `{{ name }}` and Jinja's statements are filled in."""
    assert expected == fill(source, x="V")


@given(st.text(alphabet='{}%#"a1: ', max_size=12))
def test_no_braces_make_it_crash(source: str) -> None:
    """Whatever braces a prompt holds, it is filled in, keeping the text around them, or refused with a message."""
    try:
        filled = fill(f"[{source}]", a="V")
    except ValidationError:
        return

    assert ("[", "]") == (filled[0], filled[-1])


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=5)


@given(st.recursive(st.integers() | WORDS, lambda c: st.dictionaries(WORDS, c, max_size=3) | st.lists(c, max_size=3)))
def test_json_is_text(value: object) -> None:
    """Any JSON stands in a prompt as it is, however its braces meet."""
    for source in (json.dumps(value), json.dumps(value, indent=2), json.dumps(value, separators=(",", ":"))):
        assert source == fill(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ your answer here }}", r"'\{\{ your answer here \}\}' cannot be read.*\{% raw %\}"),
        ("{{ don't }}", "cannot be read"),
        ("{{ name }", "closed by one brace only"),
        ("{% if x", "not closed by %}"),
        ("a\n{% for %}", "line 2"),
        ("{% if x %}", "cannot be read as a template"),
        ("{% include 'other' %}", "stands alone"),
    ],
)
def test_broken_template_is_refused(source: str, expected: str) -> None:
    """A template that cannot be read is refused with what is wrong."""
    with pytest.raises(ValidationError, match=expected):
        Prompt(source)


def test_missing_name_is_named() -> None:
    """A name that is nowhere is reported with its like and with the columns that are there."""
    with pytest.raises(ValidationError) as caught:
        Prompt("{{ txt }}").render({}, where="row 3", columns=["text", "Total amount"])

    message = caught.value.message
    assert "At row 3, the prompt uses {{ txt }}, which is no column" in message
    assert "Did you mean 'text'?" in message
    assert "Columns: text, Total amount." in message
    assert '{{ item["Total amount"] }}' in message


def test_a_global_of_the_template_engine_is_no_column() -> None:
    """A missing column is missing even if Jinja has a function of its name."""
    with pytest.raises(ValidationError, match=r"\{\{ dict \}\}"):
        fill("{{ dict }}")


def test_missing_value_is_empty_text() -> None:
    """None is filled in as nothing."""
    assert "a  b" == fill("a {{ x }} b", x=None)


def test_default_of_a_missing_name() -> None:
    """A template may ask whether a name is there."""
    assert "none" == fill("{{ x if x is defined else 'none' }}")


def test_values_are_not_templates() -> None:
    """Braces in a value are text, whatever the user's data holds."""
    assert "{{ secret }}" == fill("{{ x }}", x="{{ secret }}")


def test_json_filter_writes_plain_json() -> None:
    """`tojson` writes what people read: no HTML escapes."""
    assert """{"a": "<it's> ü"}""" == fill("{{ x | tojson }}", x={"a": "<it's> ü"})


@pytest.mark.parametrize("source", ["{{ x.__class__.__mro__ }}", "{{ x.append(1) }}"])
def test_templates_are_sandboxed(source: str) -> None:
    """A template reaches no internals, and changes nothing of the user's."""
    x = [1]
    with pytest.raises(ValidationError, match="may not"):
        fill(source, x=x)

    assert [1] == x


def test_failure_of_the_users_function_is_told() -> None:
    """What a value or function raises is told with its kind and its row."""

    def broken() -> str:
        raise KeyError("no such key")

    with pytest.raises(ValidationError, match="At row 2, the prompt cannot be filled in: KeyError: 'no such key'"):
        Prompt("{{ f() }}").render({"f": broken}, where="row 2")


def test_names_are_those_from_outside() -> None:
    """The names of a template are those it does not define itself."""
    assert {"x", "y"} == Prompt("{% for i in x %}{{ i }}{% endfor %}{% set z = y %}{{ z }}").names
