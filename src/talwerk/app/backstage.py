"""What pages are told of the platform behind them: how it is, and how often they were shown."""

from __future__ import annotations

from talwerk.core.errors import DomainError
from talwerk.portal.site.backstage import Backstage, Platform
from talwerk.processes.report import Report

from .city import City

ASKED_EVERY_S = 5.0
"""However many people look at the status, the engine is asked this often."""
LOCAL = "localhost"


def backstage(city: City) -> Backstage:
    """The platform of a city, for its pages."""
    return Backstage(
        base=base(city),
        budget_s=city.settings.query_budget_ms / 1_000,
        platform=_Asked(city).platform,
        viewed=city.visits.count,
        views=city.visits.days,
    )


def base(city: City) -> str:
    """How others reach the city, without a slash at the end: under its first name, or on this machine."""
    settings = city.settings
    if settings.hosts:
        return f"https://{settings.hosts[0]}"
    scheme = "https" if settings.tls_certificate is not None else "http"
    return f"{scheme}://{LOCAL}:{settings.port}"


class _Asked:
    """The engine's report, asked for rarely.

    Args:
        city: Whose engine.
    """

    def __init__(self, city: City) -> None:
        self._city = city
        self._known: Platform | None = None
        self._asked_s: float | None = None

    async def platform(self) -> Platform | None:
        """The platform as the engine knows it; None when it does not answer."""
        now_s = self._city.clock.monotonic_s()
        if self._asked_s is None or now_s - self._asked_s >= ASKED_EVERY_S:
            self._asked_s = now_s
            try:
                self._known = _told(await self._city.report())
            except DomainError:
                self._known = None
        return self._known


def _told(report: Report) -> Platform:
    copies = report.copies
    return Platform(
        version=report.version,
        since_us=report.since,
        room=report.store is None or report.store.writable,
        backup_us=copies.backup if copies is not None else None,
        backup_late=bool(copies is not None and copies.backup_error),
        copying=copies is not None and copies.copy_on,
        copied_us=copies.copied if copies is not None else None,
    )
