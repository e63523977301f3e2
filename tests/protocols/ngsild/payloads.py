"""Random entities in normal form: what a client would read back, letter for letter."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from talwerk.core.entity import NULL
from talwerk.core.instants import EARLIEST, LATEST, format_instant

JsonObject = dict[str, Any]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).filter(
    lambda text: text != NULL
)
names = st.from_regex(r"p[a-z0-9]{1,6}", fullmatch=True)
uris = st.from_regex(r"urn:[a-z]{1,4}:[A-Za-z0-9]{1,6}", fullmatch=True)
times = st.integers(EARLIEST, LATEST - 1).map(format_instant)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.booleans() | numbers | texts
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
positions = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(list)


def geometry(kind: str, coordinates: st.SearchStrategy[Any]) -> st.SearchStrategy[JsonObject]:
    return st.builds(lambda c: {"type": kind, "coordinates": c}, coordinates)


lines = st.lists(positions, min_size=2, max_size=4)
polygons = st.lists(st.lists(positions, min_size=4, max_size=5), min_size=1, max_size=2)
geometries = (
    geometry("Point", positions)
    | geometry("MultiPoint", st.lists(positions, min_size=1, max_size=3))
    | geometry("LineString", lines)
    | geometry("Polygon", polygons)
    | geometry("MultiPolygon", st.lists(polygons, min_size=1, max_size=2))
)

_KINDS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "Property": ("value", values),
    "GeoProperty": ("value", geometries),
    "Relationship": ("object", uris | st.lists(uris, min_size=1, max_size=3)),
    "LanguageProperty": ("languageMap", st.dictionaries(st.sampled_from(["de", "en", "@none"]), texts, min_size=1)),
    "VocabProperty": ("vocab", names | st.lists(names, min_size=1, max_size=2)),
    "ListProperty": ("valueList", st.lists(plain, max_size=3)),
    "ListRelationship": ("objectList", st.lists(st.builds(lambda uri: {"object": uri}, uris), max_size=3)),
    "JsonProperty": ("json", st.none() | values),
}


@st.composite
def instances(draw: st.DrawFn, depth: int = 0) -> JsonObject:
    kind = draw(st.sampled_from(sorted(_KINDS)))
    member, content = _KINDS[kind]
    if kind == "JsonProperty":
        content = content.filter(lambda value: value is not None)
    instance: JsonObject = {"type": kind, member: draw(content)}
    if kind == "Property" and draw(st.booleans()):
        instance["unitCode"] = draw(st.sampled_from(["CMT", "CEL", "P1"]))
    if draw(st.booleans()):
        instance["observedAt"] = draw(times)
    if kind == "Relationship" and draw(st.booleans()):
        instance["objectType"] = draw(names)
    if depth < 2:
        instance |= draw(st.dictionaries(names, instances(depth + 1), max_size=2 - depth))
    return instance


@st.composite
def attributes(draw: st.DrawFn) -> JsonObject | list[JsonObject]:
    """One instance, or one per dataset; all of one kind, as one series would be."""
    first = draw(instances())
    datasets = sorted(draw(st.sets(uris, max_size=2)))
    if not datasets:
        return first
    return [first, *({**draw(instances()), "datasetId": dataset} for dataset in datasets)]


@st.composite
def entities(draw: st.DrawFn) -> JsonObject:
    types = sorted(draw(st.sets(names, min_size=1, max_size=3)))
    entity: JsonObject = {"id": draw(uris), "type": types[0] if len(types) == 1 else types}
    scopes = sorted(draw(st.sets(st.from_regex(r"(/[a-z]{1,3}){1,3}", fullmatch=True), max_size=2)))
    if scopes:
        entity["scope"] = scopes[0] if len(scopes) == 1 else scopes
    return entity | draw(st.dictionaries(names, attributes(), max_size=4))
