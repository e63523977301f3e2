"""A connector: how a source is read, as data and at most one pure function per request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from talwerk.core.terms import expand

from .profile import Key, Name
from .push import PUSH, Push
from .reading import MOMENTS, Context, Finding, zone_of

MIB = 1 << 20
SIZE_MAX = 80 * MIB
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
QUERY = re.compile(r"\{\+([a-z][a-z0-9_]*)\}")

Parse = Callable[[Any, Context], Iterable[Finding]]
"""From an answer to what is found in it. Any error that it raises means that the answer cannot be read."""


class Quantity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source measures.

    Attributes:
        attribute: short attribute name (Smart Data Models).
        type: short entity type.
        unit: UN/CEFACT code, empty for texts.
        least: below it a value has failed: the instrument cannot mean it.
        most: above it a value has failed.
        interval_s: seconds that one value covers, 0 for a value of the moment.
        method: how the value comes about; a changed one opens a new series.
    """

    attribute: Name
    type: Name
    unit: Annotated[str, Meta(pattern=r"^([A-Z0-9]{2,3})?$")]
    least: float = float("-inf")
    most: float = float("inf")
    interval_s: Annotated[int, Meta(ge=0)] = 0
    method: str = ""

    def __post_init__(self) -> None:
        expand(self.type), expand(self.attribute)
        if not self.least < self.most:
            raise ValueError(f"The limits of {self.attribute!r} are not ascending")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of question to a source.

    Attributes:
        key: names it within the connector.
        path: follows the source's address; ``{name}`` stands for a parameter, ``{+name}`` for one that holds a whole
            query (of a link to a next page), ``{today}``, ``{yesterday}`` and
            ``{now}`` for days of the connector's zone and the present (:func:`talwerk.sdk.reading.moments`).
        parse: reads the answer.
        format: what the answer is; ``parse`` gets JSON decoded, a text, or bytes.
        every_s: seconds between two of them, None for the connector's.
        optional: whether the source may have no answer to it; its failures then say nothing about the source.
    """

    key: Key
    path: str
    parse: Parse
    format: Literal["json", "text", "bytes"] = "json"
    every_s: Annotated[int, Meta(ge=1)] | None = None
    optional: bool = False


class Beside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files beside the profile that a connector reads: ``<folder>/<name>.toml`` for every name in the parameter.

    Attributes:
        folder: beneath the profile's.
        read: refuses a text that is none of these, with its place; gets the text and the file's name.
    """

    folder: Key
    read: Callable[[str, str], object]


class Connector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of source is read. Fetching, schedule, retries, limits and states are the platform's.

    Attributes:
        key: stable; profiles name it.
        title: what people call the source.
        publisher: who publishes it.
        short: name of the publisher for narrow places, empty when its name is short.
        licence: SPDX identifier, ``restricted`` (for example non-commercial) or ``unknown``; the last two block bulk
            export until an operator decides.
        terms: where the terms were found, or why they are unknown.
        attribution: the credit line.
        quantities: what is measured, each attribute once.
        requests: the first is asked by itself, the others follow from what answers say.
        push: how the source sends by itself, None when it does not.
        beside: parameters that name files beside the profile; functions get their texts by name.
        every_s: seconds between two polls.
        cadence_s: expected seconds between two values.
        stale_s: seconds after which the newest value is stale.
        zone: of stamps without an offset: IANA name or offset.
        stamp: whether a stamp is the start or the end of the interval that the value covers.
        size_max: bytes of an answer at most, also after decompression.
        parameters: parameters that profiles may set, with their defaults; None for those that they have to set.
        warns: whether its list names all official warnings that there are, so that an empty one says: none.
    """

    key: Key
    title: Name
    publisher: Name
    short: str = ""
    licence: Name
    terms: Annotated[str, Meta(min_length=1)]
    attribution: Name
    quantities: tuple[Quantity, ...] = ()
    requests: tuple[Request, ...] = ()
    push: Push | None = None
    beside: dict[str, Beside] = {}
    every_s: Annotated[int, Meta(ge=1)]
    cadence_s: Annotated[int, Meta(ge=1)]
    stale_s: Annotated[int, Meta(ge=1)]
    zone: str = "UTC"
    stamp: Literal["start", "end"] = "end"
    size_max: Annotated[int, Meta(gt=0, le=SIZE_MAX)] = 10 * MIB
    parameters: dict[str, str | int | float | bool | None] = {}
    warns: bool = False

    def __post_init__(self) -> None:
        zone_of(self.zone)
        _once("quantity", [quantity.attribute for quantity in self.quantities])
        _once("request", [PUSH, *(request.key for request in self.requests)])
        if not self.requests and self.push is None:
            raise ValueError(f"{self.key}: there is no request, and the source does not send by itself either")
        if self.stale_s < self.cadence_s:
            raise ValueError(f"{self.key}: a value would be stale before the next one is due")
        if taken := MOMENTS & self.parameters.keys():
            raise ValueError(f"{self.key}: the clock fills {', '.join(sorted(taken))}, no parameter may be called so")
        if self.size_max > SIZE_MAX:
            raise ValueError(f"{self.key}: an answer of {self.size_max} bytes is more than {SIZE_MAX}")

    def quantity(self, attribute: str) -> Quantity | None:
        """What is declared about an attribute, None when nothing is."""
        return next((quantity for quantity in self.quantities if quantity.attribute == attribute), None)

    def request(self, key: str) -> Request:
        """The request of that key.

        Raises:
            KeyError: there is none.
        """
        for request in self.requests:
            if request.key == key:
                return request
        if key == PUSH and self.push is not None:
            return Request(key=PUSH, path="", parse=self.push.parse, format=self.push.format)
        raise KeyError(f"The connector {self.key!r} has no request {key!r}")


def _once(what: str, keys: list[str]) -> None:
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ValueError(f"The {what} {twice!r} is declared twice")
