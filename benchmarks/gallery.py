"""The section about the gallery: 1,000 results on one page of a real API server."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from tests.system.gallery import ROOT, Pages, airflow_pages
from tests.system.gallery_auth import READER

DAG, COUNT, AT_ONCE, ROUNDS = "gallery_odd", 1000, 6, 5
NOTES = f"""\
A run with {COUNT:,} results, each with a 2K JPEG of its own in the local service, on an API server with one process. A
browser asks for {AT_ONCE} pictures at the same time. *First picture* is from opening the page in headless Chromium
until the first one is drawn; asked: 2 s. *Growth* is that of the memory of the API server (RSS, all of its processes)
over what it has after its first page; asked: 50 MB. The peer is Airflow's own list of 100 task instances."""


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    with tempfile.TemporaryDirectory() as folder:
        dag = ROOT / "tests/system/dags" / f"{DAG}.py"
        with airflow_pages(Path(folder) / "home", {dag: {}}) as pages:
            return ["## The gallery", "", NOTES, "", *_measured(pages)]


def _measured(pages: Pages) -> list[str]:
    service, made = pages.service, Pictures().fuse(read_sample("coffee.png"), None, "oak", 1, "JPEG", "2K", 85)
    for number in range(COUNT):
        service.put_object(service.bucket, f"/many/{number}.jpg", made)
    # What the first page of all loads, of Airflow too, is there by then.
    pages.results("gallery_odd", task="make")
    peer = _seconds(lambda: pages.ask(f"/api/v2/dags/{DAG}/dagRuns/~/taskInstances?limit=100"))
    before = _memory(pages)
    first = _first_picture(pages)
    data = _seconds(lambda: pages.results(DAG, task="many"))
    ids = [one["id"] for result in pages.results(DAG, task="many")["results"] for one in result["pictures"]]
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda one: pages.get("picture", **pages.run(DAG), id=one, size="thumb"), set(ids)))
    seconds = time.perf_counter() - began
    assert all(answer.status_code == 200 for answer in answers)
    growth = (_memory(pages) - before) / 2**20
    rows = [
        ("first picture", f"{first:.2f} s"),
        (f"data of {COUNT:,} results", f"{data * 1000:.0f} ms, {data / peer:.1f} times the peer's"),
        (f"{len(answers):,} thumbnails", f"{len(answers) / seconds:.0f} a second"),
        ("growth", f"{growth:.0f} MB"),
    ]
    return ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)]


def _first_picture(pages: Pages) -> float:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        context = browser.new_context()
        context.add_cookies([{"name": "_token", "value": pages.tokens[READER], "url": pages.address}])
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{pages.page_of(DAG)}&task=many", wait_until="commit")
        page.wait_for_function("() => [...document.querySelectorAll('figure img')].some(one => one.naturalWidth > 0)")
        seconds = time.perf_counter() - began
        browser.close()
        return seconds


def _seconds(call: Callable[[], object]) -> float:
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def _memory(pages: Pages) -> int:
    processes = [pages.process, *pages.process.children(recursive=True)]
    return sum(int(process.memory_info().rss) for process in processes)
