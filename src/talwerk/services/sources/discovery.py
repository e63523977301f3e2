"""Connectors are found by looking: in ``talwerk.connectors``, by entry points of packages, in folders of cities."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import pkgutil
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import msgspec

from talwerk.core.errors import DomainError
from talwerk.sdk.connector import Connector
from talwerk.sdk.simple import read_simple

PACKAGE = "talwerk.connectors"
"""Name of the package, and of the group of entry points."""
NAME = "CONNECTOR"
"""What a module calls its connector."""
DECLARED = ".toml"
"""Ending of files that declare one."""

logger = logging.getLogger(__name__)


class Found(msgspec.Struct, frozen=True):
    """A connector, and where another process finds it: ``module:name``, or ``file.py:name`` with the file's path.

    A TOML file that declares one is named like a Python file.
    """

    reference: str
    connector: Connector


def discover(own: Path | None = None) -> dict[str, Found]:
    """All connectors by key. One that cannot be loaded is logged and left out; of two with one key ours stays.

    Args:
        own: a folder with further ones, of a city's profile for example; it need not be there.
    """
    package = importlib.import_module(PACKAGE)
    references = [f"{PACKAGE}.{module.name}:{NAME}" for module in pkgutil.iter_modules(package.__path__)]
    references += _declared_in(Path(str(package.__file__)).parent)
    references += [point.value for point in entry_points(group=PACKAGE)]
    return _loaded(references, discover_in(own) if own is not None else {})


def discover_in(folder: Path) -> dict[str, Found]:
    """The connectors of a folder alone, by key; it need not be there."""
    return _loaded(references_in(folder), {})


def _loaded(references: list[str], more: dict[str, Found]) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for reference in references:
        try:
            connector = load(reference)
        except DomainError as error:
            logger.error("a connector cannot be loaded: %s", error)  # noqa: TRY400 - foreseen: the text names the line
            continue
        except (Exception, SystemExit):
            # Whatever a stranger's module does when it is imported, the city starts.
            logger.exception("the connector %s cannot be loaded", reference)
            continue
        if connector.key in found:
            logger.error("the connector %s has the key of another one: %s", reference, connector.key)
            continue
        found[connector.key] = Found(reference, connector)
    for key, own in more.items():
        if key in found:
            logger.error("the connector %s has the key of another one: %s", own.reference, key)
        found.setdefault(key, own)
    return found


def references_in(folder: Path) -> list[str]:
    """References of the connectors in a folder: one per Python or TOML file.

    ``_name.py`` and ``test_name.py`` are none.
    """
    files = (path for path in sorted(folder.resolve().glob("*.py")) if not path.name.startswith(("_", "test_")))
    return [*(f"{path}:{NAME}" for path in files), *_declared_in(folder)]


def _declared_in(folder: Path) -> list[str]:
    """References of the connectors that TOML files of a folder declare."""
    return [f"{path}:{NAME}" for path in sorted(folder.resolve().glob(f"*{DECLARED}"))]


def recordings_of(found: Found) -> Path:
    """The folder of a connector's recording: beside its file, in ``recordings``, dashes as underscores."""
    place = found.reference.rpartition(":")[0]
    file = place if place.endswith((".py", DECLARED)) else str(importlib.import_module(place).__file__)
    return Path(file).parent / "recordings" / found.connector.key.replace("-", "_")


def load(reference: str) -> Connector:
    """The connector of a reference.

    Raises:
        ImportError: there is no such module or file.
        AttributeError: the module holds no such name.
        TypeError: what it holds is no connector.
        DomainError: the file declares none; the message names the line.
    """
    place, _, name = reference.rpartition(":")
    if place.endswith(DECLARED):
        return read_simple(Path(place))
    connector = getattr(_module(Path(place)), name) if place.endswith(".py") else pkgutil.resolve_name(reference)
    if not isinstance(connector, Connector):
        raise TypeError(f"{reference} is no connector")
    return connector


def _module(path: Path) -> ModuleType:
    """The module that a file holds, under a name that no other file has."""
    name = f"talwerk_connector_{hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()}"
    if name not in sys.modules:
        specification = importlib.util.spec_from_file_location(name, path)
        if specification is None or specification.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(specification)
        # Before it runs, as for every import: what it declares looks itself up there.
        sys.modules[name] = module
        try:
            specification.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
