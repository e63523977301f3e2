"""Connectors are found by looking: in the package ``talwerk.connectors``, and by entry points of other packages."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from importlib.metadata import entry_points

import msgspec

from talwerk.sdk.connector import Connector

PACKAGE = "talwerk.connectors"
"""Name of the package, and of the group of entry points."""
NAME = "CONNECTOR"
"""What a module calls its connector."""

logger = logging.getLogger(__name__)


class Found(msgspec.Struct, frozen=True):
    """A connector, and where another process finds it: ``module:name``."""

    reference: str
    connector: Connector


def discover() -> dict[str, Found]:
    """All connectors by key. One that cannot be loaded is logged and left out; of two with one key ours stays."""
    package = importlib.import_module(PACKAGE)
    references = [f"{PACKAGE}.{module.name}:{NAME}" for module in pkgutil.iter_modules(package.__path__)]
    references += [point.value for point in entry_points(group=PACKAGE)]
    found: dict[str, Found] = {}
    for reference in references:
        try:
            connector = load(reference)
        except Exception:
            # Whatever a stranger's module does when it is imported, the city starts.
            logger.exception("the connector %s cannot be loaded", reference)
            continue
        if connector.key in found:
            logger.error("the connector %s has the key of another one: %s", reference, connector.key)
            continue
        found[connector.key] = Found(reference, connector)
    return found


def load(reference: str) -> Connector:
    """The connector of a reference.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module holds no such name.
        TypeError: what it holds is no connector.
    """
    connector = pkgutil.resolve_name(reference)
    if not isinstance(connector, Connector):
        raise TypeError(f"{reference} is no connector")
    return connector
