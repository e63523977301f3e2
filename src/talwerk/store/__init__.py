"""Keeping the city: the Store protocol and its implementations."""

from .contract import AggregatePage, Condition, EntityPage, Store, Submission

__all__ = ["AggregatePage", "Condition", "EntityPage", "Store", "Submission"]
