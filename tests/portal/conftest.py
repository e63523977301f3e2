"""A real browser that shows rendered pages under their content security policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from talwerk.portal.frame.mark import mark_svg
from talwerk.portal.frame.render import CONTENT_SECURITY_POLICY, render
from talwerk.portal.frame.static import static_file
from tests.browsing import Visit, launched, visiting
from tests.portal.examples import PAGES

ADDRESS = "http://city.test/de/"


# Not for the session: while Playwright runs, no asynchronous test can in the same process.
@pytest.fixture(scope="module")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    with launched(needs("chromium")) as running:
        yield running


def answer(route: Route, name: str) -> None:
    view, frame = PAGES[name]
    address = route.request.url
    static = re.search(r"/static/[0-9a-f]+/(.+)", address)
    if address.endswith("zeichen.svg"):
        route.fulfill(body=mark_svg(frame.city.mark), content_type="image/svg+xml")
    elif static:
        media_type, content, _ = static_file(static[1])
        route.fulfill(body=content, content_type=media_type)
    else:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        route.fulfill(body=render(view, frame), content_type="text/html; charset=utf-8", headers=headers)


@pytest.fixture
def show(browser: Browser) -> Iterator[Visit]:
    """Open a page by its name: `page = show("calm", 360, "dark")`; complaints of the browser fail the test."""

    def answered(page: Page, name: str) -> None:
        page.route("**/*", lambda route: answer(route, name))

    with visiting(browser, ADDRESS, answered) as open_page:

        def by_name(name: str, width: int = 1280, scheme: str = "light", **options: object) -> Page:
            return open_page(name, width=width, color_scheme=scheme, **options)

        yield by_name
