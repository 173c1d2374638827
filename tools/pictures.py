"""Take README's pictures anew: what the browser tests have photographed, and a report as Chromium shows it."""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SHOTS = {"lab-evidence.png": "evidence.png", "lab-live.png": "dashboard.png"}


def main() -> int:
    for shot, name in SHOTS.items():
        keep(ROOT / "test-results" / shot, name)
    with tempfile.TemporaryDirectory() as folder:
        keep(report(Path(folder)), "report.png")
    return 0


def keep(shot: Path, name: str) -> None:
    """Put a picture into the documentation, with as few colours as show it well."""
    with Image.open(shot) as picture:
        picture.convert("RGB").quantize(224, dither=Image.Dither.NONE).save(ROOT / "docs" / name, optimize=True)
    print(f"docs/{name}: {(ROOT / 'docs' / name).stat().st_size / 1024:.0f} KB")


def report(folder: Path) -> Path:
    """Photograph the beginning of the example invoices' report."""
    from playwright.sync_api import sync_playwright
    from pydantic import create_model

    from batchata_nb import Batch

    os.environ["BATCHATA_PRACTICE_SECONDS"] = "0.2"
    invoice = create_model("Invoice", invoice_number=(str, ...), vendor=(str, ...), total_amount=(float, ...))
    batch = (
        Batch().use_practice().set_state(file=str(folder / "state.db")).set_default_params(model="claude-sonnet-5-5")
    )
    for path in sorted((ROOT / "example_notebooks" / "invoices").glob("*.pdf")):
        batch.add_job(file=path, prompt="Extract.", response_model=invoice, enable_citations=True)
    made = batch.run(name="invoices", wait=True).export_html(folder / "report.html")
    chromium = runpy.run_path(str(ROOT / "tools" / "chromium.py"))["find"]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 960, "height": 960})
        page.goto(made.as_uri())
        page.screenshot(path=folder / "report.png")
        browser.close()
    return folder / "report.png"


if __name__ == "__main__":
    sys.exit(main())
