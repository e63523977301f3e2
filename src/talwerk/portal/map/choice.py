"""What somebody chose on the map: the same fields for the page, its list, its points and its downloads."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from talwerk.core.errors import DomainError
from talwerk.core.instants import HOUR, MINUTE, Instant, format_instant, parse_instant
from talwerk.portal.drawing.city_map import Position
from talwerk.portal.site.answers import PageError
from talwerk.texts import Catalogue

LAYER, TEXT, BOROUGH, QUANTITY = "ebene", "text", "bezirk", "groesse"
TIME, CENTRE, ZOOM, PAGE = "zeit", "mitte", "zoom", "seite"
FIELDS = (LAYER, TEXT, BOROUGH, QUANTITY, TIME, CENTRE, ZOOM, PAGE)
FILTERS = (LAYER, TEXT, BOROUGH, QUANTITY, TIME)
"""Those that decide what is shown; the others only how."""
TEXT_MAX = 80
BACK_DAYS = 7
_OLDEST = parse_instant("1900-01-01T00:00:00Z")
_ZOOMS = (5.0, 19.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shown.

    Attributes:
        layers: Keys of layers; None for those that are shown first.
        text: What names have to contain.
        borough: Key of a borough, empty for the whole city.
        quantity: Name of a quantity, empty for all.
        at: The moment, None for now.
        centre: The middle of the map, None for the whole city.
        zoom: How close it is.
        page: Of the list, from 1.
    """

    layers: frozenset[str] | None = None
    text: str = ""
    borough: str = ""
    quantity: str = ""
    at: Instant | None = None
    centre: Position | None = None
    zoom: float | None = None
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str], now: Instant, texts: Catalogue) -> Choice:
        """Read the fields of an address.

        Raises:
            PageError: One of them cannot be read.
        """
        return cls(
            layers=_layers(query),
            text=" ".join(query.get(TEXT, "").split())[:TEXT_MAX],
            borough=query.get(BOROUGH, ""),
            quantity=query.get(QUANTITY, ""),
            at=_time(query.get(TIME, ""), now, texts),
            centre=_centre(query.get(CENTRE, ""), texts),
            zoom=_zoom(query.get(ZOOM, ""), texts),
            page=_page(query.get(PAGE, ""), texts),
        )

    def fields(self) -> dict[str, str]:
        """The fields of an address that shows the same, without the page of the list."""
        told = {
            LAYER: "" if self.layers is None else ",".join(sorted(self.layers)),
            TEXT: self.text,
            BOROUGH: self.borough,
            QUANTITY: self.quantity,
            TIME: "" if self.at is None else time_text(self.at),
            CENTRE: "" if self.centre is None else f"{self.centre[0]:.4f},{self.centre[1]:.4f}",
            ZOOM: "" if self.zoom is None else f"{self.zoom:g}",
        }
        kept = {name: value for name, value in told.items() if value}
        # Nothing chosen at all is told by a field that is there and empty.
        return {**kept, TEXT: ""} if self.layers == frozenset() and TEXT not in kept else kept


def time_text(at: int) -> str:
    """A moment as it stands in addresses, to the minute."""
    return f"{format_instant(Instant(at // MINUTE * MINUTE))[:16]}Z"


def hours_back(now: int) -> tuple[int, ...]:
    """Whole hours that can be chosen, newest first: close together today, a day apart before."""
    newest = now // HOUR * HOUR
    return tuple(newest - hours * HOUR for hours in (0, 1, 2, 3, 6, 12, *(24 * day for day in range(1, BACK_DAYS + 1))))


def _layers(query: Mapping[str, str]) -> frozenset[str] | None:
    if LAYER in query:
        return frozenset(filter(None, query[LAYER].split(",")))
    # A form that was sent always names its text; a box that nobody ticked sends nothing.
    return frozenset() if TEXT in query else None


def _time(asked: str, now: Instant, texts: Catalogue) -> Instant | None:
    if not asked:
        return None
    full = asked if re.search(r"T\d\d:\d\d:\d\d", asked) else re.sub(r"Z$", ":00Z", asked)
    try:
        at = parse_instant(full)
    except (DomainError, ValueError):
        raise PageError(400, texts.text("map.odd_time", asked=_shortened(asked))) from None
    if at < _OLDEST:
        raise PageError(400, texts.text("map.odd_time", asked=_shortened(asked)))
    if at > now:
        raise PageError(400, texts.text("map.future_time", asked=_shortened(asked)))
    return at


def _centre(asked: str, texts: Catalogue) -> Position | None:
    if not asked:
        return None
    parts = asked.split(",")
    try:
        longitude, latitude = (float(part) for part in parts)
    except ValueError:
        raise PageError(400, texts.text("map.odd_centre", asked=_shortened(asked))) from None
    if not (abs(longitude) <= 180 and abs(latitude) <= 85):
        raise PageError(400, texts.text("map.odd_centre", asked=_shortened(asked)))
    return longitude, latitude


def _zoom(asked: str, texts: Catalogue) -> float | None:
    if not asked:
        return None
    try:
        zoom = float(asked)
    except ValueError:
        zoom = math.nan
    if math.isnan(zoom):
        raise PageError(400, texts.text("map.odd_zoom", asked=_shortened(asked)))
    return min(max(zoom, _ZOOMS[0]), _ZOOMS[1])


def _page(asked: str, texts: Catalogue) -> int:
    if not asked:
        return 1
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 6):
        raise PageError(400, texts.text("map.odd_page", asked=_shortened(asked)))
    return int(asked)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
