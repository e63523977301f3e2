"""Paths, parameters and headers that are wrong in every way: the standard's error, never a 500, nothing executed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.protocols.ngsild.contexts import core_context
from talwerk.protocols.ngsild.decoding import decode_entity
from talwerk.protocols.ngsild.operations import OPERATIONS
from tests.protocols.city import ENTITIES, TEMPORAL, TYPES, City, create, send_raw

READING = [operation for operation in OPERATIONS if operation.handler is not None and operation.method == "GET"]
HOST = (b"host", b"localhost:8080")

TRICKS = [
    "' OR '1'='1",
    "'; DROP TABLE entity; --",
    '" OR 1=1 --',
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "a') UNION SELECT sql FROM sqlite_master --",
    "urn:x:1' OR 1=1",
    "%' OR '%'='",
    "\\",
    "`",
    "../../../etc/passwd",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "\r\nset-cookie: a=b",
    "\u202e\u0000",
    "null",
    "-1",
    "0x10",
    "1e309",
    "NaN",
    "999999999999999999999999",
    "٣",
    "x" * 5_000,
    ",",
    ";",
    "(",
    'a=="\'; DROP TABLE entity; --"',
    "a[b';--]==1",
]

THING = {"id": "urn:ngsi-ld:T:1", "type": "T", "a": "'; DROP TABLE entity; --", "n": 1}


def address(path: str) -> str:
    return f"/ngsi-ld/v1{path.replace('{entityId}', 'urn:ngsi-ld:T:1').replace('{type}', 'T')}"


async def unharmed(city: City) -> bool:
    answer = await city.public.get(ENTITIES, params={"type": "T", "options": "keyValues"})
    return bool(answer.json() == [THING])


def is_problem(body: dict[str, Any]) -> bool:
    return {"type", "title", "status", "detail"} <= body.keys()


async def test_tricks_in_every_parameter(city: City) -> None:
    await create(city, THING)
    for operation in READING:
        for name in sorted(operation.honoured):
            for trick in TRICKS:
                base = {} if name == "type" or "type" not in operation.honoured else {"type": "T"}
                answer = await city.public.get(address(operation.path), params={**base, name: trick})
                assert answer.status_code in {200, 206, 400, 403, 404, 422}, (operation.path, name, trick)
                if answer.status_code >= 400:
                    assert is_problem(answer.json())
                    assert len(answer.content) < 2_000, "an error does not echo whole parameters"
    assert await unharmed(city)


async def test_a_trick_is_a_text_like_any_other(city: City) -> None:
    await create(city, THING)
    found = await city.public.get(ENTITIES, params={"q": 'a=="\'; DROP TABLE entity; --"'})
    assert [entity["id"] for entity in found.json()] == [THING["id"]]
    assert (await city.public.get(ENTITIES, params={"q": "a==\"' OR '1'='1\""})).json() == []


async def test_tricks_in_paths(city: City) -> None:
    await create(city, THING)
    for prefix in (ENTITIES, TEMPORAL, TYPES):
        for trick in TRICKS:
            answer = await city.public.get(f"{prefix}/{quote(trick, safe='')}")
            assert answer.status_code in {400, 404}, (prefix, trick)
            assert is_problem(answer.json())
    assert await unharmed(city)


@pytest.mark.parametrize(
    "identifier, status",
    [("plain", 400), ("urn%3Ax%3A1", 404), ("%FF", 400), ("urn:x:%00", 400), ("%20", 400), ("urn:x:a%20b", 400)],
)
async def test_ids_in_paths(city: City, identifier: str, status: int) -> None:
    for prefix in (ENTITIES, TEMPORAL):
        answer = await send_raw(city, "GET", f"{prefix}/{identifier}", [HOST])
        assert answer.status == status
        assert answer.fault() in {"BadRequestData", "InvalidRequest", "ResourceNotFound"}


@pytest.mark.parametrize("query", ["type=%FF", "type=%C3%28", "q=%00", "type=T&type=T", "%FF=1", "=1", "a" * 20_000])
async def test_undecodable_parameters(city: City, query: str) -> None:
    answer = await send_raw(city, "GET", f"{ENTITIES}?{query}", [HOST])
    assert answer.status in {400, 403}
    assert answer.fault() in {"InvalidRequest", "TooComplexQuery"}


@pytest.mark.parametrize(
    "parameters, status, fault",
    [
        ({}, 400, "BadRequestData"),
        ({"id": "urn:x:1"}, 400, "BadRequestData"),
        ({"type": ""}, 400, "BadRequestData"),
        ({"type": "T", "id": "no uri"}, 400, "BadRequestData"),
        ({"type": "T", "id": "urn:x:1,,urn:x:2"}, 400, "BadRequestData"),
        ({"type": "T,"}, 400, "BadRequestData"),
        ({"type": "(T"}, 400, "BadRequestData"),
        ({"type": "(" * 30 + "T" + ")" * 30}, 403, "TooComplexQuery"),
        ({"attrs": "a,,b"}, 400, "BadRequestData"),
        ({"attrs": "<a>"}, 400, "BadRequestData"),
        ({"type": "T", "pick": "id;a"}, 400, "BadRequestData"),
        ({"type": "T", "pick": "a", "omit": "a"}, 400, "BadRequestData"),
        ({"type": "T", "pick": "a", "attrs": "a"}, 400, "BadRequestData"),
        ({"type": "T", "pick": "a{b}"}, 400, "BadRequestData"),
        ({"type": "T", "pick": "a{b"}, 400, "BadRequestData"),
        ({"type": "T", "limit": "-1"}, 400, "BadRequestData"),
        ({"type": "T", "limit": "0"}, 400, "BadRequestData"),
        ({"type": "T", "limit": "many"}, 400, "BadRequestData"),
        ({"type": "T", "limit": "1001"}, 403, "TooManyResults"),
        ({"type": "T", "offset": "10001"}, 403, "TooManyResults"),
        ({"type": "T", "offset": "-1"}, 400, "BadRequestData"),
        ({"type": "T", "offset": "1", "after": "x"}, 400, "BadRequestData"),
        ({"type": "T", "after": "forged"}, 400, "InvalidRequest"),
        ({"type": "T", "count": "yes"}, 400, "InvalidRequest"),
        ({"local": "TRUE"}, 400, "InvalidRequest"),
        ({"type": "T", "options": "pretty"}, 400, "InvalidRequest"),
        ({"type": "T", "options": "keyValues,invalid"}, 400, "InvalidRequest"),
        ({"type": "T", "options": "keyValues,concise"}, 400, "InvalidRequest"),
        ({"type": "T", "format": "sysAttrs"}, 400, "InvalidRequest"),
        ({"q": "a="}, 400, "InvalidRequest"),
        ({"q": "a{T:id}==1"}, 422, "OperationNotSupported"),
        ({"q": 'name~="(x"'}, 400, "InvalidRequest"),
        ({"type": "T", "georel": "near"}, 400, "BadRequestData"),
        ({"type": "T", "idPattern": "(x"}, 400, "InvalidRequest"),
        ({"type": "T", "scopeQ": "/a//b"}, 400, "InvalidRequest"),
        ({"type": "T", "csf": "x=="}, 400, "InvalidRequest"),
        ({"type": "T", "orderBy": "x"}, 422, "OperationNotSupported"),
        ({"type": "T", "jsonKeys": "<a>"}, 400, "BadRequestData"),
        ({"type": "T", "lang": "deutsch!"}, 400, "BadRequestData"),
        ({"type": "T", "lang": "de;q=2"}, 400, "BadRequestData"),
        ({"type": "T", "datasetId": "none"}, 400, "BadRequestData"),
        ({"type": "T", "join": "both"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "joinLevel": "0"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "joinLevel": "6"}, 403, "TooComplexQuery"),
        ({"type": "T", "joinLevel": "1"}, 400, "InvalidRequest"),
        ({"type": "T", "containedBy": "urn:x:1"}, 400, "InvalidRequest"),
        ({"type": "T", "join": "flat", "containedBy": "x"}, 400, "BadRequestData"),
        ({"type": "T", "join": "@none", "pick": "a{b}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "a{b{c}}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "q": "a{b{c}}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "a{b},a{c}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "id{b}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "a{}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "a{b}c"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "omit": "a{b}}"}, 400, "BadRequestData"),
        ({"type": "T", "join": "inline", "pick": "a{" * 7 + "b" + "}" * 7}, 403, "TooComplexQuery"),
        ({"Type": "T"}, 400, "InvalidRequest"),
    ],
)
async def test_parameters(city: City, parameters: dict[str, str], status: int, fault: str) -> None:
    answer = await city.public.get(ENTITIES, params=parameters)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, fault), answer.text


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"accept": "text/html"}, 406),
        ({"accept": "application/geo+jsonx"}, 406),
        ({"accept": "application/json;q=0"}, 406),
        ({"accept": "nonsense"}, 406),
        ({"accept": "text/html, */*;q=0.1"}, 200),
        ({"accept": ""}, 200),
        ({"accept": "application/*"}, 200),
        ({"link": "nonsense"}, 400),
        ({"link": '<https://x.example/c>; rel="http://www.w3.org/ns/json-ld#context"'}, 504),
        ({"link": '<no address>; rel="http://www.w3.org/ns/json-ld#context"'}, 400),
        ({"link": '<https://x.example/next>; rel="next"'}, 200),
        ({"link": ", ".join(['<urn:x:y>; rel="http://www.w3.org/ns/json-ld#context"'] * 2)}, 400),
        ({"link": "<" * 9_000}, 400),
        ({"ngsild-tenant": "other"}, 404),
        ({"ngsild-tenant": "'; DROP"}, 400),
        ({"ngsild-tenant": ""}, 200),
        ({"ngsild-entitymap": "urn:x:1"}, 422),
        ({"ngsild-snapshot": "urn:x:1"}, 422),
        ({"range": "bytes=0-5"}, 200),
        ({"expect": "nothing"}, 200),
    ],
)
async def test_headers(city: City, headers: dict[str, str], status: int) -> None:
    for path in (ENTITIES, TEMPORAL, TYPES):
        parameters = {} if path == TYPES else {"type": "T"}
        answer = await city.public.get(path, params=parameters, headers=headers)
        assert answer.status_code == status, (path, answer.text)
        if status >= 400:
            assert is_problem(answer.json())


async def test_what_is_preferred_is_written(city: City) -> None:
    await create(city, THING)
    for accept, expected in (
        ("application/ld+json", "application/ld+json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/ld+json;q=0.5, application/json", "application/json"),
        ("application/*;q=0.1, application/ld+json;q=0.9", "application/ld+json"),
        ("*/*", "application/json"),
    ):
        answer = await city.public.get(f"{ENTITIES}/{THING['id']}", headers={"accept": accept})
        assert answer.headers["content-type"] == expected


async def test_paths_that_are_not_there(city: City) -> None:
    for path in ("/ngsi-ld/v1/nothing", "/ngsi-ld/v1/", "/ngsi-ld/v1/entities/urn:x:1/b", f"{ENTITIES}//urn:x:1"):
        answer = await city.public.get(path)
        assert answer.status_code == 404, path
        assert is_problem(answer.json())
    assert (await city.public.get(f"{TYPES}/")).status_code == 200, "the standard writes collections with a slash"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["Property", "Relationship", "GeoProperty", "Point", "urn:x:1", "urn:ngsi-ld:null"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "type", "value", "object", "languageMap", "vocab", "json", "valueList", "objectList", "coordinates",
             "geometries", "observedAt", "unitCode", "datasetId", "objectType", "scope", "a", "@id", "@type", "@value"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_no_json_value_breaks_the_decoder(value: Any) -> None:
    for payload in (
        value,
        {"id": "urn:x:1", "type": "T", "a": value},
        {"id": "urn:x:1", "type": value, "scope": value},
    ):
        try:
            decode_entity(payload, core_context())
        except DomainError as error:
            assert error.where is not None  # noqa: PT017
