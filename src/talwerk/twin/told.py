"""What a sender of the twin is asked, and what it answers: one message, as the source's devices would send it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from talwerk.core.instants import Instant
from talwerk.sdk.profile import Source

from .landscape import Landscape
from .simulator import SimulatedCity


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A source that sends, and what there is to send.

    Attributes:
        source: of the profile.
        files: texts of the files beside the profile that its connector reads, by parameter and name.
        city: what could be measured.
        land: what the profile knows.
    """

    source: Source
    files: dict[str, dict[str, str]]
    city: SimulatedCity
    land: Landscape


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A device that sends.

    Attributes:
        name: the network's id of it.
        key: name of the key that it sends with; several devices of a network share one.
        types: short entity types that the key is for.
        every_s: seconds between two messages.
        title: what people call the device; the key tells it.
        at: longitude and latitude, degrees; likewise.
    """

    name: str
    key: str
    types: tuple[str, ...]
    every_s: int
    title: str = ""
    at: tuple[float, float] | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent.

    Attributes:
        body: JSON.
        query: behind the address.
        scheme: of the ``Authorization`` header: a bearer token, or the key as password of its name.
    """

    body: bytes
    query: str = ""
    scheme: Literal["bearer", "basic"] = "bearer"


Units = Callable[[Told], tuple[Unit, ...]]
"""The devices of a source."""
Compose = Callable[[Told, Unit, Instant], Message]
"""A pure function to what a device sends about an instant, in the source's real format."""
