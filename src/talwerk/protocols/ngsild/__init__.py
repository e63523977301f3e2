"""NGSI-LD (ETSI GS CIM 009): linked entities with history, over HTTP."""

from .context_library import Contexts
from .endpoint import endpoint, routes

__all__ = ["Contexts", "endpoint", "routes"]
