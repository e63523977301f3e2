"""Keeping the city: the Store protocol and its implementations."""

from .contract import AggregatePage, EntityPage, Store, Submission

__all__ = ["AggregatePage", "EntityPage", "Store", "Submission"]
