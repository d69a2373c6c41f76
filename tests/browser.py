"""A real Chromium for the tests that open pages, and what it saw while a page was open."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visit:
    """An open page, with every message, error, dialog and request that left the machine's files."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def chromium() -> str:
    """The browser to use: REPORTGEN_CHROMIUM, else one on the PATH. There is no test without one."""
    named = os.environ.get("REPORTGEN_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise RuntimeError("no Chromium was found: run `make browser`, or set REPORTGEN_CHROMIUM to one")
    return found


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium with nothing of its own to say to the network."""
    return playwright.chromium.launch(executable_path=chromium(), args=list(_FLAGS))


@contextmanager
def visiting(browser: Browser, address: str | Path, *, width: int = 1440, dark: bool = False) -> Iterator[Visit]:
    """Open a page, from a file or an address, and scroll through it so that every figure is drawn."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    visit = Visit(page)
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (visit.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: visit.requests.append(request.url))
    page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
    for plot in page.locator(".plot").all():
        plot.scroll_into_view_if_needed()
    expect(page.locator(".plot[data-height]:not(.plot-drawn)")).to_have_count(0)
    yield visit
    page.close()
