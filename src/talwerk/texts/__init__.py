"""Message catalogues: every sentence that a person reads, one TOML file per language.

A key is the dotted path of its entry. An entry is a text with named fields, or a pair `one`/`other`
when the wording depends on a number. A key that is asked for and not there is an error, never a blank.
"""

import tomllib
from functools import cache
from importlib import resources


class UnknownTextError(KeyError):
    """A text key was asked for that the catalogue does not hold."""


class Catalogue:
    """The texts of one language.

    Attributes:
        language: Two-letter code, also the value of the page's `lang`.
        entries: Flat mapping from dotted key to text.
    """

    def __init__(self, language: str, entries: dict[str, str]) -> None:
        self.language = language
        self.entries = entries

    def text(self, key: str, **fields: object) -> str:
        """Return the text of a key with its named fields filled in.

        Raises:
            UnknownTextError: The key is not in this catalogue.
        """
        try:
            entry = self.entries[key]
        except KeyError:
            raise UnknownTextError(f"no text {key!r} in the catalogue {self.language!r}") from None
        return entry.format(**fields)

    def count(self, key: str, number: int, **fields: object) -> str:
        """Return the wording of a key for a number; the text may show it as `{number}`."""
        form = "one" if number == 1 else "other"
        return self.text(f"{key}.{form}", **{"number": number, **fields})

    def __contains__(self, key: str) -> bool:
        return key in self.entries


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, str]:
    entries: dict[str, str] = {}
    for name, entry in table.items():
        if isinstance(entry, dict):
            entries |= _flat(entry, f"{prefix}{name}.")
        elif isinstance(entry, str):
            entries[prefix + name] = entry
        else:
            raise TypeError(f"text {prefix + name!r} is {type(entry).__name__}, not a string")
    return entries


@cache
def catalogue(language: str) -> Catalogue:
    """Load the catalogue of a language, once per process.

    Raises:
        FileNotFoundError: There is no catalogue for this language.
    """
    raw = resources.files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Catalogue(language, _flat(tomllib.loads(raw)))
