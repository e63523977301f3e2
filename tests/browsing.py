"""Pages of a city in a real browser; whatever the browser complains of fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

Visit = Callable[..., Page]
Prepare = Callable[[Page, str], None]
_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def launched(chromium: str) -> Iterator[Browser]:
    """Run a browser; no asynchronous test can run in the same process meanwhile."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield running
        running.close()


@contextmanager
def visiting(browser: Browser, address: str, prepare: Prepare | None = None, **standing: object) -> Iterator[Visit]:
    """Open pages, each in a browser of its own: `page = visit("/de", width=360, color_scheme="dark")`.

    Args:
        browser: which one.
        address: of the city.
        prepare: what to do with a page before it goes to its path: answer its requests, hold its clock.
        standing: options of every page unless it is given others; ``width`` and ``height`` in pixels.
    """
    opened = []
    complaints: list[str] = []

    def open_page(path: str, **options: object) -> Page:
        told = {**standing, **options}
        if "width" in told:
            told["viewport"] = {"width": told.pop("width"), "height": told.pop("height", 800)}
        context = browser.new_context(base_url=address, **told)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if prepare is not None:
            prepare(page, path)
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not complaints
