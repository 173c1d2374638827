"""The widget classes and their bundles."""

from __future__ import annotations

import re
from typing import Any

import anywidget
import pytest

from batchata_nb.widgets.dashboard import STATIC, Dashboard
from batchata_nb.widgets.evidence_view import ResultView

from .hostile import detail, summary

Message = tuple[dict[str, Any], list[Any]]


def both(received: list[Message]) -> list[Dashboard | ResultView]:
    """One widget of each class, writing down what it is sent."""

    def note(content: dict[str, Any], buffers: list[memoryview]) -> None:
        received.append((content, buffers))

    return [Dashboard(summary("a"), note), ResultView(detail("a"), note)]


def receive(widget: Dashboard | ResultView, content: object, buffers: list[bytes]) -> None:
    """Hand a widget a custom message, as its comm does."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": buffers})


@pytest.mark.parametrize(("cls", "name"), [(Dashboard, "summary"), (ResultView, "detail")])
def test_one_synced_trait(cls: type[anywidget.AnyWidget], name: str) -> None:
    """A widget has one synced trait of ours, so that its state has constant size and one writer."""
    assert {name} == {key for key in cls.class_traits(sync=True) if key not in anywidget.AnyWidget.class_traits()}


def test_publish_replaces_the_summary() -> None:
    """A published summary is what the browser is given, as a value of its own."""
    widget = both([])[0]
    assert isinstance(widget, Dashboard)
    fresh = summary("b")
    widget.publish(fresh)
    fresh["name"] = "changed afterwards"

    assert summary("b") == widget.get_state("summary")["summary"]


def test_messages_are_handed_on() -> None:
    """A message of the browser reaches the callback with its buffers; what is no object is left out."""
    received: list[Message] = []
    for widget in both(received):
        receive(widget, {"kind": "pull", "op": "1"}, [b"x"])
        receive(widget, "nonsense", [])

    assert [({"kind": "pull", "op": "1"}, [b"x"])] * 2 == received


def test_replies_are_sent_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer goes out with its buffers, and without any when there are none."""
    sent: list[Any] = []
    monkeypatch.setattr(
        anywidget.AnyWidget, "send", lambda _self, content, buffers=None: sent.append((content, buffers))
    )
    for widget in both([]):
        widget.reply({"kind": "page", "op": "1"}, [b"jpeg"])
        widget.reply({"kind": "ack", "op": "2", "error": None})

    assert [({"kind": "page", "op": "1"}, [b"jpeg"]), ({"kind": "ack", "op": "2", "error": None}, None)] * 2 == sent


def test_front_end_chooses_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a comm overrides the shell that the front end chose (ipykernel 7.4), the choice is handed back."""
    comm = type(both([])[0].comm)
    monkeypatch.setattr(comm, "_reply_subshell_for", lambda _self, _data, _default: "main", raising=False)

    assert ["subshell"] * 2 == [widget.comm._reply_subshell_for({}, "subshell") for widget in both([])]


@pytest.mark.parametrize("name", ["dashboard.js", "overview.js", "result.js", "views.css"])
def test_bundles_are_small(name: str) -> None:
    """Every bundle is there and under 100 KiB: it travels with each widget."""
    assert 1000 < (STATIC / name).stat().st_size < 100 * 1024


@pytest.mark.parametrize("cls", [Dashboard, ResultView])
def test_bundle_is_a_widget_module(cls: Any) -> None:
    """A bundle exports a default module; both widgets carry it as source, not as an address."""
    widget = both([])[0] if cls is Dashboard else both([])[1]

    assert re.search(r"export\{\w+ as default\}", widget._esm)
    assert ".bnb" in widget._css


FORBIDDEN = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", "document.write", "DOMParser", "createContextualFragment",
    "setHTMLUnsafe", "cssText", "eval(", "new Function", "fetch(", "XMLHttpRequest", "WebSocket", "EventSource",
    "sendBeacon", "import(", "@import", "url(",
)  # fmt: skip


@pytest.mark.parametrize("name", ["dashboard.js", "overview.js", "result.js", "views.css"])
def test_bundles_make_no_markup_and_no_request(name: str) -> None:
    """No bundle can turn text into markup or ask anything of a network; the one address is the name of SVG."""
    source = (STATIC / name).read_text(encoding="utf-8")

    assert [] == [word for word in FORBIDDEN if word in source]
    assert {"http://www.w3.org/2000/svg"} >= set(re.findall(r"https?://[\w./-]+\w", source))
