"""Schemas are made to fit each provider's subset, and what cannot be is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from batchata_nb.core.errors import ValidationError
from batchata_nb.wire.dialects import DIALECTS, NUMBER_LIMITS
from batchata_nb.wire.schema import drop_nulls, fit, has_native_form, refusal, with_quotes

PROVIDERS = tuple(DIALECTS)
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
ALLOWED = {
    "anthropic": {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs",
                  "description", "format", "minItems"},
    "openai": {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs",
               "description", "format", "pattern", "minItems", "maxItems", *NUMBER_LIMITS},
    "gemini": {"type", "properties", "required", "additionalProperties", "items", "prefixItems", "enum", "anyOf",
               "$ref", "$defs", "description", "format", "minimum", "maximum", "minItems", "maxItems"},
}  # fmt: skip


class Status(Enum):
    PAID = "paid"
    UNPAID = "unpaid"


class Line(BaseModel):
    """One line of an invoice."""

    amount: Decimal = Field(description="net amount", gt=0)
    count: int = Field(default=1, ge=1, le=999)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str = Field(min_length=1, max_length=40, pattern=r"^D\w+$")


class Everything(BaseModel):
    """All that must work with every provider."""

    name: str = Field(min_length=2, pattern="^[A-Z]")
    status: Status = Field(description="whether it was paid")
    fixed: Literal["x", 1, None]
    day: date
    moment: datetime | None = None
    total: Decimal
    discount: Decimal | None
    lines: list[Line] = Field(min_length=1, max_length=50)
    first: Line = Field(description="the first line")
    tags: set[str] = Field(default_factory=set)
    pet: Cat | Dog = Field(discriminator="kind")
    ratio: float = Field(ge=0, le=1, multiple_of=0.5)
    title: str = "none"
    flag: Literal[True] = True


class Node(BaseModel):
    value: int
    children: list[Node] = Field(default_factory=list)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema; names of properties and definitions are no keywords."""
    yield schema
    for key in ("properties", "$defs"):
        for each in schema.get(key, {}).values():
            yield from nodes(each)
    for key in ("anyOf", "prefixItems"):
        for each in schema.get(key, []):
            yield from nodes(each)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key])


def faults(schema: dict[str, Any], provider: str) -> list[str]:
    """What a provider would refuse in a schema, by the rules of its documentation."""
    found = []
    for node in nodes(schema):
        found += [f"{key} is not taken" for key in set(node) - ALLOWED[provider]]
        if "$ref" in node and len(node) > 1:
            found.append(f"a reference with siblings: {node}")
        if "$ref" in node and node["$ref"].removeprefix("#/$defs/") not in schema.get("$defs", {}):
            found.append(f"a reference to nowhere: {node}")
        if isinstance(node.get("type"), list):
            found.append(f"a list of types: {node}")
        if provider == "anthropic" and node.get("minItems", 0) > 1:
            found.append("minItems above 1")
        if provider == "gemini" and any(isinstance(value, bool) for value in node.get("enum", [])):
            found.append("a flag in an enum")
        if "(?" in node.get("pattern", ""):
            found.append("a pattern that looks around")
        if node.get("type") == "object" and provider != "gemini":
            if node.get("additionalProperties") is not False:
                found.append(f"an open object: {node}")
            if provider == "openai" and set(node["properties"]) != set(node.get("required", [])):
                found.append(f"a property that is not required: {node}")
        if node.get("type") == "object":
            found += [
                f"{name} is required and missing" for name in set(node.get("required", [])) - set(node["properties"])
            ]
        if not node:
            found.append("an empty schema")
    if schema.get("type") != "object":
        found.append("the root is no object")
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "in the envelope"])
def test_what_must_work_everywhere_fits_every_subset(provider: str, wrap: bool) -> None:
    """Nested models, lists, enums, optional fields, dates, decimals and unions leave nothing a provider refuses."""
    schema = Everything.model_json_schema()
    schema = with_quotes(schema) if wrap else schema
    fitted = fit(schema, provider)
    assert [] == faults(fitted, provider)
    assert (None, True) == (refusal(schema, provider), has_native_form(schema, provider))
    answer = fitted["properties"]["answer"] if wrap else fitted
    assert list(Everything.model_fields) == list(answer["properties"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_not_enforced_is_told(provider: str) -> None:
    """A constraint, default or format that the provider does not take is said in the field's description."""
    properties = fit(Everything.model_json_schema(), provider)["properties"]
    assert "minLength: 2" in properties["name"]["description"]
    assert 'default: "none"' in properties["title"]["description"]
    assert "whether it was paid" == properties["status"]["description"]
    ratio = properties["ratio"]
    for key, value in {"minimum": 0, "maximum": 1, "multipleOf": 0.5}.items():
        assert (key in ratio) != (f"{key}: {value}" in ratio.get("description", ""))


def test_a_field_that_may_be_missing_is_said_in_each_providers_way() -> None:
    """Anthropic leaves it out of `required`, OpenAI gets "or null", Gemini keeps both."""
    schema = Everything.model_json_schema()
    moment = {name: fit(schema, name)["properties"]["moment"] for name in PROVIDERS}
    required = {name: "moment" in fit(schema, name)["required"] for name in PROVIDERS}
    value = {"type": "string", "format": "date-time"}
    assert {"anthropic": False, "openai": True, "gemini": False} == required
    either = {"anyOf": [value, {"type": "null"}]}
    assert {"anthropic": value, "openai": either, "gemini": either} == moment


def model(annotation: Any, **field: Any) -> dict[str, Any]:
    """The schema of a model with one field inside a list of models."""
    inner = type("Inner", (BaseModel,), {"__annotations__": {"part": annotation}, **field})
    outer = type("Outer", (BaseModel,), {"__annotations__": {"rows": list[inner]}})
    return outer.model_json_schema()


@pytest.mark.parametrize(
    ("schema", "refusing", "words"),
    [
        (model(dict[str, int]), {"anthropic", "openai"}, ["`rows[].part`", "dictionary", "list of models"]),
        (model(dict), {"anthropic", "openai"}, ["`rows[].part`", "dictionary"]),
        (model(tuple[int, str]), {"anthropic", "openai"}, ["`rows[].part`", "tuple"]),
        (model(Any), set(PROVIDERS), ["`rows[].part`", "give it a type"]),
        (model(list), set(PROVIDERS), ["`rows[].part`", "list[str]"]),
        (Node.model_json_schema(), {"anthropic"}, ["`children[]`", "`Node`", "levels"]),
        ({"type": "array", "items": {"type": "string"}}, set(PROVIDERS), ["only return an object"]),
        ({"anyOf": [{"type": "object"}, {"type": "null"}]}, set(PROVIDERS), ["only return an object"]),
        ({"type": "object", "properties": {"a": {"$ref": "other.json"}}}, set(PROVIDERS), ["`a`", "refers"]),
    ],
)  # fmt: skip
def test_what_cannot_be_returned_is_refused_by_field(
    schema: dict[str, Any], refusing: set[str], words: list[str]
) -> None:
    """A refusal names the field by its path and what to change; `fit` raises the same sentence."""
    found = {name: problem for name in PROVIDERS if (problem := refusal(schema, name))}
    assert refusing == set(found)
    for name, problem in found.items():
        assert [] == [word for word in words if word not in problem]
        with pytest.raises(ValidationError) as caught:
            fit(schema, name)
        assert problem == caught.value.message


def test_a_recursive_model_fits_where_recursion_is_taken() -> None:
    """OpenAI and Gemini get the definition and a reference to it; the root itself is an object."""
    for provider in ("openai", "gemini"):
        fitted = fit(Node.model_json_schema(), provider)
        assert [] == faults(fitted, provider)
        assert {"$ref": "#/$defs/Node"} == fitted["properties"]["children"]["items"]


def test_required_recursion_is_refused_for_gemini() -> None:
    """Gemini takes recursion only in properties that may be missing."""
    loop = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}, "required": ["next"]}
    schema = {"$ref": "#/$defs/N", "$defs": {"N": loop}}
    assert "give the field a default" in str(refusal(schema, "gemini"))


def flat(count: int, annotation: Any, **field: Any) -> dict[str, Any]:
    names = {f"f{index}": annotation for index in range(count)}
    values = {name: Field(**field) for name in names} if field else {}
    return type("Flat", (BaseModel,), {"__annotations__": names, **values}).model_json_schema()


@pytest.mark.parametrize(
    ("schema", "native"),
    [
        (flat(24, str | None, default=None), True),
        (flat(40, str | None, default=None), True),  # 24 left out, 16 with null
        (flat(41, str | None, default=None), False),
        (flat(16, int | str), True),
        (flat(17, int | str), False),
        (flat(60, int, default=0), True),  # beyond 24 the default is asked for
    ],
)
def test_anthropic_counts_unions_and_optional_fields(schema: dict[str, Any], native: bool) -> None:
    """At most 24 optional fields and 16 unions go out natively; a larger schema is asked for in the prompt."""
    fitted = fit(schema, "anthropic")
    optional = len(fitted["properties"]) - len(fitted.get("required", []))
    unions = sum("anyOf" in node for node in nodes(fitted))
    assert native == has_native_form(schema, "anthropic")
    assert optional <= 24
    assert native == (unions <= 16)


def test_openais_limits_of_size_are_kept() -> None:
    """More than 5,000 fields, 10 levels or 1,000 fixed values are refused before anything is sent."""
    deep: dict[str, Any] = {"type": "object", "properties": {"leaf": {"type": "string"}}}
    for _ in range(10):
        deep = {"type": "object", "properties": {"in": deep}, "required": ["in"]}
    values = {"type": "object", "properties": {"v": {"enum": [f"v{n}" for n in range(1001)]}}}
    assert "5,000 fields" in str(refusal(flat(5001, int), "openai"))
    assert "10 objects deep" in str(refusal(deep, "openai"))
    assert "1,000 fixed values" in str(refusal(values, "openai"))


def test_nulls_that_openai_needs_are_dropped_again() -> None:
    """A null goes for a field that may be missing and that the user's schema does not allow to be null; others stay."""
    schema = {
        "type": "object",
        "properties": {
            "gone": {"type": "string"},
            "kept": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
        },
        "$defs": {"Row": {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"type": "integer"}},
                          "required": ["m"]}},
    }  # fmt: skip
    data = {"gone": None, "kept": None, "rows": [{"n": None, "m": None}]}
    assert {"kept": None, "rows": [{"m": None}]} == drop_nulls(data, schema)


def test_the_users_schema_is_left_as_it_was() -> None:
    """Fitting copies; a change of the result reaches neither the input nor the next result."""
    schema = Everything.model_json_schema()
    before = json.dumps(schema)
    fit(schema, "openai")["properties"].clear()
    assert before == json.dumps(schema)
    assert fit(schema, "openai")["properties"]


SCALARS = st.sampled_from([
    {"type": "string"}, {"type": "string", "format": "date"}, {"type": "string", "format": "uri", "maxLength": 9},
    {"type": "integer", "minimum": 1, "exclusiveMaximum": 9}, {"type": "number", "multipleOf": 2, "default": 4},
    {"type": "boolean"}, {"type": ["string", "null"]}, {"enum": ["a", 1, None, True]}, {"const": "x"},
    {"type": "string", "pattern": "^(?!x)", "examples": ["y"]}, {"$ref": "#/$defs/Point", "description": "where"},
    {"$ref": "#/$defs/Point"}, {"allOf": [{"$ref": "#/$defs/Point"}], "title": "P"},
])  # fmt: skip


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["a", "b", "title", "type", "items", "default", "required", "$ref", "properties"])
    return st.dictionaries(names, inner, max_size=4).flatmap(
        lambda properties: st.lists(st.sampled_from(sorted(properties) or ["a"]), unique=True).map(
            lambda required: {
                "type": "object",
                "title": "O",
                "properties": properties,
                "required": [name for name in required if name in properties],
                "additionalProperties": False,
            }
        )
    )


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        objects(inner),
        inner.map(lambda items: {"type": "array", "items": items, "minItems": 2, "uniqueItems": True}),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options, "default": None}),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"oneOf": options, "discriminator": {}}),
    ),
    max_leaves=8,
)
POINT = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0}},
         "required": ["x"]}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(objects(SCHEMAS), st.sampled_from(PROVIDERS))
def test_whatever_is_fitted_obeys_the_subset(schema: dict[str, Any], provider: str) -> None:
    """For any schema, the result has nothing that the provider's documents rule out, or there is a refusal."""
    schema = {**schema, "$defs": {"Point": POINT}}
    if refusal(schema, provider) is None:
        assert [] == faults(fit(schema, provider), provider)
