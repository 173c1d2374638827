"""One Chromium for each module, one server of each front end for all, a new page and a new kernel for each test."""

from __future__ import annotations

import runpy
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.rig import Notebook, Server

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def chromium() -> str:
    """Return the path of a Chromium; without one the tests fail, they are not left out."""
    path = runpy.run_path(str(ROOT / "tools" / "chromium.py"))["find"]()
    if not path:
        pytest.fail("no Chromium: run 'make browser' first")
    return str(path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that can look up no host. Playwright ends with the module, since it holds an event loop meanwhile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        rules = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*FLAGS, rules])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Start a front end when it is first wanted; all end with the session."""
    from tests.e2e.rig import Server

    started: dict[str, Server] = {}

    def server(kind: str) -> Server:
        if kind not in started:
            home = tmp_path_factory.mktemp(kind)
            started[kind] = Server.start(kind, home, {"BATCHATA_PRACTICE": "1"})
        return started[kind]

    yield server
    for each in started.values():
        each.stop()


@pytest.fixture(params=["lab", "notebook"])
def front_end(request: pytest.FixtureRequest) -> str:
    """Both front ends, one after the other."""
    return str(request.param)


@pytest.fixture
def notebook(
    request: pytest.FixtureRequest, browser: Browser, servers: Callable[[str], Server], front_end: str
) -> Iterator[Callable[..., Notebook]]:
    """Open a new notebook of the given cells; at the end nothing may have been asked of another host."""
    from tests.e2e import rig

    server, opened = servers(front_end), []

    def open_new(cells: Sequence[str], files: Path | None = None, kernel: str = "python3", **size: Any) -> Notebook:
        name = f"{request.node.name.partition('[')[0]}-{secrets.token_hex(3)}/book.ipynb"  # a store of its own
        path = server.write(name, cells, kernel)
        if files:
            shutil.copytree(files, path.parent / files.name)
        book = rig.new_notebook(browser, server, name, **size)
        opened.append(book)
        return book.open()

    yield open_new
    for number, book in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            book.shot(f"failed-{request.node.originalname}-{number}")
        rig.close(book)
    server.end_sessions()
    assert [] == [address for book in opened for address in book.asked]
    assert [] == [fault for book in opened for fault in book.faults]


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember that a test has failed, so that its page is photographed before it closes."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
