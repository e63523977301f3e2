"""The mapping of a file of measurements: which column is what. One TOML file, read strictly."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from talwerk.core.errors import DomainError, bad_data
from talwerk.sdk.declaration import parse_declaration, read_text
from talwerk.sdk.profile import Key, Name, UnitCode
from talwerk.sdk.toml_lines import KeyPath, line_of

ISO = "iso"
Seconds = Annotated[int, Meta(gt=0, le=366 * 86_400)]

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)


class TimeColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The column of the time stamps, and what they mean.

    Attributes:
        column: its name in the header.
        format: ``iso``, or a format of ``strptime`` such as ``%d.%m.%Y %H:%M``.
        zone: IANA zone of stamps that are civil local time.
        offset: fixed offset of stamps that know no daylight saving time: ``Z`` or ``+01:00``.
        stamp: whether a stamp is the start or the end of the interval that its values cover.
    """

    column: Name
    format: Name = ISO
    zone: str | None = None
    offset: str | None = None
    stamp: Literal["start", "end"] = "end"

    def __post_init__(self) -> None:
        if self.format != ISO and "%" not in self.format:
            raise ValueError(f'The format {self.format!r} is neither "iso" nor like "%d.%m.%Y %H:%M"')
        if self.zone is not None and self.offset is not None:
            raise ValueError("Both zone and offset are given; the stamps follow one of them")
        if "%z" in self.format.lower() and (self.zone is not None or self.offset is not None):
            raise ValueError(f"The format {self.format!r} reads an offset from every stamp; zone and offset contradict")
        if self.format != ISO and "%z" not in self.format and self.zone is None and self.offset is None:
            raise ValueError(f"The format {self.format!r} reads no offset; zone or offset is needed")
        self.tzinfo()

    def tzinfo(self) -> tzinfo | None:
        """The zone or offset; None when every stamp carries its own.

        Raises:
            ValueError: for a zone or an offset that does not exist.
        """
        if self.zone is not None:
            try:
                return ZoneInfo(self.zone)
            except (KeyError, ValueError, OSError):
                near = get_close_matches(self.zone, sorted(available_timezones()), n=2)
            hint = f"; is {' or '.join(map(repr, near))} meant" if near else ""
            raise ValueError(f"The zone {self.zone[:60]!r} is not in the IANA time zone database{hint}")
        if self.offset in (None, "Z"):
            return None if self.offset is None else timezone(timedelta())
        match = _OFFSET.fullmatch(self.offset or "")
        if match is None or int(match[2]) > 14 or int(match[3]) > 59:
            raise ValueError(f'The offset {(self.offset or "")[:20]!r} is neither "Z" nor like "+01:00"')
        shift = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-shift if match[1] == "-" else shift)


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column of values.

    Attributes:
        column: its name in the header.
        entity: whose values they are: a full URI, ``source:native``, or the source's own id alone.
        type: short entity type (Smart Data Models).
        attribute: short attribute name.
        target: key of a measuring point of the city's profile, or a name to show; becomes the entity's name.
        unit: UN/CEFACT code.
        method: how a value comes about; another method opens another series.
        cadence_s: expected seconds between two values.
        interval_s: seconds that one value covers, when that is not the cadence.
        missing: texts that mean "no value"; an empty cell always does.
        valid_min: what lies below is kept and flagged as failed.
        valid_max: what lies above is kept and flagged as failed.
        dataset: IRI that tells series of one attribute apart.
        quality: flag of every value that is not failed by its limits.
    """

    column: Name
    entity: Name
    type: Name
    attribute: Name
    target: Name | None = None
    unit: UnitCode | None = None
    method: str = ""
    cadence_s: Seconds | None = None
    interval_s: Seconds | None = None
    missing: str | tuple[str, ...] = ()
    valid_min: float | None = None
    valid_max: float | None = None
    dataset: str | None = None
    quality: Literal["not-evaluated", "pass", "suspect", "fail"] = "not-evaluated"

    def __post_init__(self) -> None:
        if self.valid_min is not None and self.valid_max is not None and self.valid_min >= self.valid_max:
            raise ValueError(f"valid_min {self.valid_min:g} is not below valid_max {self.valid_max:g}")

    @property
    def limits(self) -> tuple[float, float]:
        """What is plausible, both ends included."""
        low, high = self.valid_min, self.valid_max
        return float("-inf") if low is None else low, float("inf") if high is None else high

    @property
    def missing_texts(self) -> frozenset[str]:
        """Texts that mean "no value"."""
        given = (self.missing,) if isinstance(self.missing, str) else self.missing
        return frozenset({"", *(text.strip() for text in given)})


class FileSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the file comes from.

    Attributes:
        key: key of the source; part of the ids of entities without one.
        licence: SPDX identifier, or ``unknown``, which blocks bulk export until an operator decides.
        attribution: the credit line.
        simulated: True when nobody measured these values.
    """

    key: Key = "replay"
    licence: Name = "unknown"
    attribution: str = ""
    simulated: bool = False


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"channels": "channel"}):
    """A whole mapping.

    Attributes:
        time: the column of the stamps.
        channels: the columns of values, ``[[channel]]`` in the file.
        delimiter: one character between two cells.
        decimal: decimal sign.
        encoding: of the file, as Python knows it.
        source: where the file comes from.
    """

    time: TimeColumn
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1, max_length=1_000)]
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    source: FileSource = FileSource()

    def __post_init__(self) -> None:
        if self.delimiter in '"\r\n\0' or self.delimiter == self.decimal:
            raise ValueError(f"The delimiter {self.delimiter!r} cannot separate cells with decimal {self.decimal!r}")
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(f"The encoding {self.encoding[:40]!r} is unknown") from None


class MappingFile(msgspec.Struct, frozen=True):
    """A mapping with its text, so that whatever is found wrong later still names its line.

    Attributes:
        mapping: what it says.
        text: the TOML text.
        name: of the file, for messages.
    """

    mapping: Mapping
    text: str
    name: str

    def fault(self, detail: str, *path: str | int) -> DomainError:
        """The error about a key of this mapping."""
        place: KeyPath = path
        return bad_data(detail, f"{self.name}:{line_of(self.text, place)}")


def read_mapping(path: Path) -> MappingFile:
    """The mapping that a file holds.

    Raises:
        DomainError: ResourceNotFound when it cannot be read, BadRequestData with ``file:line`` when it is broken.
    """
    text = read_text(path)
    return MappingFile(parse_declaration(text, Mapping, str(path)), text, str(path))
