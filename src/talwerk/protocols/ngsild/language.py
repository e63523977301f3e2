"""The language filter (NGSI-LD clause 4.15): of each LanguageProperty the texts in one language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from talwerk.core.entity import Attribute, Attributes, Kind
from talwerk.core.errors import bad_data

LANGUAGES_MAX = 50
ANY = "*"
NO_LANGUAGE = "@none"

_WEIGHT = r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?"
_RANGE = re.compile(rf"\s*([A-Za-z]{{1,8}}(?:-[A-Za-z0-9]{{1,8}})*|\*)\s*(?:;\s*q\s*=\s*({_WEIGHT})\s*)?")


def parse_lang(text: str) -> tuple[str, ...]:
    """The languages that are preferred, the best first, in small letters (RFC 3282, RFC 5646).

    Raises:
        DomainError: BadRequestData when the text is no list of languages.
    """
    weighed: list[tuple[float, str]] = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        if found is None or len(weighed) == LANGUAGES_MAX:
            raise bad_data(f"The lang {text[:80]!r} is not a list of at most {LANGUAGES_MAX} languages.", "lang")
        weighed.append((float(found[2] or 1), found[1].lower()))
    # Sorting keeps the order of those that weigh the same.
    return tuple(tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight)


def in_language(attributes: Attributes, preferred: tuple[str, ...]) -> Attributes:
    """The attributes with a Property of one language in place of each LanguageProperty, sub-attributes included."""
    return {name: tuple(_reduced(one, preferred) for one in instances) for name, instances in attributes.items()}


def _reduced(instance: Attribute, preferred: tuple[str, ...]) -> Attribute:
    if instance.subattributes:
        instance = replace(instance, subattributes=in_language(instance.subattributes, preferred))
    if instance.kind is not Kind.LANGUAGE_PROPERTY or not isinstance(instance.value, dict) or not instance.value:
        return instance
    language = chosen(instance.value, preferred)
    members = {**instance.members, "lang": language}
    return replace(instance, kind=Kind.PROPERTY, value=instance.value[language], members=members)


def chosen(texts: Mapping[str, Any], preferred: tuple[str, ...]) -> str:
    """The language that suits best of those there are; any of them where none suits.

    A region stands in for its language and a language for its regions: ``fr`` finds fr-CH, ``fr-CH`` finds fr.
    """
    there = {language.lower(): language for language in texts}
    for wanted in preferred:
        if wanted == ANY:
            break
        tag = wanted
        while tag:
            near = next((known for known in there if known == tag or known.startswith(tag + "-")), None)
            if near is not None:
                return there[tag] if tag in there else there[near]
            tag = tag.rpartition("-")[0]
    return NO_LANGUAGE if NO_LANGUAGE in texts else next(iter(texts))
