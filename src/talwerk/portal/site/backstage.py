"""What the portal is told of the platform behind it; the composition root knows, and hands it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform at one moment, as far as it concerns everybody.

    Attributes:
        version: Of the software.
        since_us: Since when it runs.
        room: Whether database and disk can be written.
        backup_us: When the last proven backup was made, or None.
        backup_late: Whether the last attempt to make one failed.
        copying: Whether there is a second place.
        copied_us: The moment up to which every change is there, or None.
    """

    version: str
    since_us: int
    room: bool
    backup_us: int | None
    backup_late: bool
    copying: bool
    copied_us: int | None


@dataclass(frozen=True, slots=True)
class Backstage:
    """Where pages about the platform get what they tell.

    Attributes:
        base: How others reach the city, e.g. ``https://talwerk.example``.
        budget_s: Seconds after which a question is refused.
        platform: Asks the engine; None when it does not answer.
        viewed: A page of that kind was shown.
        views: Views by day and kind.
    """

    base: str
    budget_s: float
    platform: Callable[[], Awaitable[Platform | None]]
    viewed: Callable[[str], None]
    views: Callable[[], Mapping[date, Mapping[str, int]]]
