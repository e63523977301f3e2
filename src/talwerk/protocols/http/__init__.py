"""What all HTTP protocols share: the guard, problems, bodies, negotiation (RFC 9110, RFC 9457)."""

from .guard import guarded
from .marked import marked

__all__ = ["guarded", "marked"]
