"""Random entities, filters and queries: small pools, so that they often meet, and every character that hurts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.geometry import is_geometry
from talwerk.core.instants import SECOND, format_instant, instant_or_none
from talwerk.core.query import (
    LINKS_MAX,
    OWN,
    And,
    Compare,
    Exists,
    Filter,
    HasId,
    IdMatches,
    InScope,
    Linked,
    Located,
    Matches,
    Moment,
    Nothing,
    OfType,
    Operator,
    Or,
    Path,
    Query,
    Range,
    Relation,
    links_of,
)
from tests.contracts.cities import NOON

TYPES = ("urn:t:gauge", "urn:t:lamp", "urn:t:square")
NAMES = ("urn:a:level", "https://example.org/a#b", "urn:a:größe", "urn:a:$.x'[0]")
MEMBERS = ("observedAt", "createdAt", "modifiedAt", "unitCode", "datasetId")
KEYS = ("a", "b.c", '"', "\\", "'", "", "$", "[0]", "ä", "\x01", "a\nb", "@value", "\U0001f30a", "%_")

instants = st.integers(-3, 3).map(lambda n: NOON + n * SECOND)
integers = st.one_of(
    st.integers(-3, 3), st.sampled_from([2**53 + 1, 2**63 - 1, -(2**63)]), st.integers(-(2**63), 2**63 - 1)
)
floats = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 1.0, 1.5, 0.1 + 0.2, 2.0**53, 1e300, 5e-324, 2.0**63, 2.0**70, -(2.0**70), 1.7976931348623157e308]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
)
numbers = st.one_of(integers, floats)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
moments_as_text = st.one_of(
    instants.map(format_instant), st.sampled_from(["2026-03-01T13:00:00+01:00", "2026-02-30T00:00:00Z", "2026-03-01"])
)
texts = st.one_of(st.sampled_from(["", "a", "b", *KEYS]), moments_as_text, words)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=5,
)
datasets = st.sampled_from([None, "urn:d:1", "urn:d:2"])
units = st.sampled_from([None, "CMT", "MTR", ""])
kinds = st.sampled_from([Kind.PROPERTY, Kind.PROPERTY, Kind.RELATIONSHIP, Kind.JSON_PROPERTY, Kind.LANGUAGE_PROPERTY])


def _attributes(nested: st.SearchStrategy[Attribute] | None) -> st.SearchStrategy[Attribute]:
    inner = (
        st.just({})
        if nested is None
        else st.dictionaries(st.sampled_from(NAMES), st.lists(nested, min_size=1, max_size=2).map(tuple), max_size=2)
    )
    return st.builds(
        Attribute,
        kind=kinds,
        value=values,
        dataset=datasets,
        observed=st.one_of(st.none(), instants),
        unit=units,
        members=st.dictionaries(st.sampled_from(KEYS), scalars, max_size=1),
        subattributes=inner,
        created=st.just(0),
        modified=st.just(0),
        quality=st.just(2),
        instance=st.none(),
    )


# Few coordinates, so that geometries touch, cross themselves and collapse.
coordinates = st.sampled_from([7.0, 7.001, 7.002, 7.5, 8.0, 180.0, -180.0, 0])
positions = st.tuples(coordinates, st.sampled_from([51.0, 51.001, 51.5, 52, 90.0, -89.5])).map(list)
lines = st.lists(positions, min_size=1, max_size=5)
polygons = st.lists(lines, max_size=2)
rectangles = st.tuples(st.sampled_from([6.5, 7.0, 7.001]), st.sampled_from([7.002, 7.5, 8.0])).map(
    lambda ends: [[[ends[0], 50.5], [ends[1], 50.5], [ends[1], 51.5], [ends[0], 51.5], [ends[0], 50.5]]]
)


def _geometry(kind: str, given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return given.map(lambda found: {"type": kind, "coordinates": found})


plain_geometries = st.one_of(
    _geometry("Point", positions),
    _geometry("Point", positions),
    _geometry("MultiPoint", lines),
    _geometry("LineString", lines),
    _geometry("MultiLineString", st.lists(lines, max_size=2)),
    _geometry("Polygon", rectangles),
    _geometry("Polygon", polygons),
    _geometry("MultiPolygon", st.lists(st.one_of(polygons, rectangles), max_size=2)),
)
geometries = st.one_of(
    plain_geometries,
    plain_geometries,
    st.lists(plain_geometries, max_size=2).map(lambda parts: {"type": "GeometryCollection", "geometries": parts}),
)
places = st.builds(
    Attribute,
    kind=st.just(Kind.GEO_PROPERTY),
    value=st.one_of(geometries, geometries, geometries, values),
    dataset=datasets,
)
PLACE = "urn:a:place"
# Some point at nobody, some at themselves and in circles; ids beside numbers and objects, which point nowhere.
LINK = "urn:a:link"
targets = st.sampled_from([f"urn:e:{n}" for n in range(7)])
objects = st.one_of(targets, targets, st.lists(st.one_of(targets, targets, values), max_size=3), values)
link_kinds = st.sampled_from([Kind.RELATIONSHIP, Kind.RELATIONSHIP, Kind.LIST_RELATIONSHIP, Kind.PROPERTY])
inner_links = st.builds(Attribute, kind=link_kinds, value=objects, dataset=datasets)
links = st.builds(
    Attribute,
    kind=link_kinds,
    value=objects,
    dataset=datasets,
    subattributes=st.one_of(st.just({}), st.just({}), inner_links.map(lambda inner: {LINK: (inner,)})),
)
instances = _attributes(_attributes(None))
attributes: st.SearchStrategy[Attributes] = st.builds(
    lambda plain, located, linked: plain | ({PLACE: located} if located else {}) | ({LINK: linked} if linked else {}),
    st.dictionaries(st.sampled_from(NAMES), st.lists(instances, min_size=1, max_size=3).map(tuple), max_size=3),
    st.lists(places, max_size=2).map(tuple),
    st.lists(links, max_size=2).map(tuple),
)
types = st.lists(st.sampled_from(TYPES), min_size=1, max_size=2).map(tuple)
level_names = st.sampled_from(["a", "b", "c", "ä"])
scopes = st.lists(
    st.builds(
        lambda slash, names: slash + "/".join(names),
        st.sampled_from(["", "/"]),
        st.lists(level_names, min_size=1, max_size=3),
    ),
    max_size=2,
).map(tuple)


@st.composite
def cities(draw: st.DrawFn) -> list[Change]:
    """Up to six new entities."""
    return [
        Change(
            mode=Mode.CREATE,
            entity=Entity(id=f"urn:e:{index}", types=draw(types), scopes=draw(scopes), attributes=draw(attributes)),
        )
        for index in range(draw(st.integers(1, 6)))
    ]


paths = st.builds(
    Path,
    attribute=st.sampled_from([*NAMES, *NAMES, "urn:a:none", OWN]),
    sub=st.one_of(st.none(), st.none(), st.sampled_from(MEMBERS), st.sampled_from(NAMES)),
    trail=st.one_of(
        st.just(()), st.just(("*",)), st.lists(st.sampled_from([*KEYS, "\0", "a\0"]), max_size=2).map(tuple)
    ),
    via=st.one_of(st.just(()), st.just(()), st.lists(st.sampled_from(NAMES), max_size=2).map(tuple)),
)
moments = st.builds(Moment, at=instants)
# What no stored value can equal, but may lie above or below.
odd_operands = st.one_of(
    st.sampled_from([sign * (2**power + more) for sign in (-1, 1) for power in (63, 70) for more in (-1, 0, 1)]),
    st.sampled_from([10**400, -(10**400), "\0", "a\0", "\ud800", "a\udfffb", "ä\ud800", "\ue000"]),
    st.text(st.characters(exclude_categories=()), max_size=3),
)
plain_operands = st.one_of(st.booleans(), numbers, st.integers(), texts, moments, st.floats(), odd_operands)
ranges = st.one_of(
    st.builds(Range, low=numbers, high=numbers),
    st.builds(Range, low=texts, high=texts),
    st.builds(Range, low=moments, high=moments),
    st.builds(Range, low=plain_operands, high=plain_operands),
)
patterns = st.sampled_from(["", "a", "^a$", "[0-9]", "(?i)A|B", r"\.", "^urn:e:[0-2]", "ä", r"\d{4}-", "."])
levels = st.one_of(level_names, level_names, st.sampled_from(["+", "#", "\ud800", ""]))
equal_operators = st.sampled_from([Operator.EQUAL, Operator.UNEQUAL])
order_operators = st.sampled_from([Operator.GREATER, Operator.GREATER_EQUAL, Operator.LESS, Operator.LESS_EQUAL])
located = st.builds(
    Located,
    attribute=st.sampled_from([PLACE, PLACE, PLACE, NAMES[0], "urn:a:none"]),
    relation=st.sampled_from(Relation),
    geometry=geometries.filter(is_geometry).map(json.dumps),
    max_m=st.sampled_from([None, 0.0, 69.0, 112.0, 1e5, 1e6, 3e7]),
    min_m=st.sampled_from([None, None, 0.0, 112.0, 1e5]),
)
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Exists, path=paths),
    st.builds(
        Compare,
        path=paths,
        operator=equal_operators,
        operands=st.lists(st.one_of(plain_operands, ranges), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(Compare, path=paths, operator=order_operators, operands=plain_operands.map(lambda operand: (operand,))),
    st.builds(Matches, path=paths, pattern=patterns, negated=st.booleans()),
    located,
    st.builds(IdMatches, pattern=patterns),
    st.builds(HasId, ids=st.lists(st.sampled_from(["urn:e:0", "urn:e:3", "urn:e:9", "\ud800"]), max_size=3).map(tuple)),
    st.builds(InScope, levels=st.lists(levels, max_size=3).map(tuple)),
    st.builds(InScope, levels=st.lists(levels, max_size=2).map(lambda names: (*names, "#"))),
    st.builds(OfType, types=st.lists(st.sampled_from([*TYPES, "urn:t:none"]), max_size=2).map(tuple)),
    st.just(Nothing()),
)
link_paths = st.one_of(
    *[st.just(Path(LINK))] * 5,
    st.just(Path(LINK, LINK)),
    st.builds(
        Path,
        attribute=st.sampled_from([LINK, NAMES[0], "urn:a:\ud800", OWN]),
        sub=st.sampled_from([None, LINK, "datasetId", "createdAt"]),
        trail=st.sampled_from([(), (), ("a",)]),
        via=st.sampled_from([(), (), (LINK,)]),
    ),
)
link_types = st.one_of(st.just(()), st.lists(st.sampled_from([*TYPES, "\ud800"]), min_size=1, max_size=2).map(tuple))


def linked(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """A condition on linked entities."""
    near = inner.filter(lambda item: links_of(item) < LINKS_MAX)
    return st.builds(Linked, path=link_paths, types=link_types, item=near)


filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(And, items=st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, items=st.lists(inner, max_size=3).map(tuple)),
        linked(inner),
    ),
    max_leaves=6,
)
masks = st.one_of(st.none(), st.none(), st.frozensets(st.sampled_from([*NAMES, PLACE, LINK])))
queries = st.builds(
    Query,
    types=st.one_of(st.just(()), st.lists(st.sampled_from([*TYPES, "urn:t:none"]), max_size=2).map(tuple)),
    ids=st.one_of(
        st.just(()), st.just(()), st.lists(st.sampled_from([f"urn:e:{n}" for n in range(8)]), max_size=3).map(tuple)
    ),
    having=st.one_of(st.just(()), st.lists(st.sampled_from(NAMES), max_size=2).map(tuple)),
    filter=st.one_of(st.none(), filters, filters),
)


@st.composite
def pointed(draw: st.DrawFn, city: list[Change]) -> Compare | Exists:
    """A condition that points at a value which the city holds, so that its operand decides."""
    holders = [
        (name, instance) for change in city for name, given in change.entity.attributes.items() for instance in given
    ]
    if not holders:
        return Exists(Path(NAMES[0]))
    name, instance = draw(st.sampled_from(holders))
    sub = draw(st.sampled_from([None, None, *MEMBERS[:1], *MEMBERS[3:], *instance.subattributes]))
    holder_kind = None
    if sub in MEMBERS:
        times = {"observedAt": instance.observed and Moment(instance.observed)}
        value: Any = {**times, "unitCode": instance.unit, "datasetId": instance.dataset}[sub]
    else:
        holder = draw(st.sampled_from(instance.subattributes[sub])) if sub else instance
        value, holder_kind = holder.value, holder.kind
        if isinstance(value, dict) and holder.kind is Kind.PROPERTY and "@value" in value:
            value = value["@value"]
    trail = []
    if holder_kind is Kind.LANGUAGE_PROPERTY and isinstance(value, dict) and value and draw(st.booleans()):
        trail = draw(st.sampled_from([[], ["*"]]))
        value = draw(st.sampled_from(list(value.values())))
    while isinstance(value, dict) and value and draw(st.booleans()):
        step = draw(st.sampled_from(sorted(value)))
        trail.append(step)
        value = value[step]
    if isinstance(value, list) and value:
        value = draw(st.sampled_from(value))
    path = Path(name, sub, tuple(trail))
    if value is None or isinstance(value, list | dict) or draw(st.integers(0, 5)) == 0:
        return Exists(path)
    at = instant_or_none(value)
    operand = draw(st.sampled_from([value, value, Moment(at) if at is not None else value]))
    near = draw(st.one_of(st.just(operand), st.just(operand), plain_operands))
    if draw(st.booleans()):
        more = draw(
            st.lists(
                st.one_of(plain_operands, ranges, st.builds(Range, low=st.just(near), high=plain_operands)), max_size=2
            )
        )
        return Compare(path, draw(equal_operators), tuple(draw(st.permutations([near, *more]))))
    return Compare(path, draw(order_operators), (near,))
