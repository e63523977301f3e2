"""ChirpStack v4: events by HTTP integration, as JSON. Members come in camel case, from some versions in snake case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from talwerk.sdk.connector import Connector
from talwerk.sdk.push import Push
from talwerk.sdk.reading import Context, Finding, number, point
from talwerk.sdk.uplinks import DEVICES, RADIO, Uplink, found_in

UP = "up"
_CAPITAL = re.compile(r"(?<!^)([A-Z])")


def event(payload: Any, context: Context) -> Iterator[Finding]:
    """One event; all but uplinks (joins, states, errors, ...) say nothing here."""
    if context.parameters.get("event", UP) != UP:
        return
    info = _member(payload, "deviceInfo")
    tags = info.get("tags") or {}
    yield from found_in(
        Uplink(
            device=str(_member(info, "devEui")).lower(),
            name=_member(info, "deviceName") or "",
            profile=_member(info, "deviceProfileName") or "",
            port=int(_member(payload, "fPort") or 0),
            observed=context.instant(payload.get("time")),
            # Only the bytes (data) come where the device profile has no codec.
            fields=payload.get("object"),
            location=point(tags.get("longitude"), tags.get("latitude")),
            heard=tuple(
                (number(each.get("rssi")), number(each.get("snr"))) for each in _member(payload, "rxInfo") or ()
            ),
        ),
        context,
    )


def _member(of: dict[str, Any], name: str) -> Any:
    """A member by its name in camel case, however it is written."""
    return of[name] if name in of else of.get(_CAPITAL.sub(r"_\1", name).lower())


CONNECTOR = Connector(
    key="chirpstack",
    title="LoRaWAN-Sensoren (ChirpStack)",
    publisher="Betreiber der Sensoren",
    short="LoRaWAN",
    licence="unknown",
    terms="Each application has its own owner; the profile states licence and credit line for its source.",
    attribution="LoRaWAN-Sensoren (Betreiber nicht angegeben)",
    quantities=RADIO,
    push=Push(parse=event, query=("event",), per_minute=3_000, at_once=1_000, size_max=1 << 18),
    beside={"devices": DEVICES},
    every_s=900,
    cadence_s=900,
    stale_s=7_200,
    parameters={"devices": None},
)
