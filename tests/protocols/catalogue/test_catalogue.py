"""Themes and datasets for programs, through the whole application."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from talwerk import cities
from talwerk.core.change import Provenance
from talwerk.services.indicators.duty import Indicators
from tests.portal.workbench import BRIDGE, NOW
from tests.services.indicators.test_themes import OWN
from tests.services.indicators.workbench import CENTRE, HOURLY, Bench, bench

RESTRICTED = Provenance(source="verband", licence="restricted", attribution="Verband", cadence_s=900)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as opened:
        yield opened


async def compute(city: Bench) -> None:
    scope = city.city.system_scope("indicators")
    await Indicators(city.city.themes, city.ground, city.city.broker, scope, clock=city.clock).round()
    city.clock.pass_s(2)


async def asked(city: Bench, path: str, status: int = 200) -> httpx2.Response:
    answer = await city.site.visitor.get(path)
    assert answer.status_code == status, answer.text
    return answer


def rows(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def indicator(theme: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in theme["indicators"] if one["key"] == key)
    return found


async def test_themes_are_told_before_anything_is_known(city: Bench) -> None:
    told = (await asked(city, "/api/v1/themes")).json()
    assert (len(told["zielbilder"]), len(told["themes"])) == (4, 9)
    reasons = {one["absence"] for theme in told["themes"] for one in theme["indicators"]}
    assert reasons == {"unsourced", "not-computed"}
    assert all(one["value"] is None for theme in told["themes"] for one in theme["indicators"])


async def test_an_indicator_is_quotable(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    one = indicator((await asked(city, "/api/v1/themes/sicherheit")).json(), "pegel-aktuell")
    assert (one["value"], one["unit"], one["numerator"], one["denominator"]) == (100.0, "%", 1, 1)
    assert one["asOf"] == "2026-11-20T12:07:00Z"
    assert (one["sources"], one["licence"], one["attribution"]) == (["messnetz"], "CC-BY-4.0", ["Messnetz"])
    assert one["formula"].startswith("Messreihen an Gewässern")
    history = (await asked(city, one["history"])).json()
    assert [instance["value"] for instance in history["kpiValue"]] == [100.0]


async def test_indicators_are_linked_data_and_tables(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=HOURLY)
    await compute(city)
    every = rows(await asked(city, "/api/v1/themes.csv"))
    assert len(every) == sum(len(theme.indicators) for theme in city.city.themes.themes)
    (one,) = [row for row in rows(await asked(city, "/api/v1/themes/netze.csv")) if row["indicator"] == "aktuell"]
    assert one in every
    assert (one["value"], one["asOf"], one["simulated"]) == ("100.0", "2026-11-20T12:07:00Z", "false")
    entities = (await asked(city, "/ngsi-ld/v1/entities?type=KeyPerformanceIndicator&q=category==%22netze%22")).json()
    assert {entity["id"].rpartition(".")[2] for entity in entities} == {"aktuell", "empfangen", "quellen-puenktlich"}


async def test_simulated_values_say_so(city: Bench) -> None:
    await city.site.observe([1.0], BRIDGE, provenance=Provenance(source="beispiel", cadence_s=900, simulated=True))
    await compute(city)
    assert indicator((await asked(city, "/api/v1/themes/netze")).json(), "aktuell")["simulated"] is True


async def test_a_folder_in_a_profile_appears_everywhere(tmp_path: Path) -> None:
    profile = tmp_path / "meinestadt"
    shutil.copytree(cities.folder("remscheid"), profile)
    theme = profile / "themes" / "gaerten" / "theme.toml"
    theme.parent.mkdir(parents=True)
    sources = OWN.replace("queried =", 'sources = ["bodenfeuchte"]\nqueried =')
    theme.write_text(sources.format(key="gaerten"), encoding="utf-8")
    async with bench(tmp_path / "daten", str(profile)) as city:
        soil = Provenance(source="bodenfeuchte", licence="CC0-1.0", cadence_s=3_600)
        await city.site.observe([1.0], "urn:ngsi-ld:Device:1", "soilMoisture", unit="P1", last=NOW, provenance=soil)
        await compute(city)
        told = (await asked(city, "/api/v1/themes/gaerten")).json()
        assert indicator(told, "aktuell")["value"] == 100.0
        assert (await asked(city, "/api/v1/datasets/bodenfeuchte")).json()["themes"] == ["gaerten"]
        assert "Kleingärten" in await city.site.text("/de/themen")
        assert "Feuchte-Sensoren, die melden 100 %" in await city.site.text("/de/themen/gaerten")
        assert "Kleingärten" in await city.site.text("/de/daten")


async def test_restricted_terms_keep_a_dataset_from_being_taken_as_a_whole(city: Bench) -> None:
    await city.site.observe([1.0, 2.0], BRIDGE, provenance=RESTRICTED)
    refused = await asked(city, "/api/v1/datasets/verband.csv", 403)
    assert "until an operator states its licence" in refused.json()["detail"]
    described = (await asked(city, "/api/v1/datasets/verband")).json()
    assert (described["exportable"], described["csv"]) == (False, None)
    # A single series stays open, with its terms.
    single = await asked(city, f"/api/v1/stations/{BRIDGE}/height.csv")
    assert single.headers["x-licence"] == "restricted"


async def test_an_open_dataset_is_a_table_of_its_newest_values(city: Bench) -> None:
    await city.site.observe([1.0, 2.0], BRIDGE, provenance=HOURLY)
    await city.site.observe([3.5], BRIDGE, "flow", unit="MQS", provenance=HOURLY)
    await city.place("School", [CENTRE])
    told = rows(await asked(city, (await asked(city, "/api/v1/datasets/messnetz")).json()["csv"]))
    assert [(row["id"], row["attribute"], row["value"], row["unit"]) for row in told] == [
        (BRIDGE, "flow", "3.5", "m³/s"),
        (BRIDGE, "height", "2.0", "cm"),
    ]


@pytest.mark.parametrize(
    "path, status",
    [
        ("/api/v1/themes/paradies", 404),
        ("/api/v1/themes/paradies.csv", 404),
        ("/api/v1/datasets/nirgends", 404),
        ("/api/v1/datasets/nirgends.csv", 404),
        ("/api/v1/themes?seite=2", 400),
        ("/api/v1/datasets?limit=3", 400),
        ("/api/v1/themes/" + "x" * 5_000, 404),
        ("/api/v1/datasets/%00", 404),
    ],
)
async def test_what_is_not_there_is_a_problem(city: Bench, path: str, status: int) -> None:
    answer = await asked(city, path, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.text) < 1_000


async def test_texts_of_strangers_are_no_formulas(city: Bench) -> None:
    evil = Provenance(source="boese", licence="CC0-1.0", cadence_s=60)
    await city.site.observe(["=cmd|calc"], BRIDGE, "note", unit=None, provenance=evil)
    (row,) = rows(await asked(city, "/api/v1/datasets/boese.csv"))
    assert row["value"] == "'=cmd|calc"


async def test_answers_speak_the_language_that_is_asked_for(city: Bench) -> None:
    german = await asked(city, "/api/v1/themes/netze")
    assert (german.headers["content-language"], german.json()["title"]) == ("de", "IT-Infrastruktur und Netze")
    english = await asked(city, "/api/v1/themes/netze?lang=en")
    assert (english.headers["content-language"], english.json()["title"]) == ("en", "IT infrastructure and networks")
    assert english.headers["vary"] == "accept-language"
    rows_told = rows(await asked(city, "/api/v1/themes/netze.csv?lang=en"))
    assert rows_told[0]["title"] == "Series with a fresh value"
    assert rows_told[0]["formula"].startswith("Series whose newest usable value")
    titles = {one["key"]: one["title"] for one in (await asked(city, "/api/v1/datasets?lang=en")).json()["datasets"]}
    assert titles["schulen"] == "Schools"
    assert (await asked(city, "/api/v1/datasets/schulen")).json()["title"] == "Schulen"


@pytest.mark.parametrize(
    "header, language",
    [
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("de,en;q=0.9", "de"),
        ("fr", "de"),
        ("fr,en;q=0.1", "en"),
        ("en;q=x", "de"),
    ],
)
async def test_a_browser_is_answered_in_its_language(city: Bench, header: str, language: str) -> None:
    answer = await city.site.visitor.get("/api/v1/themes", headers={"accept-language": header})
    assert answer.headers["content-language"] == language


async def test_a_language_without_words_is_refused(city: Bench) -> None:
    answer = await asked(city, "/api/v1/themes?lang=fr", 400)
    assert "there are: de, en" in answer.json()["detail"]
