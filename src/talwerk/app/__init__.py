"""The composition root: the only place that wires everything together."""

from .city import City, Part, open_city
from .web import endpoint, routes

__all__ = ["City", "Part", "endpoint", "open_city", "routes"]
