"""Recordings: what a source answered, kept beside its connector for tests, demonstrations and the twin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .declaration import read_declaration

RECORDING = "recording.toml"
EXPECTED = "expected.json"


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request and its answer.

    Attributes:
        request: key of the connector's request.
        path: what was asked for, after the source's address.
        file: the answer's body, beside the recording.
        status: of the answer.
        media_type: of the answer.
        parameters: of the request; of what a source sent by itself also headers, query and who sent it.
    """

    request: str
    path: str
    file: str
    status: int = 200
    media_type: str = "application/json"
    parameters: dict[str, Any] = {}


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers of a source that belong together.

    Attributes:
        made: ``by hand`` after the documented shape, or ``from the source``.
        note: where the shape is known from, or when and where it was recorded.
        at: the moment that the answers are about (RFC 3339).
        wanted: native ids that are asked for.
        step_s: when the answers are shown as of another time, their stamps move by whole steps of so many seconds.
        parameters: as a profile would set them.
        exchange: the requests with their answers, in the order in which they follow from each other.
    """

    made: Literal["by hand", "from the source"]
    note: Annotated[str, Meta(min_length=10)]
    at: str
    wanted: tuple[str, ...] = ()
    step_s: Annotated[int, Meta(ge=1)] = 60
    parameters: dict[str, Any] = {}
    exchange: Annotated[tuple[Exchange, ...], Meta(min_length=1)]


def read_recording(folder: Path) -> Recording:
    """The recording in a folder.

    Raises:
        DomainError: it cannot be read; the message names file and line.
    """
    return read_declaration(folder / RECORDING, Recording)
