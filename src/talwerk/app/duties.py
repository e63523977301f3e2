"""The engine's duties besides writing, as this city's settings want them."""

from __future__ import annotations

from talwerk import cities
from talwerk.core.terms import expand
from talwerk.processes.copies.duties import copy_duties, plan_of
from talwerk.processes.duties import Duty
from talwerk.processes.housekeeping import Housekeeping
from talwerk.services.indicators.duty import Indicators
from talwerk.services.indicators.evidence import Ground
from talwerk.services.places.register import FILE
from talwerk.services.sources.duty import Sources
from talwerk.services.territory import FOLDER
from talwerk.store import Keeping

from .city import City


def duties(city: City) -> tuple[Duty, ...]:
    """Everything that goes on in the engine's process as long as the city is up."""
    return (*_sources(city), *_copies(city), *_housekeeping(city), _indicators(city))


def _indicators(city: City) -> Duty:
    ground = Ground(
        profile=city.profile,
        territory=cities.territory(city.settings.city),
        addresses=city.directory / FOLDER / FILE,
    )
    return Indicators(city.themes, ground, city.broker, city.system_scope("indicators"), clock=city.clock)


def _housekeeping(city: City) -> tuple[Duty, ...]:
    """Retention and the look at every page."""
    if city.tidy is None:
        return ()
    settings = city.settings
    keeping = Keeping(
        today=city.clock.now(),
        raw_days=settings.raw_days,
        raw_days_of={expand(name): days for name, days in settings.raw_days_of.items()},
        log_days=settings.log_days,
    )
    house = Housekeeping(city.directory, city.tidy, keeping, city.clock)
    if city.reporter is not None:
        city.reporter.housekeeping = house.state
    return (house,)


def _copies(city: City) -> tuple[Duty, ...]:
    """Backups and the continuous copy."""
    if city.wal is None:
        return ()
    plan = plan_of(city.settings, city.profile.city.key, city.profile.city.zone)
    copies, made = copy_duties(city.settings, plan, city.wal, city.clock)
    if city.reporter is not None:
        city.reporter.copies = copies.state
    return made


def _sources(city: City) -> list[Duty]:
    settings = city.settings
    # Until there is a twin to switch to, "auto" means the real feeds.
    if settings.feeds not in {"auto", "live"} or not city.profile.sources:
        return []
    polled = Sources(
        city.profile,
        city.broker,
        city.system_scope("sources"),
        clock=city.clock,
        egress=settings.egress,
        heavy=city.workers.run,
        own=cities.folder(settings.city) / cities.CONNECTORS,
    )
    if city.reporter is not None:
        city.reporter.sources = polled.states
    return [polled]
