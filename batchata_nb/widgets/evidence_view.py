"""One result beside its documents, as a widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from .dashboard import STATIC, Messenger, OnMessage


class ResultView(Messenger, anywidget.AnyWidget):
    """The evidence view of one result: fields on one side, the document with the cited places on the other.

    Args:
        detail: The result as the answer to a `result` message holds it, of which only its reviews change; with the run
            it is of (`run_id`, `run`), and the name by which its stand-in knows this view (`view`).
        on_message: Gets what the browser asks for: messages of kind `page`, `text` and `review`, as from a dashboard.
    """

    _esm = STATIC / "result.js"
    _css = STATIC / "views.css"
    detail = traitlets.Dict().tag(sync=True)
    """The result; the only synced state."""

    def __init__(self, detail: Mapping[str, Any], on_message: OnMessage) -> None:
        super().__init__(detail=dict(detail))
        self._listen(on_message)
