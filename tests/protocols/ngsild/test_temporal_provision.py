from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.city import ENTITIES, TEMPORAL, City

ID = "urn:ngsi-ld:Gauge:1"
HISTORY = f"{TEMPORAL}/{ID}"
DAYS = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 5)]
Json = dict[str, Any]


def level(value: float, day: int, **more: Any) -> Json:
    return {"type": "Property", "value": value, "observedAt": DAYS[day], **more}


GAUGE: dict[str, Any] = {"id": ID, "type": "Gauge", "level": [level(1, 0), level(3, 2), level(2, 1)], "name": "Kluse"}


async def values(city: City) -> list[Any]:
    answer = await city.public.get(HISTORY)
    return [instance["value"] for instance in answer.json().get("level", [])]


async def current(city: City) -> Any:
    return (await city.public.get(f"{ENTITIES}/{ID}", params={"options": "keyValues"})).json()


async def test_a_history_comes_in_at_once_and_its_newest_value_is_current(city: City) -> None:
    answer = await city.operator.post(TEMPORAL, json=GAUGE)
    assert (answer.status_code, answer.headers["location"]) == (201, HISTORY)
    assert await values(city) == [1, 2, 3]
    assert await current(city) == {"id": ID, "type": "Gauge", "level": 3, "name": "Kluse"}
    again = await city.operator.post(TEMPORAL, json={**GAUGE, "level": [level(1, 0), level(0, 1), level(4, 3)]})
    assert (again.status_code, again.content) == (204, b"")
    assert await values(city) == [1, 0, 3, 4]
    assert (await current(city))["level"] == 4


async def test_instances_are_added_to_what_is_there(city: City) -> None:
    body = {"level": [level(9, 0, datasetId="urn:d:1"), level(4, 3)]}
    assert (await city.operator.post(f"{HISTORY}/attrs", json=body)).status_code == 404
    await city.operator.post(TEMPORAL, json=GAUGE)
    assert (await city.operator.post(f"{HISTORY}/attrs", json=body)).status_code == 204
    assert sorted(await values(city)) == [1, 2, 3, 4, 9]


async def test_an_instance_is_put_right_or_deleted(city: City) -> None:
    await city.operator.post(TEMPORAL, json=GAUGE)
    ids = [instance["instanceId"] for instance in (await city.public.get(HISTORY)).json()["level"]]
    address = f"{HISTORY}/attrs/level"
    answer = await city.operator.patch(f"{address}/{ids[2]}", json={"level": [level(30, 2)]})
    assert (answer.status_code, await values(city)) == (204, [1, 2, 30])
    assert (await current(city))["level"] == 30
    answer = await city.operator.patch(f"{address}/{ids[0]}", json=level(10, 0))
    assert (answer.status_code, await values(city)) == (204, [10, 2, 30])
    assert (await city.operator.delete(f"{address}/{ids[2]}")).status_code == 204
    assert (await values(city), (await current(city))["level"]) == ([10, 2], 2)
    for method in ("PATCH", "DELETE"):
        more: Json = {"json": level(1, 2)} if method == "PATCH" else {}
        for target in (f"level/{ids[2]}", f"name/{ids[0]}", "level/urn:x:1", f"none/{ids[0]}"):
            assert (await city.operator.request(method, f"{HISTORY}/attrs/{target}", **more)).status_code == 404
        assert (await city.operator.request(method, f"{address}/no-uri", **more)).status_code == 400


async def test_an_attribute_is_gone_with_its_history(city: City) -> None:
    await city.operator.post(TEMPORAL, json={**GAUGE, "level": [level(1, 0), level(9, 0, datasetId="urn:d:1")]})
    address = f"{HISTORY}/attrs/level"
    assert (await city.operator.delete(address, params={"datasetId": "urn:d:1"})).status_code == 204
    assert await values(city) == [1]
    assert (await city.operator.delete(address, params={"deleteAll": "true"})).status_code == 204
    assert (await values(city), await current(city)) == ([], {"id": ID, "type": "Gauge", "name": "Kluse"})
    assert (await city.operator.delete(address)).status_code == 404


async def test_an_entity_is_gone_with_its_history(city: City) -> None:
    await city.operator.post(TEMPORAL, json=GAUGE)
    assert (await city.operator.delete(HISTORY)).status_code == 204
    assert (await city.public.get(HISTORY)).status_code == 404
    assert (await city.public.get(f"{ENTITIES}/{ID}")).status_code == 404
    assert (await city.operator.delete(HISTORY)).status_code == 404
    await city.operator.post(TEMPORAL, json=GAUGE)
    await city.operator.delete(f"{ENTITIES}/{ID}")
    assert (await city.operator.delete(HISTORY)).status_code == 204
    assert (await city.public.get(HISTORY)).status_code == 404


@pytest.mark.parametrize(
    "method, address, body, status",
    [
        ("POST", "", [], 400),
        ("POST", "", {"id": ID}, 400),
        ("POST", "", {"id": "no uri", "type": "Gauge"}, 400),
        ("POST", "", {"id": ID, "type": "Gauge", "level": [level(1, 0), {"type": "Property"}]}, 400),
        ("POST", "", {"id": ID, "type": "Gauge", "level": [{"value": 1, "observedAt": "late"}]}, 400),
        ("POST", f"/{ID}/attrs", [], 400),
        ("POST", f"/{ID}/attrs", {"id": "urn:x:2", "level": []}, 400),
        ("POST", "/no-uri/attrs", {"level": 1}, 400),
        ("PATCH", f"/{ID}/attrs/level/urn:x:1", [], 400),
        ("PATCH", f"/{ID}/attrs/level/urn:x:1", {"level": [level(1, 0), level(2, 1)]}, 400),
        ("PATCH", f"/{ID}/attrs/level/urn:x:1", {"level": {"value": None}}, 400),
        ("PATCH", f"/{ID}/attrs/level/urn:x:1", level(1, 0), 404),
        ("DELETE", f"/{ID}/attrs/level/urn:ngsi-ld:Instance:x:{'9' * 50}", None, 404),
        ("DELETE", "/no-uri", None, 400),
        ("DELETE", f"/{ID}/attrs/level?deleteAll=1", None, 400),
    ],
)
async def test_bad_histories_are_refused(city: City, method: str, address: str, body: Any, status: int) -> None:
    more: Json = {} if method == "DELETE" else {"json": body}
    answer = await city.operator.request(method, TEMPORAL + address, **more)
    assert answer.status_code == status, answer.text
    assert {"type", "title", "status", "detail"} <= answer.json().keys()
    assert (await city.public.get(f"{ENTITIES}/{ID}")).status_code == 404
