"""NGSI-LD (ETSI GS CIM 009): linked entities with history, over HTTP."""

from .context_library import Contexts
from .description import description
from .endpoint import endpoint, routes

__all__ = ["Contexts", "description", "endpoint", "routes"]
