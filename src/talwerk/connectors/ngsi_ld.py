"""Other platforms over NGSI-LD: entities of the named types, with their ids, names, units and times as they are.

The neighbour's platform keeps its ids, so that everybody speaks of the same gauge. ``authority`` takes only what the
other city names itself: what it has from its own neighbours would come from many sides otherwise, in the end from us.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.paging import native_of, next_page
from talwerk.sdk.reading import Context, Current, Finding, Reading, Thing, Unusable, measured

CARRIERS = ("value", "json", "vocab", "valueList")
"""Members that carry a value, by kind of attribute (clause 4.5); relationships and texts by language are apart."""
OTHERS = ("object", "objectList", "languageMap")
NO_ATTRIBUTES = frozenset({"id", "type", "@context", "scope", "createdAt", "modifiedAt", "expiresAt"})


def entities(payload: Any, context: Context) -> Iterator[Finding]:
    """One page of entities: normalized, concise or simplified."""
    if not isinstance(payload, list):
        raise TypeError("a list of entities was expected")
    authority = str(context.parameters.get("authority", ""))
    for entity in payload:
        native, kind = _named(entity)
        if not native or not kind:
            yield Unusable(reason="an entity has no id or no type")
            continue
        # Ids of our making, and of every city that follows the same scheme: urn:ngsi-ld:<type>:<authority>:...
        parts = native.split(":")
        if not authority or (len(parts) > 4 and parts[3] == authority):
            yield from _entity(entity, native, kind, context)
    if payload and not any(map(_timed, payload)):
        # Schools have no time of observation; what is said about them holds as long as it is said.
        yield Current()
    limit, offset = int(context.parameters["limit"]), int(context.parameters.get("offset", 0))
    if payload and len(payload) >= limit:
        yield next_page("more", _named(payload[0])[0], context, offset=str(offset + limit))


def _timed(entity: Any) -> bool:
    """Whether anything of an entity was observed at a time."""
    told = entity.values() if isinstance(entity, dict) else ()
    instances = (each for attribute in told for each in (attribute if isinstance(attribute, list) else [attribute]))
    return any(isinstance(each, dict) and "observedAt" in each for each in instances)


def _named(entity: Any) -> tuple[str, str]:
    """Id and type, the first of several; empty where there is none."""
    if not isinstance(entity, dict):
        return "", ""
    native, kinds = entity.get("id"), entity.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    return native if isinstance(native, str) else "", kind if isinstance(kind, str) else ""


def _entity(entity: dict[str, Any], native: str, kind: str, context: Context) -> Iterator[Finding]:
    thing = Thing(native=native, type=kind, statements={}, units={}, wordings={})
    for name, told in entity.items():
        if name in NO_ATTRIBUTES:
            continue
        instances = told if isinstance(told, list) and told and all(_carries(each) for each in told) else [told]
        for instance in instances:
            if _carries(instance) and "observedAt" in instance:
                yield _observed(native, kind, name, instance, context)
            elif reason := _stated(thing, name, instance):
                yield Unusable(reason=reason)
    location = thing.statements.pop("location", None)
    if location is not None and not isinstance(location, dict):
        yield Unusable(reason="a location is no geometry")
        location = None
    named = thing.statements.pop("name") if isinstance(thing.statements.get("name"), str) else ""
    yield Thing(
        native=native,
        type=kind,
        name=named,
        location=location,
        statements=thing.statements,
        units=thing.units,
        wordings=thing.wordings,
    )


def _stated(thing: Thing, name: str, instance: Any) -> str:
    """Note what an attribute without a time says about a thing; why it cannot be noted, empty when it was."""
    if not _carries(instance):
        thing.statements[name] = instance
    elif "languageMap" in instance:
        thing.wordings[name] = _wording(instance["languageMap"])
    elif "object" in instance or "objectList" in instance:
        return "relationships are not taken over"
    elif "datasetId" in instance:
        return "of a statement only the instance without a dataset is taken over"
    else:
        thing.statements[name] = _carried(instance)
        if isinstance(instance.get("unitCode"), str):
            thing.units[name] = instance["unitCode"]
    return ""


def _observed(native: str, kind: str, name: str, instance: dict[str, Any], context: Context) -> Finding:
    value, dataset = _carried(instance), instance.get("datasetId")
    found: Finding
    if isinstance(value, str) and value and (observed := context.instant(instance["observedAt"])) is not None:
        found = Reading(native=native, attribute=name, value=value, observed=observed)
    else:
        found = measured(native, name, instance["observedAt"], value, context)
    if not isinstance(found, Reading):
        return found
    return Reading(
        native=native,
        attribute=name,
        value=found.value,
        observed=found.observed,
        type=kind,
        unit=str(instance.get("unitCode", "")),
        dataset=native_of(dataset) if dataset else "",
    )


def _wording(texts: Any) -> dict[str, str]:
    """Texts by language, the first of several."""
    listed = texts.items() if isinstance(texts, dict) else ()
    first = ((language, told[0] if isinstance(told, list) and told else told) for language, told in listed)
    return {language: text for language, text in first if isinstance(text, str)}


def _carries(told: Any) -> bool:
    """Whether this is an instance of an attribute, and not the plain value of a simplified answer."""
    return isinstance(told, dict) and any(member in told for member in (*CARRIERS, *OTHERS))


def _carried(instance: dict[str, Any]) -> Any:
    return next((instance[member] for member in CARRIERS if member in instance), None)


CONNECTOR = Connector(
    key="ngsi-ld",
    title="Plattform einer anderen Stadt (NGSI-LD)",
    publisher="Die andere Stadt",
    licence="unknown",
    terms="Each platform has its own terms; the profile states them for its source, with the credit line they ask for.",
    attribution="Plattform einer anderen Stadt, siehe Stadtprofil",
    requests=(
        Request(key="first", path="/entities?type={type}&limit={limit}", parse=entities),
        Request(key="more", path="/entities?type={type}&limit={limit}&offset={offset}", parse=entities),
    ),
    every_s=300,
    cadence_s=900,
    stale_s=5_400,
    parameters={"type": None, "authority": "", "limit": 100, "pages": 50},
)
