"""What pages in easy language show: few facts, and no words of other pages."""

from __future__ import annotations

from dataclasses import dataclass

from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.warnings import Warned


@dataclass(frozen=True, slots=True)
class EasyPoint:
    """A measuring point of the profile.

    Attributes:
        gauge: Its newest value, with quantity and unit in easy words.
        quantity: Key of what it measures.
    """

    gauge: Gauge
    quantity: str


@dataclass(frozen=True, slots=True)
class EasyStartView:
    """The start page.

    Attributes:
        points: The measuring points that can be told in easy words.
        warned: What is known of official warnings.
        full_href: The start page in the city's own language.
    """

    points: tuple[EasyPoint, ...]
    warned: Warned
    full_href: str


@dataclass(frozen=True, slots=True)
class EasyPointView:
    """One measuring point.

    Attributes:
        point: The point.
        where: Where it is, as the profile says, or empty.
        full_href: The same page in the city's own language.
    """

    point: EasyPoint
    where: str
    full_href: str


@dataclass(frozen=True, slots=True)
class EasyHelpView:
    """Help, words, and how to report a barrier.

    Attributes:
        access_href: The accessibility statement in the city's own language.
    """

    access_href: str
