from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from talwerk.core.instants import HOUR, Instant
from talwerk.store.sqlite.limits import Limits
from tests.protocols.city import NOW, TEMPORAL, UPSERT, City, open_city

GAUGE = "urn:ngsi-ld:Gauge:1"
ADDRESS = f"{TEMPORAL}/{GAUGE}"


def at(minute: int) -> str:
    return f"2026-11-20T10:{minute:02}:00Z"


async def fill(city: City, gauges: int = 1, minutes: int = 6) -> None:
    for minute in range(minutes):
        body = [
            {"id": f"urn:ngsi-ld:Gauge:{n + 1}", "type": "Gauge", "level": {"value": minute, "observedAt": at(minute)}}
            for n in range(gauges)
        ]
        answer = await city.operator.post(UPSERT, params={"options": "update"}, json=body)
        assert answer.status_code in {201, 204}


async def values(city: City, **parameters: Any) -> list[Any]:
    answer = await city.public.get(ADDRESS, params={"options": "temporalValues", **parameters})
    assert answer.status_code == 200, answer.text
    level = answer.json().get("level", {"values": []})
    return [value for value, _ in level["values"]]


async def test_windows(city: City) -> None:
    await fill(city)
    assert await values(city) == [0, 1, 2, 3, 4, 5]
    assert await values(city, timerel="before", timeAt=at(2)) == [0, 1]
    assert await values(city, timerel="after", timeAt=at(2)) == [3, 4, 5]
    assert await values(city, timerel="between", timeAt=at(2), endTimeAt=at(4)) == [2, 3]
    assert await values(city, lastN=2) == [4, 5]
    assert await values(city, timerel="before", timeAt=at(4), lastN=2) == [2, 3]
    assert await values(city, timerel="after", timeAt="2026-11-20T09:00:00+01:00", lastN=1) == [5]


async def test_instances_in_full(city: City) -> None:
    await fill(city, minutes=2)
    answer = await city.public.get(ADDRESS)
    level = answer.json()["level"]
    assert [(i["type"], i["value"], i["observedAt"]) for i in level] == [
        ("Property", 0, at(0)),
        ("Property", 1, at(1)),
    ]
    assert len({instance["instanceId"] for instance in level}) == 2
    assert all(instance["instanceId"].startswith("urn:") for instance in level)
    assert "createdAt" not in level[0]
    system = await city.public.get(ADDRESS, params={"options": "sysAttrs"})
    assert {"createdAt", "modifiedAt"} <= system.json()["level"][0].keys()


async def test_values_and_times(city: City) -> None:
    await fill(city, minutes=2)
    for wanted in ({"options": "temporalValues"}, {"format": "temporalValues"}, {"format": "simplified"}):
        answer = await city.public.get(ADDRESS, params=wanted)
        assert answer.json() == {
            "id": GAUGE,
            "type": "Gauge",
            "level": {"type": "Property", "values": [[0, at(0)], [1, at(1)]]},
        }


async def test_other_kinds_have_their_own_words(city: City) -> None:
    payload = {
        "id": GAUGE,
        "type": "Gauge",
        "owner": {"object": "urn:x:y", "observedAt": at(1)},
        "street": {"languageMap": {"de": "Weg"}, "observedAt": at(1)},
        "parts": [{"value": 1, "observedAt": at(1)}, {"value": 2, "observedAt": at(1), "datasetId": "urn:d:1"}],
    }
    await city.operator.post(UPSERT, json=[payload])
    body = (await city.public.get(ADDRESS, params={"format": "temporalValues"})).json()
    assert body["owner"] == {"type": "Relationship", "objects": [["urn:x:y", at(1)]]}
    assert body["street"] == {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"de": "Weg"}}, at(1)]]}
    assert body["parts"] == [
        {"type": "Property", "values": [[1, at(1)]]},
        {"type": "Property", "values": [[2, at(1)]], "datasetId": "urn:d:1"},
    ]


async def test_by_time_of_writing(city: City) -> None:
    await fill(city, minutes=1)
    city.clock.at = Instant(NOW + HOUR)
    body = [{"id": GAUGE, "type": "Gauge", "level": {"value": 9, "observedAt": at(30)}}]
    await city.operator.post(UPSERT, params={"options": "update"}, json=body)
    later = {"timerel": "after", "timeAt": "2026-11-20T12:30:00Z", "timeproperty": "modifiedAt"}
    answer = await city.public.get(ADDRESS, params={"format": "temporalValues", **later})
    assert answer.json()["level"]["values"] == [[9, "2026-11-20T13:00:00Z"]]


async def test_queries(city: City) -> None:
    await fill(city, gauges=3, minutes=2)
    answer = await city.public.get(
        TEMPORAL, params={"type": "Gauge", "limit": 2, "count": "true", "options": "temporalValues"}
    )
    assert answer.headers["ngsild-results-count"] == "3"
    assert [entity["id"] for entity in answer.json()] == ["urn:ngsi-ld:Gauge:1", "urn:ngsi-ld:Gauge:2"]
    following = next(link for link in answer.headers.get_list("link") if 'rel="next"' in link)
    rest = await city.public.get(following.partition(">")[0].removeprefix("<"))
    assert [entity["id"] for entity in rest.json()] == ["urn:ngsi-ld:Gauge:3"]
    chosen = await city.public.get(TEMPORAL, params={"q": "level==1", "id": "urn:ngsi-ld:Gauge:2"})
    assert [entity["id"] for entity in chosen.json()] == ["urn:ngsi-ld:Gauge:2"]
    early = await city.public.get(TEMPORAL, params={"type": "Gauge", "timerel": "before", "timeAt": at(0)})
    assert early.json() == []


async def test_chosen_attributes(city: City) -> None:
    await city.operator.post(UPSERT, json=[{"id": GAUGE, "type": "Gauge", "level": 1, "name": "x"}])
    attrs = await city.public.get(ADDRESS, params={"attrs": "name"})
    assert attrs.json().keys() == {"id", "type", "name"}
    assert (await city.public.get(ADDRESS, params={"pick": "level"})).json().keys() == {"level"}
    assert (await city.public.get(ADDRESS, params={"omit": "level,type"})).json().keys() == {"id", "name"}


async def test_an_unknown_entity(city: City) -> None:
    answer = await city.public.get(f"{TEMPORAL}/urn:ngsi-ld:Gauge:7")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    "parameters, fault",
    [
        ({"timeAt": at(0)}, "InvalidRequest"),
        ({"timerel": "after"}, "BadRequestData"),
        ({"timerel": "between", "timeAt": at(0)}, "BadRequestData"),
        ({"timerel": "before", "timeAt": at(0), "endTimeAt": at(1)}, "BadRequestData"),
        ({"timerel": "between", "timeAt": at(1), "endTimeAt": at(1)}, "BadRequestData"),
        ({"timerel": "near", "timeAt": at(1)}, "BadRequestData"),
        ({"timerel": "after", "timeAt": "yesterday"}, "BadRequestData"),
        ({"timerel": "after", "timeAt": "9999-12-31T23:59:59Z"}, "BadRequestData"),
        ({"timerel": "after", "timeAt": "2026-11-20T10:00:00"}, "BadRequestData"),
        ({"timeproperty": "bornAt"}, "BadRequestData"),
        ({"lastN": "0"}, "BadRequestData"),
        ({"lastN": "-1"}, "BadRequestData"),
        ({"lastN": "many"}, "BadRequestData"),
        ({"options": "aggregatedValues"}, "BadRequestData"),
        ({"aggrMethods": "avg"}, "InvalidRequest"),
        ({"lang": "de!"}, "BadRequestData"),
        ({"pick": "level{name}"}, "BadRequestData"),
        ({"format": "pretty"}, "InvalidRequest"),
    ],
)
async def test_impossible_times(city: City, parameters: dict[str, str], fault: str) -> None:
    for address, further in ((ADDRESS, {}), (TEMPORAL, {"type": "Gauge"})):
        answer = await city.public.get(address, params={**parameters, **further})
        assert answer.json()["type"].rpartition("/")[2] == fault, answer.text
        assert answer.status_code == 400


async def test_what_was_cut_says_so(tmp_path: Path) -> None:
    async with open_city(tmp_path, limits=Limits(instances=4)) as city:
        await fill(city)
        for parameters, expected in (
            ({}, "date-time 2026-11-20T10:00:00-2026-11-20T10:03:00/*"),
            (
                {"timerel": "after", "timeAt": "2026-11-20T09:59:59Z"},
                "date-time 2026-11-20T09:59:59-2026-11-20T10:03:00/*",
            ),
        ):
            answer = await city.public.get(ADDRESS, params={**parameters, "format": "temporalValues"})
            assert answer.status_code == 206
            assert answer.headers["content-range"] == expected
            assert [value for value, _ in answer.json()["level"]["values"]] == [0, 1, 2, 3]
        assert await values(city, lastN=4) == [2, 3, 4, 5]
