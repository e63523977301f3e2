"""Bodies that are wrong in every way: the standard's error, the place, and nothing written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocols.city import CREATE, ENTITIES, TEMPORAL, TYPES, UPSERT, City, send_raw

ONE = f"{ENTITIES}/urn:x:1"
BATCHES = (CREATE, UPSERT, *(CREATE.replace("create", name) for name in ("update", "merge", "delete")))
HISTORY = f"{TEMPORAL}/urn:x:1/attrs"
POSTED = (ENTITIES, *BATCHES, f"{ONE}/attrs", TEMPORAL, HISTORY)
WRITING = (
    *(("POST", address) for address in POSTED),
    ("PATCH", ONE),
    ("PUT", ONE),
    ("PATCH", f"{ONE}/attrs"),
    ("PATCH", f"{ONE}/attrs/a"),
    ("PUT", f"{ONE}/attrs/a"),
    ("PATCH", f"{HISTORY}/a/urn:x:2"),
)
JSON = {"content-type": "application/json"}
HOST = (b"host", b"localhost:8080")


def body_for(address: str, entity: bytes) -> bytes:
    return b"[" + entity + b"]" if address in BATCHES else entity


async def nothing_was_written(city: City) -> bool:
    empty: bool = (await city.public.get(TYPES)).json()["typeList"] == []
    return empty


ENTITY = b'{"id": "urn:x:1", "type": "T", "a": %s}'


@pytest.mark.parametrize("method, address", WRITING)
@pytest.mark.parametrize(
    "body, fault",
    [
        (b"", "InvalidRequest"),
        (b" ", "InvalidRequest"),
        (b"{", "InvalidRequest"),
        (b"]", "InvalidRequest"),
        (b"{'id': 1}", "InvalidRequest"),
        (b'{"id": "urn:x:1",}', "InvalidRequest"),
        (b'{"id": "urn:x:1"} {}', "InvalidRequest"),
        (b"\x00\x01\x02", "InvalidRequest"),
        (b"\xef\xbb\xbf{}", "InvalidRequest"),
        (b"PK\x03\x04", "InvalidRequest"),
        (ENTITY % b"NaN", "InvalidRequest"),
        (ENTITY % b"Infinity", "InvalidRequest"),
        (ENTITY % b"-Infinity", "InvalidRequest"),
        (ENTITY % b"1e999", "InvalidRequest"),
        (ENTITY % b"01", "InvalidRequest"),
        (ENTITY % b'"\xff"', "InvalidRequest"),
        (ENTITY % b'"\xc3\x28"', "InvalidRequest"),
        (ENTITY % b'"\\ud800"', "InvalidRequest"),
        (ENTITY % b'"\\udc00x"', "InvalidRequest"),
        (ENTITY % b'"\x01"', "InvalidRequest"),
        (ENTITY % (b"[" * 70 + b"]" * 70), "InvalidRequest"),
        (ENTITY % (b"[" * 200_000), "InvalidRequest"),
        (ENTITY % (b'{"a":' * 100_000), "InvalidRequest"),
        (ENTITY % b"9223372036854775808", "BadRequestData"),
        (ENTITY % b"-9223372036854775809", "BadRequestData"),
        (ENTITY % (b"1" * 400), "BadRequestData"),
        (ENTITY % b'1, "a": 2', "BadRequestData"),
        (ENTITY % b'{"value": 1, "b": {"value": {"c": 1, "c": 2}}}', "BadRequestData"),
        (ENTITY % b'"a\\u0000b"', "BadRequestData"),
        (ENTITY % b'{"value": {"\\u0000": 1}}', "BadRequestData"),
        (b"null", "BadRequestData"),
        (b"7", "BadRequestData"),
        (b'"urn:x:1"', "BadRequestData"),
        (b"[[]]" , "BadRequestData"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
async def test_broken_json(city: City, method: str, address: str, body: bytes, fault: str) -> None:
    whole = body_for(address, body) if body.startswith(b'{"id"') and len(body) < 5_000 else body
    answer = await city.operator.request(method, address, content=whole, headers=JSON)
    if answer.status_code == 207:
        assert body == b"[[]]" or address.endswith("delete")
        assert answer.json()["errors"][0]["error"]["type"].rpartition("/")[2] == fault
    else:
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, fault), answer.text
    assert await nothing_was_written(city)


async def test_places_are_named(city: City) -> None:
    async def where(body: bytes) -> str:
        answer = await city.operator.post(ENTITIES, content=body, headers=JSON)
        place: str = answer.json()["where"]
        return place

    assert await where(b'{"id": NaN}') == "byte 7"
    assert await where(b'{"id": "\xff"}') == "byte 8"
    assert await where(ENTITY % b'{"value": [1, {"b/c": 99999999999999999999}]}') == "/a/value/1/b~1c"
    assert await where(ENTITY % b'{"value": ["\\\\u0000", "\\u0000"]}') == "/a/value/1"
    repeated = await city.operator.post(ENTITIES, content=ENTITY % b'1, "a": 2', headers=JSON)
    assert "'a'" in repeated.json()["detail"]


@pytest.mark.parametrize("method, address", WRITING)
@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/xml", "application/json; charset=iso-8859-1", "application", "application/json/x",
     "application/merge-patch+json", "application/geo+json", "multipart/form-data; boundary=x", "*/*",
     "application/x-www-form-urlencoded", "json", "\"", "application/json, text/plain"],
)  # fmt: skip
async def test_other_media_types(city: City, method: str, address: str, media_type: str) -> None:
    content = body_for(address, ENTITY % b"1")
    answer = await city.operator.request(method, address, content=content, headers={"content-type": media_type})
    if method == "PATCH" and media_type == "application/merge-patch+json":
        assert answer.status_code in {400, 404}, "a patch may be called so"
        return
    assert answer.status_code == 415, answer.text
    assert answer.json()["status"] == 415
    assert await nothing_was_written(city)


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=UTF-8", "application/json;x=1"])
async def test_media_types_that_are_read(city: City, media_type: str) -> None:
    answer = await city.operator.post(ENTITIES, content=ENTITY % b"1", headers={"content-type": media_type})
    assert answer.status_code == 201


async def test_compressed_bodies_are_refused(city: City) -> None:
    for encoding in ("gzip", "br", "deflate", "zstd", "GZIP, identity"):
        answer = await city.operator.post(
            ENTITIES, content=ENTITY % b"1", headers={**JSON, "content-encoding": encoding}
        )
        assert answer.status_code == 415


async def test_large_bodies(city: City) -> None:
    one_mebibyte = ENTITY % (b'"' + b"x" * (1 << 20) + b'"')
    assert (await city.operator.post(ENTITIES, content=one_mebibyte, headers=JSON)).status_code == 413
    assert (await city.operator.post(UPSERT, content=b"[" + one_mebibyte + b"]", headers=JSON)).status_code == 201
    eleven = b"[" + b",".join([one_mebibyte] * 11) + b"]"
    assert (await city.operator.post(UPSERT, content=eleven, headers=JSON)).status_code == 413
    chunked = await send_raw(
        city,
        "POST",
        ENTITIES,
        [HOST, (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
        [one_mebibyte[:500_000], one_mebibyte[500_000:], b"x"],
    )
    assert (chunked.status, chunked.fault()) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("method, address", WRITING)
async def test_lengths_that_lie(city: City, method: str, address: str) -> None:
    content = body_for(address, ENTITY % b"1")
    media_type = (b"content-type", b"application/json")

    async def answered(*lengths: tuple[bytes, bytes]) -> tuple[int, str]:
        answer = await send_raw(city, method, address, [HOST, media_type, *lengths], [content])
        return answer.status, answer.fault()

    assert await answered() == (411, "LengthRequired")
    assert await answered((b"content-length", b"5")) == (400, "InvalidRequest")
    assert await answered((b"content-length", b"5000")) == (400, "InvalidRequest")
    assert await answered((b"content-length", b"-1")) == (400, "InvalidRequest")
    assert await answered((b"content-length", b"x")) == (400, "InvalidRequest")
    assert await answered((b"content-length", b"9" * 30)) == (400, "InvalidRequest")
    assert await answered((b"content-length", b"99999999999")) == (413, "RequestEntityTooLarge")
    gone = await send_raw(city, method, address, [HOST, media_type, (b"content-length", b"50")])
    assert gone.status == 0, "nobody is there to answer"
    assert await nothing_was_written(city)


async def test_a_context_stands_in_one_place(city: City) -> None:
    link = {
        "link": '<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
    }
    linked = {"content-type": "application/ld+json"}
    bare: dict[str, Any] = {"id": "urn:x:1", "type": "T"}
    with_context = {**bare, "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"}

    async def answered(body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str]:
        answer = await city.operator.post(ENTITIES, content=json.dumps(body), headers=headers)
        return answer.status_code, answer.json()["type"].rpartition("/")[2] if answer.content else ""

    assert await answered(bare, linked) == (400, "BadRequestData")
    assert await answered(with_context, linked | link) == (400, "BadRequestData")
    assert await answered(with_context, JSON) == (400, "BadRequestData")
    assert await answered({**bare, "@context": "https://example.org/c.jsonld"}, linked) == (
        504,
        "LdContextNotAvailable",
    )
    assert await answered({**bare, "@context": 7}, linked) == (400, "BadRequestData")
    assert await nothing_was_written(city)
    assert await answered(bare, JSON | link) == (201, "")
    assert await answered({**with_context, "id": "urn:x:2"}, linked) == (201, "")
