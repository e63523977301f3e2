"""The kinds of attributes and what each keeps its value in (NGSI-LD clauses 4.5.2 to 4.5.24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from talwerk.core.entity import NULL, Kind
from talwerk.core.errors import bad_data
from talwerk.core.identifiers import is_iri

from .contexts import Context
from .geometry import check_geometry

MEMBER: Mapping[Kind, str] = {
    Kind.PROPERTY: "value",
    Kind.GEO_PROPERTY: "value",
    Kind.RELATIONSHIP: "object",
    Kind.LANGUAGE_PROPERTY: "languageMap",
    Kind.VOCAB_PROPERTY: "vocab",
    Kind.LIST_PROPERTY: "valueList",
    Kind.LIST_RELATIONSHIP: "objectList",
    Kind.JSON_PROPERTY: "json",
}
"""The member that holds the value, by kind."""

WRITTEN: Mapping[Kind, tuple[str, str, bool]] = {
    kind: (kind.value, MEMBER[kind], kind in {Kind.VOCAB_PROPERTY, Kind.LIST_RELATIONSHIP}) for kind in Kind
}
"""Name, member, whether the value is written otherwise than it is kept: one look-up, since hashing a kind is slow."""

KIND_OF_MEMBER: Mapping[str, Kind] = {member: kind for kind, member in MEMBER.items() if kind is not Kind.GEO_PROPERTY}
"""The kind that a member implies when the concise form leaves the kind out."""

_VALUES_MAX = 10_000


def checked_value(kind: Kind, value: Any, context: Context, where: str) -> Any:
    """The value as it is kept: names of vocabularies in full, lists of objects as URIs.

    Raises:
        DomainError: BadRequestData when it is not a value of that kind.
    """
    if value is None:
        raise bad_data("The value is null; to delete an attribute is another operation.", where)
    if value == NULL:
        raise bad_data(f"The value is {NULL}, which only marks deletions in merges and updates.", where)
    return _CHECKS[kind](value, context, where)


def _property(value: Any, _context: Context, where: str) -> Any:
    _without_null(value, where)
    return value


def _without_null(value: Any, where: str) -> None:
    """JSON-LD drops nulls silently; what would vanish is refused."""
    if value is None:
        raise bad_data("The value is null; only a JsonProperty may hold null.", where)
    if isinstance(value, dict):
        for name, item in value.items():
            _without_null(item, f"{where}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _without_null(item, f"{where}/{index}")


def _geometry(value: Any, _context: Context, where: str) -> Any:
    check_geometry(value, where)
    return value


def _object(value: Any, _context: Context, where: str) -> Any:
    if not isinstance(value, list):
        return _uri(value, where)
    if not value or len(value) > _VALUES_MAX:
        raise bad_data(f"The relationship has {len(value)} objects; 1 to {_VALUES_MAX} are possible.", where)
    return [_uri(item, f"{where}/{index}") for index, item in enumerate(value)]


def _uri(value: Any, where: str) -> str:
    if not isinstance(value, str) or not is_iri(value) or value == NULL:
        raise bad_data(f"The object {str(value)[:80]!r} is not a URI.", where)
    return value


def _language_map(value: Any, _context: Context, where: str) -> Any:
    if not isinstance(value, dict) or not value:
        raise bad_data("The languageMap is not an object of texts by language.", where)
    for language, text in value.items():
        texts = text if isinstance(text, list) and text else [text]
        if not language or not all(isinstance(part, str) and part != NULL for part in texts):
            raise bad_data(f"The languageMap holds no text for {language[:40]!r}.", f"{where}/{language[:40]}")
    return value


def _vocab(value: Any, context: Context, where: str) -> Any:
    names = value if isinstance(value, list) else [value]
    if not names or len(names) > _VALUES_MAX or not all(isinstance(name, str) for name in names):
        raise bad_data("The vocab is neither a name nor a list of names.", where)
    full = [context.expand(name) for name in names]
    return full if isinstance(value, list) else full[0]


def _value_list(value: Any, _context: Context, where: str) -> Any:
    if not isinstance(value, list):
        raise bad_data("The valueList is not a list.", where)
    _without_null(value, where)
    return value


def _object_list(value: Any, _context: Context, where: str) -> Any:
    if not isinstance(value, list) or len(value) > _VALUES_MAX:
        raise bad_data(f"The objectList is not a list of at most {_VALUES_MAX} URIs.", where)
    return [
        _uri(item["object"], f"{where}/{index}/object")
        if isinstance(item, dict) and item.keys() == {"object"}
        else _uri(item, f"{where}/{index}")
        for index, item in enumerate(value)
    ]


def _json(value: Any, _context: Context, _where: str) -> Any:
    return value


_CHECKS: Mapping[Kind, Callable[[Any, Context, str], Any]] = {
    Kind.PROPERTY: _property,
    Kind.GEO_PROPERTY: _geometry,
    Kind.RELATIONSHIP: _object,
    Kind.LANGUAGE_PROPERTY: _language_map,
    Kind.VOCAB_PROPERTY: _vocab,
    Kind.LIST_PROPERTY: _value_list,
    Kind.LIST_RELATIONSHIP: _object_list,
    Kind.JSON_PROPERTY: _json,
}
