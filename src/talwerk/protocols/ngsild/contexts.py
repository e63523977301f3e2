"""JSON-LD @contexts as NGSI-LD needs them: short names to IRIs and back (clauses 4.4, 5.5.7 and Annex B).

Of JSON-LD only this much is used: term to IRI, prefixes, and the default vocabulary. The core context comes last and is
protected: no context of a user changes what it defines. Contexts that scope terms to types or members are refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.identifiers import Iri, is_iri

CORE_ADDRESS = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
_ANY_CORE_ADDRESS = re.compile(r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(-v1\.[3-9])?\.jsonld")

_MEMORY_MAX = 10_000
_COMPILED_MAX = 200
_KEY_BYTES_MAX = 100_000
_LIST_MAX = 20
_TERMS_MAX = 10_000
# Without characters that carry meaning in the query languages (clause 4.9): such a name could not be asked for.
_NAME = re.compile(r"[^\s<>\"'=;()|,&{}\[\]\\^`!~\x00-\x1f\x7f]+")
_REFUSED_KEYWORDS = frozenset({"@base", "@import", "@propagate", "@language", "@direction"})
_SCOPING = frozenset({"@context", "@nest", "@reverse", "@index"})


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
        reference: what to write as ``@context`` into answers.
    """

    def __init__(self, terms: Mapping[str, str], reference: str | list[Any] = CORE_ADDRESS) -> None:
        core = core_terms()
        self.reference = reference
        self._vocabulary = core.vocabulary
        self._terms = {**terms, **core.terms}
        # A term may serve as prefix when its IRI ends like a namespace (JSON-LD 1.1, section 4.2.2).
        spaces = {term: full for term, full in terms.items() if full[-1:] in "/#:?@[]"}
        self._prefixes = {**spaces, **core.prefixes}
        self._names = {full: term for term, full in sorted(self._terms.items(), key=_worst_first)}
        self._spaces = sorted(((full, term) for term, full in self._prefixes.items()), key=lambda pair: -len(pair[0]))
        self._expanded: dict[str, Iri] = {}
        self._compacted: dict[str, str] = {}

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
        candidates = [self._names.get(full), full.removeprefix(self._vocabulary)]
        candidates += [f"{prefix}:{full[len(space) :]}" for space, prefix in self._spaces if full.startswith(space)]
        for name in candidates:
            if name and name != full and self._leads_to(name, full):
                return name
        return full

    def _leads_to(self, name: str, full: str) -> bool:
        try:
            return self._expand(name) == full
        except DomainError:
            return False


def _worst_first(pair: tuple[str, str]) -> tuple[int, str]:
    # Later entries win in the table of names: the shortest, then the first in the alphabet.
    return (-len(pair[0]), "".join(chr(0x10FFFF - ord(c)) for c in pair[0]))


@cache
def core_context() -> Context:
    """The context of a request that brings none."""
    return Context({})


class Contexts:
    """Finds and compiles the contexts that requests name, and remembers the latest."""

    def __init__(self) -> None:
        self._compiled: dict[bytes, Context] = {}

    async def resolve(self, reference: object) -> Context:
        """The context that a Link header or an ``@context`` member stands for.

        Args:
            reference: an address, an object of term definitions, or a list of both.

        Raises:
            DomainError: BadRequestData when it is no context; LdContextNotAvailable when an address leads nowhere.
        """
        if isinstance(reference, str) and _ANY_CORE_ADDRESS.fullmatch(reference):
            return core_context()
        key = msgspec.json.encode(reference)
        known = self._compiled.get(key)
        if known is None:
            known = await self._compile(reference if isinstance(reference, list) else [reference])
            if len(key) <= _KEY_BYTES_MAX:
                if len(self._compiled) >= _COMPILED_MAX:
                    self._compiled.clear()
                self._compiled[key] = known
        return known

    async def _compile(self, parts: list[Any]) -> Context:
        if len(parts) > _LIST_MAX:
            raise bad_data(f"The @context has {len(parts)} parts; {_LIST_MAX} is the most.", "/@context")
        terms: dict[str, str] = {}
        for part in parts:
            await self._add(part, terms)
        return Context(terms, _with_core(parts)) if terms else core_context()

    async def _add(self, part: object, terms: dict[str, str]) -> None:
        if isinstance(part, str):
            if not _ANY_CORE_ADDRESS.fullmatch(part):
                if not is_iri(part):
                    raise bad_data(f"The @context {part[:80]!r} is not an address.", "/@context")
                detail = f"The @context {part[:200]} cannot be fetched: this city reads the core context only."
                raise DomainError(Fault.CONTEXT_NOT_AVAILABLE, detail)
        elif isinstance(part, dict):
            _define(part, terms)
        else:
            raise bad_data("The @context is neither an address nor an object nor a list of them.", "/@context")


def _with_core(parts: list[Any]) -> list[Any]:
    own = [part for part in parts if not (isinstance(part, str) and _ANY_CORE_ADDRESS.fullmatch(part))]
    return [*own, CORE_ADDRESS]


def _define(definitions: dict[str, Any], terms: dict[str, str]) -> None:
    """Add the terms of one context object to those before it (JSON-LD 1.1, section 4.1)."""
    if len(definitions) > _TERMS_MAX:
        raise bad_data(f"The @context defines {len(definitions)} terms; {_TERMS_MAX} is the most.", "/@context")
    vocabulary = definitions.get("@vocab", core_terms().vocabulary)
    if not isinstance(vocabulary, str):
        raise bad_data("The @vocab is not a text.", "/@context/@vocab")
    raw: dict[str, str] = {}
    for term, definition in definitions.items():
        if term in _REFUSED_KEYWORDS:
            raise bad_data(f"The @context uses {term}, which is not supported.", f"/@context/{term}")
        if not term.startswith("@"):
            full = _target(term, definition)
            if full is None:
                terms.pop(term, None)
            elif not full.startswith("@"):
                raw[term] = full
    for term in raw:
        full = _resolved(term, raw, terms, vocabulary)
        if not is_iri(full):
            raise bad_data(f"The term {term[:80]!r} stands for {full[:80]!r}, which is not a URI.", f"/@context/{term}")
        terms[term] = full


def _target(term: str, definition: object) -> str | None:
    """What a definition names: an IRI, a compact IRI, another term, a keyword, or nothing."""
    if isinstance(definition, dict):
        scoping = _SCOPING & definition.keys()
        if scoping:
            raise bad_data(
                f"The term {term[:80]!r} uses {sorted(scoping)[0]}, which is not supported.", f"/@context/{term}"
            )
        definition = definition.get("@id", term)
    if definition is not None and not (isinstance(definition, str) and definition and term):
        raise bad_data(f"The term {term[:80]!r} is not defined by a URI.", f"/@context/{term}")
    return definition


def _resolved(term: str, raw: dict[str, str], before: dict[str, str], vocabulary: str) -> str:
    """Follow a definition through other terms and prefixes to its IRI; a circle ends in the default vocabulary."""
    name, suffix = term, ""
    core = core_terms()
    visited: set[str] = set()
    while name in raw and name not in visited:
        visited.add(name)
        target = raw[name]
        prefix, colon, rest = target.partition(":")
        if colon and not rest.startswith("//") and (prefix in raw or prefix in before or prefix in core.prefixes):
            name, suffix = prefix, rest + suffix
        elif colon:
            return target + suffix
        elif target == name or target not in raw:
            known = before.get(target) if target != name else None
            return (known or core.terms.get(target) or vocabulary + target) + suffix
        else:
            name = target
    known = before.get(name) or core.prefixes.get(name)
    return (known or vocabulary + name) + suffix
