"""Official warnings, wired: which sources of the city warn, and the duties that they give rise to."""

from __future__ import annotations

from talwerk import cities
from talwerk.privacy.policy import PUBLIC, scope_for
from talwerk.processes.duties import Duty
from talwerk.services.sources.discovery import discover
from talwerk.services.warnings import Warnings
from talwerk.services.warnings.answered import Answered

from .city import City


def warnings(city: City) -> Warnings:
    """The city's official warnings."""
    found = discover(cities.folder(city.settings.city) / cities.CONNECTORS)
    return Warnings(city.broker, city.profile, {key: each.connector for key, each in found.items()})


def warning_duties(city: City, *, simulated: bool) -> tuple[Duty, ...]:
    """Who keeps when warning sources answered, and who writes the crisis pages; nobody in a city without reports.

    Args:
        city: which is open.
        simulated: whether a twin answers for its sources.
    """
    reporter = city.reporter
    if reporter is None:
        return ()
    scope = city.system_scope("warnings")
    from talwerk.portal.crisis.making import FOLDER, CrisisPages, CrisisWriter

    # Asked for anew each time: the duty that polls puts itself there, in whatever order they begin.
    states = lambda: reporter.sources()  # noqa: E731, PLW0108
    known = warnings(city)
    pages = CrisisPages(
        city.broker,
        city.profile,
        known,
        scope_for(PUBLIC),
        asks=cities.territory(city.settings.city) is not None,
        simulated=city.simulated,
    )
    return (
        Answered(known, states, city.broker, scope, simulated=simulated),
        CrisisWriter(pages, city.directory / FOLDER, city.broker, city.clock),
    )
