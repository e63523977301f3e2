"""Message catalogues: every sentence that a person reads, one folder per language, one TOML file per kind of page.

A key is the dotted path of its entry. An entry is a text with named fields, or a pair `one`/`other`
when the wording depends on a number. A key that is asked for and not there is an error, never a blank.

German (formal "Sie") and English hold every key. ``leicht`` is German in easy language (Leichte Sprache): it holds
the keys of the pages that exist in it, and ``checked.on`` stays empty until somebody of its audience has read it.
Sentences are calm and exact, without exclamation marks.
"""

import tomllib
from functools import cache
from importlib import resources

EASY = "leicht"
"""Leichte Sprache."""


class UnknownTextError(KeyError):
    """A text key was asked for that the catalogue does not hold."""


class Catalogue:
    """The texts of one language.

    Attributes:
        language: The catalogue's folder and the first segment of its pages' addresses: ``de``, ``en``, ``leicht``.
        entries: Flat mapping from dotted key to text.
    """

    def __init__(self, language: str, entries: dict[str, str]) -> None:
        self.language = language
        self.entries = entries

    @property
    def locale(self) -> str:
        """Two-letter code of the language itself, the value of the page's `lang`: easy language is German."""
        return "de" if self.language == EASY else self.language

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
        ValueError: Two of its files hold one key.
    """
    entries: dict[str, str] = {}
    folder = resources.files(__name__).joinpath(language)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".toml"):
            continue
        found = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
        if twice := found.keys() & entries.keys():
            raise ValueError(f"{language}/{file.name} repeats {sorted(twice)}")
        entries |= found
    return Catalogue(language, entries)
