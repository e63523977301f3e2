"""The portal's addresses: from a request to the facts of a page, read through the broker."""

from .routes import portal_routes

__all__ = ["portal_routes"]
