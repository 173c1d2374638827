"""Driving JupyterLab and Notebook 7 as a person does: a server on loopback, a Chromium, a notebook, its cells."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Request, expect

ROOT = Path(__file__).resolve().parent.parent.parent
SHOTS = ROOT / "test-results"
FRONT_ENDS = ("lab", "notebook")
OLD = ROOT / ".cache" / "ipykernel6"
"""An ipykernel 6, put there by `make browser`."""
ELSEWHERE = re.compile(r"^(?:https?|wss?|ftp)://(?!127\.0\.0\.1[:/])")
"""Any address that is not this machine's."""

SETTINGS = {
    # Cells out of view must be in the page, too.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}
PRIVATE = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_", "BATCHATA_")
"""Keys and settings of whoever runs the tests, which no kernel may see."""
BOOK = "const app = window.jupyterapp, panel = app.shell.currentWidget, book = panel.content;"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running JupyterLab or Notebook 7 with folders of its own.

    Attributes:
        kind: `lab` or `notebook`.
        folder: Where its notebooks are.
        url: Address without a slash at the end.
        token: What each request must bring.
    """

    kind: str
    folder: Path
    url: str
    token: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, kind: str, home: Path, settings: dict[str, str]) -> Server:
        """Start a server whose kernels see `settings` as environment variables, and wait until it answers."""
        folder, port, token = home / "notebooks", free_port(), secrets.token_hex(16)
        folder.mkdir(parents=True)
        for name, value in SETTINGS.items():
            path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value), encoding="utf-8")
        command = [sys.executable, "-m", "jupyter", kind, "--no-browser", "--expose-app-in-browser", "--allow-root"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
        command += [f"--IdentityProvider.token={token}", "--ServerApp.terminals_enabled=False"]
        command += [f"--ServerApp.root_dir={folder}"]
        own = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        env = {**own, **folders(home), **settings}
        old_kernel(Path(env["JUPYTER_DATA_DIR"]))
        with (home / "server.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)
        server = cls(kind, folder, f"http://127.0.0.1:{port}", token, process)
        try:
            until(server.answers, seconds=60, what=f"{kind} did not start: {home / 'server.log'}")
        except BaseException:
            server.stop()
            raise
        return server

    def answers(self) -> bool:
        """Whether the server takes requests; raises when its process has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.kind} has ended with {self.process.returncode}")
        try:
            self.api("GET", "status")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def api(self, method: str, path: str) -> Any:
        """Call the server's REST API; return the answer's JSON, or None."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def end_sessions(self) -> None:
        """End every kernel with its session, so that the next notebook of that name gets a new one."""
        for session in self.api("GET", "sessions"):
            self.api("DELETE", f"sessions/{session['id']}")

    def page_url(self, name: str) -> str:
        """Return where a notebook is opened; in JupyterLab in a workspace of its own, in which nothing else is open."""
        way = f"lab/workspaces/{secrets.token_hex(4)}/tree" if self.kind == "lab" else "notebooks"
        return f"{self.url}/{way}/{name}?token={self.token}"

    def write(self, name: str, cells: Sequence[str], kernel: str = "python3") -> Path:
        """Write a notebook of code cells."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        book.metadata["kernelspec"] = {"name": kernel, "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)
        return path

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def folders(home: Path) -> dict[str, str]:
    """Return the variables that give Jupyter and IPython folders of their own."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    own = {name: str(home / name.lower()) for name in names}
    return {**own, "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTER_PREFER_ENV_PATH": "1"}


def old_kernel(data: Path) -> None:
    """Offer a second kernel, named `old`: the same Python with an ipykernel 6."""
    folder = data / "kernels" / "old"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "old", "language": "python", "env": {"PYTHONPATH": str(OLD)}}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def until(ready: Callable[[], object], seconds: float, what: str) -> None:
    """Ask again and again until `ready` says yes; raises TimeoutError with `what`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


@dataclass
class Notebook:
    """One notebook in one page of a front end.

    Attributes:
        asked: Addresses outside this machine that the page asked for.
        faults: Uncaught errors of widgets' scripts.
    """

    server: Server
    page: Page
    name: str
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def fault(self, error: Error) -> None:
        """Keep an uncaught error of a widget: those are loaded from blobs. Front ends have errors of their own."""
        if "blob:" in (error.stack or ""):
            self.faults.append(error.stack or "")

    def open(self) -> Notebook:
        """Load the page and wait for the kernel."""
        self.page.goto(self.server.page_url(self.name))
        return self.ready()

    def ready(self, kernel: bool = True) -> Notebook:
        """Wait until cells can be run; without `kernel`, until they are drawn."""
        self.page.wait_for_function(
            f"kernel => {{ if (!window.jupyterapp?.shell?.currentWidget?.content?.widgets) return false; {BOOK}"
            " return panel.isVisible && book.widgets.length > 0 && (!kernel || (app.commands.isEnabled("
            "'notebook:run-cell') && panel.context.isReady && panel.sessionContext.isReady"
            " && panel.sessionContext.session?.kernel?.connectionStatus === 'connected'"
            " && panel.sessionContext.session.kernel.status === 'idle')); }",
            arg=kernel,
            timeout=60_000,
        )
        return self

    def reload(self) -> Notebook:
        """Reload the page, as a person does with F5."""
        self.page.reload()
        return self.ready()

    def run(self, cell: int, wait: bool = True, seconds: float = 60) -> Notebook:
        """Run a cell, and wait for its end unless told otherwise."""
        # A restarted kernel counts from 1 again: the number of the last time must not be taken for that of this one.
        self.js(
            "cell => { book.widgets[cell].model.executionCount = null; book.deselectAll(); book.activeCellIndex = cell;"
            " app.commands.execute('notebook:run-cell'); }",
            cell,
        )
        if wait:
            self.page.wait_for_function(
                f"cell => {{ {BOOK} const model = book.widgets[cell].model;"
                " return model.executionState !== 'running' && model.executionCount !== null; }",
                arg=cell,
                timeout=seconds * 1000,
            )
        return self

    def running(self, cell: int) -> bool:
        """Whether a cell has begun and not ended."""
        return bool(self.js("cell => book.widgets[cell].model.executionState === 'running'", cell))

    def js(self, function: str, arg: Any = None) -> Any:
        """Call a JavaScript function that may use `app`, `panel` and `book`."""
        return self.page.evaluate(f"arg => {{ {BOOK} return ({function})(arg); }}", arg)

    def cell(self, number: int) -> Locator:
        """Return a cell as drawn."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """Return the output area of a cell as drawn."""
        return self.cell(number).locator(".jp-OutputArea").first

    def shows(self, number: int, text: str | re.Pattern[str], seconds: float = 30) -> Locator:
        """Wait until a cell's output shows a text; return the output."""
        area = self.output(number)
        expect(area).to_contain_text(text, timeout=seconds * 1000)
        return area

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as they would be saved."""
        return list(self.js("cell => book.widgets[cell].model.outputs.toJSON()", cell))

    def printed(self, cell: int) -> str:
        """Return what a cell printed to its standard output."""
        return "".join("".join(o["text"]) for o in self.outputs(cell) if o.get("name") == "stdout")

    def interrupt(self) -> None:
        """Interrupt the kernel, as the stop button does."""
        self.js("() => panel.sessionContext.session.kernel.interrupt()")

    def restart(self) -> Notebook:
        """Restart the kernel."""
        self.js("async () => { await panel.sessionContext.restartKernel(); }")
        return self.ready()

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook; return what is in the file."""
        self.js("async () => { await panel.context.save(); }")
        return nbformat.read(self.server.folder / self.name, as_version=4)

    def theme(self, name: str) -> Notebook:
        """Switch the front end's theme: `JupyterLab Dark` or `JupyterLab Light`."""
        self.js("async name => { await app.commands.execute('apputils:change-theme', {theme: name}); }", name)
        dark = "false" if "Dark" in name else "true"
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", dark)
        return self

    def shot(self, name: str, area: Locator | None = None) -> Path:
        """Take a picture of the page, or of one place in it, into `test-results/`."""
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"{self.server.kind}-{name}.png"
        (area or self.page).screenshot(path=path)
        return path


def watch(context: BrowserContext, notebook: Notebook) -> None:
    """Refuse every request that leaves this machine, and keep a list of those and of script errors."""

    def refuse(route: Any, request: Request) -> None:
        notebook.asked.append(request.url)
        route.abort()

    context.route(ELSEWHERE, refuse)
    notebook.page.on("pageerror", notebook.fault)


def new_notebook(browser: Browser, server: Server, name: str, width: int = 1280, height: int = 900) -> Notebook:
    """Return a notebook in a browser context of its own; not opened yet."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    notebook = Notebook(server, context.new_page(), name)
    watch(context, notebook)
    return notebook


def close(notebook: Notebook) -> None:
    """Close the page with its context."""
    try:
        notebook.page.context.close()
    except Error:  # the browser has gone already
        return
