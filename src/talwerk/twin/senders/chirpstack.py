"""ChirpStack v4: events of an HTTP integration in camel case; the kind of event stands in the query."""

from __future__ import annotations

import base64
import hashlib
import uuid

import msgspec

from talwerk.core.instants import SECOND, Instant, datetime_of
from talwerk.twin.lorawan import decoded, fleet, spot_of, units_of
from talwerk.twin.simulator.chance import uniform
from talwerk.twin.told import Message, Told, Unit

HEX = frozenset("0123456789abcdef")


def units(told: Told) -> tuple[Unit, ...]:
    """The devices of the application."""
    return units_of(told, fleet(told, _name))


def _name(pattern: str, number: int) -> str:
    """A device's number: sixteen hexadecimal digits, of which the pattern may fix the first."""
    fixed = pattern.partition("*")[0].lower()
    rest = hashlib.blake2b(pattern.encode(), digest_size=7).hexdigest()
    return f"{((fixed if HEX.issuperset(fixed) else '') + rest)[:14]}{number:02x}"


def message(told: Told, unit: Unit, at: Instant) -> Message:
    """An uplink that the network heard at an instant."""
    member = fleet(told, _name)[unit.name]
    spot, far = spot_of(told, unit), uniform(0, f"far {unit.name}", 0)
    event = {
        "deduplicationId": _uuid(f"{unit.name} {at}"),
        "time": datetime_of(at).isoformat(timespec="milliseconds"),
        "deviceInfo": {
            "tenantId": _uuid(told.land.profile.city.key),
            "tenantName": told.land.profile.city.name,
            "applicationId": _uuid(told.source.key),
            "applicationName": told.source.key,
            "deviceProfileId": _uuid(member.file),
            "deviceProfileName": (*member.kind.profiles, member.file)[0],
            "deviceName": f"{member.file}-{member.number:02d}",
            "devEui": unit.name,
            "tags": {"latitude": str(spot.latitude), "longitude": str(spot.longitude)},
        },
        "devAddr": f"001894{member.number:02x}",
        "adr": True,
        "dr": 5 - round(5 * far),
        "fCnt": at // (unit.every_s * SECOND) % 65_536,
        "fPort": (*member.kind.ports, 1)[0],
        "confirmed": False,
        "data": base64.b64encode(unit.name.encode()).decode(),
        "object": decoded(told, unit, member.kind, at),
        "rxInfo": [{"gatewayId": "0016c001f1500812", "rssi": -70 - round(40 * far), "snr": round(9.5 - 12 * far, 1)}],
        "txInfo": {"frequency": 867_100_000},
    }
    return Message(body=msgspec.json.encode(event), query="event=up")


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
