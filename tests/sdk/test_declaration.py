"""Strict declarations: every message names file, line and what is known."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.sdk.declaration import parse_declaration, read_declaration
from talwerk.sdk.profile import Profile
from talwerk.sdk.toml_lines import line_of

TEXT = (cities.folder("wuppertal") / cities.PROFILE).read_text(encoding="utf-8")


def line(part: str, text: str = TEXT) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    "old, new, message",
    [
        (
            'reach = "Talsohle"',
            'reachh = "Talsohle"',
            "The key 'reachh' is unknown in [axis.points 2]. Is 'reach' meant?",
        ),
        ("values = [126, 212, 253]", "values = [126, 212, 212]", "are not strictly ascending"),
        ('ags = "05124000"', "ags = 5124000", "Expected `str`, got `int`"),
        ('ags = "05124000"', 'ags = "5124000"', "Expected `str` matching regex"),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Wuppertal"', "'Europe/Wuppertal' is not in the IANA"),
        ('kind = "river"', 'kind = "canal"', "Invalid enum value 'canal'"),
        ('kind = "river"', 'kind = "river', "The file is not valid TOML"),
    ],
)
def test_the_line_of_the_fault_is_named(old: str, new: str, message: str) -> None:
    broken = TEXT.replace(old, new, 1)
    with pytest.raises(DomainError) as caught:
        parse_declaration(broken, Profile, "profile.toml")
    assert message in caught.value.detail
    place, _, number = (caught.value.where or "").partition(":")
    assert place == "profile.toml"
    # Of a value that breaks a rule of its table, the table's line is the best that can be said.
    assert line(new, broken) - 7 <= int(number) <= line(new, broken)


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DomainError) as caught:
        parse_declaration(TEXT.replace("[axis]", "[axis]\nlength_km = 116", 1), Profile, "profile.toml")
    assert "The key 'length_km' is unknown in [axis]. Known keys: name, kind, phrase, points." in str(caught.value)
    assert caught.value.where == f"profile.toml:{line('[axis]') + 1}"


def test_a_missing_key_is_named_with_its_table() -> None:
    broken = TEXT.replace('name = "Opladen"\n', "", 1)
    with pytest.raises(DomainError) as caught:
        parse_declaration(broken, Profile, "profile.toml")
    assert caught.value.detail == "The key 'name' is missing in [axis.points 5]."
    header = line('key = "opladen"', broken) - 1
    assert caught.value.where == f"profile.toml:{header}"


def test_a_doubled_measuring_point_is_refused() -> None:
    with pytest.raises(DomainError, match="'glueder' is declared twice"):
        parse_declaration(TEXT.replace('key = "opladen"', 'key = "glueder"'), Profile, "profile.toml")


def test_files_that_are_no_declaration(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    with pytest.raises(DomainError, match="cannot be read: No such file"):
        read_declaration(path, Profile)
    with pytest.raises(DomainError, match="cannot be read: Is a directory"):
        read_declaration(tmp_path, Profile)
    path.write_bytes(b'[city]\nname = "K\xf6ln"\n')
    with pytest.raises(DomainError, match=r":2: The byte 0xf6 is not UTF-8"):
        read_declaration(path, Profile)
    path.write_bytes(b"#" * (5 * 1024 * 1024))
    with pytest.raises(DomainError, match="larger than 4 MiB"):
        read_declaration(path, Profile)
    path.write_bytes(b"a = " + b"[" * 100_000)
    with pytest.raises(DomainError, match=r"nested too deeply|not valid TOML"):
        read_declaration(path, Profile)


class _Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str = ""


class _Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    leaf: tuple[_Leaf, ...] = ()
    twig: _Leaf | None = None


def test_lines_are_found_past_texts_over_several_lines() -> None:
    text = (
        '[[leaf]]\nnote = """\nnote = 1\n[[leaf]]\n"""\n\n[[ leaf ]] # the second\n"note" = \'\'\'one\'\'\'\ntip = 1\n'
    )
    with pytest.raises(DomainError) as caught:
        parse_declaration(text, _Tree, "tree.toml")
    assert str(caught.value) == "tree.toml:9: The key 'tip' is unknown in [leaf 2]. Known keys: note."
    assert line_of(text, ("leaf", 1, "note")) == 8
    assert line_of(text, ("leaf", 7, "note")) == 1


def test_an_inline_table_is_found_at_its_key() -> None:
    with pytest.raises(DomainError) as caught:
        parse_declaration('\n\ntwig = { bark = "x" }\n', _Tree, "tree.toml")
    assert str(caught.value) == "tree.toml:3: The key 'bark' is unknown in [twig]. Known keys: note."
