"""JSON-LD @contexts as NGSI-LD needs them: short names to IRIs and back (clauses 4.4, 5.5.7 and Annex B).

Of JSON-LD only this much is used: term to IRI, prefixes, and the default vocabulary. The core context comes last and is
protected: no context of a user changes what it defines.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, bad_data
from talwerk.core.identifiers import Iri, is_iri

CORE_ADDRESS = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
_ANY_CORE_ADDRESS = re.compile(r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(-v1\.[0-9])?\.jsonld")

_MEMORY_MAX = 10_000
# Without characters that carry meaning in the query languages (clause 4.9): such a name could not be asked for.
_NAME = re.compile(r"[^\s<>\"'=;()|,&{}\[\]\\^`!~\x00-\x1f\x7f]+")


class CoreTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The core context as a table of facts.

    Attributes:
        version: of the NGSI-LD API that it belongs to.
        vocabulary: where names lie that nothing else defines.
        prefixes: namespaces by prefix.
        terms: IRIs by term, keywords and prefixes aside.
        keywords: JSON-LD keywords by term.
        coerced: what the values of a term are, by term.
        containers: JSON-LD containers by term.
    """

    version: str
    vocabulary: str
    prefixes: dict[str, str]
    terms: dict[str, str]
    keywords: dict[str, str]
    coerced: dict[str, str]
    containers: dict[str, str]


@cache
def core_terms() -> CoreTerms:
    """The core context, read from the package."""
    table = tomllib.loads(resources.files(__package__).joinpath("core_context.toml").read_text(encoding="utf-8"))
    prefixes, vocabulary = table["prefixes"], table["vocabulary"]
    terms = {term: prefixes[prefix] + term for prefix, names in table["plain"].items() for term in names}
    for term, name in table["named"].items():
        prefix, colon, suffix = name.partition(":")
        terms[term] = prefixes.get(prefix, prefix + ":") + suffix if colon else vocabulary + name
    return CoreTerms(
        version=table["version"],
        vocabulary=vocabulary,
        prefixes=prefixes,
        terms=terms,
        keywords=table["keywords"],
        coerced={term: kind for kind, names in table["coerced"].items() for term in names},
        containers={term: kind for kind, names in table["containers"].items() for term in names},
    )


class Context:
    """A compiled @context; immutable but for its memory of names.

    Args:
        terms: IRIs by term of the user's contexts; the core's terms win.
        prefixes: namespaces by those of the terms that may stand before a colon.
        reference: what to write as ``@context`` into answers.

    Attributes:
        reference: the same.
        size: how many terms of users it knows.
    """

    def __init__(
        self,
        terms: Mapping[str, str],
        prefixes: Mapping[str, str] | None = None,
        reference: str | list[Any] = CORE_ADDRESS,
    ) -> None:
        core = core_terms()
        self.reference = reference
        self.size = len(terms)
        self._vocabulary = core.vocabulary
        # A name that is the alias of a keyword is read as that, whatever else a context says of it.
        self._keywords = core.keywords.keys()
        self._terms = {**{term: full for term, full in terms.items() if term not in self._keywords}, **core.terms}
        self._prefixes = {**(prefixes or {}), **core.prefixes}
        self._names = {full: term for term, full in sorted(self._terms.items(), key=_worst_first)}
        self._expanded: dict[str, Iri] = {}
        self._compacted: dict[str, str] = {}

    @property
    def terms(self) -> dict[str, str]:
        """IRIs by term, the core's among them; with the prefixes and the reference they make the same context again."""
        return self._terms

    @property
    def prefixes(self) -> dict[str, str]:
        """Namespaces by prefix, the core's among them."""
        return self._prefixes

    @property
    def address(self) -> str:
        """The one address that a Link header can name for it: the user's, when it is a single one."""
        if isinstance(self.reference, str):
            return self.reference
        own = [part for part in self.reference if part != CORE_ADDRESS]
        return own[0] if len(own) == 1 and isinstance(own[0], str) else CORE_ADDRESS

    def expand(self, name: str) -> Iri:
        """The IRI of a type's or an attribute's name.

        Raises:
            DomainError: BadRequestData when it is neither a short name nor a URI.
        """
        known = self._expanded.get(name)
        if known is None:
            known = self._expand(name)
            if len(self._expanded) >= _MEMORY_MAX:
                self._expanded.clear()
            self._expanded[name] = known
        return known

    def _expand(self, name: str) -> Iri:
        full = self._terms.get(name)
        if full is None:
            prefix, colon, suffix = name.partition(":")
            if not colon:
                full = self._vocabulary + name
            elif prefix in self._prefixes and not suffix.startswith("//"):
                full = self._prefixes[prefix] + suffix
            else:
                full = name
        if not name or not _NAME.fullmatch(name) or not is_iri(full):
            raise bad_data(f"The name {name[:80]!r} is neither a short name nor a URI.")
        return Iri(full)

    def compact(self, full: str) -> str:
        """The shortest name that expands to an IRI again."""
        known = self._compacted.get(full)
        if known is None:
            known = self._compact(full)
            if len(self._compacted) >= _MEMORY_MAX:
                self._compacted.clear()
            self._compacted[full] = known
        return known

    def _compact(self, full: str) -> str:
        # In the order of JSON-LD 1.1 (section 6.2): a term, a name of the vocabulary, the shortest compact IRI.
        spaces = ((term, len(space)) for term, space in self._prefixes.items() if full.startswith(space))
        compact = sorted((f"{term}:{full[length:]}" for term, length in spaces), key=lambda name: (len(name), name))
        for name in (self._names.get(full), full.removeprefix(self._vocabulary), *compact):
            if name and name != full and self._leads_to(name, full):
                return name
        return full

    def _leads_to(self, name: str, full: str) -> bool:
        try:
            return name not in self._keywords and self._expand(name) == full
        except DomainError:
            return False


def is_core_address(reference: object) -> bool:
    """Whether it is the address of the core context, in any of its versions."""
    return isinstance(reference, str) and _ANY_CORE_ADDRESS.fullmatch(reference) is not None


def _worst_first(pair: tuple[str, str]) -> tuple[int, str]:
    # Later entries win in the table of names: the shortest, then the first in the alphabet.
    return (-len(pair[0]), "".join(chr(0x10FFFF - ord(c)) for c in pair[0]))


@cache
def core_context() -> Context:
    """The context of a request that brings none."""
    return Context({})
