"""Devices over LoRaWAN: what the files beside a profile declare about their fields, filled by the simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from talwerk.core.instants import Instant
from talwerk.sdk.uplinks import DEVICE_TYPE, DeviceKind, Field, read_kind

from .instruments import Instrument, shown
from .simulator.weather import Spot
from .told import Told, Unit

DEVICES = 3
"""Of a kind that names none."""
RHYTHM_S = 600


def kinds(told: Told) -> dict[str, DeviceKind]:
    """The kinds of devices that the source's files declare, by name of the file."""
    return {name: read_kind(text, name) for name, text in told.files.get("devices", {}).items()}


class Member(NamedTuple):
    """A device of a fleet.

    Attributes:
        number: among those of its kind, from 1.
        file: that declares its kind.
        kind: how it writes.
    """

    number: int
    file: str
    kind: DeviceKind


def fleet(told: Told, name_of: Callable[[str, int], str]) -> dict[str, Member]:
    """The devices of a source, by their ids: those that are installed, otherwise some of each kind.

    Args:
        told: the source.
        name_of: the id of a device, from a pattern (``pegel-*``) and a number.
    """
    found: dict[str, Member] = {}
    for file, kind in kinds(told).items():
        made = [name_of(pattern, n) for n in range(1, DEVICES + 1) for pattern in kind.devices or (f"{file}-*",)]
        for number, device in enumerate(kind.installed or made, start=1):
            # The first file that fits a device counts, as in the city.
            found.setdefault(device, Member(number, file, kind))
    return found


def units_of(told: Told, devices: Iterable[str]) -> tuple[Unit, ...]:
    """The devices as those who send; one application, so that they share a key."""
    types = {field.type for kind in kinds(told).values() for field in kind.fields} | {DEVICE_TYPE}
    key = told.source.key[:60]
    return tuple(Unit(name=each, key=key, types=tuple(sorted(types)), every_s=RHYTHM_S) for each in devices)


def spot_of(told: Told, unit: Unit) -> Spot:
    """Where a device is: as installed, or somewhere in the city."""
    for kind in kinds(told).values():
        known = kind.installed.get(unit.name)
        if known is not None and known.longitude is not None and known.latitude is not None:
            return Spot(known.longitude, known.latitude)
    return told.land.somewhere(unit.name)


def decoded(told: Told, unit: Unit, kind: DeviceKind, at: Instant) -> dict[str, Any]:
    """The decoded message of a device about an instant, in the fields' own units."""
    fields: dict[str, Any] = {}
    for field in kind.fields:
        *folders, last = _path(field.field)
        inner = fields
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[last] = _raw(told, unit, field, at)
    return fields


def _path(name: str) -> list[str]:
    if not name.startswith("/"):
        return [name]
    return [part.replace("~1", "/").replace("~0", "~") for part in name[1:].split("/")]


def _raw(told: Told, unit: Unit, field: Field, at: Instant) -> Any:
    if not field.unit:
        return "ok"
    instrument = Instrument(
        native=unit.name,
        attribute=field.attribute,
        unit=field.unit,
        spot=spot_of(told, unit),
        least=field.least,
        most=field.most,
    )
    measured = shown(instrument, told.source.key, at, told.city, told.land)
    value = (measured - field.offset) / field.factor
    # Codecs write whole numbers where a unit is small, and a few digits elsewhere.
    return round(value) if abs(field.factor) < 1 else round(value, 2)
