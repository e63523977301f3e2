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
from talwerk.services.sources.duty import TYPE as SOURCE_TYPE
from talwerk.services.sources.duty import Sources
from talwerk.services.sources.fetching import Patience
from talwerk.store import Keeping

from .city import City
from .feeds import Course, Probe
from .intake import inbox
from .warned import warning_duties


def duties(city: City, course: Course) -> tuple[Duty, ...]:
    """Everything that goes on in the engine's process as long as the city is up.

    Args:
        city: which is open.
        course: of its feeds.
    """
    return (
        *_sources(city, course),
        *inbox(city),
        *warning_duties(city, simulated=course.addresses is not None),
        *_copies(city),
        *_housekeeping(city),
        _indicators(city),
    )


def _indicators(city: City) -> Duty:
    ground = Ground(
        profile=city.profile,
        territory=cities.territory(city.settings.city),
        addresses=city.official / FILE,
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
    # What a twin made it makes again.
    if city.wal is None or city.settings.feeds == "twin":
        return ()
    plan = plan_of(city.settings, city.profile.city.key, city.profile.city.zone)
    copies, made = copy_duties(city.settings, plan, city.wal, city.clock)
    if city.reporter is not None:
        city.reporter.copies = copies.state
    return made


def _sources(city: City, course: Course) -> list[Duty]:
    settings = city.settings
    if settings.feeds == "off" or not city.profile.sources:
        return []
    polled = Sources(
        city.profile,
        city.broker,
        city.system_scope("sources"),
        clock=city.clock,
        egress=settings.egress,
        heavy=city.workers.run,
        # A twin on this machine needs no politeness.
        patience=Patience(gap_s=0.0) if course.addresses is not None else None,
        twin=course.addresses,
        own=cities.folder(settings.city) / cities.CONNECTORS,
        arrivals=city.reporter.arrivals if city.reporter is not None else lambda _source: (),
    )
    if city.reporter is not None:
        city.reporter.sources = polled.states
        city.reporter.halted = lambda: polled.halted
    # Those that send by themselves may take their time: nothing can be concluded from them.
    is_asking = any(source.address for source in city.profile.sources)
    own = frozenset({expand(SOURCE_TYPE)})
    if course.go_over is None or not is_asking or city.held_live(own):
        return [polled]
    # A city that may not poll has a way out of its own, which its twin would only hide.
    return [polled, Probe(polled.states, lambda: bool(polled.halted) or city.held_live(own), course.go_over)]
