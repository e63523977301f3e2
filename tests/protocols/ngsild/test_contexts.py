from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core import terms
from talwerk.core.errors import DomainError, Fault
from talwerk.protocols.ngsild.context_library import Contexts
from talwerk.protocols.ngsild.contexts import CORE_ADDRESS, Context, core_context, core_terms
from tests.protocols.city import FixedClock

PUBLISHED = Path(__file__).parents[4] / "shared" / "contexts" / "ngsi-ld-core-context-v1.8.jsonld"
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


async def resolved(reference: object) -> Context:
    return await Contexts.closed(FixedClock()).resolve(reference)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    if not PUBLISHED.exists():
        pytest.skip("needs the published core context")
    document: dict[str, Any] = json.loads(PUBLISHED.read_text())["@context"]
    return document


def test_the_core_terms_are_those_of_the_published_context(published: dict[str, Any]) -> None:
    core = core_terms()
    assert core.vocabulary == published.pop("@vocab")
    assert published.pop("@protected") is True
    assert published.pop("@version") == 1.1
    names = {term: d if isinstance(d, str) else d["@id"] for term, d in published.items()}
    assert core.keywords == {term: name for term, name in names.items() if name.startswith("@")}
    assert core.prefixes == {term: name for term, name in names.items() if name.endswith(("/", "#"))}

    def full(name: str) -> str:
        prefix, colon, suffix = name.partition(":")
        return core.prefixes.get(prefix, prefix + ":") + suffix if colon else core.vocabulary + name

    expected = {t: full(n) for t, n in names.items() if t not in core.keywords and t not in core.prefixes}
    assert core.terms == expected
    objects = {term: d for term, d in published.items() if isinstance(d, dict)}
    assert core.coerced == {term: d["@type"] for term, d in objects.items() if "@type" in d}
    assert core.containers == {term: d["@container"] for term, d in objects.items() if "@container" in d}


def test_every_layer_expands_alike() -> None:
    assert terms.core_terms() == core_terms().terms
    for term, full in core_terms().terms.items():
        assert core_context().expand(term) == terms.expand(term) == full
        assert core_context().compact(full) == terms.compact(full) == term


@given(st.from_regex(r"[a-zA-Z][\w.-]{0,30}", fullmatch=True))
def test_short_names_survive(name: str) -> None:
    assert core_context().compact(core_context().expand(name)) == name
    assert core_context().expand(name) == terms.expand(name)


@pytest.mark.parametrize("full", ["http://a/b", "urn:x:y", VOCABULARY, VOCABULARY + "location", "https://x/ä#b"])
def test_what_has_no_short_name_stays_itself(full: str) -> None:
    assert core_context().expand(core_context().compact(full)) == full


@pytest.mark.parametrize("name", ["", " ", "a b", "a<b", 'a"b', "a;b", "a\x00b", "a(b)", "x" * 3_000, "a|b", "\ud800"])
def test_impossible_names(name: str) -> None:
    with pytest.raises(DomainError) as raised:
        core_context().expand(name)
    assert raised.value.fault is Fault.BAD_REQUEST_DATA


async def test_a_users_terms() -> None:
    context = await resolved(
        [
            {"ex": "https://example.org/", "Car": "ex:Car", "speed": {"@id": "ex:speed", "@type": "@vocab"}},
            {"pace": "speed", "colour": "ngsi-ld:colour", "location": "https://evil.example/"},
            CORE_ADDRESS,
        ]
    )
    assert context.expand("Car") == "https://example.org/Car"
    assert context.expand("pace") == context.expand("speed") == "https://example.org/speed"
    assert context.compact("https://example.org/speed") == "pace"
    assert context.expand("ex:other") == "https://example.org/other"
    assert context.compact("https://example.org/other") == "ex:other"
    assert context.expand("colour") == "https://uri.etsi.org/ngsi-ld/colour"
    assert context.expand("location") == "https://uri.etsi.org/ngsi-ld/location", "the core context is protected"
    assert context.expand("unknown") == VOCABULARY + "unknown"


async def test_own_vocabulary_serves_definitions_only() -> None:
    context = await resolved({"@vocab": "https://example.org/", "speed": {"@id": "pace"}})
    assert context.expand("speed") == "https://example.org/pace"
    assert context.expand("colour") == VOCABULARY + "colour", "the core's vocabulary comes last"


@pytest.mark.parametrize("version", ["", "-v1.3", "-v1.8", "-v1.9"])
async def test_other_addresses_of_the_core(version: str) -> None:
    address = f"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{version}.jsonld"
    assert await resolved(address) is core_context()
    assert await resolved([address]) is core_context()


@pytest.mark.parametrize(
    "reference, fault",
    [
        ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld", Fault.CONTEXT_NOT_AVAILABLE),
        ("https://example.org/context.jsonld", Fault.CONTEXT_NOT_AVAILABLE),
        ("not an address", Fault.BAD_REQUEST_DATA),
        ("", Fault.BAD_REQUEST_DATA),
        (7, Fault.BAD_REQUEST_DATA),
        (None, Fault.BAD_REQUEST_DATA),
        ([None], Fault.BAD_REQUEST_DATA),
        ([[]], Fault.BAD_REQUEST_DATA),
        ([CORE_ADDRESS] * 21, Fault.BAD_REQUEST_DATA),
        ({"a": "b", "b": "a"}, Fault.BAD_REQUEST_DATA),
        ({"c": "c:d"}, Fault.BAD_REQUEST_DATA),
        ({f"t{n}": f"t{n + 1}" for n in range(100)}, Fault.BAD_REQUEST_DATA),
        ({"a": 7}, Fault.BAD_REQUEST_DATA),
        ({"a": ""}, Fault.BAD_REQUEST_DATA),
        ({"": "urn:x:y"}, Fault.BAD_REQUEST_DATA),
        ({"a": "no good uri"}, Fault.BAD_REQUEST_DATA),
        ({"@vocab": 7}, Fault.BAD_REQUEST_DATA),
        ({"@base": "https://example.org/"}, Fault.BAD_REQUEST_DATA),
        ({"@import": "https://example.org/"}, Fault.BAD_REQUEST_DATA),
        ({"a": {"@id": "urn:x:y", "@context": {}}}, Fault.BAD_REQUEST_DATA),
    ],
)
async def test_what_is_no_context(reference: object, fault: Fault) -> None:
    with pytest.raises(DomainError) as raised:
        await resolved(reference)
    assert raised.value.fault is fault


async def test_compiled_contexts_are_remembered() -> None:
    contexts = Contexts.closed(FixedClock())
    first = await contexts.resolve({"a": "urn:x:a"})
    assert await contexts.resolve({"a": "urn:x:a"}) is first
    assert await contexts.resolve({"a": "urn:x:b"}) is not first
    for number in range(300):
        assert (await contexts.resolve({"a": f"urn:x:{number}"})).expand("a") == f"urn:x:{number}"
