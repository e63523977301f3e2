"""A city that counts: values equal their time in seconds, so that any gap or half batch shows."""

from __future__ import annotations

from pathlib import Path

from talwerk.app import open_city
from talwerk.core.change import Batch, Observations
from talwerk.core.instants import SECOND
from talwerk.core.query import Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import expand
from talwerk.privacy.policy import system_scope
from talwerk.settings import Settings
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from tests.contracts.cities import StandingClock

ENTITY = "urn:ngsi-ld:Counter:1"
COUNT = expand("count")
SCOPE = system_scope("test")


def counts(start: int, n: int = 100) -> Batch:
    at = range(start, start + n)
    return Batch(
        changes=(
            Observations(
                entity=ENTITY,
                types=(expand("Counter"),),
                attribute=COUNT,
                at=[second * SECOND for second in at],
                values=list(at),
            ),
        )
    )


async def written(settings: Settings) -> list[int]:
    async with open_city(settings) as city:
        return city.broker.points(SeriesKey(entity=ENTITY, attribute=COUNT), Window(), SCOPE).values


def write(store: SqliteStore, start: int, n: int = 100) -> None:
    (answer,) = store.apply([Submission(counts(start, n), SCOPE)])
    assert not isinstance(answer, Exception), answer


def values(path: Path) -> list[int]:
    store = SqliteStore.open(path, StandingClock(), readonly=True, limits=Limits(budget_s=60))
    try:
        return store.points(SeriesKey(entity=ENTITY, attribute=COUNT), Window(), SCOPE).values
    finally:
        store.close()
