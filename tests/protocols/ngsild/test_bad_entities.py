"""Entities that are well-formed JSON and break a rule of the information model."""

from __future__ import annotations

from typing import Any

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.protocols.ngsild.contexts import core_context
from talwerk.protocols.ngsild.decoding import decode_entity

NULL = "urn:ngsi-ld:null"
POINT = {"type": "Point", "coordinates": [7.1, 51.2]}


def faulted(payload: Any) -> DomainError:
    with pytest.raises(DomainError) as raised:
        decode_entity(payload, core_context(), "/3")
    return raised.value


def geo(**geometry: Any) -> dict[str, Any]:
    return {"type": "GeoProperty", "value": geometry}


@pytest.mark.parametrize(
    "identifier",
    [None, "", " ", "plain", 7, True, [], {}, "urn:", "urn:a b", "urn:<x>", "urn:x\n", 'urn:"x"', "urn:x\x00", NULL,
     "urn:" + "x" * 3_000, "urn:\ud800", "'; DROP TABLE entity; --", "http://a/`b", "1urn:x"],
)  # fmt: skip
def test_ids(identifier: Any) -> None:
    error = faulted({"id": identifier, "type": "T"})
    assert (error.fault, error.where) == (Fault.BAD_REQUEST_DATA, "/3/id")


@pytest.mark.parametrize(
    "types", [None, "", " ", 7, [], [7], ["T", None], {}, "a b", "T;U", "T,U", "a<b>", ["T"] * 60, "x" * 3_000, "\x00"]
)
def test_types(types: Any) -> None:
    error = faulted({"id": "urn:x:1", "type": types})
    assert (error.fault, error.where) == (Fault.BAD_REQUEST_DATA, "/3/type")
    assert "urn:x:1" in error.detail


@pytest.mark.parametrize("scopes", [7, None, "", "/", "a b", "/a//b", "/a/", ["/a", 7], {}, "/a/#", "/+", ["/a"] * 60])
def test_scopes(scopes: Any) -> None:
    error = faulted({"id": "urn:x:1", "type": "T", "scope": scopes})
    assert (error.fault, error.where) == (Fault.BAD_REQUEST_DATA, "/3/scope")


@pytest.mark.parametrize("name", ["", " ", "a b", "a<b", "a;b", "a=b", "a(b)", "a|b", 'a"b', "a\x00", "x" * 3_000])
def test_names(name: str) -> None:
    assert faulted({"id": "urn:x:1", "type": "T", name: 1}).fault is Fault.BAD_REQUEST_DATA


@pytest.mark.parametrize(
    "value, where",
    [
        (None, ""),
        (NULL, ""),
        ({}, ""),
        ({"a": 1}, ""),
        ({"type": "Nothing", "value": 1}, "/type"),
        ({"type": 7, "value": 1}, "/type"),
        ({"type": ["Property"], "value": 1}, "/type"),
        ([{"type": {}, "value": 1}], "/0/type"),
        (geo(type=["Point"], coordinates=[7, 51]), "/value"),
        ({"value": {"type": ["Point"], "coordinates": None}}, "/value/coordinates"),
        ({"type": "Point"}, "/type"),
        ({"type": "Property"}, ""),
        ({"type": "Property", "object": "urn:x:y"}, ""),
        ({"type": "Property", "value": None}, "/value"),
        ({"type": "Property", "value": NULL}, "/value"),
        ({"type": "Property", "value": [1, None]}, "/value/1"),
        ({"type": "Property", "value": {"a": {"b": None}}}, "/value/a/b"),
        ({"value": 1, "object": "urn:x:y"}, "/object"),
        ({"type": "Relationship", "value": "urn:x:y"}, ""),
        ({"type": "Relationship", "object": "no uri"}, "/object"),
        ({"type": "Relationship", "object": 7}, "/object"),
        ({"type": "Relationship", "object": NULL}, "/object"),
        ({"type": "Relationship", "object": []}, "/object"),
        ({"type": "Relationship", "object": ["urn:x:y", 7]}, "/object/1"),
        ({"type": "Relationship", "object": "urn:x:y", "objectType": 7}, "/objectType"),
        ({"value": 7, "objectType": "T"}, "/objectType"),
        ({"type": "LanguageProperty", "languageMap": "x"}, "/languageMap"),
        ({"type": "LanguageProperty", "languageMap": {}}, "/languageMap"),
        ({"type": "LanguageProperty", "languageMap": {"de": 7}}, "/languageMap/de"),
        ({"type": "LanguageProperty", "languageMap": {"de": NULL}}, "/languageMap/de"),
        ({"type": "LanguageProperty", "languageMap": {"de": []}}, "/languageMap/de"),
        ({"type": "VocabProperty", "vocab": 7}, "/vocab"),
        ({"type": "VocabProperty", "vocab": []}, "/vocab"),
        ({"type": "VocabProperty", "vocab": ["a", 7]}, "/vocab"),
        ({"type": "ListProperty", "valueList": 7}, "/valueList"),
        ({"type": "ListProperty", "valueList": [None]}, "/valueList/0"),
        ({"type": "ListRelationship", "objectList": "urn:x:y"}, "/objectList"),
        ({"type": "ListRelationship", "objectList": [{"object": "no uri"}]}, "/objectList/0/object"),
        ({"type": "ListRelationship", "objectList": ["no uri"]}, "/objectList/0"),
        ({"type": "JsonProperty"}, ""),
        ({"type": "JsonProperty", "json": None}, "/json"),
        ({"value": 1, "unitCode": 7}, "/unitCode"),
        ({"value": 1, "unitCode": ""}, "/unitCode"),
        ({"value": 1, "unitCode": "x" * 200}, "/unitCode"),
        ({"value": 1, "unitCode": "\x00"}, "/unitCode"),
        ({"object": "urn:x:y", "unitCode": "CMT"}, "/unitCode"),
        ({"value": 1, "observedAt": None}, "/observedAt"),
        ({"value": 1, "observedAt": 7}, "/observedAt"),
        ({"value": 1, "observedAt": "yesterday"}, "/observedAt"),
        ({"value": 1, "observedAt": "2026-11-20"}, "/observedAt"),
        ({"value": 1, "observedAt": "2026-11-20T10:00:00"}, "/observedAt"),
        ({"value": 1, "observedAt": "2026-02-30T10:00:00Z"}, "/observedAt"),
        ({"value": 1, "observedAt": "0001-01-01T00:00:00Z"}, "/observedAt"),
        ({"value": 1, "observedAt": "9999-12-31T23:59:59Z"}, "/observedAt"),
        ({"value": 1, "observedAt": "2026-11-20T10:00:00+99:00"}, "/observedAt"),
        ({"value": 1, "datasetId": "no uri"}, "/datasetId"),
        ({"value": 1, "datasetId": None}, "/datasetId"),
        ([{"value": 1}, {"value": 2}], "/1/datasetId"),
        ([{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}], "/1/datasetId"),
        ([{"value": 1}, {"type": "Property", "datasetId": "urn:d:1"}], "/1"),
        ({"value": 1, "b": {"type": "Property"}}, "/b"),
        ({"value": 1, "b": {"value": 1, "c": {"value": 2, "observedAt": "x"}}}, "/b/c/observedAt"),
        ({"value": 1, "b c": 1}, "/b c"),
        ({"value": 1, "ngsi-ld:unitCode": 1}, "/ngsi-ld:unitCode"),
        ({"type": "GeoProperty", "value": "POINT(7 51)"}, "/value"),
        (geo(type="Circle", coordinates=[7, 51]), "/value"),
        (geo(type="Point"), "/value"),
        (geo(type="Point", coordinates=None), "/value/coordinates"),
        (geo(type="Point", coordinates=[]), "/value/coordinates"),
        (geo(type="Point", coordinates=[7]), "/value/coordinates"),
        (geo(type="Point", coordinates=["7", "51"]), "/value/coordinates"),
        (geo(type="Point", coordinates=[True, False]), "/value/coordinates"),
        (geo(type="Point", coordinates=[7, 51, 100, 4]), "/value/coordinates"),
        (geo(type="Point", coordinates=[181, 51]), "/value/coordinates/0"),
        (geo(type="Point", coordinates=[7, -91]), "/value/coordinates/1"),
        (geo(type="Point", coordinates=[2_575_000, 5_680_000]), "/value/coordinates/0"),
        (geo(type="Point", coordinates=[7, 51, 1e9]), "/value/coordinates/2"),
        (geo(type="LineString", coordinates=[[7, 51]]), "/value/coordinates"),
        (geo(type="Polygon", coordinates=[[7, 51], [8, 51], [8, 52]]), "/value/coordinates/0"),
        (geo(type="Polygon", coordinates=[[[7, 51], [8, 51]]]), "/value/coordinates/0"),
        (geo(type="MultiPolygon", coordinates=[[[[7, 51], [8, 51], [8, 99]]]]), "/value/coordinates/0/0/2/1"),
        (geo(type="GeometryCollection", geometries=[]), "/value"),
        (geo(type="GeometryCollection", geometries=[POINT, {"type": "Point"}]), "/value/geometries/1"),
        ({"type": "Point", "coordinates": [7, 95]}, "/coordinates/1"),
    ],
)
def test_attributes(value: Any, where: str) -> None:
    error = faulted({"id": "urn:x:1", "type": "T", "a": value})
    assert (error.fault, error.where) == (Fault.BAD_REQUEST_DATA, f"/3/a{where}")
    assert error.detail.startswith("Entity urn:x:1: ")
    assert "you" not in error.detail.lower().split()


def test_one_attribute_under_two_names() -> None:
    full = "https://uri.etsi.org/ngsi-ld/default-context/a"
    assert faulted({"id": "urn:x:1", "type": "T", "a": 1, full: 2}).where == f"/3/{full.replace('/', '~1')}"


def test_names_of_the_model_are_no_attributes() -> None:
    assert faulted({"id": "urn:x:1", "type": "T", "ngsi-ld:createdAt": 1}).fault is Fault.BAD_REQUEST_DATA


def test_bounds() -> None:
    many = {f"a{n}": n for n in range(1_001)}
    assert "1000" in faulted({"id": "urn:x:1", "type": "T", **many}).detail
    nested: dict[str, Any] = {"value": 1}
    for _ in range(20):
        nested = {"value": 1, "b": nested}
    assert "deeper" in faulted({"id": "urn:x:1", "type": "T", "a": nested}).detail
    instances = [{"value": n, "datasetId": f"urn:d:{n}"} for n in range(1_001)]
    assert faulted({"id": "urn:x:1", "type": "T", "a": instances}).where == "/3/a"


@pytest.mark.parametrize("member", ["expiresAt", "entity"])
def test_what_is_not_supported_yet_is_not_swallowed(member: str) -> None:
    error = faulted({"id": "urn:x:1", "type": "T", member: "2027-01-01T00:00:00Z"})
    assert error.fault is Fault.NOT_SUPPORTED


@pytest.mark.parametrize(
    "ring",
    [
        [[7, 51], [8, 52], [7, 52], [8, 51], [7, 51]],
        [[7, 51], [8, 51], [8, 52]],
    ],
    ids=["crosses itself", "is open"],
)
def test_imperfect_rings_are_kept(ring: list[list[float]]) -> None:
    value = {"type": "Polygon", "coordinates": [ring]}
    entity = decode_entity({"id": "urn:x:1", "type": "T", "location": value}, core_context())
    assert entity.attributes["https://uri.etsi.org/ngsi-ld/location"][0].value == value
