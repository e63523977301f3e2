"""Every page of a served city tells what is in the store: numbers, states, windows, silence, faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest
from justhtml import JustHTML

from talwerk.core.change import Provenance
from talwerk.core.instants import DAY, HOUR, MINUTE, datetime_of
from talwerk.core.quality import Flag
from talwerk.store import Keeping
from tests.portal.workbench import BRIDGE, DAM, NOW, RAIN, STEP, Site, plain, site

BRIDGE_PAGE = "/de/messstelle/kluserbruecke"
BARE = Provenance(source="api")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def german(value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def local(at: int) -> str:
    moment = datetime_of(at).astimezone(ZoneInfo("Europe/Berlin"))
    return f"{moment:%d.%m.%Y}, {moment.hour}:{moment:%M} Uhr"


async def test_an_empty_city_says_what_to_do_first(here: Site) -> None:
    told = await here.text("/de")
    assert "Diese Stadt hat noch keine Messwerte." in told
    assert "talwerk replay sample.csv --mapping sample.toml" in told
    assert "Es gibt noch keine Messstelle." in await here.text("/de/messstellen")


async def test_the_start_page_tells_value_trend_and_state(here: Site) -> None:
    await here.observe([100.0, 101.0, 104.0])
    told = await here.text("/de")
    assert "Keine Informationsstufe erreicht." in told
    assert "Jüngster Messwert: 13:00 Uhr, vor 7 min." in told
    assert "Kluserbrücke 104 cm +4/h normal" in told
    assert "1 von 1 aktuell" in told
    assert "Wupperverband · Lizenz nicht angegeben" in told


@pytest.mark.parametrize("value, stage", [(126.0, 0), (126.5, 1), (212.5, 2), (253.5, 3)])
async def test_a_level_is_reached_above_it(here: Site, value: float, stage: int) -> None:
    await here.observe([100.0, value])
    told = await here.text("/de")
    assert (f"Kluserbrücke: Informationsstufe {stage}." in told) == bool(stage)


async def test_levels_are_never_held_against_somebody_elses_numbers(here: Site) -> None:
    stranger = "urn:ngsi-ld:WaterObserved:stranger"
    await here.name(stranger, "Kluserbrücke")
    await here.observe([400.0], stranger)
    told = await here.text("/de")
    assert "Informationsstufe" not in told
    assert "Wasserstand, Kluserbrücke 400 cm" in told


async def test_a_silent_city_says_so_and_shows_what_it_had(here: Site) -> None:
    await here.observe([104.0], last=NOW - 5 * HOUR)
    told = await here.text("/de")
    assert "Keine aktuellen Messwerte." in told
    assert "Seitdem schweigen alle Messreihen." in told
    assert "1 nicht aktuell" in told
    page = await here.text(BRIDGE_PAGE)
    assert "schweigt seit 5 Stunden" in page
    assert "Der Zeitraum endet mit dem letzten Wert." in page


async def test_a_gauge_of_the_axis_without_levels_is_drawn_to_its_highest_value(here: Site) -> None:
    await here.observe([100.0, 25.0, 25.0, 25.0], DAM)
    answer = await here.get("/de")
    assert 'class="fill" x="0" y="3" width="25"' in answer.text


async def test_every_page_asks_for_a_place_in_the_body_of_a_form(here: Site) -> None:
    for path, action in (("/de/impressum", "/de/mein-ort"), ("/en/nowhere", "/en/my-place")):
        page = (await here.get(path)).text
        assert f'<form class="ask" method="post" action="{action}" role="search">' in page


async def test_a_twin_is_credited_in_the_language_of_the_page(here: Site) -> None:
    simulated = Provenance(source="beispiel", attribution="Simulation, nicht von: © Wupperverband", simulated=True)
    await here.observe([60.0], DAM, provenance=simulated)
    assert "Simulation, nicht von: Wupperverband" in await here.text("/de")
    assert "Simulation, not by: Wupperverband" in await here.text("/en")


async def test_a_young_gauge_without_levels_is_not_drawn_as_full(here: Site) -> None:
    await here.observe([60.0, 60.0], DAM)
    answer = await here.get("/de")
    assert 'class="fill" x="0" y="3" width="50"' in answer.text


@pytest.mark.parametrize("span, days", [("24h", 1), ("7d", 7), ("30d", 30)])
async def test_numbers_of_a_window_are_those_of_its_values(here: Site, span: str, days: int) -> None:
    values = [50 + index * 37 % 61 + 0.25 for index in range(48 * 31)]
    flags = [Flag.FAIL if index in {1_400, 1_470} else Flag.PASS for index in range(len(values))]
    at = await here.observe(values, flags=flags)
    inside = [index for index, one in enumerate(at) if NOW - days * DAY <= one <= NOW]
    good = [values[index] for index in inside if flags[index] is Flag.PASS]
    told = await here.text(f"{BRIDGE_PAGE}?zeitraum={span}")
    failed = len(inside) - len(good)
    assert f"Werte {german(len(inside))}" + (f" {failed} fehlerhaft" if failed else "") in told
    assert f"Höchster {german(max(good))} cm" in told
    assert f"Niedrigster {german(min(good))} cm" in told
    assert f"Mittel {german(fmean(good))} cm" in told


async def test_the_whole_series_is_told_from_sums_as_from_values(here: Site) -> None:
    step = 10 * MINUTE
    values = [round(40 + index * 7919 % 997 / 10, 1) for index in range(6_000)]
    flags = [Flag.FAIL if index in {2_000, 2_001, 4_321} else Flag.PASS for index in range(len(values))]
    at = await here.observe(values, step=step, flags=flags, provenance=Provenance(source="a", cadence_s=600))
    good = [(one, when) for one, when, flag in zip(values, at, flags, strict=True) if flag is Flag.PASS]
    told = await here.text(f"{BRIDGE_PAGE}?zeitraum=all")
    highest, lowest = max(good, key=lambda pair: pair[0]), min(good, key=lambda pair: pair[0])
    assert f"Höchster {german(highest[0])} cm {local(highest[1])}" in told
    assert f"Niedrigster {german(lowest[0])} cm {local(lowest[1])}" in told
    assert f"Mittel {german(fmean(value for value, _ in good))} cm" in told
    assert "Werte 6.000 3 fehlerhaft" in told
    assert "Fläche: kleinster bis größter Wert, Linie: Mittel" in told


async def test_where_only_hourly_sums_are_kept_the_page_tells_from_them(here: Site) -> None:
    values = [round(40 + index * 7919 % 997 / 10, 1) for index in range(60 * 48)]
    at = await here.observe(values)
    tidy = here.city.tidy
    assert tidy is not None
    assert tidy(Keeping(today=NOW, raw_days=5), 60.0).values == sum(when < NOW - 5 * DAY - 7 * MINUTE for when in at)
    told = await here.text(f"{BRIDGE_PAGE}?zeitraum=all")
    assert f"Werte {german(len(values))}" in told
    assert f"Mittel {german(fmean(values))} cm" in told
    for word, extreme in (("Höchster", max(values)), ("Niedrigster", min(values))):
        when = at[values.index(extreme)]
        assert f"{word} {german(extreme)} cm {local(when - when % HOUR)}" in told
    # Few enough values to be shown one by one, if all of them were there.
    month = await here.text(f"{BRIDGE_PAGE}?zeitraum=30d")
    inside = [value for value, one in zip(values, at, strict=True) if one >= NOW - 30 * DAY]
    assert "Fläche: kleinster bis größter Wert, Linie: Mittel" in month
    # The hour that the window cuts counts as a whole.
    assert f"Werte {german(len(inside) + 1)} " in month
    assert "Fläche" not in await here.text(f"{BRIDGE_PAGE}?zeitraum=24h")


async def test_edges_of_a_window_cut_the_sums_of_their_hours(here: Site) -> None:
    # More than 1,600 values a day, so that it is told from sums; the day begins seven minutes past an hour.
    values = [float(index % 90) for index in range(5_000)]
    at = await here.observe(values, step=MINUTE // 2, provenance=Provenance(source="a", cadence_s=600))
    told = await here.text(f"{BRIDGE_PAGE}?zeitraum=24h")
    inside = [value for value, one in zip(values, at, strict=True) if NOW - DAY <= one <= NOW]
    assert "Fläche:" in told
    assert f"Werte {german(len(inside))} " in told
    assert f"Mittel {german(fmean(inside))} cm" in told


async def test_failed_values_are_remarked_in_sentences(here: Site) -> None:
    flags = [Flag.PASS] * 10 + [Flag.FAIL] * 4 + [Flag.PASS] * 3 + [Flag.SUSPECT] + [Flag.PASS] * 2
    at = await here.observe([50.0] * 10 + [9_999.0] * 4 + [50.0] * 6, flags=flags)
    told = await here.text(BRIDGE_PAGE)
    assert "Auffällig" in told
    until = local(at[13]).partition(", ")[2]
    assert f"{local(at[10]).partition(', ')[2]} bis {until}: 4 Werte als fehlerhaft markiert." in told
    assert f"{local(at[17]).partition(', ')[2]}: 50 cm, als auffällig markiert." in told
    assert "4 fehlerhaft, 1 auffällig" in told
    assert "Höchster 50 cm" in told


async def test_a_dead_gauge_is_not_called_new(here: Site) -> None:
    await here.observe([0.0] * 60, RAIN, "precipitation", unit="MMT", flags=[Flag.FAIL])
    for path in ("/de", "/de/messstellen", "/de/messstelle/regen-beyenburg"):
        told = await here.text(path)
        assert "noch kein Wert" not in told
        assert "fehlerhaft" in told
    page = await here.text("/de/messstelle/regen-beyenburg")
    assert "Kein brauchbarer Wert" in page
    assert "nur fehlerhafte Werte. Ein Bild davon würde täuschen." in page
    assert "60 Werte als fehlerhaft markiert" in await here.text("/de/messstelle/regen-beyenburg?zeitraum=all")


async def test_a_gauge_that_broke_keeps_its_last_good_value(here: Site) -> None:
    await here.observe([80.0] * 20 + [9_999.0] * 30, flags=[Flag.PASS] * 20 + [Flag.FAIL] * 30)
    told = await here.text(BRIDGE_PAGE)
    assert "nur fehlerhafte Werte" in told
    assert "80 cm" in told
    assert "Letzter Wert vor 15 Stunden Seitdem nur fehlerhafte Werte." in told.replace(". Seitdem", " Seitdem")
    assert "9.999" not in told.partition("Verlauf")[0]


async def test_repeated_daily_rain_is_added_up_once(here: Site) -> None:
    """The sum of each day in standard time, told every half hour of the day after, over both changes of the clock."""
    first = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(hours=1)
    days = [(index * 7) % 23 for index in range(255)]
    values = [float(rain) for rain in days for _ in range(48)]
    last = round((first + timedelta(days=len(days) + 1)).timestamp() * 1_000_000) - STEP
    await here.observe(values, RAIN, "precipitation", unit="MMT", last=last)
    told = await here.text("/de/messstelle/regen-beyenburg?zeitraum=all")
    assert f"zusammen {german(sum(days), 1)} mm" in told
    assert f"Summe {german(sum(days), 1)} mm" in told
    assert "Ein Balken steht für die Summe aus 1 Tag." in told
    assert "Mittel" not in told
    # A week that ends with the last value, shortly before midnight in standard time.
    week = await here.text("/de/messstelle/regen-beyenburg?zeitraum=7d")
    assert f"Summe {german(sum(days[-7:]), 1)} mm" in week
    day = await here.text("/de/messstelle/regen-beyenburg?zeitraum=24h")
    assert "Summe" not in day.partition("Verlauf")[0].replace("Tagessumme", "")
    assert "werden nicht addiert" in day


async def test_rolling_daily_rain_is_added_up_once(here: Site) -> None:
    rain = [0.5 if index % 5 == 0 else 0.0 for index in range(24 * 20)]
    rolling = [sum(rain[max(index - 23, 0) : index + 1]) for index in range(len(rain))]
    midnight = NOW - (NOW + HOUR) % DAY
    hourly = Provenance(source="a", cadence_s=3_600)
    await here.observe(rolling, RAIN, "precipitation", unit="MMT", last=midnight, step=HOUR, provenance=hourly)
    told = await here.text("/de/messstelle/regen-beyenburg?zeitraum=all")
    assert f"zusammen {german(sum(rain), 1)} mm" in told


async def test_rain_without_overlap_is_added_up(here: Site) -> None:
    values = [0.1 * (index % 7) for index in range(60)]
    daily = Provenance(source="a", cadence_s=86_400)
    await here.observe(values, RAIN, "precipitation", unit="MMT", step=DAY, last=NOW - 13 * HOUR, provenance=daily)
    told = await here.text("/de/messstelle/regen-beyenburg?zeitraum=all")
    assert f"zusammen {german(sum(values), 1)} mm" in told


async def test_a_series_without_rhythm_is_shown_where_it_ends(here: Site) -> None:
    thing = "urn:ngsi-ld:Meter:7"
    await here.observe([4.0, 5.5], thing, "reading", unit="KWH", last=NOW - 400 * DAY, step=3 * DAY, provenance=BARE)
    told = await here.text(f"/de/messreihe?id={thing}&groesse=reading")
    assert "5,50 kWh" in told
    assert "vor 1 Jahr" in told or "vor 13 Monaten" in told
    assert "Der Zeitraum endet mit dem letzten Wert." in told
    start = await here.text("/de")
    assert "Keine aktuellen Messwerte." in start


async def test_simulated_values_are_marked_on_every_page(here: Site) -> None:
    assert "Beispieldaten, nicht" not in await here.text("/de")
    await here.observe([50.0], provenance=Provenance(source="beispiel", cadence_s=900, simulated=True))
    here.clock.pass_s(2)
    for path in ("/de", "/de/messstellen", BRIDGE_PAGE, "/de/zeichen"):
        assert "Beispieldaten, nicht gemessen." in await here.text(path), path
    assert "Beispieldaten, nicht gemessen." in await here.text("/de/nirgends", 404)
    assert "Beispieldaten, nicht gemessen." in await here.text(f"{BRIDGE_PAGE}?zeitraum=1h", 400)


async def test_open_writes_are_marked_on_every_page(tmp_path: Path) -> None:
    async with site(tmp_path, dev_open_writes=True) as opened:
        assert "Jeder kann hier Werte schreiben." in await opened.text("/de")


async def test_the_mark_of_the_profile_stands_in_header_and_icon(here: Site) -> None:
    page = (await here.get("/de")).text
    assert 'd="M8 4 V9 M24 4 V9" stroke-width="2.4"' in page
    icon = await here.visitor.get("/favicon.ico", follow_redirects=True)
    assert icon.headers["content-type"] == "image/svg+xml"
    assert b"M7 8 H25" in icon.content


async def test_another_city_has_its_own_points(tmp_path: Path) -> None:
    async with site(tmp_path, "solingen") as opened:
        await opened.observe([41.0], BRIDGE.replace("05124000", "05122000"))
        told = await opened.text("/de")
        assert "Talwerk Solingen" in told
        assert "Kluserbrücke 41 cm" in told


async def test_every_page_is_valid(here: Site) -> None:
    await here.observe([100.0] * 100, flags=[Flag.PASS] * 99 + [Flag.SUSPECT])
    await here.observe([0.0] * 100, RAIN, "precipitation", unit="MMT")
    ranges = [f"{BRIDGE_PAGE}?zeitraum={span}" for span in ("24h", "7d", "30d", "all")]
    for path in ("/de", "/de/messstellen", "/de/zeichen", *ranges, "/de/messstelle/regen-beyenburg?zeitraum=all"):
        answer = await here.get(path)
        JustHTML(answer.text, strict=True, sanitize=False)
        assert "Kluserbrücke" in plain(answer.text) or "zeichen" in path or "regen" in path


async def test_the_download_holds_the_window(here: Site) -> None:
    at = await here.observe([float(index) for index in range(100)])
    page = (await here.get(f"{BRIDGE_PAGE}?zeitraum=24h")).text
    href = next(part for part in page.split('"') if ".csv?" in part).replace("&amp;", "&")
    rows = (await here.visitor.get(href)).text.strip().splitlines()[1:]
    assert len(rows) == sum(one >= NOW - DAY for one in at)
