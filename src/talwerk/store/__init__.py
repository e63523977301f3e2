"""Keeping the city: the Store protocol and its implementations."""

from .contract import EntityPage, Store, Submission

__all__ = ["EntityPage", "Store", "Submission"]
