"""Queries by POST (NGSI-LD clauses 5.2.23 and 6.23.3.1): the body's members become the parameters of a GET."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data

from .call import Call
from .contexts import Context
from .parameters import Parameters
from .selectors import Selector, posted_selectors

_TEXTS = ("q", "scopeQ", "geometryProperty", "lang", "csf", "join")
_LISTS = ("attrs", "pick", "omit", "expandValues", "jsonKeys", "datasetId", "containedBy")
_GEO = ("georel", "geometry", "coordinates", "geoproperty")
_PERIOD = ("timerel", "timeAt", "endTimeAt", "timeproperty")
_MAPS = ("entityMap", "entityMapLifetime", "splitEntities")
_UNSUPPORTED = frozenset(("orderBy", "ordering", *_MAPS))
_ENTITIES_ONLY = ("join", "joinLevel", "containedBy")
_BRACES = re.compile(r"\{.*\}")


class PostedQuery(msgspec.Struct, frozen=True):
    """What a query by POST asks for.

    Attributes:
        parameters: those of the address and those that the body stands for.
        selectors: what ``entities`` selects; empty when it is missing.
    """

    parameters: Parameters
    selectors: tuple[Selector, ...]

    def call(self, call: Call) -> Call:
        """The call with the parameters of the body."""
        return msgspec.structs.replace(call, parameters=self.parameters)


async def posted(call: Call, *, temporal: bool = False) -> tuple[PostedQuery, Context]:
    """The query in a body, and the context of its names.

    Args:
        call: the request.
        temporal: whether it asks for histories, so that it may have a ``temporalQ``.

    Raises:
        DomainError: BadRequestData when the body is no query; OperationNotSupported for members that are not
            supported; InvalidRequest for unknown ones.
    """
    payload, linked = await call.body()
    context = await call.context_of(payload, linked)
    if not isinstance(payload, dict) or payload.get("type") != "Query":
        raise bad_data("The body is not an object of the type Query.", "/type")
    members = {name: value for name, value in payload.items() if name not in {"type", "@context"}}
    refused = sorted(_UNSUPPORTED & members.keys())
    if refused:
        raise DomainError(Fault.NOT_SUPPORTED, f"The member {refused[0]} of a query is not supported.", refused[0])
    given = members.pop("entities", None)
    selectors = () if given is None else posted_selectors(given, context)
    texts: dict[str, str] = {}
    _take(members, texts, temporal=temporal)
    if members:
        raise bad_data(f"A query has no member {sorted(members)[0][:80]!r}.", f"/{sorted(members)[0][:80]}")
    twice = sorted(texts.keys() & call.parameters.names().keys())
    if twice:
        raise bad_data(f"The {twice[0]} stands both in the address and in the body.", twice[0])
    return PostedQuery(Parameters({**call.parameters.names(), **texts}), selectors), context


def _take(members: dict[str, Any], texts: dict[str, str], *, temporal: bool) -> None:
    """Move what the members say into the texts of parameters."""
    for name in _TEXTS:
        _put(texts, name, members.pop(name, None))
    level = members.pop("joinLevel", None)
    if level is not None:
        texts["joinLevel"] = _count(level, "/joinLevel")
    for name in _LISTS:
        value = members.pop(name, None)
        if value is not None:
            _put(texts, name, ",".join(map(_name, value)) if isinstance(value, list) and value else value)
    _take_object(texts, "geoQ", members.pop("geoQ", None), _GEO)
    if temporal:
        joining = next((name for name in _ENTITIES_ONLY if name in texts), None)
        if joining is not None:
            raise bad_data(f"A query of histories has no member {joining}.", f"/{joining}")
        period = members.pop("temporalQ", None)
        _take_object(texts, "temporalQ", period, (*_PERIOD, "lastN", "aggrMethods", "aggrPeriodDuration"))


def _take_object(texts: dict[str, str], where: str, value: Any, known: tuple[str, ...]) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping) or not value.keys() <= set(known):
        raise bad_data(f"The {where} is not an object of {', '.join(known)}.", f"/{where}")
    for name, part in value.items():
        if name == "coordinates" and isinstance(part, list):
            _put(texts, name, msgspec.json.encode(part).decode())
        elif name == "aggrMethods" and isinstance(part, list):
            _put(texts, name, ",".join(map(_name, part)))
        elif name == "lastN" and not isinstance(part, str):
            _put(texts, name, _count(part, f"/{where}/{name}"))
        else:
            _put(texts, name, part, f"/{where}/{name}")


def _put(texts: dict[str, str], name: str, value: Any, where: str = "") -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise bad_data(f"The member {name} is not a text.", where or f"/{name}")
    texts[name] = value


def _count(value: Any, where: str) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_data(f"The {where.rpartition('/')[2]} is not a whole number.", where)
    return str(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or "," in _BRACES.sub("", value):
        raise bad_data(f"The name {str(value)[:80]!r} is not a text without commas.")
    return value
