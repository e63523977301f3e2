"""Keeping the city: the Store protocol and its implementations."""

from .contract import AggregatePage, Condition, EntityPage, Keeping, SeriesPage, Store, Submission, Tidied

__all__ = ["AggregatePage", "Condition", "EntityPage", "Keeping", "SeriesPage", "Store", "Submission", "Tidied"]
