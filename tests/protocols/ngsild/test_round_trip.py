"""What goes in comes out: through the decoder, a real store and the encoder."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from talwerk.protocols.ngsild.contexts import core_context
from talwerk.protocols.ngsild.decoding import decode_entity
from talwerk.protocols.ngsild.encoding import Form, Representation, encode_entity
from tests.protocols.city import ENTITIES, UPSERT, open_city
from tests.protocols.ngsild.payloads import JsonObject, entities

CONTEXT = core_context()


@given(entities())
def test_decoded_and_encoded(payload: JsonObject) -> None:
    entity = decode_entity(payload, CONTEXT)
    assert encode_entity(entity, Representation(context=CONTEXT)) == payload


@given(entities())
def test_concise_means_the_same(payload: JsonObject) -> None:
    entity = decode_entity(payload, CONTEXT)
    concise = encode_entity(entity, Representation(context=CONTEXT, form=Form.CONCISE))
    assert decode_entity(concise, CONTEXT) == entity


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[JsonObject], None]]:
    """Writes an entity into one open city and reads it in both ways."""
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        opened = open_city(tmp_path_factory.mktemp("city"))
        city = runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))

        async def exchange(payload: JsonObject) -> None:
            written = await city.operator.post(UPSERT, json=[payload])
            assert written.status_code in {201, 204}, written.text
            answer = await city.public.get(f"{ENTITIES}/{payload['id']}")
            assert answer.json() == payload
            kind = payload["type"] if isinstance(payload["type"], str) else payload["type"][0]
            found = await city.public.get(ENTITIES, params={"type": kind, "id": payload["id"]})
            assert found.json() == [payload]

        yield lambda payload: runner.run(exchange(payload))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=entities())
def test_through_a_real_store(there_and_back: Callable[[JsonObject], None], payload: JsonObject) -> None:
    there_and_back(payload)


@pytest.mark.parametrize(
    "written, read",
    [
        (5, {"type": "Property", "value": 5}),
        ("x", {"type": "Property", "value": "x"}),
        ([1, 2], {"type": "Property", "value": [1, 2]}),
        ([], {"type": "Property", "value": []}),
        ({"value": 5, "unitCode": "CMT"}, {"type": "Property", "value": 5, "unitCode": "CMT"}),
        ({"value": {"a": 1}}, {"type": "Property", "value": {"a": 1}}),
        ({"object": "urn:x:y"}, {"type": "Relationship", "object": "urn:x:y"}),
        ({"languageMap": {"de": "x"}}, {"type": "LanguageProperty", "languageMap": {"de": "x"}}),
        ({"vocab": "x"}, {"type": "VocabProperty", "vocab": "x"}),
        ({"json": {"a": None}}, {"type": "JsonProperty", "json": {"a": None}}),
        ({"valueList": [1]}, {"type": "ListProperty", "valueList": [1]}),
        ({"objectList": ["urn:x:y"]}, {"type": "ListRelationship", "objectList": [{"object": "urn:x:y"}]}),
        (
            {"type": "Point", "coordinates": [7, 51]},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}},
        ),
        (
            {"value": {"type": "Point", "coordinates": [7, 51]}},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}},
        ),
        ({"value": 5, "source": "a"}, {"type": "Property", "value": 5, "source": {"type": "Property", "value": "a"}}),
        ({"value": 5, "createdAt": "x", "instanceId": 7}, {"type": "Property", "value": 5}),
    ],
)
def test_concise_input(written: Any, read: Any) -> None:
    entity = decode_entity({"id": "urn:x:1", "type": "T", "a": written}, CONTEXT)
    assert encode_entity(entity, Representation(context=CONTEXT))["a"] == read


def test_scopes_and_types_in_their_normal_form() -> None:
    entity = decode_entity({"@id": "urn:x:1", "@type": ["B", "A", "A"], "scope": ["a/b", "/a/b", "/c"]}, CONTEXT)
    document = encode_entity(entity, Representation(context=CONTEXT))
    assert document == {"id": "urn:x:1", "type": ["A", "B"], "scope": ["/a/b", "/c"]}
