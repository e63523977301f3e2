"""The language filter (clause 4.15) and the filter of datasets (clause 4.5.5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.protocols.ngsild.language import chosen, parse_lang
from tests.protocols.city import ENTITIES, TEMPORAL, City, create

SQUARE: dict[str, Any] = {
    "id": "urn:x:1",
    "type": "Square",
    "street": {
        "type": "LanguageProperty",
        "languageMap": {"fr": "Grand Place", "nl-BE": ["Grote Markt", "Markt"]},
        "by": {"type": "LanguageProperty", "languageMap": {"fr": "ville"}},
    },
    "level": [
        {"value": 1, "observedAt": "2026-11-20T08:00:00Z"},
        {"value": 2, "datasetId": "urn:d:1", "observedAt": "2026-11-20T09:00:00Z"},
    ],
    "depth": {"value": 3, "datasetId": "urn:d:2"},
}
QUERY = "/ngsi-ld/v1/entityOperations/query"


async def answer(city: City, address: str = f"{ENTITIES}/urn:x:1", **parameters: str) -> Any:
    given = await city.public.get(address, params=parameters)
    assert given.status_code == 200, given.text
    return given.json()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("en", ("en",)),
        ("fr-CH,fr", ("fr-ch", "fr")),
        ("*", ("*",)),
        ("*;q=0.5, en;q=0.8 ,fr;q=0.9,fr-CH", ("fr-ch", "fr", "en", "*")),
        ("de;q=0,en", ("en",)),
        ("de;q=0", ()),
    ],
)
def test_preferences(text: str, expected: tuple[str, ...]) -> None:
    assert parse_lang(text) == expected


@pytest.mark.parametrize(
    "text", ["", ",", "de,", "de;q", "de;q=1.1", "de;q=a", "de_DE", "123456789", "de;p=1", "d" * 9]
)
def test_broken_preferences(text: str) -> None:
    with pytest.raises(DomainError):
        parse_lang(text)


@pytest.mark.parametrize(
    "there, preferred, expected",
    [
        (("de", "fr"), ("fr",), "fr"),
        (("de", "FR"), ("fr",), "FR"),
        (("de", "fr-CH"), ("fr",), "fr-CH"),
        (("fr-CH", "fr"), ("fr",), "fr"),
        (("de", "fr"), ("fr-ch",), "fr"),
        (("de", "en"), ("fr", "en"), "en"),
        (("de", "en"), ("*", "en"), "de"),
        (("de", "@none"), ("fr",), "@none"),
        (("de", "en"), (), "de"),
    ],
)
def test_the_language_that_suits(there: tuple[str, ...], preferred: tuple[str, ...], expected: str) -> None:
    assert chosen(dict.fromkeys(there, "x"), preferred) == expected


@given(st.lists(st.sampled_from(["de", "de-AT", "en", "fr"]), min_size=1, unique=True), st.text(max_size=20))
def test_there_is_always_a_language(there: list[str], text: str) -> None:
    try:
        preferred = parse_lang(text)
    except DomainError:
        preferred = ()
    assert chosen(dict.fromkeys(there, "x"), preferred) in there


async def test_a_language_in_every_representation(city: City) -> None:
    await create(city, SQUARE)
    by = {"type": "Property", "value": "ville", "lang": "fr"}
    street = {"type": "Property", "value": ["Grote Markt", "Markt"], "lang": "nl-BE", "by": by}
    assert (await answer(city, lang="nl"))["street"] == street
    concise = await answer(city, lang="fr-CH,nl;q=0.1", format="concise")
    assert concise["street"] == {"value": "Grand Place", "lang": "fr", "by": {"value": "ville", "lang": "fr"}}
    assert (await answer(city, lang="fr", format="simplified"))["street"] == "Grand Place"
    listed = await answer(city, ENTITIES, type="Square", lang="*", options="keyValues")
    assert listed[0]["street"] == "Grand Place"
    # What was written without a language is not remembered for those that ask for one, nor the other way round.
    assert (await answer(city))["street"]["languageMap"] == SQUARE["street"]["languageMap"]
    feature = await city.public.get(f"{ENTITIES}/urn:x:1?lang=fr", headers={"accept": "application/geo+json"})
    assert feature.json()["properties"]["street"]["value"] == "Grand Place"
    posted = await city.public.post(QUERY, json={"type": "Query", "entities": [{"type": "Square"}], "lang": "fr"})
    assert posted.json()[0]["street"]["value"] == "Grand Place"
    history = await answer(city, f"{TEMPORAL}/urn:x:1", lang="fr", format="temporalValues", timeproperty="modifiedAt")
    assert history["street"]["values"][0][0] == "Grand Place"


async def test_the_texts_of_languages_are_asked(city: City) -> None:
    await create(city, SQUARE)
    for q, count in (
        ('street=="Markt"', 1),
        ('street[nl-BE]=="Markt"', 1),
        ('street[fr]=="Markt"', 0),
        ('street[*]!= "Markt"', 0),
        ('street.by[*]=="stad", "ville"', 1),
    ):
        assert len(await answer(city, ENTITIES, q=q)) == count, q


async def test_datasets(city: City) -> None:
    await create(city, SQUARE)
    assert (await answer(city, datasetId="urn:d:1")).keys() == {"id", "type", "level"}
    assert (await answer(city, datasetId="@none", format="simplified")).keys() == {"id", "type", "street", "level"}
    both = await answer(city, ENTITIES, type="Square", datasetId="@none,urn:d:2", format="simplified")
    assert (both[0]["level"], both[0]["depth"]) == (1, 3)
    body = {"type": "Query", "entities": [{"type": "Square"}], "datasetId": ["urn:d:1"]}
    assert (await city.public.post(QUERY, json=body)).json()[0]["level"]["value"] == 2
    history = await answer(city, f"{TEMPORAL}/urn:x:1", datasetId="urn:d:1")
    assert [one["value"] for one in history["level"]] == [2]
    sums = {"format": "aggregatedValues", "aggrMethods": "sum", "attrs": "level"}
    aggregated = await answer(city, f"{TEMPORAL}/urn:x:1", datasetId="urn:d:1", **sums)
    assert aggregated["level"]["sum"][0][0] == 2


async def test_what_changes_nothing_is_read(city: City) -> None:
    await create(city, SQUARE)
    assert len(await answer(city, ENTITIES, q="level==1", jsonKeys="level", csf="endpoint==1")) == 1
