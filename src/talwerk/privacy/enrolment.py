"""Who took the city into possession: until there are accounts, the person who holds the operator's token, by name.

A city makes its token by itself at the first start. As long as nobody has said that it is theirs, nobody would notice
if somebody else used it, and such a city is not shown to the outside. The record names the token by its digest: for
a new token it says nothing.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Instant

FILE = "operator.json"
_NAME_MAX = 200


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """An operator.

    Attributes:
        name: as they gave it.
        enrolled: when, microseconds UTC.
        token: SHA-256 of the token that they hold, hexadecimal.
    """

    name: str
    enrolled: int
    token: str


def enrolment(directory: Path, token: str) -> Enrolment | None:
    """Who holds the token, None when nobody has said so.

    Args:
        directory: the data directory.
        token: the operator's token.

    Raises:
        DomainError: Internal when the record cannot be read.
    """
    try:
        held = msgspec.json.decode((directory / FILE).read_bytes(), type=Enrolment)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise DomainError(
            Fault.INTERNAL, f"The operator's record {directory / FILE} cannot be read: {error}."
        ) from error
    return held if held.token == _digest(token) else None


def enroll(directory: Path, name: str, token: str, now: Instant) -> Enrolment:
    """Record who holds the token from now on.

    Args:
        directory: the data directory.
        name: of the person or the office.
        token: the operator's token.
        now: the time to record.

    Raises:
        DomainError: InvalidRequest for no name; InsufficientStorage when the record cannot be written.
    """
    name = " ".join(name.split())
    if not name.isprintable() or not 0 < len(name) <= _NAME_MAX:
        raise invalid(f"An operator's name has 1 to {_NAME_MAX} characters that can be printed.")
    held = Enrolment(name=name, enrolled=now, token=_digest(token))
    draft = directory / f"{FILE}.{secrets.token_hex(4)}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(held)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(directory / FILE)
    except OSError as error:
        draft.unlink(missing_ok=True)
        detail = f"The operator's record {directory / FILE} cannot be written: {error.strerror}."
        raise DomainError(Fault.STORAGE_FULL, detail) from error
    return held


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
