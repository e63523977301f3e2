"""Names are expanded and compacted as a complete JSON-LD processor does it, for any contexts."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from pyld import jsonld

from talwerk.core.errors import DomainError
from talwerk.protocols.ngsild.context_library import Contexts
from talwerk.protocols.ngsild.contexts import Context, core_terms
from tests.protocols.city import FixedClock

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
# What the core context adds to users' names: vocabulary and prefixes; its terms win anyway and are not drawn here.
CORE = {"@version": 1.1, "@vocab": VOCABULARY, **core_terms().prefixes}
TERMS = ("a", "b", "ab", "Car", "pace", "ex", "exa", "other")
SPACES = ("https://example.org/", "https://example.org/ex#", "urn:x:", "https://other.example/a/", "https://o.example")

names = st.sampled_from(TERMS)
targets = st.one_of(
    names,
    st.sampled_from(SPACES),
    st.builds("{}:{}".format, names, st.sampled_from(("x", "Car", "a/b", "//x"))),
    st.builds("{}{}".format, st.sampled_from(SPACES[:4]), st.sampled_from(("Car", "pace", "a/b"))),
)
# Terms that are set to null are left out: by the book their data vanish, here they fall back to the vocabulary.
definitions = st.one_of(
    targets,
    st.builds(lambda target: {"@id": target}, targets),
    st.builds(lambda target, prefix: {"@id": target, "@prefix": prefix}, targets, st.booleans()),
    st.builds(lambda target, kind: {"@id": target, "@type": kind}, targets, st.sampled_from(("@id", "@vocab"))),
)
objects = st.dictionaries(names, definitions, max_size=5)
vocabularies = st.sampled_from(({}, {"@vocab": "https://vocab.example/"}, {"@vocab": "https://vocab.example/#"}))
contexts = st.lists(st.builds(lambda a, b: {**a, **b}, objects, vocabularies), min_size=1, max_size=3)
asked = st.one_of(names, st.builds("{}:{}".format, names, st.sampled_from(("x", "Car", "a/b", "//x"))))
full = st.one_of(
    st.builds("{}{}".format, st.sampled_from((*SPACES[:4], VOCABULARY)), st.sampled_from(("Car", "pace", "a/b", "x"))),
)


def expanded(name: str, parts: list[Any]) -> str | None:
    """The IRI of a type's name by the book; None when the book refuses the context."""
    try:
        document = jsonld.expand({"@context": [*parts, CORE], "@id": "urn:x:1", "@type": name})
    except jsonld.JsonLdError:
        return None
    kinds: list[str] = document[0]["@type"]
    return kinds[0]


def compacted(iri: str, parts: list[Any]) -> str | None:
    try:
        document = jsonld.compact({"@id": "urn:x:1", "@type": [iri]}, [*parts, CORE])
    except jsonld.JsonLdError:
        return None
    kind: str = document["@type"]
    return kind


def ours(parts: list[Any]) -> Context | None:
    try:
        return asyncio.run(Contexts.closed(FixedClock()).resolve(parts))
    except DomainError:
        return None


@given(contexts, asked)
def test_names_are_expanded_by_the_book(parts: list[Any], name: str) -> None:
    parts = [{"@vocab": VOCABULARY, **parts[0]}, *parts[1:]]
    context, reference = ours(parts), expanded(name, parts)
    assume(context is not None and reference is not None)
    assert context is not None
    assert context.expand(name) == reference


@given(contexts, full)
def test_iris_are_compacted_by_the_book(parts: list[Any], iri: str) -> None:
    parts = [{"@vocab": VOCABULARY, **parts[0]}, *parts[1:]]
    context, reference = ours(parts), compacted(iri, parts)
    assume(context is not None and reference is not None)
    assert context is not None
    assert context.compact(iri) == reference
    assert context.expand(context.compact(iri)) == iri


@given(contexts, asked)
def test_whatever_the_book_refuses_is_refused_or_harmless(parts: list[Any], name: str) -> None:
    context = ours(parts)
    assume(context is not None)
    assert context is not None
    assert context.expand(context.compact(context.expand(name))) == context.expand(name)
