"""Front ends that cannot run here, as near as their own widget managers bring them: Colab's page and VS Code's webview.

A real kernel stands behind a page; this process carries the Jupyter messages between the two. Colab's front end is
`@jupyter-widgets/html-manager`, VS Code's `@vscode/jupyter-ipywidgets8`, both from npm, with anywidget's own script for
such hosts. Colab's kernel has Colab's versions where those are installed, and loses all that a thread sends.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from playwright.sync_api import Page

from .rig import PRIVATE, ROOT

NPM = ROOT / "js" / "node_modules"
REQUIRE = NPM / "requirejs" / "require.js"
HTML_MANAGER = NPM / "@jupyter-widgets" / "html-manager" / "dist" / "embed-amd.js"
VSCODE = NPM / "@vscode" / "jupyter-ipywidgets8" / "dist" / "ipywidgets.js"
CARRIED = ("comm_open", "comm_msg", "comm_close", "display_data", "update_display_data", "execute_result")
DEAF = """
import sys, threading, types
import google
google.colab = sys.modules["google.colab"] = types.ModuleType("google.colab")
google.colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: None)
google.colab.userdata = sys.modules["google.colab.userdata"] = types.ModuleType("google.colab.userdata")
class SecretNotFoundError(Exception): ...
def get(key): raise SecretNotFoundError(key)
google.colab.userdata.get, google.colab.userdata.SecretNotFoundError = get, SecretNotFoundError
session, lost = get_ipython().kernel.session, []
def send(stream, kind, *args, _real=session.send, **more):
    name = kind["header"]["msg_type"] if isinstance(kind, dict) else kind
    if threading.current_thread() is not threading.main_thread() and name in (
        "comm_open", "comm_msg", "comm_close", "display_data", "update_display_data"):
        return lost.append(name)
    return _real(stream, kind, *args, **more)
session.send = send
"""
COLAB = ROOT / ".cache" / "colab" / "bin" / "python"
PAGE = (Path(__file__).parent / "hosts.html").as_uri()


class Host:
    """A page with a widget manager, and the kernel behind it.

    Args:
        page: An empty page.
        kind: `colab` or `vscode`.
        folder: Where the kernel runs.
        load: Whether anywidget's script can be loaded by the page.
    """

    def __init__(self, page: Page, kind: str, folder: Path, *, load: bool = True) -> None:
        self.page, self.kind = page, kind
        self.asked: list[dict[str, Any]] = []
        python = str(COLAB) if kind == "colab" and COLAB.exists() else sys.executable
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
        env = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        env |= {"PYTHONPATH": str(ROOT), "BATCHATA_PRACTICE": "1", "IPYTHONDIR": str(folder / "ipython")}
        self.manager.start_kernel(cwd=str(folder), env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        widget = self.run("import anywidget, pathlib, sys; print(pathlib.Path(sys.prefix) / 'share')").strip()
        script = Path(widget) / "jupyter" / "nbextensions" / "anywidget" / "index.js"
        page.expose_function("toKernel", lambda text: self.asked.append(json.loads(text)))
        page.goto(PAGE)
        page.add_script_tag(path=REQUIRE)
        page.evaluate("text => { window.anywidgetScript = text; }", script.read_text("utf-8") if load else "")
        if kind == "colab":
            page.add_script_tag(path=HTML_MANAGER)
        else:
            page.add_script_tag(
                content=VSCODE.read_text("utf-8") + "\nwindow.activateVSCode = __webpack_exports__activate;",
                type="module",
            )
            page.wait_for_function("() => window.activateVSCode")
        page.evaluate("kind => window.begin(kind)", kind)

    def run(self, code: str, wait: bool = True) -> str:
        """Run code as a cell; return what it printed, once it has ended."""
        message = self.client.execute(code)
        printed, end = "", time.monotonic() + 60
        while wait and time.monotonic() < end:
            for found in self.pump():
                own = found["parent_header"].get("msg_id") == message
                if own and found["msg_type"] == "stream":
                    printed += found["content"]["text"]
                if own and found["msg_type"] == "error":
                    raise RuntimeError(f"{found['content']['ename']}: {found['content']['evalue']}")
                if own and found["msg_type"] == "status" and found["content"]["execution_state"] == "idle":
                    return printed
        return printed

    def pump(self) -> list[dict[str, Any]]:
        """Carry what has come from either side to the other; return the kernel's messages."""
        seen: list[dict[str, Any]] = []
        while self.asked:
            asked = self.asked.pop(0)
            self.client.shell_channel.send(self.client.session.msg(asked["type"], asked["content"]))
        try:
            while True:
                seen.append(self.client.get_iopub_msg(timeout=0.02))
        except queue.Empty:
            pass
        for found in seen:
            if found["msg_type"] in CARRIED and self.page.url.startswith("file:"):
                buffers = [base64.b64encode(bytes(each)).decode() for each in found.get("buffers") or ()]
                told = {"type": found["msg_type"], "content": found["content"], "buffers": buffers}
                self.page.evaluate("text => window.fromKernel(JSON.parse(text))", json.dumps(told, default=str))
        self.page.wait_for_timeout(20)
        return seen

    def until(self, ready: Callable[[], object], seconds: float = 30) -> bool:
        """Carry messages until something is so; return whether it came to be."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump()
            if ready():
                return True
        return False

    def shows(self, text: str, seconds: float = 30) -> bool:
        """Whether the page comes to show a text."""
        return self.until(lambda: text in self.page.inner_text("body"), seconds)

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
