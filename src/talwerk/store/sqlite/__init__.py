"""The embedded store on SQLite."""

from .limits import Limits
from .store import SqliteStore

__all__ = ["Limits", "SqliteStore"]
