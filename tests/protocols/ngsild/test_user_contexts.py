"""Names of a user's @context on their way in, through the store, and out again (NGSI-LD clauses 5.5.7 and 6.3.5)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from talwerk.protocols.ngsild.context_documents import Documents
from talwerk.protocols.ngsild.context_library import Contexts
from talwerk.protocols.ngsild.contexts import CORE_ADDRESS
from tests.protocols.city import ENTITIES, TYPES, UPSERT, City, FixedClock, open_city
from tests.protocols.ngsild.test_context_documents import SITE, Web

ADDRESS = f"{SITE}city.jsonld"
CONTEXT = {
    "city": "https://city.example/terms/",
    "Bench": "city:Bench",
    "seats": "city:seats",
    "near": {"@id": "city:near", "@type": "@id"},
    "state": {"@id": "city:state", "@type": "@vocab"},
    "good": "city:good",
    "checked": "city:checked",
    "location": "https://evil.example/location",
}
LINK = {"link": f'<{ADDRESS}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
LINKED = {"accept": "application/ld+json"}
ONE = "urn:ngsi-ld:Bench:1"
BENCH: dict[str, Any] = {
    "id": ONE,
    "type": "Bench",
    "seats": {"type": "Property", "value": 4, "checked": {"type": "Property", "value": True}},
    "near": {"type": "Relationship", "object": "urn:ngsi-ld:Tree:1", "objectType": "city:Tree"},
    "state": {"type": "VocabProperty", "vocab": ["good", "city:old"]},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.15, 51.25]}},
    "colour": {"type": "Property", "value": "red"},
}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    clock = FixedClock()
    documents = Documents(clock, Web({ADDRESS: CONTEXT, f"{SITE}all": [ADDRESS, {"sum": "city:sum"}, CORE_ADDRESS]}))
    async with open_city(tmp_path, contexts=Contexts(documents, clock)) as opened:
        yield opened


def linked(reference: object) -> dict[str, Any]:
    return {"content": json.dumps({**BENCH, "@context": reference}), "headers": {"content-type": "application/ld+json"}}


async def test_a_link_header_in_and_out(city: City) -> None:
    assert (await city.operator.post(ENTITIES, json=BENCH, headers=LINK)).status_code == 201
    answer = await city.public.get(f"{ENTITIES}/{ONE}", headers=LINK)
    assert answer.json() == BENCH
    assert (
        answer.headers["link"] == f'<{ADDRESS}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    )
    assert answer.headers["content-type"] == "application/json"
    answer = await city.public.get(f"{ENTITIES}/{ONE}", headers={**LINK, **LINKED})
    assert answer.json() == {**BENCH, "@context": [ADDRESS, CORE_ADDRESS]}
    assert "link" not in answer.headers
    assert answer.headers["content-type"] == "application/ld+json"


async def test_without_a_context_names_are_in_full(city: City) -> None:
    await city.operator.post(ENTITIES, json=BENCH, headers=LINK)
    answer = (await city.public.get(f"{ENTITIES}/{ONE}")).json()
    space = "https://city.example/terms/"
    assert answer["type"] == f"{space}Bench"
    assert answer[f"{space}seats"][f"{space}checked"]["value"] is True
    assert answer[f"{space}state"]["vocab"] == [f"{space}good", f"{space}old"]
    assert answer[f"{space}near"]["objectType"] == f"{space}Tree"
    assert answer["colour"]["value"] == "red"
    assert answer["location"]["type"] == "GeoProperty", "the core context is protected"


@pytest.mark.parametrize(
    "reference",
    [ADDRESS, [ADDRESS], [ADDRESS, CORE_ADDRESS], CONTEXT, [CONTEXT, CORE_ADDRESS], [f"{SITE}all"], [{}, ADDRESS]],
)
async def test_contexts_in_the_body(city: City, reference: object) -> None:
    answer = await city.operator.post(ENTITIES, **linked(reference))
    assert answer.status_code == 201, answer.text
    assert (await city.public.get(f"{ENTITIES}/{ONE}", headers=LINK)).json() == BENCH


async def test_parameters_and_queries_speak_the_users_names(city: City) -> None:
    await city.operator.post(ENTITIES, json=BENCH, headers=LINK)
    for query in ("type=Bench", "type=city:Bench", "type=Bench&q=seats==4", "q=city:seats>3", "attrs=state"):
        found = (await city.public.get(f"{ENTITIES}?{query}", headers=LINK)).json()
        assert [entity["id"] for entity in found] == [ONE], query
    assert (await city.public.get(f"{ENTITIES}?type=Bench")).json() == []
    shown = (await city.public.get(f"{ENTITIES}/{ONE}?pick=id,seats", headers=LINK)).json()
    assert shown == {"id": ONE, "seats": BENCH["seats"]}
    simple = (await city.public.get(f"{ENTITIES}/{ONE}?options=keyValues", headers=LINK)).json()
    assert simple["state"] == {"vocab": ["good", "city:old"]}
    assert (await city.public.get(TYPES, headers=LINK)).json()["typeList"] == ["Bench"]
    assert (await city.public.get(f"{TYPES}/Bench", headers=LINK)).json()["typeName"] == "Bench"


async def test_each_entity_of_a_batch_has_its_own(city: City) -> None:
    batch = [
        {"id": "urn:x:1", "type": "Bench", "@context": ADDRESS},
        {"id": "urn:x:2", "type": "Bench", "@context": {"Bench": "urn:x:Bench"}},
        {"id": "urn:x:3", "type": "Bench", "@context": f"{SITE}missing"},
    ]
    answer = await city.operator.post(
        UPSERT, content=json.dumps(batch), headers={"content-type": "application/ld+json"}
    )
    assert answer.status_code == 207
    assert answer.json()["success"] == ["urn:x:1", "urn:x:2"]
    (error,) = answer.json()["errors"]
    assert (error["entityId"], error["error"]["status"]) == ("urn:x:3", 504)
    assert (await city.public.get(f"{ENTITIES}/urn:x:2")).json()["type"] == "urn:x:Bench"


async def test_a_context_that_is_not_there(city: City) -> None:
    link = {"link": LINK["link"].replace("city.jsonld", "missing.jsonld")}
    answer = await city.public.get(f"{ENTITIES}/{ONE}", headers=link)
    assert answer.status_code == 504
    assert answer.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/LdContextNotAvailable"
    assert f"{SITE}missing.jsonld" in answer.json()["detail"]


async def test_names_of_keywords_cannot_be_taken(city: City) -> None:
    reference = {"id": "urn:x:id", "type": "urn:x:type", "a": "urn:x:a"}
    body = {"id": ONE, "type": "T", "a": 1, "urn:x:id": 2, "@context": reference}
    answer = await city.operator.post(
        ENTITIES, content=json.dumps(body), headers={"content-type": "application/ld+json"}
    )
    assert answer.status_code == 201, answer.text
    found = (await city.public.get(f"{ENTITIES}/{ONE}?options=keyValues")).json()
    assert found == {"id": ONE, "type": "T", "urn:x:a": 1, "urn:x:id": 2}


def test_a_city_that_needs_no_contexts_does_not_load_the_client() -> None:
    """Fetching costs memory that most cities never need."""
    code = "import sys, talwerk.protocols.ngsild; sys.exit('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_whoever_goes_away_does_not_take_the_document_along() -> None:
    web = Web({ADDRESS: CONTEXT})
    documents = Documents(FixedClock(), web)
    first = asyncio.create_task(documents.get(ADDRESS))
    second = asyncio.create_task(documents.get(ADDRESS))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).content == CONTEXT
    assert web.asked == [ADDRESS]
