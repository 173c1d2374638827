"""The site is built from the repository without a warning, and asks nothing of any other host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from batchata_nb.notebook.helptext import COMMANDS
from batchata_nb.notebook.options import BY_NAME
from tools import chromium
from tools.docs_hooks import MADE

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LOADS = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "source": ("src", "srcset"), "video": ("src",),
    "audio": ("src",), "embed": ("src",), "object": ("data",), "use": ("href",), "form": ("action",),
}  # fmt: skip
LINKS = ("stylesheet", "icon", "preconnect", "preload", "modulepreload", "prefetch", "dns-prefetch", "manifest")


class Loads(HTMLParser):
    """Collects what a page loads by itself; what it only links to is no matter."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one tag."""
        given = dict(attrs)
        names = LOADS.get(tag, ())
        if tag == "link" and set(str(given.get("rel")).split()) & set(LINKS):
            names = ("href",)
        self.found += [str(given[name]) for name in names if given.get(name)]
        self.found += re.findall(r"url\(([^)]+)\)", given.get("style") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew; a warning is an error, though not with --quiet, which does not count them."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages(site: Path) -> list[Path]:
    """Return the pages of the site."""
    return sorted(site.rglob("*.html"))


def test_each_page_is_there(site):
    """Each Markdown page of the documentation is a page of the site, and reached by its navigation."""
    index = (site / "index.html").read_text(encoding="utf-8")
    for path in DOCS.rglob("*.md"):
        name = str(path.relative_to(DOCS).with_suffix(".html"))
        assert (site / name).is_file()
        assert name == "index.html" or f'href="{name}"' in index


def test_pages_load_nothing_from_other_hosts(site):
    """No page, style or frame of the site names another host in a place that a browser loads from."""
    asked = {}
    for path in pages(site):
        reader = Loads()
        reader.feed(path.read_text(encoding="utf-8"))
        asked[path.name] = reader.found
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        asked[path.name] = re.findall(r"url\(\s*['\"]?([^)'\"]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)

    assert sum(map(len, asked.values())) > 100
    assert [(page, url) for page, urls in asked.items() for url in urls if re.match(r"(https?:)?//", url)] == []


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The site behind a server on loopback; its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 480)])
def test_a_browser_shows_each_page_and_asks_no_other_host(site, served, scheme, width):
    """In a real browser no page asks another host, reports an error, or is wider than its window; the search finds."""
    executable = chromium.find()
    if executable is None:
        pytest.skip("no Chromium")
    elsewhere, errors, wide = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
        page.on("request", lambda request: elsewhere.append(request.url))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        for path in pages(site):
            name = str(path.relative_to(site))
            page.goto(served + name)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append(name)
        page.goto(f"{served}index.html?q=reconcile")
        page.locator(".md-search-result__item").first.wait_for()
        found = page.locator(".md-search-result__item").count()
        browser.close()

    assert [url for url in elsewhere if not url.startswith((served, "data:", "blob:"))] == []
    assert (errors, wide) == ([], [])
    assert found > 0


def test_nothing_made_is_left_open(site):
    """Every table that is made from the code stands in the page, in the place of its comment."""
    text = {path.name: path.read_text(encoding="utf-8") for path in pages(site)}

    assert not [name for name, page in text.items() if "made:" in page]
    for option in BY_NAME:
        assert option in text["cell.html"]
    for command in COMMANDS:
        assert f"%batchata {command.name}" in text["commands.html"]


def test_all_that_is_made_is_used():
    """Each thing that the hooks make stands in some page."""
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))

    assert not [name for name in MADE if f"<!-- made: {name} -->" not in pages]


def test_each_variable_is_documented():
    """Every environment variable that the program reads stands in the page on configuration."""
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8") + MADE["defaults"]()
    read = set()
    for path in (ROOT / "batchata_nb").rglob("*.py"):
        read |= set(re.findall(r'"(BATCHATA_[A-Z_]+)"', path.read_text(encoding="utf-8")))

    assert read
    assert not [name for name in read if name not in page]


def test_public_names_have_their_entry(site):
    """Every public name of the package is an entry of the reference."""
    import batchata_nb

    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    anchors = set(re.findall(r'id="batchata_nb\.[\w.]*?(\w+)"', page))

    assert not set(batchata_nb.__all__) - anchors
