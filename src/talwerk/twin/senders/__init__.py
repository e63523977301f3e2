"""One module for each connector whose sources send, found by looking: the connector's key, ``-`` as ``_``.

Each holds two pure functions: ``units(told)``, the devices that send, and ``message(told, unit, at)``.
"""

from __future__ import annotations

import importlib
import pkgutil

from talwerk.twin.told import Compose, Units


def senders() -> dict[str, tuple[Units, Compose]]:
    """All senders by the key of their connector."""
    found: dict[str, tuple[Units, Compose]] = {}
    for listed in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{listed.name}")
        found[listed.name.replace("_", "-")] = (module.units, module.message)
    return found
