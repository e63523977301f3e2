"""The engine's duties besides writing, as this city's settings want them."""

from __future__ import annotations

from talwerk.processes.duties import Duty

from .city import City


def duties(city: City) -> tuple[Duty, ...]:  # noqa: ARG001 - each duty is put together from the city
    """Everything that goes on in the engine's process as long as the city is up."""
    return ()
