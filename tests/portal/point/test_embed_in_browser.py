"""The small page for other sites in a real browser: it renews itself, and stands still for whoever wants it to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from talwerk.portal.frame.render import render
from talwerk.portal.frame.views import Reading
from talwerk.portal.point.views import EmbedView, PointView
from tests.browsing import Visit, visiting
from tests.portal.conftest import answer
from tests.portal.examples import NOW_US, PAGES

HOST = '<!DOCTYPE html><html lang="de"><title>Verein</title><iframe title="Pegel" src="/de/klein"></iframe>'
MINUTE_MS = 60_000


class Source:
    """Gives the small page with a value that rises each time it is asked, until it is cut off."""

    def __init__(self) -> None:
        self.asked = 0
        self.there = True

    def answer(self, route: Route) -> None:
        if "/static/" in route.request.url:
            answer(route, "point-day")
        elif route.request.url.endswith("/verein"):
            route.fulfill(body=HOST, content_type="text/html; charset=utf-8")
        elif not self.there:
            route.fulfill(body="<!DOCTYPE html><title>502</title>", content_type="text/html")
        else:
            self.asked += 1
            route.fulfill(body=self.page(), content_type="text/html; charset=utf-8")

    def page(self) -> bytes:
        point, frame = PAGES["point-day"]
        assert isinstance(point, PointView)
        gauge = replace(point.gauge, latest=Reading(NOW_US, 100.0 + self.asked))
        return render(EmbedView(replace(point, gauge=gauge), "/de/messstelle/bruecke"), frame)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def visit(browser: Browser, source: Source) -> Iterator[Visit]:
    """Open a page whose clock the test turns."""

    def prepare(page: Page, path: str) -> None:
        page.clock.install()
        page.route("**/*", source.answer)

    with visiting(browser, "http://city.test", prepare, width=360) as open_page:
        yield open_page


def minutes(page: Page, count: int) -> None:
    """Let time pass, minute by minute, so that what answers in between can ask again."""
    for _ in range(count):
        page.clock.run_for(MINUTE_MS)
        page.wait_for_timeout(50)


def test_it_renews_itself_until_it_is_paused(visit: Visit, source: Source) -> None:
    page = visit("/de/klein")
    figure = page.locator(".figure")
    expect(figure).to_contain_text("101")
    minutes(page, 2)
    expect(figure).to_contain_text("103")
    pause = page.get_by_role("button", name="Live anhalten")
    pause.press("Enter")
    expect(page.get_by_role("button", name="Live fortsetzen", pressed=True)).to_be_focused()
    minutes(page, 5)
    expect(figure).to_contain_text("103")
    page.keyboard.press("Enter")
    minutes(page, 1)
    expect(page.get_by_role("button", name="Live anhalten")).to_be_focused()
    expect(figure).not_to_contain_text("103")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not Axe().run(page).response["violations"]


def test_a_city_that_does_not_answer_leaves_the_value_and_says_since_when(visit: Visit, source: Source) -> None:
    page = visit("/de/klein")
    source.there = False
    minutes(page, 2)
    expect(page.get_by_role("status")).to_contain_text("Nicht erneuert seit")
    expect(page.locator(".figure")).to_contain_text("101")
    source.there = True
    minutes(page, 1)
    expect(page.get_by_role("status")).to_be_empty()
    expect(page.locator(".figure")).to_contain_text("102")


def test_out_of_sight_it_asks_nobody(visit: Visit, source: Source) -> None:
    page = visit("/verein")
    small = page.frame_locator("iframe").locator(".figure")
    expect(small).to_contain_text("101")
    page.locator("iframe").evaluate("frame => { frame.style.marginTop = '5000px'; }")
    page.wait_for_timeout(200)
    minutes(page, 3)
    assert source.asked == 1
    page.locator("iframe").scroll_into_view_if_needed()
    expect(small).to_contain_text("102")
