"""Identifiers, full names and tenants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError, Fault
from talwerk.core.identifiers import LENGTH_MAX, city_urn, iri, is_iri, tenant
from talwerk.core.terms import DEFAULT_VOCABULARY, LOCATION, compact, core_terms, expand


@pytest.mark.parametrize(
    "text",
    ["urn:ngsi-ld:Gauge:1", "https://example.org/a?b=c#d", "a:b", "urn:größe:ß", "urn:x:'--", "urn:x:" + "a" * 1_990],
)
def test_iris(text: str) -> None:
    assert iri(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gauge",
        ":b",
        "1a:b",
        "urn:",
        "urn:a b",
        "urn:a\n",
        "urn:<a>",
        'urn:"a"',
        "urn:{a}",
        "urn:a\\b",
        "urn:\ud800",
        "urn:\x00",
        "urn:\x7f",
        "urn:\u2028",
        "urn:\u200b",
        "urn:" + "a" * LENGTH_MAX,
    ],
)
def test_what_is_no_iri(text: str) -> None:
    assert not is_iri(text)
    with pytest.raises(DomainError) as refused:
        iri(text, "entity id")
    assert refused.value.fault is Fault.INVALID_REQUEST
    assert "entity id" in refused.value.detail


@given(st.text())
def test_every_iri_can_be_sent(text: str) -> None:
    if is_iri(text):
        assert text.encode().decode() == text
        assert not any(character.isspace() for character in text)


@pytest.mark.parametrize("name", ["", "solo", "a-b_c", "7", "a" * 63])
def test_tenants(name: str) -> None:
    assert tenant(name) == name


@pytest.mark.parametrize("name", ["A", "ä", "-a", "a b", "../b", "a/b", "a.b", "a" * 64, "a\n", "\x00"])
def test_what_is_no_tenant(name: str) -> None:
    with pytest.raises(DomainError):
        tenant(name)


def test_ids_of_our_own_making() -> None:
    assert city_urn("Gauge", "05124000", "water-board", "12.3~a") == "urn:ngsi-ld:Gauge:05124000:water-board:12.3~a"
    for part in ("", "a:b", "ä", "a b", "a\n"):
        with pytest.raises(DomainError):
            city_urn("Gauge", "05124000", "water-board", part)


@given(st.one_of(st.text(min_size=1), st.from_regex(r"[a-zA-Z][\w.-]{0,20}", fullmatch=True)))
def test_a_short_name_comes_back(name: str) -> None:
    try:
        full = expand(name)
    except DomainError as refused:
        assert refused.fault is Fault.BAD_REQUEST_DATA  # noqa: PT017 - most random texts are refused, and may be
        return
    assert is_iri(full)
    assert expand(compact(full)) == full


def test_names_of_the_core_context_are_told_from_others() -> None:
    assert expand("location") == LOCATION
    assert compact(LOCATION) == "location"
    assert expand("level") == DEFAULT_VOCABULARY + "level"
    assert compact("https://example.org/level") == "https://example.org/level"
    # A short form that would expand to something else is no short form.
    assert compact(DEFAULT_VOCABULARY + "location") == DEFAULT_VOCABULARY + "location"
    assert compact(DEFAULT_VOCABULARY + "a:b") == DEFAULT_VOCABULARY + "a:b"
    assert compact(DEFAULT_VOCABULARY) == DEFAULT_VOCABULARY
    for name, full in core_terms().items():
        assert (expand(name), compact(full)) == (full, name)
