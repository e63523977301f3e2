"""One module for each connector whose source is simulated, found by looking: the connector's key, ``-`` as ``_``.

Each holds a pure function ``respond(asked) -> Reply | None`` that speaks the source's real format.
"""

from __future__ import annotations

import importlib
import pkgutil

from talwerk.twin.asked import Respond


def responders() -> dict[str, Respond]:
    """All responders by the key of their connector."""
    found: dict[str, Respond] = {}
    for module in pkgutil.iter_modules(__path__):
        respond: Respond = importlib.import_module(f"{__name__}.{module.name}").respond
        found[module.name.replace("_", "-")] = respond
    return found
