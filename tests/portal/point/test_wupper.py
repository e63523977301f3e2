"""The real series of the Wupper gauges on its pages, against numbers read from the file itself."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from talwerk import cities
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.services.replay.plan import plan
from talwerk.services.replay.replay import replay
from tests.portal.workbench import Site, site

LEVEL = "Water Level,  Kluserbrücke"
RAIN = "Precipitation,  Beyenburg"


@pytest.fixture
def table(wupper: Path) -> Path:
    (found,) = wupper.glob("*.csv")
    return found


@pytest.fixture
async def river(table: Path, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        mapping = read_mapping(cities.folder("wuppertal") / "mappings" / "wupper-30min.toml")
        made = plan(mapping, opened.city.profile)
        scope = opened.city.system_scope("replay")
        await replay(TableFile(table, table.name), made, opened.city.broker, scope, clock=opened.clock)
        yield opened


async def test_the_pages_tell_what_the_file_holds(river: Site, table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    levels = [float(row[LEVEL]) for row in rows]
    # A day of rain is told in 48 rows; the day begins at 23:00 and counts once.
    rain = {(datetime.fromisoformat(row["date"]) + timedelta(hours=1)).date(): float(row[RAIN]) for row in rows}
    top = max(range(len(rows)), key=levels.__getitem__)

    told = await river.text("/de/messstelle/kluserbruecke?zeitraum=all")
    observed = datetime.fromisoformat(rows[top]["date"]) + timedelta(minutes=30, hours=1)
    assert f"Höchster {levels[top]:.0f} cm {observed:%d.%m.%Y}, {observed.hour}:{observed:%M} Uhr" in told
    assert f"Mittel {fmean(levels):.0f} cm" in told
    assert "Werte 20.624" in told

    wet = await river.text("/de/messstelle/regen-beyenburg?zeitraum=all")
    assert f"zusammen {sum(rain.values()):,.1f} mm".translate(str.maketrans(",.", ".,")) in wet

    dead = await river.text("/de/messstelle/regen-barmen?zeitraum=all")
    assert "20.624 fehlerhaft" in dead
    assert "Kein brauchbarer Wert" in dead

    flow = await river.text("/de/messstelle/beyenburg-abfluss?zeitraum=all")
    assert "18:30 Uhr: −0,5 m³/s, als fehlerhaft markiert." in flow

    start = await river.text("/de")
    assert "Was Sie hier sehen, ist eine Aufzeichnung und nicht die heutige Lage." in start
    assert "0 von 6 aktuell" in start
