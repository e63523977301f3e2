"""The context broker's use cases: the one way in and the one way out."""

from .broker import Broker

__all__ = ["Broker"]
