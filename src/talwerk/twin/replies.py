"""What is answered to a request, and how the stamps of a recorded answer move to another time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from talwerk.core.errors import bad_data
from talwerk.core.instants import DAY, SECOND, Instant, datetime_of, instant_or_none
from talwerk.sdk.recording import Recording, read_recording

JSON = "application/json"
EPOCH_REACH = 60 * DAY
"""A number is taken for a stamp only when it lies this near to the recorded moment."""

_STAMP = re.compile(
    rb"(?<!\d)(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?(?!\d)",
)
_EPOCH = re.compile(rb"(?<![\d.\"])(?:\d{13}|\d{10})(?![\d.\"])")


@dataclass(frozen=True)
class Reply:
    """What is answered.

    Attributes:
        body: as it travels.
        status: of the answer.
        headers: of the answer; a content type of JSON where there is none.
        cut: closes the connection after so many bytes, with a reset; None for not at all.
        pause_s: seconds between one byte and the next, 0 for all at once.
        before_s: seconds before anything is sent.
        repeat: how often the body is sent, for bodies that nobody would like to keep.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pause_s: float = 0.0
    before_s: float = 0.0
    repeat: int = 1


def recorded_replies(folder: Path, at: Instant | None = None) -> dict[str, Reply]:
    """The answers of a recording by path, query included.

    Args:
        folder: of the recording.
        at: the moment that they shall be about, None for the recorded one.

    Raises:
        DomainError: the recording cannot be read.
    """
    recording = read_recording(folder)
    return {
        moved_path: Reply(body, exchange.status, {"content-type": exchange.media_type})
        for exchange in recording.exchange
        for moved_path, body in [_as_of(recording, exchange.path, (folder / exchange.file).read_bytes(), at)]
    }


def _as_of(recording: Recording, path: str, body: bytes, at: Instant | None) -> tuple[str, bytes]:
    recorded = instant_or_none(recording.at)
    if recorded is None:
        raise bad_data(f"the recording's moment {recording.at!r} is no time")
    if at is None:
        return path, body
    step = recording.step_s * SECOND
    by_us = (at - recorded) // step * step
    return moved(path.encode(), by_us, recorded).decode(), moved(body, by_us, recorded)


def moved(content: bytes, by_us: int, recorded: int) -> bytes:
    """A content whose stamps lie later: of ISO 8601 (with an offset or without), and seconds or milliseconds of 1970.

    Args:
        content: text in any encoding that agrees with ASCII.
        by_us: microseconds, may be negative.
        recorded: the moment that the content is about; tells numbers that are stamps from others.
    """

    def later(match: re.Match[bytes]) -> bytes:
        day, between, clock, fraction, offset = (part.decode() if part else "" for part in match.groups())
        try:
            shifted = datetime.fromisoformat(f"{day}T{clock}") + timedelta(microseconds=by_us)
        except (ValueError, OverflowError):
            return match[0]
        return f"{shifted:%Y-%m-%d}{between}{shifted:%H:%M:%S}{fraction}{offset}".encode()

    def later_number(match: re.Match[bytes]) -> bytes:
        unit = 1_000 if len(match[0]) == 13 else SECOND
        at = int(match[0]) * unit
        return match[0] if abs(at - recorded) > EPOCH_REACH else str((at + by_us) // unit).encode()

    return _EPOCH.sub(later_number, _STAMP.sub(later, content))


def http_date(at: int) -> str:
    """A time as headers write it (RFC 9110, 5.6.7)."""
    moment = datetime_of(at)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{days[moment.weekday()]}, {moment:%d} {months[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"
