"""Strict JSON: bounded in depth, and nothing that would lose information on the way in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import msgspec

from talwerk.core.errors import bad_data, invalid

DEPTH_MAX = 64

INTEGER_MAX = 2**63 - 1

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * len(str(INTEGER_MAX))
_BYTE = re.compile(r"\(byte (\d+)\)")


def decode_json(body: bytes) -> Any:
    """The JSON value of a body: UTF-8, no NaN, numbers within 64 bits, no name twice, at most 64 levels deep.

    Raises:
        DomainError: InvalidRequest when it is not JSON; BadRequestData when a number or a repeated name would lose
            information on the way in. Both name the place.
    """
    structure = _structure(body)
    _check_depth(structure)
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise invalid("The body is not UTF-8.", f"byte {_broken_byte(body)}") from error
    except msgspec.DecodeError as error:
        raise invalid(f"The body is not valid JSON: {_reason(error)}.", _place(error)) from error
    if _LONG_NUMBER in structure.translate(_DIGITS) and _large(value):
        raise bad_data("The number does not fit into 64 bits.", _pointer(value, _is_large))
    # Written again, every name stands there once.
    if _structure(msgspec.json.encode(value)).count(b":") != structure.count(b":"):
        raise bad_data(f"The name {_repeated(body)!r} stands twice in one object.")
    if b"\\u0000" in body:
        place = _pointer(value, _holds_zero)
        if place is not None:
            raise bad_data("The text holds U+0000, which no store keeps.", place)
    return value


def _structure(body: bytes) -> bytes:
    """The body without its strings."""
    if b'\\"' in body or b"\\\\" in body:
        return _STRING.sub(b"", body)
    # Every quotation mark begins or ends a string: several times as fast.
    return b"".join(body.split(b'"')[::2])


def _check_depth(structure: bytes) -> None:
    """Measure the nesting before anything recursive sees it; ``structure`` is the body without its strings."""
    if structure.count(b"[") + structure.count(b"{") <= DEPTH_MAX:
        return
    brackets = structure.translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets))) > DEPTH_MAX:
        raise invalid(f"The body is nested deeper than {DEPTH_MAX} levels.")


def _broken_byte(body: bytes) -> int:
    # The decoder counts from the start of the string it was in.
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _reason(error: msgspec.DecodeError) -> str:
    text = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ").strip()
    return text[:1].lower() + text[1:].rstrip(".")


def _place(error: msgspec.DecodeError) -> str | None:
    found = _BYTE.search(str(error))
    return f"byte {found[1]}" if found else None


def _large(value: Any) -> bool:
    """Whether there is an integer beyond 64 bits."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif _is_large(item):
            return True
    return False


def _is_large(value: Any) -> bool:
    return isinstance(value, int) and not -INTEGER_MAX - 1 <= value <= INTEGER_MAX


def _holds_zero(value: Any) -> bool:
    return isinstance(value, str) and "\x00" in value


def _pointer(value: Any, wrong: Callable[[Any], bool], at: str = "") -> str | None:
    """The place of the first name or value that is wrong, as a JSON pointer."""
    if wrong(value):
        return at or "/"
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if wrong(key) and isinstance(value, dict):
            return at or "/"
        found = _pointer(item, wrong, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
        if found is not None:
            return found
    return None


def _repeated(body: bytes) -> str:
    """The first name that stands twice in an object; only read a second time when one does."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs) and not repeated:
            seen: set[str] = set()
            repeated.extend(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        return members

    json.loads(body, object_pairs_hook=look)
    return repeated[0][:80] if repeated else ""
