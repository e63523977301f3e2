"""What sensors send over LoRaWAN, whatever network carries it: fields of a decoded message as attributes.

What a field means is declared in a file beside the profile, ``devices/<name>.toml``. Battery and radio are no part of
what is measured but figures of the device: they are series of a ``Device``, with history and a stale limit like others.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from talwerk.core.instants import Instant
from talwerk.core.quality import Flag
from talwerk.core.terms import expand

from .connector import Beside, Quantity
from .declaration import parse_declaration
from .paging import native_of
from .pointers import Spot, seen_from
from .profile import Name
from .reading import Context, Finding, Reading, Thing, Unusable, measured_at, point

DEVICE_TYPE = "Device"
RADIO = (
    Quantity(attribute="rssi", type=DEVICE_TYPE, unit="DBM", least=-160, most=20),
    Quantity(attribute="snr", type=DEVICE_TYPE, unit="2N", least=-40, most=40),
)
"""How well the gateway that heard it best heard a device."""


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a decoded message.

    Attributes:
        field: its name, or a pointer (``/air/temperature``) to it.
        attribute: short attribute name (Smart Data Models).
        type: short entity type.
        unit: UN/CEFACT code, empty for texts.
        factor: from the field's unit to this one.
        offset: added afterwards.
        least: below it a value has failed.
        most: above it a value has failed.
        optional: whether a message may come without it; otherwise a network that omits zeros means zero.
    """

    field: Name
    attribute: Name
    type: Name
    unit: Annotated[str, Meta(pattern=r"^([A-Z0-9]{2,3})?$")]
    factor: float = 1.0
    offset: float = 0.0
    least: float = float("-inf")
    most: float = float("inf")
    optional: bool = False

    def __post_init__(self) -> None:
        expand(self.type), expand(self.attribute)
        if not self.least < self.most:
            raise ValueError(f"The limits of {self.field!r} are not ascending")


class Installed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device as the city knows it.

    Attributes:
        name: what people call the place that it measures at.
        latitude: degrees, WGS 84.
        longitude: degrees, WGS 84.
    """

    name: str = ""
    latitude: float | None = None
    longitude: float | None = None


class DeviceKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of device writes: a file ``devices/<name>.toml``.

    Attributes:
        devices: ids of the devices (``pegel-*``), all when there are none.
        profiles: names of the network's device profiles, all when there are none.
        ports: LoRaWAN ports of the messages, all when there are none.
        fields: what the messages hold.
        installed: where devices are, by id.
    """

    devices: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    fields: Annotated[tuple[Field, ...], Meta(min_length=1)]
    installed: dict[str, Installed] = {}

    def fits(self, uplink: Uplink) -> bool:
        """Whether a message comes from such a device."""
        return (
            (not self.devices or any(fnmatchcase(uplink.device, pattern) for pattern in self.devices))
            and (not self.profiles or uplink.profile in self.profiles)
            and (not self.ports or uplink.port in self.ports)
        )


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Attributes:
        device: the network's id of the device.
        name: what the network calls it, empty when it does not.
        profile: name of its profile in the network, empty when there is none.
        port: LoRaWAN port.
        observed: when it arrived at the network, None when that is no time.
        fields: the decoded message, None when the network decodes none.
        location: GeoJSON point that the network was told, None for none.
        heard: pairs of signal strength [dBm] and signal-to-noise ratio [dB] by gateway; None where one is not told.
        omits_zeros: whether the network leaves out fields that are 0, "" or false.
    """

    device: str
    name: str = ""
    profile: str = ""
    port: int = 0
    observed: Instant | None
    fields: dict[str, Any] | None
    location: dict[str, Any] | None = None
    heard: tuple[tuple[float | None, float | None], ...] = ()
    omits_zeros: bool = False


@lru_cache(maxsize=256)
def read_kind(text: str, name: str) -> DeviceKind:
    """The kind of device that a file declares.

    Raises:
        DomainError: BadRequestData, with its place.
    """
    return parse_declaration(text, DeviceKind, name)


DEVICES = Beside(folder="devices", read=read_kind)
"""The files of a connector's parameter ``devices``."""


def found_in(uplink: Uplink, context: Context) -> Iterator[Finding]:
    """What a message says."""
    if context.wanted and native_of(uplink.device) not in context.wanted:
        return
    texts: dict[str, str] = context.parameters["devices"]
    kind = next((each for name, text in texts.items() if (each := read_kind(text, name)).fits(uplink)), None)
    if kind is None:
        yield Unusable(reason="no file declares such a device, profile or port")
        return
    if uplink.fields is None:
        yield Unusable(reason="the network decodes no fields of the message")
        return
    readings = list(_readings(uplink, uplink.fields, kind))
    types = dict.fromkeys(each.type for each in readings if isinstance(each, Reading))
    yield from _things(uplink, kind, [*types, *([DEVICE_TYPE] if uplink.heard else [])])
    yield from readings
    yield from _radio(uplink)


def _things(uplink: Uplink, kind: DeviceKind, types: list[str]) -> Iterator[Thing]:
    known = kind.installed.get(uplink.device, Installed())
    location = point(known.longitude, known.latitude) or uplink.location
    for each in dict.fromkeys(types):
        yield Thing(native=native_of(uplink.device), type=each, name=known.name or uplink.name, location=location)


def _readings(uplink: Uplink, fields: dict[str, Any], kind: DeviceKind) -> Iterator[Reading | Unusable]:
    whole = Spot(fields)
    for field in kind.fields:
        value = seen_from(whole, field.field) if field.field.startswith("/") else fields.get(field.field)
        if value is None and uplink.omits_zeros and not field.optional:
            value = 0 if field.unit else ""
        yield _reading(uplink, field, value)


def _reading(uplink: Uplink, field: Field, value: object) -> Reading | Unusable:
    native = native_of(uplink.device)
    if isinstance(value, str) and not field.unit and uplink.observed is not None:
        return Reading(native=native, attribute=field.attribute, value=value, observed=uplink.observed, type=field.type)
    figure = int(value) if isinstance(value, bool) else value
    found = measured_at(native, field.attribute, uplink.observed, figure)
    if isinstance(found, Unusable) or isinstance(found.value, str):
        return found
    scaled = round(found.value * field.factor + field.offset, 9)
    quality = Flag.NOT_EVALUATED if field.least <= scaled <= field.most else Flag.FAIL
    return msgspec.structs.replace(found, value=scaled, type=field.type, unit=field.unit, quality=quality)


def _radio(uplink: Uplink) -> Iterator[Finding]:
    """The figures of the gateway that heard it best."""
    told = [pair for pair in uplink.heard if pair[0] is not None]
    if not told:
        return
    best = max(told, key=lambda pair: pair[0] or 0.0)
    for quantity, value in zip(RADIO, best, strict=True):
        if value is not None:
            yield measured_at(native_of(uplink.device), quantity.attribute, uplink.observed, value)
