"""Draw the pictures of the gallery in the docs: run the catalogue's example, and look at its page in a browser.

    python -m docs.draw_gallery

Needs the environment of the tests, and Chromium. Writes ``docs/gallery*.jpg``.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from tests.system.gallery import ROOT, Pages, airflow_pages
from tests.system.gallery_auth import READER

DAG = "marketing_asset_refresh"
DOCS = Path(__file__).parent
SIZE = {"width": 1360, "height": 850}


def save(name: str, page: Any) -> None:
    """Write what a page shows as a JPEG."""
    from PIL import Image

    with Image.open(BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(DOCS / name, quality=85, optimize=True)


def opened(context: Any, pages: Pages) -> tuple[Any, Any]:
    """Open the tab of the run in Airflow's page; return the page, and the gallery in it."""
    page = context.new_page()
    page.goto(f"{pages.address}/dags/{DAG}/runs/{quote(pages.runs[DAG], safe='')}")
    page.get_by_role("link", name="Pictures").click()
    frame = page.wait_for_selector("iframe").content_frame()
    frame.wait_for_selector("figure img")
    frame.get_by_label("Size").fill("130")
    page.wait_for_timeout(4000)
    return page, frame


def main() -> None:
    """Draw them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        airflow_pages(Path(folder) / "home", {ROOT / "dags" / f"{DAG}.py": {}}, shows_faults=True) as pages,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for name, scheme in (("gallery.jpg", "light"), ("gallery-dark.jpg", "dark")):
            context = browser.new_context(viewport=SIZE, color_scheme=scheme)
            context.add_cookies([{"name": "_token", "value": pages.tokens[READER], "url": pages.address}])
            page, frame = opened(context, pages)
            save(name, page)
            if scheme == "light":
                frame.locator("figure button").nth(2).click()
                page.wait_for_timeout(3000)
                save("gallery-compare.jpg", page)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
