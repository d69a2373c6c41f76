"""The explorer's budgets, measured in the browser that the tests use."""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, sync_playwright

from benchmarks.budget import Budget
from benchmarks.made_up import capitals_page, wide_page
from tests.browser import launch

SCRIPTS = ("plotly.js", "page.js")
ASSETS = Path(__file__).parents[1] / "templates" / "assets"
PANEL = "document.querySelector('.head-panel .plot-drawn') !== null"


@contextmanager
def opened(path: Path) -> Iterator[tuple[Page, list[Path], float]]:
    """The page once the first head's panel is drawn, the files it loaded until then, and the seconds it took."""
    files: list[Path] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("request", lambda request: files.append(Path(unquote(urlsplit(request.url).path))))
        began = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_function(PANEL)
        page.wait_for_function("document.querySelector('.plot[data-map].plot-drawn') !== null")
        yield page, files, time.perf_counter() - began
        browser.close()


def script_bytes() -> float:
    return sum((ASSETS / name).stat().st_size for name in SCRIPTS)


def first_load() -> float:
    """Kilobytes that travel until the page stands, gzipped file by file, the shared scripts left out."""
    with opened(capitals_page()) as (_, files, _):
        asked = {file for file in files if file.name not in SCRIPTS}
        return sum(len(gzip.compress(file.read_bytes())) for file in asked) / 1000


def open_head() -> float:
    """Milliseconds from a click on a cell to the finished panel of a head whose data is loaded."""
    with opened(capitals_page()) as (page, _, _):
        measured: float = page.evaluate(
            """async () => {
              const seen = (name) => new Promise((done) => {
                const look = () => {
                  const panel = document.querySelector(".head-panel");
                  const there = panel.querySelector("h3")?.textContent === name && panel.querySelector(".plot-drawn");
                  there ? done() : setTimeout(look);
                };
                look();
              });
              const open = async (name) => {
                const began = performance.now();
                const finder = document.querySelector(".head-finder");
                finder.value = name;
                finder.dispatchEvent(new Event("change"));
                await seen(name);
                return performance.now() - began;
              };
              await open("L3H1");
              await open("L2H2");
              return await open("L3H1");
            }"""
        )
        return measured


def wide_load() -> float:
    with opened(wide_page()) as (_, _, seconds):
        return seconds * 1000


def wide_bytes() -> float:
    return sum(file.stat().st_size for file in wide_page().parent.rglob("*") if file.is_file()) / 1_000_000


BUDGETS = (
    Budget("explorer-script-bytes", 1_200_000, "bytes", "all scripts of a site", script_bytes),
    Budget("explorer-first-load", 500, "kB", "gzipped, without the scripts", first_load),
    Budget("explorer-open-head", 100, "ms", "a head whose data is loaded", open_head),
    Budget("explorer-wide-load", 2_000, "ms", "80 × 64 made-up heads", wide_load),
    Budget("explorer-wide-bytes", 150, "MB", "a study of 80 × 64 heads and 350 statements", wide_bytes),
)
