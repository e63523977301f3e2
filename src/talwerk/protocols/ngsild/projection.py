"""Which members of entities are returned: attrs, pick and omit (NGSI-LD clause 4.21)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.query import LINKS_MAX

from .contexts import Context
from .parameters import Parameters

NAMES_MAX = 200
CORE_MEMBERS = frozenset({"id", "type", "scope", "createdAt", "modifiedAt"})

_NAME = re.compile(r"[^,|{}]+")

Names = dict[str, "Names | None"]
"""Names as they were written, each with those in the braces behind it, None where there are no braces."""


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """Which members of an entity are returned.

    Attributes:
        attributes: IRIs of the attributes, None for all.
        members: the entity's own members (id, type, scope, times), None for all.
        omit: members and attribute IRIs to leave out.
        having: IRIs of attributes of which an entity needs at least one (parameter attrs).
        linked: the same for the entities that relationships lead to, by the relationships' IRIs; of others all is
            returned.
    """

    attributes: tuple[str, ...] | None = None
    members: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    having: tuple[str, ...] = ()
    linked: Mapping[str, Projection] = {}

    def shows(self, attribute: str) -> bool:
        """Whether an attribute is returned."""
        return (self.attributes is None or attribute in self.attributes) and attribute not in self.omit

    def depth(self) -> int:
        """How many relationships, one after another, it leads along."""
        return max((1 + inner.depth() for inner in self.linked.values()), default=0)


EVERYTHING = Projection()


def projection(parameters: Parameters, context: Context) -> Projection:
    """What attrs, pick and omit ask for.

    Raises:
        DomainError: BadRequestData when they contradict each other or hold impossible names; TooComplexQuery for more
            than 200 names.
    """
    attrs, pick, omit = (parameters.text(name) for name in ("attrs", "pick", "omit"))
    if attrs is None and pick is None and omit is None:
        return EVERYTHING
    if attrs is not None and (pick is not None or omit is not None):
        raise bad_data("The parameter attrs cannot stand beside pick or omit.", "attrs")
    if attrs is not None:
        named = _expanded(parameters.parts("attrs"), "attrs", context)
        return Projection(attributes=named, having=named)
    picked = None if pick is None else _Reader(pick, "pick").whole()
    return _projected(picked, {} if omit is None else _Reader(omit, "omit").whole(), context)


def _projected(picked: Names | None, left_out: Names, context: Context) -> Projection:
    gone = {name for name, inner in left_out.items() if inner is None}
    both = gone & (picked or {}).keys()
    if both:
        raise bad_data(f"The member {sorted(both)[0]} stands both in pick and in omit.", "omit")
    omitted = gone & CORE_MEMBERS
    omitted |= set(_expanded(tuple(sorted(gone - CORE_MEMBERS)), "omit", context))
    linked = {
        _expanded((name,), "pick", context)[0]: _projected((picked or {}).get(name), left_out.get(name) or {}, context)
        for name in ((picked or {}) | left_out)
        if (picked or {}).get(name) or left_out.get(name)
    }
    if picked is None:
        return Projection(omit=frozenset(omitted), linked=linked)
    return Projection(
        attributes=_expanded(tuple(name for name in picked if name not in CORE_MEMBERS), "pick", context),
        members=frozenset(picked.keys() & CORE_MEMBERS),
        omit=frozenset(omitted),
        linked=linked,
    )


def _expanded(names: tuple[str, ...], parameter: str, context: Context) -> tuple[str, ...]:
    if len(names) > NAMES_MAX:
        raise DomainError(Fault.TOO_COMPLEX, f"The {parameter} has {len(names)} names; {NAMES_MAX} is the most.")
    try:
        return tuple(dict.fromkeys(context.expand(name) for name in names))
    except DomainError as error:
        raise bad_data(error.detail, parameter) from error


class _Reader:
    """Reads names joined by ``,`` or ``|``; those of a linked entity stand in braces behind a relationship."""

    def __init__(self, text: str, parameter: str) -> None:
        self._text = text
        self._parameter = parameter
        self._at = 0
        self._count = 0

    def whole(self) -> Names:
        names = self._names(0)
        if self._at < len(self._text):
            raise self._broken()
        return names

    def _broken(self) -> DomainError:
        return bad_data(f"The {self._parameter} is not well-formed: {self._text[:80]!r}.", self._parameter)

    def _take(self, signs: str) -> bool:
        if self._at < len(self._text) and self._text[self._at] in signs:
            self._at += 1
            return True
        return False

    def _names(self, depth: int) -> Names:
        if depth > LINKS_MAX:
            detail = f"The {self._parameter} follows more than {LINKS_MAX} links."
            raise DomainError(Fault.TOO_COMPLEX, detail, self._parameter)
        names: Names = {}
        while True:
            name, inner = self._name(depth)
            if names.get(name, inner) != inner:
                raise bad_data(f"The {self._parameter} names {name[:80]!r} twice.", self._parameter)
            names[name] = inner
            if not self._take(",|"):
                return names

    def _name(self, depth: int) -> tuple[str, Names | None]:
        found = _NAME.match(self._text, self._at)
        name = found[0].strip() if found else ""
        if found is None or not name:
            raise self._broken()
        self._at = found.end()
        self._count += 1
        if self._count > NAMES_MAX:
            detail = f"The {self._parameter} has more than {NAMES_MAX} names."
            raise DomainError(Fault.TOO_COMPLEX, detail, self._parameter)
        if not self._take("{"):
            return name, None
        if name in CORE_MEMBERS:
            raise bad_data(f"The member {name} in {self._parameter} is no relationship.", self._parameter)
        inner = self._names(depth + 1)
        if not self._take("}"):
            raise self._broken()
        return name, inner
