"""The crisis page: small, whole in itself, true to the minute, and there when nothing else works."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from justhtml import JustHTML

from talwerk.app.duties import duties
from talwerk.app.feeds import Course
from talwerk.core.instants import HOUR, MINUTE, format_instant
from talwerk.portal.crisis.making import FOLDER, CrisisWriter, file_of
from talwerk.portal.crisis.page import BYTES_MAX, policy
from tests.portal.workbench import NOW, Site, plain, site
from tests.services.warnings.test_in_force import alert, answered

STEPS = "Gehen Sie nicht in den Keller. Gehen Sie in höhere Stockwerke. Meiden Sie Bäche."


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def writer(here: Site) -> CrisisWriter:
    return next(duty for duty in duties(here.city, Course()) if isinstance(duty, CrisisWriter))


async def written(here: Site, path: str = "/de/krise") -> str:
    """The page as a person reads it, right after the engine wrote it."""
    await writer(here).round()
    here.clock.passed_s += 2
    return await here.text(path)


def extreme(native: str = "1", **said: Any) -> Any:
    return alert(native, **{"severity": "extreme", "areaServed": "Wuppertal", "instruction": STEPS, **said})


async def test_before_anything_was_written_it_gives_the_emergency_number(here: Site) -> None:
    told = await here.text("/de/krise", 503)
    assert "Notruf 112" in told
    assert (await here.get("/en/crisis")).headers["retry-after"] == "5"


async def test_calm_is_said_only_when_it_is_known(here: Site) -> None:
    assert "Ob eine Warnung gilt, ist gerade nicht bekannt." in await written(here)
    await answered(here, NOW - MINUTE)
    told = await written(here)
    assert "Zurzeit gilt keine Warnung vor großer Gefahr." in told
    assert "Stand: 20.11.2026, 13:07 Uhr." in told
    assert "No warning of severe danger is in force." in await here.text("/en/crisis")


async def test_an_extreme_warning_leads_with_what_to_do(here: Site) -> None:
    await answered(here, NOW - MINUTE)
    await here.write(extreme())
    told = await written(here)
    assert "Amtliche Warnung · extreme Gefahr Amtliche WARNUNG vor STURM Wuppertal. Gilt bis 14:07 Uhr." in told
    assert "Gehen Sie nicht in den Keller. Gehen Sie in höhere Stockwerke. Meiden Sie Bäche." in told
    html = (await here.get("/de/krise")).text
    assert html.count("<li lang=") == 3
    assert "Official WARNING of GALES" in await here.text("/en/crisis")


async def test_a_gauge_above_the_highest_stage_leads_where_nobody_warns(here: Site) -> None:
    await here.observe([240.0, 260.0])
    await answered(here, NOW - MINUTE)
    told = await written(here)
    assert "Gemessen, ohne amtliche Warnung Kluserbrücke: Informationsstufe 3." in told
    assert "Kluserbrücke 260 cm" in told


async def test_the_next_information_is_told_as_far_as_anybody_knows(here: Site) -> None:
    await answered(here, NOW - MINUTE)
    await here.write(extreme())
    told = await written(here)
    assert "Auf dieser Seite: 13:08 Uhr, danach jede Minute." in told
    assert "Von amtlicher Seite: nicht angekündigt." in told
    assert "abgefragt alle 5 min, zuletzt 13:06 Uhr" in told
    await here.write(extreme("2", nextUpdate=format_instant(NOW + 40 * MINUTE)))
    here.clock.pass_s(60)
    assert "Von amtlicher Seite: 13:47 Uhr" in await written(here)
    here.clock.pass_s(45 * 60)
    assert "Von amtlicher Seite: nicht angekündigt." in await written(here)


async def test_measured_alone_is_no_statement_about_warnings(here: Site) -> None:
    await here.observe([240.0, 260.0])
    told = await written(here)
    assert "Gemessen Kluserbrücke: Informationsstufe 3." in told
    assert "ohne amtliche Warnung" not in told


async def test_what_a_script_keeps_for_later_is_no_visit(here: Site) -> None:
    await written(here)
    today = here.city.visits.days()
    await here.get("/de/krise", **{"sec-fetch-mode": "cors"})
    assert here.city.visits.days() == today
    await here.get("/de/krise", **{"sec-fetch-mode": "navigate"})
    assert here.city.visits.days() != today


async def test_an_ended_warning_is_gone_with_the_next_page(here: Site) -> None:
    await answered(here, NOW - MINUTE)
    await here.write(extreme(validTo=format_instant(NOW + MINUTE)))
    assert "extreme Gefahr" in await written(here)
    here.clock.pass_s(60)
    assert "extreme Gefahr" not in await written(here)


async def test_it_is_small_whatever_is_warned_of(here: Site) -> None:
    long = " ".join(f"Sichern Sie {'alles, was sich bewegen kann, ' * 20}und zwar heute {n}." for n in range(7))
    await here.write(*(extreme(str(n), instruction=long, description=long) for n in range(30)))
    await written(here)
    for path in ("/de/krise", "/en/crisis"):
        answer = await here.get(path)
        assert len(answer.content) <= BYTES_MAX
        assert "weitere Warnungen" in plain(answer.text) or "more warnings" in plain(answer.text)


async def test_it_is_whole_in_itself_and_allowed_nothing_else(here: Site) -> None:
    await here.write(extreme())
    await written(here)
    answer = await here.get("/de/krise")
    assert answer.headers["content-security-policy"] == policy(answer.content)
    assert "'sha256-" in policy(answer.content)
    for wish in ("<script", "<img", '<link rel="stylesheet', "@font-face", "url(", "style="):
        assert wish not in answer.text
    document = JustHTML(answer.text, collect_errors=True)
    assert not document.errors


async def test_a_page_that_is_not_renewed_says_how_old_it_is(here: Site) -> None:
    await written(here)
    here.clock.pass_s(100)
    assert "wird gerade nicht erneuert" not in await here.text("/de/krise")
    before = (await here.get("/de/krise")).headers["etag"]
    here.clock.pass_s(500)
    answer = await here.get("/de/krise")
    assert "Diese Seite wurde vor 10 min geschrieben und wird gerade nicht erneuert." in plain(answer.text)
    assert answer.headers["etag"] != before
    here.clock.pass_s(3 * 3_600)
    assert "vor 3 Stunden" in await here.text("/de/krise")


async def test_it_needs_no_database(here: Site, tmp_path: Path) -> None:
    await written(here)
    for file in here.city.directory.glob("*.db*"):
        file.write_bytes(b"damaged" * 10_000)
    assert "Notruf 112" in await here.text("/de/krise")


async def test_a_damaged_file_does_not_replace_a_whole_page(here: Site) -> None:
    told = await written(here)
    file = file_of(here.city.directory / FOLDER, "de")
    whole = file.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"\0" * 4_096):
        file.write_bytes(damage)
        here.clock.pass_s(2)
        assert await here.text("/de/krise") == told
    file.unlink()
    here.clock.pass_s(2)
    assert await here.text("/de/krise") == told


async def test_whoever_has_it_is_sent_nothing(here: Site) -> None:
    await written(here)
    answer = await here.get("/de/krise")
    again = await here.get("/de/krise", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    assert (await here.visitor.post("/de/krise")).status_code in {404, 405}


async def test_the_packed_file_holds_the_same_for_any_web_server(here: Site) -> None:
    await written(here)
    file = file_of(here.city.directory / FOLDER, "de")
    assert gzip.decompress(file.with_suffix(".html.gz").read_bytes()) == file.read_bytes()


async def test_it_is_written_when_something_changed_or_the_minute_turned(here: Site) -> None:
    duty = writer(here)
    assert await duty.round()
    here.clock.pass_s(6)
    assert not await duty.round()
    await here.observe([104.0])
    assert await duty.round()
    await here.observe([105.0])
    assert not await duty.round()
    here.clock.pass_s(6)
    assert await duty.round()
    here.clock.pass_s(60)
    assert await duty.round()


async def test_an_announced_warning_is_not_grave_yet(here: Site) -> None:
    await answered(here, NOW - MINUTE)
    await here.write(extreme(validFrom=format_instant(NOW + HOUR), validTo=format_instant(NOW + 2 * HOUR)))
    assert "Zurzeit gilt keine Warnung vor großer Gefahr." in await written(here)


async def test_a_gauge_that_fell_silent_is_named(here: Site) -> None:
    await here.observe([245.0], last=NOW - 5 * HOUR)
    await here.write(extreme())
    assert "Kluserbrücke zuletzt 245 cm, 8:07 Uhr · schweigt" in await written(here)
