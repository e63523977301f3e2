"""A text that is missing is an error, never a blank."""

from __future__ import annotations

import re

import pytest

from talwerk.texts import Catalogue, UnknownTextError, catalogue


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
    entries = catalogue("de").entries
    assert {
        key for key in entries if key.endswith(".one") and f"{key.removesuffix('.one')}.other" not in entries
    } == set()


def test_texts_are_calm_and_formal() -> None:
    for key, text in catalogue("de").entries.items():
        assert "!" not in text, key
        assert not re.search(r"\b(du|dein|deine|dich|dir)\b", text, re.IGNORECASE), key
