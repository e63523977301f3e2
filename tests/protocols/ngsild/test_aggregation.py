"""Aggregated values and temporal queries by POST (NGSI-LD clauses 4.5.19 and 5.7.4)."""

from __future__ import annotations

from typing import Any

import pytest

from talwerk.core.change import Batch, Observations
from talwerk.core.instants import HOUR
from talwerk.core.terms import DEFAULT_VOCABULARY
from talwerk.privacy.policy import system_scope
from tests.protocols.city import NOW, TEMPORAL, City

POST_QUERY = "/ngsi-ld/v1/temporal/entityOperations/query"
GAUGE = "urn:x:gauge"


async def filled(city: City) -> None:
    """Three hours before noon, one value every half hour: 1, 2, 3, 4, 5, 6."""
    observations = Observations(
        entity=GAUGE,
        types=(DEFAULT_VOCABULARY + "Gauge",),
        attribute=DEFAULT_VOCABULARY + "level",
        at=[NOW - 3 * HOUR + n * HOUR // 2 for n in range(6)],
        values=[1, 2, 3, 4, 5, 6],
    )
    await city.broker.write(Batch(changes=(observations,)), system_scope("test"))


AGGREGATED = {"format": "aggregatedValues"}


async def test_values_per_hour(city: City) -> None:
    await filled(city)
    asked = {**AGGREGATED, "aggrMethods": "avg,totalCount,stddev", "aggrPeriodDuration": "PT1H"}
    answer = await city.public.get(f"{TEMPORAL}/{GAUGE}", params=asked)
    assert answer.status_code == 200, answer.text
    level = answer.json()["level"]
    ends = [("09", "10"), ("10", "11"), ("11", "12")]
    periods = [[f"2026-11-20T{start}:00:00Z", f"2026-11-20T{end}:00:00Z"] for start, end in ends]
    assert level == {
        "type": "Property",
        "avg": [[value, *period] for value, period in zip([1.5, 3.5, 5.5], periods, strict=True)],
        "totalCount": [[2, *period] for period in periods],
        "stddev": [[0.5, *period] for period in periods],
    }


async def test_one_value_over_everything(city: City) -> None:
    await filled(city)
    asked = {"options": "aggregatedValues", "aggrMethods": "max,sum", "aggrPeriodDuration": "PT0S", "type": "Gauge"}
    (gauge,) = (await city.public.get(TEMPORAL, params=asked)).json()
    period = ["2026-11-20T09:00:00Z", "2026-11-20T11:30:00Z"]
    assert gauge == {
        "id": GAUGE,
        "type": "Gauge",
        "level": {"type": "Property", "max": [[6, *period]], "sum": [[21, *period]]},
    }


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"temporalQ": {"timerel": "after", "timeAt": "2026-11-20T10:30:00Z"}}, [4, 5, 6][1:]),
        ({"temporalQ": {"timerel": "before", "timeAt": "2026-11-20T10:00:00Z"}}, [1, 2]),
        ({"temporalQ": {"lastN": 1}}, [6]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_histories_by_post(city: City, body: dict[str, Any], expected: list[int]) -> None:
    await filled(city)
    query = {"type": "Query", "entities": [{"type": "Gauge"}], **body}
    answer = await city.public.post(POST_QUERY, json=query, params={"options": "temporalValues"})
    assert answer.status_code == 200, answer.text
    assert [value for value, _ in answer.json()[0]["level"]["values"]] == expected


async def test_aggregates_by_post(city: City) -> None:
    await filled(city)
    since = {"timerel": "after", "timeAt": "2026-11-20T09:00:00Z", "aggrMethods": ["min"], "aggrPeriodDuration": "P1D"}
    query = {"type": "Query", "entities": [{"type": "Gauge"}], "temporalQ": since}
    (gauge,) = (await city.public.post(POST_QUERY, json=query, params=AGGREGATED)).json()
    assert gauge["level"]["min"] == [[2, "2026-11-20T09:00:00Z", "2026-11-21T09:00:00Z"]]


@pytest.mark.parametrize(
    "parameters, fault",
    [
        ({**AGGREGATED}, "BadRequestData"),
        ({**AGGREGATED, "aggrMethods": "median"}, "BadRequestData"),
        ({**AGGREGATED, "aggrMethods": "avg", "aggrPeriodDuration": "1 hour"}, "BadRequestData"),
        ({**AGGREGATED, "aggrMethods": "avg", "lastN": "3"}, "InvalidRequest"),
        ({"aggrMethods": "avg"}, "InvalidRequest"),
        ({"aggrPeriodDuration": "P1D"}, "InvalidRequest"),
        ({"options": "aggregatedValues,concise", "aggrMethods": "avg"}, "InvalidRequest"),
    ],
)
async def test_impossible_aggregations(city: City, parameters: dict[str, str], fault: str) -> None:
    await filled(city)
    answer = await city.public.get(f"{TEMPORAL}/{GAUGE}", params=parameters)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, fault), answer.text
    missing = await city.public.get(f"{TEMPORAL}/urn:x:none", params={**AGGREGATED, "aggrMethods": "avg"})
    assert missing.status_code == 404
