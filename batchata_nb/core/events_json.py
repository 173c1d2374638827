"""An event as JSON, and back: `event_from_json` undoes `event_to_json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .events import KINDS, PLAIN_ROWS, Event
from .jobs import JsonObject


def event_to_json(event: Event) -> JsonObject:
    """Return the event as JSON, its name under `event`; runs of consecutive rows are written as `[first, last]`."""
    data: JsonObject = {"event": type(event).__name__}
    for item in fields(event):
        value = getattr(event, item.name)
        data[item.name] = _spans(value) if item.name == "rows" and type(event) in PLAIN_ROWS else value
    return data


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Rebuild an event from `event_to_json`.

    Raises:
        KeyError: The name is unknown (a newer version wrote it).
    """
    kind = KINDS[data["event"]]
    values = {key: value for key, value in data.items() if key != "event"}
    if "rows" in values:
        rows = values["rows"]
        values["rows"] = tuple(_unspan(rows)) if kind in PLAIN_ROWS else tuple(tuple(row) for row in rows)
    event: Event = kind(**values)
    return event


def _spans(rows: tuple[int, ...]) -> list[list[int]]:
    spans: list[list[int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return spans


def _unspan(spans: list[list[int]]) -> list[int]:
    return [row for first, last in spans for row in range(first, last + 1)]
