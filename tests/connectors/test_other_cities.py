"""Other cities' platforms as sources: pages that end, repeat, lead elsewhere or never end, and answers of any shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors import ngsi_ld, ogc_features, sensorthings
from talwerk.core.entity import Entity
from talwerk.core.identifiers import Iri
from talwerk.core.instants import parse_instant
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.sdk.connector import Connector
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.paging import native_of, query_of
from talwerk.sdk.profile import Profile
from talwerk.sdk.reading import Ask, Context, Finding, Reading, Thing, Unusable
from talwerk.services.sources.answers import TOO_LARGE, travelling
from talwerk.services.sources.state import Health
from tests.recording_server import Recorded, Reply, serving
from tests.services.sources.workbench import SCOPE, Bench, polled

AT = "2026-01-14T12:15:00Z"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)


def context(connector: Connector, **parameters: Any) -> Context:
    return Context(now=parse_instant(AT), parameters={**connector.parameters, **parameters})


def city(recorded: Recorded, connector: str, parameters: str) -> Profile:
    text = f"""
        [city]
        key = "stadt"
        name = "Stadt"
        ags = "05124000"
        ars = "051240000000"
        [[sources]]
        key = "nachbarstadt"
        connector = "{connector}"
        address = "{recorded.address}"
        parameters = {{ {parameters} }}
    """
    return parse_declaration(text, Profile, "test")


def held(bench: Bench, kind: str) -> dict[Iri, Entity]:
    found = bench.broker.read(Query(types=(expand(kind),), page=Page(limit=1_000)), SCOPE)
    return {Iri(entity.id): entity for entity in found.entities}


def json_reply(payload: object) -> Reply:
    return Reply(json.dumps(payload).encode())


class Endless(dict[str, Reply]):
    """Answers every path with what a function makes of it."""

    def __init__(self, answer: Callable[[str], object]) -> None:
        super().__init__()
        self._answer = answer

    def get(self, path: str, default: Any = None) -> Any:
        return json_reply(self._answer(path))


def gauge(number: int, authority: str = "05999000", at: str = AT) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:WaterObserved:{authority}:landespegel:{number}",
        "type": "WaterObserved",
        "height": {"type": "Property", "value": 100 + number, "unitCode": "CMT", "observedAt": at},
    }


async def test_all_pages_of_a_broker_are_read_and_ids_stay_what_they_are(tmp_path: Path) -> None:
    with serving({}) as recorded:
        for offset in range(0, 25, 10):
            more = f"&offset={offset}" if offset else ""
            path = f"/entities?type=WaterObserved&limit=10{more}"
            recorded.replies[path] = json_reply([gauge(number) for number in range(offset, min(offset + 10, 25))])
        wanted = city(recorded, "ngsi-ld", 'type = "WaterObserved", limit = 10')
        async with polled(tmp_path, recorded, city=wanted) as bench:
            await bench.round()
            await bench.round()
            found = held(bench, "WaterObserved")
            assert set(found) == {gauge(number)["id"] for number in range(25)}
            height = found[Iri(gauge(24)["id"])].attributes[expand("height")][0]
            assert (height.value, height.unit, height.observed) == (124, "CMT", parse_instant(AT))
            assert len(recorded.asked) == 3


async def test_a_broker_that_ignores_the_offset_is_asked_for_two_pages_and_no_more(tmp_path: Path) -> None:
    with serving(Endless(lambda _path: [gauge(number) for number in range(10)])) as recorded:
        wanted = city(recorded, "ngsi-ld", 'type = "WaterObserved", limit = 10')
        async with polled(tmp_path, recorded, city=wanted) as bench:
            await bench.round()
            assert len(recorded.asked) == 2
            assert bench.poll.state.left_out == {"a page comes again instead of the next one": 1}
            assert len(held(bench, "WaterObserved")) == 10


async def test_a_cursor_that_never_ends_ends_at_the_limit_of_pages(tmp_path: Path) -> None:
    def answer(path: str) -> object:
        number = int(path.partition("cursor=")[2] or 0)
        return {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "id": number, "geometry": None, "properties": {"name": f"Ort {number}"}}],
            "links": [{"rel": "next", "href": f"/collections/orte/items?cursor={number + 1}"}],
        }

    with serving(Endless(answer)) as recorded:
        wanted = city(recorded, "ogc-features", 'collection = "orte", pages = 7')
        async with polled(tmp_path, recorded, city=wanted) as bench:
            await bench.round()
            assert len(recorded.asked) == 7
            assert bench.poll.state.left_out == {"there are more than 7 pages": 1}
            assert bench.poll.state.health is Health.FRESH
            assert len(held(bench, "PointOfInterest")) == 7


async def test_a_next_link_to_another_host_is_asked_of_the_source_itself(tmp_path: Path) -> None:
    with serving({}) as other, serving({}) as recorded:
        first = "/collections/orte/items?f=json&limit=500&bbox=-180%2C-90%2C180%2C90"
        link = {"rel": "next", "href": f"{other.address}/intern/collections/orte/items?f=json&offset=1&t=a%2Bb"}
        feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [7.2, 51.2]}, "properties": {}}
        recorded.replies[first] = json_reply({"features": [{**feature, "id": 1}], "links": [link]})
        second = "/collections/orte/items?f=json&offset=1&t=a%2Bb"
        recorded.replies[second] = json_reply({"features": [{**feature, "id": 2}], "links": []})
        async with polled(tmp_path, recorded, city=city(recorded, "ogc-features", 'collection = "orte"')) as bench:
            await bench.round()
            assert [path for path, _ in recorded.asked] == [first, second]
            assert not other.asked
            assert len(held(bench, "PointOfInterest")) == 2


async def test_a_list_that_shrinks_to_one_page_asks_for_no_further_ones_and_ends_what_is_gone(tmp_path: Path) -> None:
    def page(number: int, last: int) -> Reply:
        links = [{"rel": "next", "href": f"/collections/orte/items?page={number + 1}"}] if number < last else []
        features = [{"type": "Feature", "id": number, "geometry": None, "properties": {"name": "Ort"}}]
        return json_reply({"features": features, "links": links})

    first = "/collections/orte/items?f=json&limit=500&bbox=-180%2C-90%2C180%2C90"
    with serving({first: page(1, 3)}) as recorded:
        recorded.replies |= {f"/collections/orte/items?page={number}": page(number, 3) for number in (2, 3)}
        async with polled(tmp_path, recorded, city=city(recorded, "ogc-features", 'collection = "orte"')) as bench:
            await bench.round()
            assert len(held(bench, "PointOfInterest")) == 3
            recorded.replies[first] = page(1, 1)
            await bench.until_asked("bbox=-180%2C-90%2C180%2C90")
            assert len(held(bench, "PointOfInterest")) == 1
            before = len(recorded.asked)
            await bench.until_asked("bbox=-180%2C-90%2C180%2C90", 3)
            assert len(recorded.asked) == before + 3, "neither the second page is asked for nor the third"


async def test_what_others_have_from_us_does_not_come_back(tmp_path: Path) -> None:
    path = "/entities?type=WaterObserved&limit=100"
    with serving({path: json_reply([gauge(1, authority="05124000"), gauge(2)])}) as recorded:
        async with polled(tmp_path, recorded, city=city(recorded, "ngsi-ld", 'type = "WaterObserved"')) as bench:
            await bench.round()
            assert list(held(bench, "WaterObserved")) == [gauge(2)["id"]]


async def test_things_without_times_are_as_fresh_as_the_answer_and_gauges_as_their_values(tmp_path: Path) -> None:
    school = {"id": "urn:ngsi-ld:School:05999000:amt:1", "type": "School", "name": {"type": "Property", "value": "A"}}
    path = "/entities?type=WaterObserved&limit=100"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with serving({path: json_reply([school])}) as recorded:
        async with polled(tmp_path / "a", recorded, city=city(recorded, "ngsi-ld", 'type = "WaterObserved"')) as bench:
            await bench.round()
            assert bench.poll.state.health is Health.FRESH
        recorded.replies[path] = json_reply([school, gauge(1)])
        async with polled(tmp_path / "b", recorded, city=city(recorded, "ngsi-ld", 'type = "WaterObserved"')) as bench:
            await bench.round()
            assert bench.poll.state.health is Health.STALE


async def test_another_reference_system_is_refused_and_told(tmp_path: Path) -> None:
    system = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    with serving(Endless(lambda _path: {"crs": system, "features": [], "links": []})) as recorded:
        async with polled(tmp_path, recorded, city=city(recorded, "ogc-features", 'collection = "orte"')) as bench:
            await bench.round()
            assert bench.poll.state.health is Health.MALFORMED
            assert "EPSG::25832, not in WGS 84" in bench.poll.state.error


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_degrees_are_degrees_however_they_are_called(name: str) -> None:
    payload = {"crs": {"type": "name", "properties": {"name": name}}, "features": []}
    assert list(ogc_features.items(payload, context(ogc_features.CONNECTOR, collection="orte")))


def test_a_part_without_a_way_to_the_rest_is_not_the_whole() -> None:
    feature = {"type": "Feature", "id": 1, "geometry": None, "properties": {}}
    payload = {"numberMatched": 40, "features": [feature]}
    found = list(ogc_features.items(payload, context(ogc_features.CONNECTOR, collection="orte")))
    assert [each.reason for each in found if isinstance(each, Unusable)] == [
        "there are more features and no link to them"
    ]


@given(st.lists(json_values, max_size=5), st.integers(0, 5))
def test_a_good_entity_is_read_whatever_lies_beside_it(others: list[Any], place: int) -> None:
    payload = [*others[:place], gauge(7), *others[place:]]
    found = list(ngsi_ld.entities(payload, context(ngsi_ld.CONNECTOR, type="WaterObserved")))
    readings = [each for each in found if isinstance(each, Reading)]
    assert [(each.native, each.value, each.unit) for each in readings] == [(gauge(7)["id"], 107, "CMT")]


@given(json_values, json_values, json_values)
def test_a_good_attribute_is_read_whatever_the_others_hold(value: Any, observed: Any, dataset: Any) -> None:
    strange = {"type": "Property", "value": value, "observedAt": observed, "datasetId": dataset}
    entity = {**gauge(7), "strange": strange, "listed": [strange, strange], "plain": value}
    found = list(ngsi_ld.entities([entity], context(ngsi_ld.CONNECTOR, type="WaterObserved")))
    assert 107 in [each.value for each in found if isinstance(each, Reading) and each.attribute == "height"]
    assert [each.native for each in found if isinstance(each, Thing)] == [gauge(7)["id"]]


def stream(**changes: Any) -> dict[str, Any]:
    return {
        "@iot.id": 1,
        "unitOfMeasurement": {"symbol": "°C"},
        "Thing": {"@iot.id": 2, "name": "Markt"},
        "ObservedProperty": {"name": "Air Temperature"},
        "Observations": [{"phenomenonTime": AT, "result": 3.4}],
        **changes,
    }


@given(st.lists(json_values, max_size=4), json_values, json_values)
def test_a_good_observation_is_read_whatever_lies_beside_it(others: list[Any], time: Any, result: Any) -> None:
    odd = {"phenomenonTime": time, "result": result}
    payload = {"value": [*others, stream(Observations=[odd, *stream()["Observations"]])]}
    found = list(sensorthings.datastreams(payload, context(sensorthings.CONNECTOR)))
    assert (
        Reading(
            native="2", attribute="airTemperature", value=3.4, observed=parse_instant(AT), type="Device", unit="CEL"
        )
        in found
    )


@pytest.mark.parametrize(
    "unit, code",
    [
        ({"symbol": "μg/m³"}, "GQ"),
        ({"symbol": "µg / m³"}, "GQ"),
        ({"name": "Degree Celsius", "symbol": ""}, "CEL"),
        ({"name": "Percent", "symbol": "%"}, "P1"),
        ({"symbol": "GradC"}, "CEL"),
        ({"symbol": "mW"}, ""),
        ({"symbol": "MW"}, ""),
        (None, ""),
    ],
)
def test_units_as_people_write_them(unit: Any, code: str) -> None:
    payload = {"value": [stream(unitOfMeasurement=unit)]}
    found = list(sensorthings.datastreams(payload, context(sensorthings.CONNECTOR, units="GradC=CEL")))
    assert [each.unit for each in found if isinstance(each, Reading)] == ([code] if code else [])
    assert any(isinstance(each, Unusable) and "unit" in each.reason for each in found) == (not code)


def test_two_datastreams_of_one_quantity_are_kept_apart_or_told() -> None:
    payload = {"value": [stream(), stream(**{"@iot.id": 9})]}
    apart = list(sensorthings.datastreams(payload, context(sensorthings.CONNECTOR, datasets=True)))
    assert [each.dataset for each in apart if isinstance(each, Reading)] == ["1", "9"]
    alone = list(sensorthings.datastreams(payload, context(sensorthings.CONNECTOR)))
    assert [each.dataset for each in alone if isinstance(each, Reading)] == [""]
    assert any(isinstance(each, Unusable) and "more than once" in each.reason for each in alone)


@given(json_values, json_values)
def test_a_good_feature_is_read_whatever_lies_beside_it(other: Any, geometry: Any) -> None:
    good = {"type": "Feature", "id": 1, "geometry": {"type": "Point", "coordinates": [7.2, 51.2]}, "properties": {}}
    odd = {"type": "Feature", "id": 2, "geometry": geometry, "properties": {"name": other}}
    payload = {"features": [other, good, odd]}
    found = list(ogc_features.items(payload, context(ogc_features.CONNECTOR, collection="orte")))
    things = {each.native: each for each in found if isinstance(each, Thing)}
    assert things["1"].location == good["geometry"]


names = st.sampled_from(["value", "languageMap", "location", "name", "unitCode", "observedAt", "type", "properties"])
odd_objects = st.dictionaries(names, json_values | st.dictionaries(names, json_values, max_size=4), max_size=6)


@given(odd_objects, json_values)
def test_whatever_is_found_can_travel_from_a_worker(odd: dict[str, Any], value: Any) -> None:
    feature = {"id": 1, "geometry": value, "properties": odd}
    found = [
        *ngsi_ld.entities([{**odd, **gauge(1), "more": odd}], context(ngsi_ld.CONNECTOR, type="WaterObserved")),
        *sensorthings.datastreams(
            {"value": [stream(Thing={"@iot.id": value, **odd})]}, context(sensorthings.CONNECTOR)
        ),
        *ogc_features.items({"features": [feature]}, context(ogc_features.CONNECTOR, collection="orte")),
    ]
    travelled = msgspec.msgpack.decode(travelling(found), type=list[Finding])
    assert len(travelled) == len(found)


def test_an_integer_that_nobody_can_keep_costs_only_its_entity() -> None:
    payload = [gauge(1), {**gauge(2), "serial": {"type": "Property", "value": 2**70}}]
    found = list(ngsi_ld.entities(payload, context(ngsi_ld.CONNECTOR, type="WaterObserved")))
    travelled = msgspec.msgpack.decode(travelling(found), type=list[Finding])
    assert [each.value for each in travelled if isinstance(each, Reading)] == [101, 102]
    assert travelled[-1] == Unusable(reason=TOO_LARGE)


def test_a_statement_keeps_its_unit_and_languages_their_texts() -> None:
    entity = {
        **gauge(1),
        "zero": {"type": "Property", "value": 143.2, "unitCode": "MTR"},
        "title": {"type": "LanguageProperty", "languageMap": {"de": ["Pegel", "Messstelle"], "en": "Gauge", "fr": 3}},
    }
    found = list(ngsi_ld.entities([entity], context(ngsi_ld.CONNECTOR, type="WaterObserved")))
    (thing,) = [each for each in found if isinstance(each, Thing)]
    assert (thing.statements, thing.units) == ({"zero": 143.2}, {"zero": "MTR"})
    assert thing.wordings == {"title": {"de": "Pegel", "en": "Gauge"}}


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_different_ids_stay_different(one: str, other: str) -> None:
    assert (native_of(one) == native_of(other)) == (one == other)
    assert native_of(one).isascii()
    assert not set(native_of(one)) & set(" /:#?%")


@given(json_values | st.text())
def test_any_link_gives_a_query_or_none(link: Any) -> None:
    assert query_of(link, "/items") is None or isinstance(link, str)


def test_a_link_to_something_else_is_not_followed() -> None:
    page = {
        "features": [{"id": 1}],
        "links": [{"rel": "next", "href": "https://x.example/collections/andere/items?a=1"}],
    }
    found = list(ogc_features.items(page, context(ogc_features.CONNECTOR, collection="orte")))
    assert not [each for each in found if isinstance(each, Ask)]
    assert "the link to the next page leads to something else" in [
        each.reason for each in found if isinstance(each, Unusable)
    ]
