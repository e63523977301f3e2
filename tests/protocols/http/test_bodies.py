from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from talwerk.core.errors import DomainError, Fault
from talwerk.protocols.http.bodies import ClientGoneError, read_body
from talwerk.protocols.http.negotiation import content_type, preferred
from talwerk.protocols.http.strict_json import decode_json

LENGTH = {b"transfer-encoding": b"chunked"}


async def slow() -> Message:
    await asyncio.sleep(5)
    raise AssertionError


async def gone() -> Message:
    return {"type": "http.disconnect"}


async def test_a_slow_body_is_given_up() -> None:
    with pytest.raises(DomainError) as raised:
        await read_body(LENGTH, slow, timeout_s=0.05)
    assert raised.value.fault is Fault.TIMED_OUT


async def test_a_client_that_leaves_gets_no_answer() -> None:
    with pytest.raises(ClientGoneError):
        await read_body(LENGTH, gone)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(json_values)
def test_all_of_json_is_read(value: object) -> None:
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=80) | st.text('{}[]":,\\0123456789.eEtruefalsn u\n\x00é', max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        value = decode_json(body)
    except DomainError as error:
        assert error.fault in {Fault.INVALID_REQUEST, Fault.BAD_REQUEST_DATA}  # noqa: PT017
    else:
        assert json.loads(body) == value


def test_depth_is_measured_outside_of_strings() -> None:
    assert decode_json(b'["' + b"[" * 500 + b'"]') == ["[" * 500]
    assert decode_json(b"[" * 64 + b"]" * 64)
    with pytest.raises(DomainError, match="deeper"):
        decode_json(b"[" * 65 + b"]" * 65)
    assert len(decode_json(b"[" + b"[]," * 500 + b"[]]")) == 501


def test_hostile_strings_take_no_time() -> None:
    for body in (b'"' + b'\\"' * 500_000, b'{"a":' * 200_000, b"[" * 1_000_000, b'"\\' * 500_000):
        with pytest.raises(DomainError):
            decode_json(body)


@pytest.mark.parametrize(
    "accept, expected",
    [
        (None, "application/json"),
        (b"", "application/json"),
        (b"*/*", "application/json"),
        (b"text/csv", "text/csv"),
        (b"TEXT/CSV", "text/csv"),
        (b"text/*", "text/csv"),
        (b"text/csv;q=0.2, application/json;q=0.1", "text/csv"),
        (b"text/csv;q=0.1, */*;q=0.2", "application/json"),
        (b"text/html, text/csv;charset=utf-8", "text/csv"),
        (b"broken,, ;, text/csv", "text/csv"),
    ],
)
def test_preferences(accept: bytes | None, expected: str) -> None:
    assert preferred(accept, ("application/json", "text/csv")) == expected


@pytest.mark.parametrize("accept", [b"text/html", b"*/*;q=0", b"text/csv;q=x", b"application/json;q=0.0"])
def test_nothing_that_is_liked(accept: bytes) -> None:
    with pytest.raises(DomainError) as raised:
        preferred(accept, ("application/json", "text/csv"))
    assert raised.value.fault is Fault.NOT_ACCEPTABLE


def test_content_types() -> None:
    assert content_type(b"Application/JSON ; charset=utf-8", ("application/json",)) == "application/json"
    for header in (None, b"", b"text/plain", b"application/json; charset=utf-16"):
        with pytest.raises(DomainError) as raised:
            content_type(header, ("application/json",))
        assert raised.value.fault is Fault.UNSUPPORTED_MEDIA_TYPE
