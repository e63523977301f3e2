r"""The query language of attributes (NGSI-LD clause 4.9): text to filter, by recursive descent.

The whole grammar is read. In the braces of a linked entity, what stands before the first colon is its type: prefixed
names of types cannot be told from it and are left to terms and addresses. A pattern stands between its quotes as it is
(only ``\"`` means a quote), because the escapes of regular expressions are not those of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.identifiers import is_iri
from talwerk.core.instants import instant_or_none
from talwerk.core.match import OWN_TIMES
from talwerk.core.patterns import expression
from talwerk.core.query import (
    LINKS_MAX,
    OWN,
    Compare,
    Exists,
    Filter,
    Linked,
    Matches,
    Moment,
    Operand,
    Operator,
    Path,
    Range,
)

from .precedence import Conditions

LENGTH_MAX = 8_000
TERMS_MAX = 200
NESTING_MAX = 20

MEMBERS = frozenset({"observedAt", "unitCode", "datasetId", "createdAt", "modifiedAt"})
"""Members of an attribute that a condition may be about, beside its sub-attributes."""

_SUBS_MAX = 16
_ENTITY_MEMBERS = frozenset({"id", "type", "scope", "deletedAt", "expiresAt"})

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s;|,()\[\]{}\"=!<>~]+|[^\s.;|,()\[\]{}\"=!<>~]+")
_TYPE = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]*://[^\s:;|,()\[\]{}\"=!<>~]+|[^\s.:;|,()\[\]{}\"=!<>~]+)(?=[,|]|:(?!//))"
)
_OPERATOR = re.compile(r"==|!=|>=|<=|!~=|~=|>|<")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\.)*+"')
_QUOTED_PATTERN = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BARE = re.compile(r"[^\s;|,()\"]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_DOTS = re.compile(r"\.\.")
_BLANKS = re.compile(r" *")
_COMMA = re.compile(r" *,")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?Z?", re.ASCII)
_INTEGER_MAX = 2**63 - 1

Expand = Callable[[str], str]


def parse_q(text: str, expand: Expand, expand_values: frozenset[str] = frozenset()) -> Filter:
    """The filter that a q expression stands for.

    Args:
        text: the expression.
        expand: makes the IRI of a name.
        expand_values: names of attributes whose text operands are names themselves (parameter expandValues).

    Raises:
        DomainError: InvalidRequest naming the position when the text breaks the grammar; OperationNotSupported for
            what cannot be evaluated yet; TooComplexQuery when it is too long or too deep.
    """
    parser = _Terms(text, expand, expand_values)
    condition = parser.whole()
    if parser.unsupported:
        raise DomainError(Fault.NOT_SUPPORTED, f"The q uses {parser.unsupported}, which is not supported.", "q")
    return condition


class _Terms(Conditions):
    """Reads one expression; ``at`` is the position, ``unsupported`` the first thing that no filter can carry."""

    name = "q"
    or_signs = "|"
    length_max = LENGTH_MAX
    nesting_max = NESTING_MAX

    def __init__(self, text: str, expand: Expand, expand_values: frozenset[str]) -> None:
        super().__init__(text)
        self.unsupported = ""
        self._terms = 0
        self._expand = expand
        self._expand_values = expand_values

    def broken(self, why: str) -> DomainError:
        rest = self.text[self.at : self.at + 20]
        shown = f"before {rest!r}" if rest else "at its end"
        return invalid(f"The q is not well-formed at character {self.at} {shown}: {why}.", "q")

    def term(self) -> Filter:
        self._terms += 1
        if self._terms > TERMS_MAX:
            raise self.too_complex(f"has more than {TERMS_MAX} terms")
        links, path, named = self._linked()
        condition = self._condition(path, named)
        for relationship, types in reversed(links):
            condition = Linked(relationship, types, condition)
        return condition

    def _condition(self, path: Path, named: str) -> Filter:
        """What is asked of a path; ``named`` is its attribute as written."""
        sign = self.match(_OPERATOR)
        if sign is None:
            return Exists(path)
        if sign in {"~=", "!~="}:
            return Matches(path, self._pattern(), negated=sign == "!~=")
        operator = Operator(sign)
        equality = operator in {Operator.EQUAL, Operator.UNEQUAL}
        operands = self._operands() if equality else (self._comparable(),)
        if named in self._expand_values:
            operands = tuple(self._named(operand) if isinstance(operand, str) else operand for operand in operands)
        return Compare(path, operator, operands)

    def _linked(self) -> tuple[list[tuple[Path, tuple[str, ...]]], Path, str]:
        """Links ``a{Type:b{c}}`` from the outside to the inside, then the path in the innermost entity and its name."""
        links: list[tuple[Path, tuple[str, ...]]] = []
        path, named = self._path()
        while self.take("{"):
            if path.attribute == OWN or path.trail or path.sub in MEMBERS:
                raise self.broken("what stands before a brace must be a relationship")
            if len(links) == LINKS_MAX:
                raise self.too_complex(f"follows more than {LINKS_MAX} links")
            links.append((path, self._types()))
            path, named = self._path()
        for _ in links:
            if not self.take("}"):
                raise self.broken("a closing brace was expected")
        return links, path, named

    def _types(self) -> tuple[str, ...]:
        """The types ``T:`` or ``T,U:`` that may stand before the path in a linked entity."""
        names: list[str] = []
        while (name := self.match(_TYPE)) is not None:
            names.append(self._named(name))
            if self.take(":"):
                return tuple(names)
            self.at += 1
        if names:
            raise self.broken("a type and a colon were expected")
        return ()

    def _path(self) -> tuple[Path, str]:
        """A path ``a``, ``a.b``, ``a[c.d]`` or ``a.b[c.d]``, and the attribute's name as written."""
        names = self._names()
        trail: tuple[str, ...] = ()
        if self.take("["):
            trail = tuple(self._names())
            if not self.take("]"):
                raise self.broken("a closing bracket was expected")
        attribute, *subs = names
        if attribute in _ENTITY_MEMBERS:
            self._refuse(f"the entity's own member {attribute}")
        if len(subs) > _SUBS_MAX:
            raise self.too_complex(f"has a path of more than {_SUBS_MAX} sub-attributes")
        if attribute in OWN_TIMES and not subs and not trail:
            return Path(OWN, attribute), ""
        *via, sub = subs or (None,)
        if sub is not None and sub not in MEMBERS:
            sub = self._named(sub)
        path = Path(self._named(attribute), sub, trail, tuple(self._named(name) for name in via if name is not None))
        return path, attribute

    def _named(self, name: str) -> str:
        try:
            return self._expand(name)
        except DomainError as error:
            raise self.broken(f"{name[:80]!r} is neither a short name nor a URI") from error

    def _names(self) -> list[str]:
        names = []
        while True:
            name = self.match(_NAME)
            if name is None:
                raise self.broken("a name was expected")
            names.append(name)
            if not self.take("."):
                return names

    def _pattern(self) -> str:
        start = self.at
        quoted = self.match(_QUOTED_PATTERN)
        pattern = self.match(_BARE) if quoted is None else quoted[1:-1].replace('\\"', '"')
        if pattern is None:
            raise self.broken("a pattern was expected")
        try:
            expression(pattern)
        except DomainError as error:
            self.at = start
            raise self.broken(error.detail.rstrip(".")) from error
        return pattern

    def _refuse(self, what: str) -> None:
        self.unsupported = self.unsupported or what

    def _operands(self) -> tuple[Operand | Range, ...]:
        operands = [self._value()]
        while self.match(_COMMA):
            operands.append(self._value())
        return tuple(operands)

    def _comparable(self) -> Operand:
        start = self.at
        value = self._value()
        if isinstance(value, bool | Range):
            self.at = start
            raise self.broken("a number, a text in quotes or a time was expected")
        return value

    def _value(self) -> Operand | Range:
        # The standard's own example has blanks before its values (clause 4.9).
        self.match(_BLANKS)
        low = self._single()
        if self.match(_DOTS) is None:
            return low
        high = self._single()
        if isinstance(low, bool) or _kind(low) != _kind(high):
            raise self.broken("the two ends of a range must be of one kind, and no truth values")
        return Range(low, high)

    def _single(self) -> Operand:
        quoted = self.match(_QUOTED)
        if quoted is not None:
            return self._unquoted(quoted)
        start = self.at
        bare = self.match(_BARE)
        if bare is None:
            raise self.broken("a value was expected")
        value = _literal(bare)
        if value is None and ".." in bare:
            # The left end of a range; what follows the two dots is read next.
            bare = bare.partition("..")[0]
            self.at = start + len(bare)
            value = _literal(bare)
        if value is None:
            self.at = start
            raise self.broken("a number within 64 bits, a time, a URI or a text in quotes was expected")
        return value

    def _unquoted(self, quoted: str) -> str:
        try:
            text: str = msgspec.json.decode(quoted.encode(), type=str)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise self.broken("the text before it uses an unknown escape") from error
        return text


def _kind(value: object) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _literal(bare: str) -> Operand | None:
    """The value of a word without quotes; None when it is none."""
    if _NUMBER.fullmatch(bare):
        return _number(bare)
    if bare in {"true", "false"}:
        return bare == "true"
    instant = instant_or_none(bare)
    if instant is not None:
        return Moment(instant)
    if _DATE.fullmatch(bare) or _TIME.fullmatch(bare):
        return bare
    # Two dots inside an address would be taken for a range by every other reader; they are left to quotes.
    return bare if ".." not in bare and is_iri(bare) else None


def _number(bare: str) -> Operand | None:
    if not any(sign in bare for sign in ".eE"):
        value = int(bare) if len(bare) < 21 else _INTEGER_MAX + 1
        return value if -_INTEGER_MAX - 1 <= value <= _INTEGER_MAX else None
    number = float(bare)
    return number if abs(number) != float("inf") else None
