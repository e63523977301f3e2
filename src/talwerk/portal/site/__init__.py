"""The portal's addresses: from a request to the facts of a page, read through the broker."""

from .backstage import Backstage, Platform
from .knowledge import Knowledge
from .routes import portal_routes
from .sign_files import sign_routes

__all__ = ["Backstage", "Knowledge", "Platform", "portal_routes", "sign_routes"]
