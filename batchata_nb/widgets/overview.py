"""The runs of a store, as a widget: it shows pages of short lines and hands messages on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from .dashboard import STATIC, Messenger, OnMessage


class OverviewView(Messenger, anywidget.AnyWidget):
    """The overview of a store's runs.

    Args:
        overview: The first page, as the answer to a `runs` message holds it.
        on_message: Gets what the browser asks: messages of kind `runs` and `open`.
    """

    _esm = STATIC / "overview.js"
    _css = STATIC / "views.css"
    overview = traitlets.Dict().tag(sync=True)
    """The first page, for the first paint; later ones are asked for."""

    def __init__(self, overview: Mapping[str, Any], on_message: OnMessage) -> None:
        super().__init__(overview=dict(overview))
        self._listen(on_message)
