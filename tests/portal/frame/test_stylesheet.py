"""The one stylesheet: small, readable in both schemes, kept for ever under a path that names its content."""

from __future__ import annotations

import gzip
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from talwerk.portal.frame.mark import mark_svg
from talwerk.portal.frame.place import NEUTRAL_MARK
from talwerk.portal.frame.static import mark_href, static_href, static_routes, stylesheet

CSS = stylesheet().decode()
FOREGROUNDS = ("ink", "muted", "green", "river", "stage-1", "stage-2", "stage-3")
GROUNDS = ("paper", "surface", "green-soft", "river-soft", "stage-1-soft", "stage-2-soft", "stage-3-soft")
PAIRS = [(front, ground) for front in FOREGROUNDS for ground in GROUNDS] + [
    ("on-slate", "slate"),
    ("on-slate-act", "slate"),
    ("on-slate-river", "slate"),
    ("on-green", "green"),
    ("on-stage-3", "stage-3"),
]


def tokens(scheme: str) -> dict[str, str]:
    blocks = re.findall(r":root \{([^}]*--paper: #[^}]*)\}", CSS)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    if scheme == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1]))
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("front, ground", PAIRS)
def test_every_foreground_reads_on_every_ground(scheme: str, front: str, ground: str) -> None:
    found = tokens(scheme)
    assert contrast(found[front], found[ground]) >= 5.3


def test_stylesheet_is_small_and_asks_nobody() -> None:
    packed = len(gzip.compress(CSS.encode(), 9))
    assert packed < 14_000
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert CSS.count("{") == CSS.count("}")


def test_colours_are_tokens() -> None:
    rules = re.sub(r":root \{[^}]*\}", "", CSS)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#ffffff"}


def test_static_files_are_served_for_ever_and_packed() -> None:
    client = TestClient(Starlette(routes=static_routes()))
    answer = client.get(static_href("talwerk.css"))
    assert answer.text == CSS
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    plain = client.get(static_href("talwerk.css"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == stylesheet()


def test_another_hash_is_not_found() -> None:
    client = TestClient(Starlette(routes=static_routes()))
    assert client.get("/static/000000000000/talwerk.css").status_code == 404


def test_the_mark_is_an_icon() -> None:
    client = TestClient(Starlette(routes=static_routes()))
    answer = client.get(mark_href(NEUTRAL_MARK))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content == mark_svg(NEUTRAL_MARK)
