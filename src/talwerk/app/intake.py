"""What takes what sources send by themselves: at the door in each process that serves, from the inbox in the engine."""

from __future__ import annotations

from talwerk import cities
from talwerk.processes.duties import Duty
from talwerk.services.sources.feed import of_twin
from talwerk.services.sources.inbox import FOLDER, Inbox
from talwerk.services.sources.pushed import Intake, sending

from .city import City


def intake(city: City) -> Intake:
    """For the door of this process, or for the inbox."""
    folder = cities.folder(city.settings.city)
    feeds = sending(city.profile, folder, folder / cities.CONNECTORS)
    if city.settings.feeds == "twin":
        feeds = {key: of_twin(feed) for key, feed in feeds.items()}
    return Intake(
        feeds,
        city.broker,
        city.system_scope("sources"),
        clock=city.clock,
        arrivals=city.tally.arrivals,
    )


def inbox(city: City) -> tuple[Duty, ...]:
    """The engine's duty to read the inbox; none in a twin, which takes nothing from the world."""
    if city.settings.feeds == "twin" or all(source.address for source in city.profile.sources):
        return ()
    return (Inbox(city.directory / FOLDER, intake(city), city.system_scope("sources"), city.clock),)
