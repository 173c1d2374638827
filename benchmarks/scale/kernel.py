"""From the start of a kernel to a live dashboard, in a real kernel without a browser."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from material import environment

WIDGET = "application/vnd.jupyter.widget-view+json"


def _shows(data: dict[str, Any], run: str) -> bool:
    """A live run is shown as a widget, one that is over as static HTML."""
    return WIDGET in data or run in data.get("text/html", "")


def attached(folder: Path, run: str, **more: str) -> dict[str, Any]:
    """Start a kernel, load the extension, attach to a run; return seconds until the widget is there, and its size."""
    manager = KernelManager()
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv[0] = sys.executable
    began = time.perf_counter()
    manager.start_kernel(cwd=str(folder), env=environment(**more))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        up = time.perf_counter() - began
        client.execute(f"%load_ext batchata_nb\n%batchata attach {run}")
        said = []
        while True:
            message = client.get_iopub_msg(timeout=120)
            said.append(str(message["content"])[:500])
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "display_data" and _shows(message["content"]["data"], run):
                return {"seconds": time.perf_counter() - began, "kernel": up}
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle" and len(said) > 3:
                raise RuntimeError(f"no widget came: {said}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
