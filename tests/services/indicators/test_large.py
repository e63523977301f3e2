"""Indicators of a large city: series are read in pages while they are looked at, and never all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from talwerk.broker import Broker
from talwerk.core.change import Mode, Observations, Provenance
from talwerk.core.query import Query
from talwerk.core.scope import Scope
from talwerk.core.series import Series
from talwerk.core.terms import expand
from talwerk.sdk.theme import Fresh, Received, Selection
from talwerk.services.indicators import evidence as evidence_module
from talwerk.services.indicators.result import Absence
from talwerk.store import SeriesPage
from tests.contracts.cities import change, prop
from tests.services.indicators.workbench import FULL, HOUR, HOURLY, Bench, bench

MANY = 90
PAGE = 20
STILL = Provenance(source="liste")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SeriesPage]:
    """The pages that were asked for, small ones; the question for the whole city at once is refused."""
    monkeypatch.setattr(evidence_module, "_SERIES_OF", PAGE)
    pages: list[SeriesPage] = []
    series, series_of = Broker.series, Broker.series_of

    def of_one(broker: Broker, scope: Scope, entity: str | None = None) -> tuple[Series, ...]:
        assert entity is not None, "somebody asked for all series of the city"
        return series(broker, scope, entity)

    def noted(broker: Broker, query: Query, scope: Scope, provenances: object = None) -> SeriesPage:
        pages.append(series_of(broker, query, scope, provenances))  # type: ignore[arg-type]
        return pages[-1]

    monkeypatch.setattr(Broker, "series", of_one)
    monkeypatch.setattr(Broker, "series_of", noted)
    return pages


async def filled(city: Bench) -> None:
    """Sensors of a network, every third of them late, and as many things of a list that has no rhythm."""
    await city.site.write(
        *(
            Observations(
                entity=f"urn:ngsi-ld:AirQualityObserved:{n}",
                types=(expand("AirQualityObserved"),),
                attribute=expand("no2"),
                at=[FULL - (24 if n % 3 == 0 else 1) * HOUR],
                values=[float(n)],
                provenance=HOURLY,
            )
            for n in range(MANY)
        ),
        *(change(Mode.CREATE, f"urn:x:{n}", STILL, name=prop("Bank")) for n in range(MANY)),
    )


async def test_measures_walk_through_a_large_city_page_by_page(tmp_path: Path, asked: list[SeriesPage]) -> None:
    async with bench(tmp_path) as city:
        await filled(city)
        found = city.compute(Fresh())
        assert (found.numerator, found.denominator) == (MANY * 2 // 3, MANY)
        assert len(asked) == -(-MANY // PAGE), "things without a rhythm were read, too"
        assert city.compute(Fresh(series=Selection(types=("AirQualityObserved",)))).count == MANY
        assert (city.compute(Received(days=1)).count, city.compute(Received(days=1)).numerator) == (MANY, MANY)
        assert max(len(page.series) for page in asked) == PAGE


async def test_what_no_source_brings_is_not_looked_for(tmp_path: Path, asked: list[SeriesPage]) -> None:
    async with bench(tmp_path) as city:
        await filled(city)
        assert city.compute(Fresh(series=Selection(sources=("liste",)))).absence is Absence.NO_SERIES
        assert not city.evidence().simulated
        assert asked == []
