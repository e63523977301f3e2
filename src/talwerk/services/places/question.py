"""What somebody typed, taken apart: street, house number, postcode; written as streets are compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Self

import msgspec

TEXT_MAX = 200
"""Characters of an address; what is longer is none."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe"})
_WORDS = re.compile(r"[a-z]+|\d+")
_POSTCODE = re.compile(r"\b(\d{5})\b")
_NUMBER = re.compile(r"(?<![\w.-])(\d{1,4})\s?([a-zA-Z])?(?![\w.])")
_RANGE_END = re.compile(r"(?<=\d)\s?[a-zA-Z]?\s?[-–/]\s?\d{1,4}\s?[a-zA-Z]?(?!\w)")
_SHORT = {"str": "strasse", "pl": "platz", "st": "sankt"}


def folded(text: str) -> str:
    """A street's name without what people write differently: case, umlauts, ß, hyphens, blanks, short forms.

    ``Friedrich-Engels-Allee``, ``friedrich engels allee`` and ``Friedrichengelsallee`` become one; ``Kirchstr.`` and
    ``Kirchstraße`` as well.
    """
    # Composed first: an umlaut of two characters is to become ae like the others, not a.
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_UMLAUTS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    words = [_SHORT.get(word, word) for word in _WORDS.findall(plain)]
    return "".join(word[:-3] + "strasse" if word.endswith("str") else word for word in words)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A text that asks for an address.

    Attributes:
        streets: folded texts that may be the street, the likeliest first.
        number: house number, None without one.
        suffix: letter of the house number in lower case, empty without one.
        postcode: five digits, empty without them.
    """

    streets: tuple[str, ...]
    number: int | None = None
    suffix: str = ""
    postcode: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Take a text apart: ``Neumarkt 10 b, 12345 Stadt``; anything may be missing, in the order of Germany."""
        text = text[:TEXT_MAX]
        postcode = _POSTCODE.search(text)
        if postcode:
            text = _POSTCODE.sub(", ", text, count=1)
        whole = folded(text)
        # Of "10-12" the first is meant. A number at the very beginning belongs to the name of a street.
        found = next((match for match in _NUMBER.finditer(_RANGE_END.sub("", text)) if match.start() > 0), None)
        before_comma = folded(text.split(",", 1)[0])
        before_number = [folded(text[: found.start()])] if found else []
        streets = [*before_number, before_comma, whole]
        return cls(
            streets=tuple(dict.fromkeys(street for street in streets if street)),
            number=int(found[1]) if found else None,
            suffix=(found[2] or "").lower() if found else "",
            postcode=postcode[1] if postcode else "",
        )
