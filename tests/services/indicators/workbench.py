"""A city with values, things and addresses, and what measures make of it: a real store, told naively again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import msgspec

from talwerk import cities
from talwerk.app import City
from talwerk.core.change import Change, Mode, Provenance
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.terms import LOCATION, expand
from talwerk.sdk.theme import Act, Indicator, Measure, Theme, Wording
from talwerk.services.indicators.computing import compute
from talwerk.services.indicators.evidence import Evidence, Ground
from talwerk.services.indicators.result import Result
from talwerk.services.places import House, Register
from talwerk.services.places.register import FILE
from talwerk.services.territory import FOLDER
from tests.portal.workbench import NOW, Site, StandingClock, site

HOURLY = Provenance(source="messnetz", licence="CC-BY-4.0", attribution="Messnetz", cadence_s=3_600)
HOUR = 3_600_000_000
DAY = 24 * HOUR
FULL = NOW - NOW % HOUR
"""The last full hour: 12:00 UTC, 13:00 in the city."""
CENTRE = (7.15, 51.256)
NUMBERS = count(1)


class Bench(msgspec.Struct, frozen=True):
    """A city and the measures that look at it."""

    site: Site

    @property
    def city(self) -> City:
        return self.site.city

    @property
    def clock(self) -> StandingClock:
        return self.site.clock

    @property
    def ground(self) -> Ground:
        city = self.city
        return Ground(
            profile=city.profile,
            territory=cities.territory(city.settings.city),
            addresses=city.directory / FOLDER / FILE,
        )

    def evidence(self) -> Evidence:
        return Evidence(self.city.broker, self.city.system_scope("test"), self.ground, self.clock.now())

    def compute(self, measure: Measure) -> Result:
        return compute(measure, self.evidence())

    def settle(self, places: Sequence[tuple[float, float]], quarters: Sequence[str] = ()) -> None:
        """Give the city addresses at these places, each in a quarter if official boundaries are to say so."""
        folder = self.city.directory / FOLDER
        folder.mkdir(exist_ok=True)
        houses = [
            House(
                street="Weg",
                number=n + 1,
                suffix="",
                postcode="42100",
                longitude=x,
                latitude=y,
                quarter=quarters[n] if quarters else "",
            )
            for n, (x, y) in enumerate(places)
        ]
        Register.build(houses).save(folder / FILE)

    async def place(self, kind: str, places: Iterable[tuple[float, float]], **statements: object) -> None:
        """Put things of a kind at these places."""
        told: Attributes = {
            expand(name): (Attribute(kind=Kind.PROPERTY, value=value),) for name, value in statements.items()
        }
        changes = []
        for x, y in places:
            where = Attribute(kind=Kind.GEO_PROPERTY, value={"type": "Point", "coordinates": [x, y]})
            entity = Entity(
                id=f"urn:ngsi-ld:{kind}:{next(NUMBERS)}",
                types=(expand(kind),),
                attributes={LOCATION: (where,), **told},
            )
            changes.append(Change(mode=Mode.UPDATE, entity=entity, provenance=HOURLY))
        if changes:
            await self.site.write(*changes)


@asynccontextmanager
async def bench(folder: Path, city: str = "wuppertal") -> AsyncIterator[Bench]:
    async with site(folder, city) as opened:
        yield Bench(opened)


def words(text: str) -> Wording:
    return Wording(de=text, en=text, easy=text)


def indicator(measure: Measure, key: str = "zahl", unit: str = "P1") -> Indicator:
    return Indicator(
        key=key, title=words("Zahl"), formula=words("Teil durch Ganzes"), denominator=words("Ganzes"), unit=unit,
        measure=measure,
    )  # fmt: skip


def theme(*indicators: Indicator, key: str = "probe") -> Theme:
    return Theme(
        key=key, order=1, title=words("Probe"), summary=words("Probe"), zielbild="resilienz", indicators=indicators,
        people=(Act(text=words("Sehen")),), city=(Act(text=words("Handeln")),),
    )  # fmt: skip
