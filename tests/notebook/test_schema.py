"""The schema section of a cell."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationInfo

from batchata_nb.core.errors import ValidationError
from batchata_nb.notebook.schema import model_name, response_model

HELPERS = {"BaseModel", "Field", "Literal", "Optional", "Annotated", "Enum", "date", "datetime", "Decimal"}


@pytest.fixture
def namespace() -> Iterator[dict[str, Any]]:
    """Give the names of a fresh `__main__`, as a notebook has them."""
    main, module = sys.modules["__main__"], types.ModuleType("__main__")
    sys.modules["__main__"] = module
    yield module.__dict__
    sys.modules["__main__"] = main


def properties(model: type[BaseModel] | None) -> dict[str, Any]:
    """Return the properties of the model's JSON schema."""
    assert model is not None
    found: dict[str, Any] = model.model_json_schema()["properties"]
    return found


def refused(code: str, namespace: dict[str, Any], name: str | None = None) -> str:
    """Return the message a section is refused with."""
    with pytest.raises(ValidationError) as caught:
        response_model(code, namespace, run_name="x", schema_name=name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bare_fields_make_a_model_named_after_the_run(namespace: dict[str, Any]):
    """Fields alone are enough, and a comment behind one becomes its description."""
    code = """sentiment: Literal["positive", "negative"]   # overall tone of the message
topics: list[str] = []  # at most three
# a note of the author's
count: int  # noqa: E501"""
    model = response_model(code, namespace, run_name="tickets")

    assert model is namespace["Tickets"]
    assert model.__name__ == "Tickets"
    assert [f.get("description") for f in properties(model).values()] == [
        "overall tone of the message", "at most three", None,
    ]  # fmt: skip


def test_helper_names_are_lent_and_not_left_behind(namespace: dict[str, Any]):
    """The section needs no imports, its methods keep the names, and the namespace does not get them."""
    before = set(namespace)
    code = """class Money(BaseModel):
    amount: float
    on: Optional[date] = None
    def exact(self):
        return Decimal(str(self.amount))"""
    model = response_model(code, namespace, run_name="x")

    assert model is not None
    assert set(namespace) - before == {"Money"}
    assert Decimal("1.5") == model(amount=1.5).exact()


def test_names_of_the_user_stay_the_users(namespace: dict[str, Any]):
    """A name that the user has imported means what the user imported, before and after."""
    mine = type("Decimal", (float,), {})
    namespace["Decimal"] = mine
    model = response_model("x: int\ndef f(): return Decimal", namespace, run_name="x")

    assert mine is namespace["Decimal"]
    assert mine is namespace["f"]()
    assert model is not None


def test_the_last_model_is_the_response(namespace: dict[str, Any]):
    """Several classes stay usable, and the last model that the section defines is the answer's type."""
    code = """class Line(BaseModel):
    amount: Decimal  # net
class Kind(Enum):
    A = "a"
class Invoice(BaseModel):
    lines: list[Line]
    kind: Kind
    due: "Optional[date]" = None  # last day
RATE = 0.2"""
    model = response_model(code, namespace, run_name="x")

    assert model is namespace["Invoice"]
    assert properties(namespace["Line"])["amount"]["description"] == "net"
    assert properties(model)["due"]["description"] == "last day"


def test_a_model_may_name_one_that_comes_later(namespace: dict[str, Any]):
    """References to later classes are resolved before the lent names go."""
    code = """class Invoice(BaseModel):
    lines: "list[Line]"
class Line(BaseModel):
    next: "Optional[Line]" = None
    kind: 'Literal["a"]' = "a"
"""
    model = response_model(code, namespace, run_name="x", schema_name="Invoice")

    assert model is not None
    assert model(lines=[{}]).model_dump() == {"lines": [{"next": None, "kind": "a"}]}


def test_fields_may_use_a_class_of_the_section(namespace: dict[str, Any]):
    """Bare fields stand last, whatever the order on the page, and a leading string describes their model."""
    model = response_model(
        '"Items of one order."\nitems: list[Item]\nclass Item(BaseModel):\n    n: int', namespace, run_name="orders"
    )

    assert model is not None
    assert model.model_json_schema()["description"] == "Items of one order."
    assert model(items=[{"n": 1}]).items[0].n == 1


def test_a_written_description_wins_over_a_comment(namespace: dict[str, Any]):
    """`Field(description=…)` is what the user said on purpose."""
    model = response_model('x: int = Field(description="mine", ge=0)  # aside', namespace, run_name="x")

    assert properties(model)["x"] == {"description": "mine", "minimum": 0, "title": "X", "type": "integer"}


def test_comments_leave_what_is_no_field_alone(namespace: dict[str, Any]):
    """Class variables, private attributes and the configuration take no description."""
    code = """from typing import ClassVar
class A(BaseModel):
    model_config: ClassVar[dict] = {"extra": "forbid"}  # strict
    unit: ClassVar[str] = "EUR"  # fixed
    _seen: int = 0  # private
    x: int  # shown"""
    model = response_model(code, namespace, run_name="x")

    assert properties(model) == {"x": {"description": "shown", "title": "X", "type": "integer"}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tickets", "Tickets"),
        ("support_tickets", "SupportTickets"),
        ("batch", "BatchModel"),
        ("decimal", "DecimalModel"),
        ("none", "NoneModel"),
        ("_", "Answer"),
        ("_1", "Run1"),
    ],
)
def test_a_run_name_becomes_a_class_name(name: str, expected: str):
    """The class name depends on the run's name alone, and never hides a name that means something else."""
    assert expected == model_name(name)


def test_a_named_schema_is_found_anywhere(namespace: dict[str, Any]):
    """`--schema` takes a class of the namespace or of a module in it."""

    class Invoice(BaseModel):
        total: float

    namespace["Invoice"] = Invoice
    namespace["models"] = types.SimpleNamespace(Invoice=Invoice)

    assert Invoice is response_model("", namespace, run_name="x", schema_name="Invoice")
    assert Invoice is response_model("", namespace, run_name="x", schema_name="models.Invoice")
    assert Invoice is response_model("RATE = 2", namespace, run_name="x", schema_name="Invoice")
    assert response_model("", namespace, run_name="x") is None
    assert "did you mean Invoice?" in refused("", namespace, "Invoic")
    assert "is not a Pydantic model class" in refused("", namespace, "models")


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("\nclass A(BaseModel):\n    x int", "Line 4 of the cell (x int): invalid syntax"),
        ("Extract the total, please.", "put a line --- above it"),
        ("print(1)", "it defines no model"),
        ("class A(BaseModel):\n    x: Strin", "Line 3 of the cell (x: Strin): NameError: name 'Strin' is not defined"),
        ("class A(BaseModel):\n    x: 'Strin'", "'Strin' is not defined"),
        ("x: int\nreturn", "'return' outside function"),
        ("x: int = 1 / 0", "Line 2 of the cell (x: int = 1 / 0): ZeroDivisionError: division by zero"),
        ("x: int\0", "null byte"),
    ],
)
def test_a_mistake_is_named_by_its_line(namespace: dict[str, Any], code: str, part: str):
    """Errors are one sentence with the line as the user counts it."""
    assert part in refused(code, namespace)
    assert HELPERS.isdisjoint(namespace)


def test_a_model_never_takes_the_place_of_something_else(namespace: dict[str, Any]):
    """Bare fields do not overwrite a name that is no model; a model of an earlier run of the cell they do."""
    namespace["X"] = sys.path
    message = refused("x: int", namespace)

    assert "X already means something else" in message
    del namespace["X"]
    first = response_model("x: int", namespace, run_name="x")
    assert response_model("x: int", namespace, run_name="x") is not first


def test_fields_and_a_class_of_their_name_exclude_each_other(namespace: dict[str, Any]):
    """A class of the section is never replaced by the model that its bare fields make."""
    assert "has a class X" in refused("class X(BaseModel):\n    n: int\nitems: list[X]", namespace)


def test_validators_of_the_user_work(namespace: dict[str, Any]):
    """Anything Pydantic offers can be imported and used in the section."""
    namespace["Info"] = ValidationInfo
    code = """from pydantic import field_validator
class A(BaseModel):
    x: int
    @field_validator("x")
    @classmethod
    def double(cls, value, info: Info):
        return value * 2"""
    model = response_model(code, namespace, run_name="x")

    assert model is not None
    assert model(x=2).model_dump() == {"x": 4}
