"""The instant as of which a page is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from talwerk.core.errors import DomainError
from talwerk.core.instants import Instant, instant_of, parse_instant
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.leaf import Ask
from talwerk.portal.site.scene import Scene

STAND = "stand"
"""Field of the query: RFC 3339 as a citation names it, or a local time as a form sends it."""
_FIRST = instant_of(datetime(1900, 1, 1, tzinfo=UTC))
"""Nothing was known before; a year of three digits is a slip of the finger."""
_FORMS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def as_asked(ask: Ask, scene: Scene) -> Scene:
    """The scene as it was known at the instant that is asked for; the present one where none is.

    Raises:
        PageError: It is no instant, or one that has not come yet.
    """
    told = ask.query.get(STAND, "")
    if not told:
        return scene
    at = _instant(told, scene)
    if at is None or at < _FIRST:
        raise PageError(400, scene.texts.text("point.odd_stand", asked=told[:60]))
    if at > scene.now:
        raise PageError(400, scene.texts.text("point.stand_ahead"))
    return scene.as_of(at)


def _instant(told: str, scene: Scene) -> Instant | None:
    for form in _FORMS:
        try:
            local = datetime.strptime(told, form).replace(tzinfo=ZoneInfo(scene.profile.city.zone))
        except ValueError:
            continue
        try:
            return Instant(instant_of(local))
        except (OverflowError, DomainError):
            return None
    try:
        return parse_instant(told, STAND)
    except DomainError:
        return None
