"""Addresses: strangers' ids, unknown things, errors as pages, conditional and packed answers, paging."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

import pytest

from talwerk.core.change import Change, Observations, Provenance
from talwerk.core.entity import Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import HOUR, parse_instant
from talwerk.core.terms import expand
from talwerk.portal.site.shelf import Shelf
from talwerk.privacy.devices import DeviceKeys
from tests.portal.workbench import BRIDGE, LATEST, NOW, Site, StandingClock, named, plain, site

ODD_ID = "https://example.org/a b?c=d&e=%41#f/../gerät".replace(" ", "%20")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def links(page: str) -> list[str]:
    return [html.unescape(href) for href in re.findall(r'href="([^"]+)"', page)]


@pytest.mark.parametrize(
    "entity, attribute",
    [
        (ODD_ID, "height"),
        ("urn:x:a/../b", "height"),
        ('urn:x:ß-"quoted"'.replace('"', "%22"), "https://example.org/wasser/stand"),
        ("urn:x:", "a.b"),
        ("urn:x:ü&amp;lt", "x" * 200),
    ],
)
async def test_every_link_of_a_strangers_series_leads_there(here: Site, entity: str, attribute: str) -> None:
    await here.observe([4.5] * 3, entity, attribute, unit=None)
    listed = (await here.get("/de/messstellen")).text
    (href,) = [link for link in links(listed) if link.startswith("/de/messreihe")]
    assert parse_qs(urlsplit(href).query)["id"] == [entity]
    page = await here.get(href)
    assert page.status_code == 200
    assert "4,50" in plain(page.text)
    inner = [link for link in links(page.text) if "zeitraum=" in link or "/api/v1/" in link]
    assert len([link for link in inner if "zeitraum=" in link]) == 4
    for link in inner:
        answer = await here.visitor.get(link)
        assert answer.status_code == 200, link
    for link in inner:
        if ".csv" in link:
            assert (await here.visitor.get(link)).text.count("4.5") == 3


async def test_datasets_of_one_attribute_have_a_page_each(here: Site) -> None:
    thing = "urn:ngsi-ld:Station:1"
    for dataset, value in (("urn:x:inside", 21.0), ("urn:x:outside", 4.0), (None, 12.0)):
        await here.observe([value], thing, "temperature", unit="CEL", dataset=dataset)
    listed = (await here.get("/de/messstellen")).text
    hrefs = [link for link in links(listed) if link.startswith("/de/messreihe")]
    told = [plain((await here.get(href)).text) for href in hrefs]
    assert len(set(hrefs)) == 3
    assert ["21,0 °C" in told[1], "4,0 °C" in told[2], "12,0 °C" in told[0]] == [True, True, True]
    assert "Temperatur (outside)" in told[1]
    downloads = [link for href in hrefs for link in links((await here.get(href)).text) if ".csv" in link]
    # The interface delivers one dataset; no page offers the numbers of another one as its own.
    assert len(downloads) == 1
    assert ",4.0," in (await here.visitor.get(downloads[0])).text


async def test_texts_are_no_numbers(here: Site) -> None:
    thing = "urn:ngsi-ld:Weir:1"
    await here.observe(["offen", "zu"], thing, "status", unit=None)
    assert "Diese Stadt hat noch keine Messwerte." in await here.text("/de")
    await here.observe([4.0], thing, "height")
    here.clock.pass_s(2)
    assert "1 von 1 aktuell" in await here.text("/de")
    await here.text(f"/de/messreihe?id={thing}&groesse=status", 404)


async def test_numbers_beyond_sense_break_no_page(here: Site) -> None:
    thing = "urn:ngsi-ld:Odd:1"
    await here.observe([1e308, -1e308, 0.0, 5e-324, 9_007_199_254_740_993], thing, "odd", unit="ZZ9")
    told = await here.text("/de")
    assert "ZZ9" in told
    for span in ("24h", "7d", "30d", "all"):
        page = await here.text(f"/de/messreihe?id={thing}&groesse=odd&zeitraum={span}")
        assert "nan" not in page.lower().split()
        assert max(len(word) for word in page.split()) < 120


async def test_names_are_one_bounded_line(here: Site) -> None:
    for index, (name, kind) in enumerate(
        [("<b>Am Tor</b>\n\u202e" + "x" * 500, Kind.PROPERTY), ({"en": "Gate", "de": "Tor"}, Kind.LANGUAGE_PROPERTY)]
    ):
        thing = f"urn:ngsi-ld:Thing:{index}"
        await here.name(thing, name, kind)
        await here.observe([1.0], thing)
    page = (await here.get("/de/messstellen")).text
    assert "<h2>Tor</h2>" in page
    assert "&lt;b&gt;Am Tor&lt;/b&gt; x" in page
    assert "x" * 121 not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "path, status, told",
    [
        ("/de/nirgends", 404, "Diese Seite gibt es nicht."),
        ("/nirgends/<b>", 404, "Diese Seite gibt es nicht."),
        ("/de/messstelle/nirgends", 404, "Unter „nirgends“ ist keine Messreihe bekannt."),
        ("/de/messstelle/buchenhofen", 404, "noch keine Werte"),
        ("/de/messreihe", 400, "zwei Angaben"),
        ("/de/messreihe?id=urn:x:1&groesse=%22", 400, "Diese Anfrage ist nicht verständlich."),
        ("/de/messreihe?id=urn:x:1&groesse=a", 404, "„urn:x:1“"),
        ("/de/messstelle/kluserbruecke?zeitraum=1h", 400, "Den Zeitraum „1h“ gibt es nicht. Möglich sind 24h, 7d"),
        ("/de/messstellen?seite=2", 404, "Die Liste hat keine Seite 2. Es gibt die Seiten 1 bis 1."),
        ("/de/messstellen?seite=0", 404, "Die Liste hat keine Seite 0."),
        ("/de/messstellen?seite=zwei", 400, "„zwei“"),
        ("/de/messstellen?seite=" + "9" * 5_000, 400, "9…“"),
    ],
)
async def test_errors_are_pages(here: Site, path: str, status: int, told: str) -> None:
    await here.observe([100.0])
    answer = await here.get(path)
    assert answer.status_code == status
    assert told in plain(answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Zur Startseite" in answer.text


@pytest.mark.parametrize(
    "raised, status",
    [
        (DomainError(Fault.TOO_COMPLEX, "The query is too complex."), 503),
        (DomainError(Fault.BUSY, "The store is busy."), 503),
        (ZeroDivisionError("a fault of ours"), 500),
    ],
)
async def test_what_fails_behind_a_page_is_told_by_a_page(
    here: Site, monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int
) -> None:
    await here.observe([100.0])

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(here.city.broker, "points", fail)
    answer = await here.get("/de")
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("60" if status == 503 else None)
    assert str(raised) not in answer.text
    monkeypatch.undo()
    assert "100 cm" in await here.text("/de"), "a fault is not kept"


async def test_programs_get_problem_documents_where_no_page_is(here: Site) -> None:
    for headers in ({}, {"accept": "application/json"}):
        answer = await here.visitor.get("/nirgends", headers=headers)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await here.get("/api/v1/nirgends")).headers["content-type"].startswith("text/html")


async def test_pages_take_nothing(here: Site) -> None:
    answer = await here.visitor.post("/de", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-type"] == "application/problem+json"
    page = await here.visitor.post("/de/messstellen", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["allow"]) == (405, "GET, HEAD")
    assert "Diese Seite kann nur gelesen werden." in page.text
    assert (await here.visitor.post("/nirgends", headers={"accept": "text/html"})).status_code == 404
    other = await here.visitor.request("DELETE", "/health/live")
    assert other.status_code == 405


async def test_slashes_at_the_end_lead_to_the_page(here: Site) -> None:
    for path, target in (("/de/", "/de"), ("/de/messstellen/", "/de/messstellen"), ("/de/a//?b=1", "/de/a?b=1")):
        answer = await here.get(path)
        assert (answer.status_code, answer.headers["location"]) == (308, target)
    assert (await here.get("/")).headers["location"] == "/de"


async def test_head_tells_the_same_without_content(here: Site) -> None:
    for path, status in (("/de", 200), ("/de/nirgends", 404)):
        answer = await here.visitor.head(path, headers={"accept": "text/html", "accept-encoding": "identity"})
        whole = await here.get(path, **{"accept-encoding": "identity"})
        assert answer.status_code == status
        assert answer.content == b""
        assert answer.headers["content-length"] == str(len(whole.content))


async def test_a_page_that_is_known_is_not_sent_again(here: Site) -> None:
    await here.observe([100.0])
    first = await here.get("/de")
    tag = first.headers["etag"]
    again = await here.get("/de", **{"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    await here.observe([101.0])
    here.clock.pass_s(2)
    changed = await here.get("/de", **{"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_pages_are_packed_for_those_who_unpack(here: Site) -> None:
    for offer, packed in (("gzip, br", True), ("identity", False), ("gzip;q=0", False), ("", False)):
        async with here.visitor.stream("GET", "/de", headers={"accept-encoding": offer}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert (answer.headers.get("content-encoding") == "gzip") == packed, offer
        assert b"<!DOCTYPE html>" in (gzip.decompress(raw) if packed else raw)


async def test_a_page_is_kept_while_it_is_true(here: Site) -> None:
    await here.observe([100.0])
    assert "100 cm" in await here.text("/de")
    await here.observe([111.0])
    here.clock.pass_s(1.1)
    assert "111 cm" in await here.text("/de"), "a second later at the latest it shows what was written"
    here.clock.pass_s(60)
    assert "vor 8 min" in await here.text("/de"), "its ages turn with the minute"


async def test_a_page_that_takes_long_to_make_is_kept_longer_but_never_a_second() -> None:
    clock, position = StandingClock(), iter(range(1_000))
    shelf = Shelf(clock, lambda: next(position))
    for cost_s, kept_s in ((0.01, 0.1), (0.05, 0.5), (3.0, 1.0)):

        async def make(cost_s: float = cost_s) -> bytes:
            clock.passed_s += cost_s
            return str(clock.passed_s).encode()

        first = await shelf.sheet(cost_s, make)
        clock.passed_s += kept_s - 0.001
        assert await shelf.sheet(cost_s, make) is first, (
            "something is written all the time, and it is kept all the same"
        )
        clock.passed_s += 0.002
        assert await shelf.sheet(cost_s, make) is not first


async def test_nobody_sees_the_page_of_somebody_who_may_see_more(here: Site) -> None:
    await here.observe([100.0])
    await here.observe([7.0], "urn:ngsi-ld:Secret:1", "height")
    keys = DeviceKeys(here.city.settings.data)
    key = keys.add("sensor", (expand("Secret"),), NOW)
    theirs = {"authorization": f"Bearer {key}"}
    for _ in range(2):
        assert "2 von 2 aktuell" in await here.text("/de")
        masked = plain((await here.get("/de", **theirs)).text)
        assert "1 von 1 aktuell" in masked
        assert "Kluserbrücke" not in masked
        assert (await here.get("/de/messstelle/kluserbruecke", **theirs)).status_code == 404


async def test_a_great_city_is_listed_in_pages(here: Site) -> None:
    provenance = Provenance(source="net", cadence_s=600)
    old = NOW - 5 * HOUR
    for start in range(0, 3_000, 1_000):
        changes: list[Change | Observations] = []
        for index in range(start, start + 1_000):
            entity, kind = f"urn:ngsi-ld:Box:{index:04d}", (expand("Box"),)
            changes.append(named(entity, f"Kasten {index:04d}", type_="Box"))
            changes.append(
                Observations(
                    entity=entity,
                    types=kind,
                    attribute=expand("temperature"),
                    unit="CEL",
                    provenance=provenance,
                    at=[old if index % 100 == 0 else LATEST],
                    values=[float(index)],
                )
            )
        await here.write(*changes)
    started = perf_counter()
    told = await here.text("/de")
    assert perf_counter() - started < 3
    assert "2.970 von 3.000 aktuell" in told
    assert "30 nicht aktuell" in told
    first = (await here.get("/de/messstellen")).text
    assert len(first) < 100_000
    assert "3.000 Messreihen. 30 davon ohne aktuellen Wert." in plain(first)
    assert "/de/messstellen?seite=2" in links(first)
    last = plain((await here.get("/de/messstellen?seite=30")).text)
    assert "Seite 30 von 30" in last
    assert "Kasten 2999" in last
    seen = []
    for page in range(1, 31):
        seen += re.findall(r"Kasten \d{4}", plain((await here.get(f"/de/messstellen?seite={page}")).text))
    assert seen == [f"Kasten {index:04d}" for index in range(3_000)]


async def test_the_future_is_not_shown_as_now(here: Site) -> None:
    await here.observe([100.0])
    await here.observe([400.0], last=parse_instant("2026-11-21T12:00:00Z"))
    told = await here.text("/de")
    assert "Kluserbrücke 100 cm" in told
    assert BRIDGE not in told
