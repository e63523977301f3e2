"""Strict JSON against a slow and simple reader of the same rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.protocols.http.strict_json import INTEGER_MAX, decode_json

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ['"', "\\", '\\"', ":", '":"', "{", "]", "\n", "\\u0022", "0" * 20, ",", "\u2028", "ü"]
)
NUMBERS = st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS


class Pairs(tuple[tuple[str, Any], ...]):
    """An object whose names may stand there twice."""


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Pairs]:
    return st.lists(st.tuples(st.sampled_from(["a", "b", '"', ":", "\\"]) | TEXTS, values), max_size=4).map(Pairs)


DOCUMENTS = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | pairs(inner), max_leaves=12)


def written(value: Any, blank: str, *, ascii_only: bool) -> str:
    if isinstance(value, Pairs):
        members = (
            json.dumps(name, ensure_ascii=ascii_only)
            + blank
            + ":"
            + blank
            + written(item, blank, ascii_only=ascii_only)
            for name, item in value
        )
        return "{" + blank + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, blank, ascii_only=ascii_only) for item in value) + blank + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def is_allowed(value: Any) -> bool:
    """No name twice, no number beyond 64 bits, no U+0000."""
    if isinstance(value, Pairs):
        names = [name for name, _ in value]
        return len(set(names)) == len(names) and all(is_allowed(name) and is_allowed(item) for name, item in value)
    if isinstance(value, list):
        return all(map(is_allowed, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return -INTEGER_MAX - 1 <= value <= INTEGER_MAX
    return not isinstance(value, str) or "\x00" not in value


def plain(value: Any) -> Any:
    if isinstance(value, Pairs):
        return {name: plain(item) for name, item in value}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(value=DOCUMENTS, blank=st.sampled_from(["", " ", "\n\t"]), ascii_only=st.booleans())
@example(value=Pairs([("a", Pairs([("b", ":"), ("b", ":")]))]), blank="", ascii_only=True)
@example(value=Pairs([('"', 1), ('"', 2)]), blank=" ", ascii_only=True)
@example(value=[2**63 - 1, -(2**63), "9" * 30, 0.1234567890123456789], blank="", ascii_only=True)
def test_what_would_lose_something_is_refused_and_nothing_else(value: Any, blank: str, ascii_only: bool) -> None:
    body = written(value, blank, ascii_only=ascii_only).encode()
    if is_allowed(value):
        assert decode_json(body) == plain(value)
    else:
        with pytest.raises(DomainError):
            decode_json(body)


@given(st.binary(max_size=40) | st.text(st.sampled_from('{}[]":,\\u0019e.- '), max_size=30).map(str.encode))
def test_any_bytes_are_a_value_or_an_error(body: bytes) -> None:
    try:
        value = decode_json(body)
    except DomainError:
        return
    assert value == json.loads(body)


@pytest.mark.parametrize("body", [b'"\\ud800"', b'{"\\ud800": 1}', b'["\\udc00\\ud800"]'])
def test_half_of_a_surrogate_pair_is_no_text(body: bytes) -> None:
    with pytest.raises(DomainError):
        decode_json(body)
