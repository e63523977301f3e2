"""NGSI-LD (ETSI GS CIM 009): linked entities with history, over HTTP."""

from .endpoint import endpoint, routes

__all__ = ["endpoint", "routes"]
