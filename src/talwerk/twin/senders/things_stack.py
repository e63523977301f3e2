"""The Things Stack v3: a webhook's uplinks in snake case; fields that are 0, "" or false are left out."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from talwerk.core.instants import SECOND, Instant, datetime_of
from talwerk.twin.lorawan import decoded, fleet, spot_of, units_of
from talwerk.twin.simulator.chance import uniform
from talwerk.twin.told import Message, Told, Unit


def units(told: Told) -> tuple[Unit, ...]:
    """The devices of the application."""
    return units_of(told, fleet(told, _name))


def _name(pattern: str, number: int) -> str:
    return pattern.replace("*", f"{number:02d}")


def message(told: Told, unit: Unit, at: Instant) -> Message:
    """An uplink that the network heard at an instant."""
    member = fleet(told, _name)[unit.name]
    spot, far = spot_of(told, unit), uniform(0, f"far {unit.name}", 0)
    uplink: dict[str, Any] = {
        "f_port": (*member.kind.ports, 1)[0],
        "f_cnt": at // (unit.every_s * SECOND) % 65_536,
        "frm_payload": base64.b64encode(unit.name.encode()).decode(),
        "decoded_payload": decoded(told, unit, member.kind, at),
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "gw-1"}, "rssi": -80 - round(35 * far), "snr": round(8.5 - 12 * far, 2)}
        ],
        "settings": {
            "data_rate": {"lora": {"bandwidth": 125_000, "spreading_factor": 7 + round(5 * far)}},
            "frequency": "868300000",
        },
        "received_at": _stamp(at),
        "locations": {
            "user": {"latitude": spot.latitude, "longitude": spot.longitude, "source": "SOURCE_REGISTRY"},
        },
    }
    ids = {
        "device_id": unit.name,
        "application_ids": {"application_id": told.source.key},
        "dev_eui": f"00112233445566{member.number:02X}",
        "dev_addr": f"260B12{member.number:02X}",
    }
    whole = {"end_device_ids": ids, "received_at": _stamp(at + SECOND), "uplink_message": _told(uplink)}
    return Message(body=msgspec.json.encode(whole))


def _told(value: Any) -> Any:
    """Without what is 0, "" or false, as the network leaves it out."""
    if isinstance(value, dict):
        return {name: _told(inner) for name, inner in value.items() if inner or isinstance(inner, dict | list)}
    return [_told(inner) for inner in value] if isinstance(value, list) else value


def _stamp(at: int) -> str:
    """To the nanosecond, as the network writes it."""
    return f"{datetime_of(at):%Y-%m-%dT%H:%M:%S.%f}000Z"
