"""Queries as syntax trees. ``core.match`` evaluates them; the store compiles them; both must agree."""

from __future__ import annotations

from enum import StrEnum

import msgspec

LIMIT_DEFAULT = 20
LIMIT_MAX = 1_000
OFFSET_MAX = 10_000
LINKS_MAX = 5
"""How many relationships a condition may follow, one after another."""


class Operator(StrEnum):
    """Comparisons of the query language (NGSI-LD clause 4.9)."""

    EQUAL = "=="
    UNEQUAL = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="


class _Node(msgspec.Struct, frozen=True, tag=True):
    """A node of a filter."""


OWN = ""
"""Stands for the entity itself in place of an attribute's IRI."""


class Path(msgspec.Struct, frozen=True):
    """What a query term speaks about.

    Attributes:
        attribute: IRI of the attribute, or :data:`OWN` for the entity's own times.
        sub: a member (observedAt, unitCode, datasetId, createdAt, modifiedAt) or the IRI of a sub-attribute, or None.
        trail: names that lead into a JSON value: ``address[city]`` has the trail ``("city",)``.
        via: IRIs of the sub-attributes that lie between attribute and sub, from the outside to the inside.
    """

    attribute: str
    sub: str | None = None
    trail: tuple[str, ...] = ()
    via: tuple[str, ...] = ()


class Moment(msgspec.Struct, frozen=True, tag=True):
    """A date-time operand: microseconds UTC."""

    at: int


Operand = bool | int | float | str | Moment


class Range(msgspec.Struct, frozen=True, tag=True):
    """An inclusive range operand; both ends are numbers, texts or moments, of one kind."""

    low: Operand
    high: Operand


class Exists(_Node, frozen=True):
    """True when the path leads to anything."""

    path: Path


class Compare(_Node, frozen=True):
    """True when a value at the path stands in the relation to one of the operands.

    Values of another kind are neither equal nor in any order. ``!=`` is true when there is a value at the path and none
    of them equals an operand: what is of another kind is unequal (NGSI-LD clause 4.9). The objects of relationships
    have no order.

    Attributes:
        path: what is compared.
        operator: the relation; all but ``==`` and ``!=`` take exactly one operand that is no range.
        operands: numbers, booleans, texts, :class:`Moment` or :class:`Range`.
    """

    path: Path
    operator: Operator
    operands: tuple[Operand | Range, ...]


class Matches(_Node, frozen=True):
    """True when a text at the path matches a pattern (operators ``~=`` and ``!~=``).

    Attributes:
        path: what is compared; everything but texts is incomparable, and so are the objects of relationships.
        pattern: regular expression, see ``core.patterns``.
        negated: true instead when there is a text at the path and none of them matches.
    """

    path: Path
    pattern: str
    negated: bool = False


class IdMatches(_Node, frozen=True):
    """True when the entity's id matches a pattern (parameter idPattern)."""

    pattern: str


class HasId(_Node, frozen=True):
    """True when the entity has one of the ids; for selections that a query's own ids cannot say."""

    ids: tuple[str, ...]


ONE_LEVEL = "+"
SUBTREE = "#"


class InScope(_Node, frozen=True):
    """True when one of the entity's scopes has these levels (NGSI-LD clause 4.19).

    Attributes:
        levels: names of levels; :data:`ONE_LEVEL` stands for any one level, :data:`SUBTREE` at the end for
            everything at and below. No level at all matches nothing.
    """

    levels: tuple[str, ...]


class Relation(StrEnum):
    """How a geometry lies to a reference geometry (NGSI-LD clause 4.10)."""

    NEAR = "near"
    WITHIN = "within"
    CONTAINS = "contains"
    INTERSECTS = "intersects"
    EQUALS = "equals"
    DISJOINT = "disjoint"
    OVERLAPS = "overlaps"


class Located(_Node, frozen=True):
    """True when an instance of an attribute holds a geometry in the relation to the reference, see ``core.geometry``.

    Attributes:
        attribute: IRI of the GeoProperty.
        relation: what the attribute's geometry is to the reference, for example within it.
        geometry: the reference as GeoJSON text.
        max_m: for :attr:`Relation.NEAR`, the greatest distance in metres.
        min_m: for :attr:`Relation.NEAR`, the smallest distance in metres.
    """

    attribute: str
    relation: Relation
    geometry: str
    max_m: float | None = None
    min_m: float | None = None


class And(_Node, frozen=True):
    """True when all are."""

    items: tuple[Filter, ...]


class Or(_Node, frozen=True):
    """True when one is."""

    items: tuple[Filter, ...]


class OfType(_Node, frozen=True):
    """True when the entity has one of the types (IRIs); part of Scope predicates and type selections."""

    types: tuple[str, ...]


class Linked(_Node, frozen=True):
    """True when a relationship leads to an entity that is there, may be seen, and fulfils a condition.

    May be seen: by the Scope of the query, masked attributes being absent from the linked entity too. In the predicate
    of a Scope every entity counts, with all its attributes. Links may be nested :data:`LINKS_MAX` deep.

    Attributes:
        path: leads to the instances of a Relationship or ListRelationship; one with a trail or a member leads nowhere.
        types: IRIs, any of which the linked entity has to have; empty for every type.
        item: the condition on the linked entity.
    """

    path: Path
    types: tuple[str, ...]
    item: Filter


class Nothing(_Node, frozen=True):
    """Never true: the Scope of somebody who may see nothing."""


Filter = Exists | Compare | Matches | Located | IdMatches | HasId | InScope | And | Or | Linked | OfType | Nothing


def links_of(tree: Filter) -> int:
    """How many links a filter follows, one after another."""
    match tree:
        case And(items) | Or(items):
            return max(map(links_of, items), default=0)
        case Linked(item=item):
            return 1 + links_of(item)
    return 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a result.

    Attributes:
        limit: entities per page, 0..1,000 (0 only counts).
        after: opaque cursor of the page before, None for the first page.
        offset: entities to skip, at most 10,000; beyond that only cursors lead.
        count: whether the total is wanted.
    """

    limit: int = LIMIT_DEFAULT
    after: str | None = None
    offset: int = 0
    count: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities, and what of them.

    Attributes:
        types: IRIs; an entity with any of them matches; empty for every type.
        ids: entity ids; empty for every id.
        having: attribute IRIs; an entity that has at least one of them matches; empty for no such condition.
        filter: the condition, None for none.
        attributes: IRIs of the attributes to return, None for all.
        page: which part of the result; the order is that of the entities' creation.
    """

    types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    filter: Filter | None = None
    attributes: tuple[str, ...] | None = None
    page: Page = Page()


class TimeProperty(StrEnum):
    """The time that a temporal query is about (NGSI-LD clause 4.11)."""

    OBSERVED = "observedAt"
    CREATED = "createdAt"
    MODIFIED = "modifiedAt"
    DELETED = "deletedAt"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open time window ``[start, end)`` in microseconds UTC; None leaves a side open.

    Attributes:
        start: the first instant.
        end: the instant after the last.
        known: what was recorded until this instant, as it was then; None for what is known now. Plain values, hourly
            sums and corrections heed it.
    """

    start: int | None = None
    end: int | None = None
    known: int | None = None


class TemporalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities, and which instances of their attributes.

    Attributes:
        entities: the selection; only entities with at least one instance in the window are returned, except
            when ``entities.ids`` names exactly one.
        window: the window of time.
        property: the time that the window is about.
        last: at most so many of the newest instances per series, None for the store's own limit.
    """

    entities: Query
    window: Window = Window()
    property: TimeProperty = TimeProperty.OBSERVED
    last: int | None = None
