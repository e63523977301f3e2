"""Every kind of page is valid HTML, needs no script and no inline style, and escapes what it is given."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from justhtml import JustHTML

from talwerk.portal.frame.place import City, Frame
from talwerk.portal.frame.render import render
from talwerk.portal.frame.views import ErrorView, PageView
from talwerk.portal.lage.views import EmptyView, Step
from talwerk.texts import catalogue
from tests.portal.examples import OLD_US, PAGES, frame, gauge, lage, point

every_page = pytest.mark.parametrize("view, around", PAGES.values(), ids=PAGES.keys())


def shown(view: PageView, around: Frame) -> str:
    return render(view, around).decode()


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace("\u00ad", "").replace("\u00a0", " ")


@every_page
def test_pages_are_valid_html(view: PageView, around: Frame) -> None:
    JustHTML(shown(view, around), strict=True, sanitize=False)


@every_page
def test_pages_keep_the_content_security_policy(view: PageView, around: Frame) -> None:
    html = shown(view, around)
    # A script has an address of ours, or it is data that no browser executes.
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all(' src="/static/' in told or told == ' type="application/json"' for told in scripts)
    assert "<style" not in html
    assert not re.search(r"\s(style|on\w+)=", html)
    assert not re.search(r'(src|xlink:href)="(https?:)?//', html)


@every_page
def test_pages_are_built_for_reading_aloud(view: PageView, around: Frame) -> None:
    html = shown(view, around)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    pointed = {
        name for names in re.findall(r'(?:aria-labelledby|aria-describedby)="([^"]+)"', html) for name in names.split()
    }
    assert pointed <= set(ids)
    headings = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert '<html lang="de">' in html
    assert 'href="#inhalt"' in html


@every_page
def test_nothing_is_missing_or_left_in_braces(view: PageView, around: Frame) -> None:
    html = shown(view, around)
    # Numbers for the chart and the settings of a library stand in braces of their own.
    words = re.sub(
        r"""(?s)<script type="application/json">.*?</script>|<meta name="htmx-config" content='.*?'>""", "", html
    )
    assert not re.search(r"[{}]|\bNone\b|\bnan\b", words)
    assert "Talwerk Musterstadt" in html


def test_text_from_outside_is_escaped() -> None:
    evil = '<script>alert("x")</script>'
    for view in (
        lage((gauge(evil),)),
        ErrorView(404, evil),
        EmptyView((Step(evil, evil),)),
        replace(point(), title=evil, method=evil),
    ):
        html = shown(view, replace(frame(banner=evil), city=City(evil)))
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_the_last_value_of_a_silent_series_stays_with_its_date() -> None:
    text = plain(shown(lage(now_us=OLD_US), frame(OLD_US)))
    assert "zuletzt 271 cm am 29.01.2021" in text
    assert "schweigt seit 5 Jahren" in text
    assert "jetzt" not in text


def test_an_old_point_does_not_pretend_to_be_live() -> None:
    text = plain(shown(point(), frame(OLD_US)))
    assert "Letzter Wert vor 5 Jahren" in text
    assert "Der Zeitraum endet mit dem letzten Wert." in text
    assert "steigt" not in text


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    text = plain(shown(*PAGES["point-week"]))
    assert "Die jüngsten 48 von 331 Werten im gewählten Zeitraum. Was aufbewahrt ist, steht in der CSV-Datei." in text


def test_the_band_has_a_table_twin() -> None:
    html = shown(*PAGES["raised"])
    assert html.count('<th scope="row">') == 6
    assert "126 / 212 / 253" in html


def test_unknown_errors_have_a_page() -> None:
    assert "Fehler 418" in shown(ErrorView(418), frame())


def test_first_view_is_small() -> None:
    assert max(len(render(*pair)) for pair in PAGES.values()) < 100_000


def test_no_text_is_left_over() -> None:
    package = Path(str(resources.files("talwerk")))
    sources = "\n".join(path.read_text() for pattern in ("*.py", "*.html") for path in package.rglob(pattern))
    asked = {re.split("[{]", key)[0] for key in re.findall(r"""["']([a-z_]+\.[\w.{}-]*)""", sources)}
    families = ("error.", "situation.", *(stem for stem in asked if stem.endswith((".", "_"))))
    left = {
        key
        for key in catalogue("de").entries
        if not key.startswith(families) and re.sub(r"\.(one|other)$", "", key) not in asked
    }
    assert not left
