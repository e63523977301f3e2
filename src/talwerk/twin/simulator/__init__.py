"""A plausible city day: everything follows from the weather, and from a seed and an instant alone."""

from .city import Figure, SimulatedCity

__all__ = ["Figure", "SimulatedCity"]
