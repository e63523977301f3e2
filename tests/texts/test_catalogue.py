"""A text that is missing is an error, never a blank."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from string import Formatter

import pytest

from talwerk import cities
from talwerk.texts import Catalogue, UnknownTextError, catalogue

FULL = ("de", "en")
"""Languages that hold every key."""


def test_a_missing_key_names_itself() -> None:
    with pytest.raises(UnknownTextError, match=r"no\.such\.text"):
        catalogue("de").text("no.such.text")


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        Catalogue("de", {"a": "{b}"}).text("a")


def test_a_missing_language_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        catalogue("xx")


def test_numbers_choose_their_wording() -> None:
    texts = Catalogue("de", {"a.one": "{number} Tag", "a.other": "{number} Tage"})
    assert [texts.count("a", number) for number in (0, 1, 2)] == ["0 Tage", "1 Tag", "2 Tage"]


def test_wordings_come_in_pairs() -> None:
    for entries in (catalogue("de").entries, catalogue("en").entries):
        ones = {key.removesuffix(".one") for key in entries if key.endswith(".one")}
        assert not [key for key in ones if f"{key}.other" not in entries]


def test_texts_are_calm_and_formal() -> None:
    assert not [key for key, text in catalogue("en").entries.items() if "!" in text]
    for key, text in catalogue("de").entries.items():
        assert "!" not in text, key
        assert not re.search(r"\b(du|dein|deine|dich|dir)\b", text, re.IGNORECASE), key


def fields(text: str) -> set[str]:
    """Names of the fields that a text shows."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_holds_every_key() -> None:
    german, english = (set(catalogue(language).entries) for language in FULL)
    assert german - english == set()
    assert english - german == set()


def test_a_key_has_the_same_fields_in_every_language() -> None:
    german, english = (catalogue(language).entries for language in FULL)
    unlike = {key: (text, english[key]) for key, text in german.items() if fields(text) != fields(english[key])}
    assert unlike == {}


def test_files_have_the_same_names_in_every_language() -> None:
    german, english = (_files(language) for language in FULL)
    assert german == english


def test_every_file_holds_the_same_keys_in_every_language() -> None:
    for name in _files("de"):
        german, english = (set(_tables(language, name)) for language in FULL)
        assert german == english, name


def test_nothing_german_is_left_in_english() -> None:
    for key, text in catalogue("en").entries.items():
        assert not re.search(r"\b(und|der|das|nicht|keine|Sie|ist|wird)\b", text), key


def test_addresses_are_distinct_and_plain() -> None:
    for language in FULL:
        segments = [text for key, text in catalogue(language).entries.items() if key.startswith("address.")]
        assert len(segments) == len(set(segments))
        assert all(re.fullmatch(r"([a-z0-9]+([-/][a-z0-9]+)*)?", segment) for segment in segments), language


def _files(language: str) -> set[str]:
    folder = resources.files("talwerk.texts").joinpath(language)
    return {one.name for one in folder.iterdir() if one.name.endswith(".toml")}


def _tables(language: str, name: str) -> list[str]:
    told = tomllib.loads(resources.files("talwerk.texts").joinpath(language, name).read_text(encoding="utf-8"))
    return [f"{table}.{key}" for table, entries in told.items() for key in entries]


@pytest.mark.parametrize("key", cities.available())
def test_a_profile_speaks_the_languages_of_its_pages(key: str) -> None:
    profile = cities.load(key)
    assert set(profile.city.languages) <= set(FULL)
    assert profile.axis is None or set(profile.axis.phrase) >= set(profile.city.languages)
