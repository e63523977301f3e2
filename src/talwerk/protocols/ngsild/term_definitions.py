"""What an @context object says: terms, prefixes and the vocabulary (JSON-LD 1.1, sections 4.1 and 9.15).

Scoped contexts are refused, as the standard asks; so are the keywords that would change values.
"""

from __future__ import annotations

from typing import Any

from talwerk.core.errors import bad_data
from talwerk.core.identifiers import is_iri

from .contexts import core_terms

TERMS_MAX = 10_000
_CHAIN_MAX = 50
_IGNORED_KEYWORDS = frozenset({"@version", "@protected", "@vocab", "@type"})
_REFUSED_KEYWORDS = frozenset({"@base", "@import", "@propagate", "@language", "@direction"})
_SCOPING = frozenset({"@context", "@nest", "@reverse", "@index"})
_CONTAINERS = frozenset({"@list", "@set", "@index", "@language", "@id", "@type", "@graph"})
_COERCIONS = frozenset({"@id", "@vocab", "@json", "@none"})
_NAMESPACE_ENDS = "/#:?@[]"


class Definitions:
    """The terms that contexts define one after the other; the later win.

    Attributes:
        terms: IRIs by term.
        prefixes: namespaces by the terms that may serve as prefix.
    """

    def __init__(self) -> None:
        self.terms: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        self._vocabulary = core_terms().vocabulary

    def add_core(self) -> None:
        """Take note that the core context stands here: its vocabulary serves what follows."""
        self._vocabulary = core_terms().vocabulary

    def add(self, definitions: dict[str, Any]) -> None:
        """Add what one context object defines.

        Raises:
            DomainError: BadRequestData naming the term that is defined in no way that we understand.
        """
        if len(definitions) + len(self.terms) > TERMS_MAX:
            total = len(definitions) + len(self.terms)
            raise bad_data(f"The @context defines {total} terms; {TERMS_MAX} is the most.", "/@context")
        _Object(definitions, self).resolve()

    def vocabulary(self, definitions: dict[str, Any]) -> str:
        """The default vocabulary, after an object that may set it."""
        named = definitions.get("@vocab", self._vocabulary)
        if named is None:
            named = core_terms().vocabulary
        if not isinstance(named, str):
            raise bad_data("The @vocab is not a text.", "/@context/@vocab")
        prefix, colon, suffix = named.partition(":")
        space = _space(definitions.get(prefix)) or self.prefixes.get(prefix) if colon else None
        self._vocabulary = space + suffix if space and not suffix.startswith("//") else named
        if not is_iri(self._vocabulary):
            raise bad_data(f"The @vocab {named[:80]!r} is not a URI.", "/@context/@vocab")
        return self._vocabulary


class _Object:
    """One context object whose terms lean on each other in any order."""

    def __init__(self, definitions: dict[str, Any], before: Definitions) -> None:
        self._before = before
        self._definitions = definitions
        self._vocabulary = before.vocabulary(definitions)
        self._resolved: dict[str, str | None] = {}

    def resolve(self) -> None:
        for term, definition in self._definitions.items():
            if term in _REFUSED_KEYWORDS:
                raise bad_data(f"The @context uses {term}, which is not supported.", f"/@context/{term}")
            if term in _IGNORED_KEYWORDS:
                continue
            _check(term, definition)
            self._iri_of(term, ())
        for term, full in self._resolved.items():
            self._before.terms.pop(term, None)
            self._before.prefixes.pop(term, None)
            if full is None:
                continue
            if not is_iri(full):
                detail = f"The term {term[:80]!r} stands for {full[:80]!r}, which is not a URI."
                raise bad_data(detail, f"/@context/{term[:80]}")
            self._before.terms[term] = full
            if _is_prefix(self._definitions[term], full):
                self._before.prefixes[term] = full

    def _iri_of(self, term: str, trail: tuple[str, ...]) -> str | None:
        """What a term of this object stands for; None when it is an alias of a keyword or undefined on purpose."""
        if term in self._resolved:
            return self._resolved[term]
        if term in trail or len(trail) > _CHAIN_MAX:
            raise bad_data(f"The term {term[:80]!r} is defined by way of itself.", f"/@context/{term[:80]}")
        target = _target(term, self._definitions[term])
        full = None
        if target is not None and not target.startswith("@"):
            full = self._expanded(term, target, (*trail, term))
        self._resolved[term] = full
        return full

    def _expanded(self, term: str, target: str, trail: tuple[str, ...]) -> str:
        """A target as IRI: another term, a compact IRI, an IRI, or a name of the vocabulary."""
        if target != term and target in self._definitions and not target.startswith("@"):
            full = self._iri_of(target, trail)
            if full is not None:
                return full
        elif target != term and target in self._before.terms:
            return self._before.terms[target]
        prefix, colon, suffix = target.partition(":")
        if not colon:
            return core_terms().terms.get(target) or self._vocabulary + target
        space = None if suffix.startswith("//") else self._namespace(prefix, trail)
        return space + suffix if space else target

    def _namespace(self, prefix: str, trail: tuple[str, ...]) -> str | None:
        definition = self._definitions.get(prefix)
        if definition is not None and not prefix.startswith("@"):
            full = self._iri_of(prefix, trail)
            return full if full is not None and _is_prefix(definition, full) else None
        return self._before.prefixes.get(prefix) or core_terms().prefixes.get(prefix)


def _is_prefix(definition: object, full: str) -> bool:
    """Whether a term may stand before a colon: told so, or a plain text that ends like a namespace."""
    if isinstance(definition, dict):
        return definition.get("@prefix") is True
    return full[-1:] in _NAMESPACE_ENDS


def _space(definition: object) -> str | None:
    """The namespace of a prefix of the same object that is spelled out in full."""
    target = definition.get("@id") if isinstance(definition, dict) else definition
    return target if isinstance(target, str) and is_iri(target) and _is_prefix(definition, target) else None


def _check(term: str, definition: object) -> None:
    """Refuse what would be read otherwise than its author meant."""
    if not isinstance(definition, dict):
        return
    place = f"/@context/{term[:80]}"
    scoping = _SCOPING & definition.keys()
    if scoping:
        raise bad_data(f"The term {term[:80]!r} uses {min(scoping)}, which is not supported.", place)
    kind = definition.get("@type")
    if kind is not None and not (isinstance(kind, str) and kind and (kind[0] != "@" or kind in _COERCIONS)):
        raise bad_data(f"The term {term[:80]!r} has the @type {str(kind)[:80]!r}, which is none.", place)
    containers = definition.get("@container")
    for container in containers if isinstance(containers, list) else [containers]:
        if container is not None and not (isinstance(container, str) and container in _CONTAINERS):
            raise bad_data(f"The term {term[:80]!r} has the @container {str(container)[:80]!r}, which is none.", place)


def _target(term: str, definition: object) -> str | None:
    """What a definition names: an IRI, a compact IRI, another term, a keyword, or nothing."""
    target = definition.get("@id", term) if isinstance(definition, dict) else definition
    if not term or (target is not None and not (isinstance(target, str) and target)):
        raise bad_data(f"The term {term[:80]!r} is not defined by a URI.", f"/@context/{term[:80]}")
    return target
