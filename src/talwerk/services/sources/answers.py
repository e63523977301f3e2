"""What is in an answer: decoded, read by the connector, and never more trusted than it deserves.

Pure, so that a large answer can be read in a worker: :func:`in_worker` is the same from bytes to bytes.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, bad_data
from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.reading import Context, Finding, Unusable

from .discovery import load

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

TOO_LARGE = "an integer does not fit into 64 bits"


class Task(msgspec.Struct, frozen=True):
    """An answer that a worker reads."""

    reference: str
    request: str
    content: bytes
    charset: str
    context: Context


def read_answer(
    connector: Connector, request: Request, content: bytes, charset: str, context: Context
) -> list[Finding]:
    """What the connector finds in an answer.

    Args:
        connector: whose request it was.
        request: what was asked.
        content: the answer's body, decompressed.
        charset: as the answer declares it, empty when it does not.
        context: what the connector may know besides.

    Raises:
        DomainError: BadRequestData when the answer cannot be read; the detail is a clause about it.
    """
    payload = _decoded(request, content, charset)
    try:
        return list(request.parse(payload, context))
    except DomainError as error:
        # It was foreseen, and says so in its own words.
        raise bad_data(str(error)) from error
    except Exception as error:
        # Mostly another shape than the connector expects; whatever it is, it ends here.
        raise bad_data(f"it has another shape than {connector.key} knows: {_clause(error)}") from error


def _clause(error: Exception) -> str:
    """What is other than expected, for whoever sends; who writes connectors is told the exception as well."""
    if isinstance(error, KeyError):
        return f"{str(error)[:80]} is missing"
    if isinstance(error, IndexError):
        return "a list is shorter"
    if isinstance(error, TypeError | AttributeError):
        return "a member is of another kind"
    # Connectors say in a ValueError of their own what they do not take.
    return str(error)[:120] if isinstance(error, ValueError) else "it cannot be read"


def exception_in(error: DomainError) -> str:
    """The exception in a connector that led to a fault, for those who write connectors; empty when none did."""
    cause = error.__cause__
    if cause is None or isinstance(cause, DomainError):
        return ""
    return f" ({type(cause).__name__}: {str(cause)[:120]})"


def in_worker(task: bytes) -> bytes:
    """:func:`read_answer` for an encoded :class:`Task`; the findings as msgpack."""
    asked = msgspec.msgpack.decode(task, type=Task)
    connector = load(asked.reference)
    request = connector.request(asked.request)
    return travelling(read_answer(connector, request, asked.content, asked.charset, asked.context))


def travelling(findings: list[Finding]) -> bytes:
    """Findings as msgpack; what holds an integer that no store could keep either costs only itself."""
    try:
        return msgspec.msgpack.encode(findings)
    except OverflowError:
        return msgspec.msgpack.encode([each if _fits(each) else Unusable(reason=TOO_LARGE) for each in findings])


def _fits(finding: Finding) -> bool:
    try:
        msgspec.msgpack.encode(finding)
    except OverflowError:
        return False
    return True


def _decoded(request: Request, content: bytes, charset: str) -> Any:
    if request.format == "bytes":
        return content
    if not content.strip():
        raise bad_data("it is empty")
    if request.format == "text":
        return _text(content, charset)
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Not as RFC 8259 wants it. Sources write NaN and Infinity all the same, and other encodings.
        return _lenient(_text(content, charset))


def _lenient(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise bad_data("it is nested too deeply") from None
    except ValueError as error:
        if text.lstrip().startswith("<"):
            raise bad_data("it is a page (HTML or XML) instead of JSON") from None
        raise bad_data(f"it is not JSON ({str(error)[:120]})") from None


def _text(content: bytes, charset: str) -> str:
    """The text: by its byte order mark, as declared, as UTF-8, and last of all as western Europe used to write it."""
    marked = [name for mark, name in _BOMS if content.startswith(mark)]
    for name in (*marked, charset, "utf-8"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeError):
            continue
    return content.decode("cp1252", errors="replace")
