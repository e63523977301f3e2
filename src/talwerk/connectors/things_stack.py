"""The Things Stack v3: uplinks by webhook. Fields that are 0, "" or false are left out, also port and counter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector
from talwerk.sdk.push import Push
from talwerk.sdk.reading import Context, Finding, number, point
from talwerk.sdk.uplinks import DEVICES, RADIO, Uplink, found_in


def uplink(payload: Any, context: Context) -> Iterator[Finding]:
    """One message; joins, downlinks and places of devices say nothing."""
    ids = payload["end_device_ids"]
    message = payload.get("uplink_message")
    if message is None:
        return
    where = (message.get("locations") or {}).get("user") or {}
    yield from found_in(
        Uplink(
            device=ids["device_id"],
            port=int(message.get("f_port", 0)),
            # When the network server heard it; the outer stamp is of what follows.
            observed=context.instant(message.get("received_at") or payload.get("received_at")),
            fields=message.get("decoded_payload"),
            location=point(where.get("longitude"), where.get("latitude")),
            heard=tuple(
                (number(each.get("rssi")), number(each.get("snr", 0))) for each in message.get("rx_metadata", ())
            ),
            omits_zeros=True,
        ),
        context,
    )


CONNECTOR = Connector(
    key="things-stack",
    title="LoRaWAN-Sensoren (The Things Stack)",
    publisher="Betreiber der Sensoren",
    short="LoRaWAN",
    licence="unknown",
    terms="Each application has its own owner; the profile states licence and credit line for its source.",
    attribution="LoRaWAN-Sensoren (Betreiber nicht angegeben)",
    quantities=RADIO,
    push=Push(parse=uplink, per_minute=3_000, at_once=1_000, size_max=1 << 18),
    beside={"devices": DEVICES},
    every_s=900,
    cadence_s=900,
    stale_s=7_200,
    parameters={"devices": None},
)
