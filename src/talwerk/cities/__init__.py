"""Profiles of cities: one folder each, found by looking; nothing to register."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from talwerk.core.errors import DomainError, Fault
from talwerk.sdk.declaration import read_declaration
from talwerk.sdk.profile import Profile
from talwerk.sdk.territory import Territory

PROFILE = "profile.toml"
TERRITORY = "territory.toml"
CONNECTORS = "connectors"
"""Folder of a profile's own connectors."""
DEFAULT_CITY = "wuppertal"
"""The city that starts when nobody names one."""


def _shipped() -> Path:
    # A wheel is unpacked when it is installed, so package data are files.
    return Path(str(resources.files(__name__)))


def available() -> tuple[str, ...]:
    """Keys of the profiles that come with Talwerk, in alphabetical order."""
    return tuple(sorted(folder.name for folder in _shipped().iterdir() if (folder / PROFILE).is_file()))


def folder(key: str) -> Path:
    """The folder of a profile: its mappings and later its connectors and layers lie there.

    Args:
        key: key of a profile that comes with Talwerk, or the path of a directory (it holds a ``/`` or
            begins with ``.`` or ``~``).

    Raises:
        DomainError: ResourceNotFound; the message names the known keys.
    """
    own = Path(key).expanduser()
    if "/" in key or key.startswith((".", "~")):
        if (own / PROFILE).is_file():
            return own
        raise DomainError(Fault.NOT_FOUND, f"The directory {key!r} holds no {PROFILE}.")
    if key in available():
        return _shipped() / key
    known = ", ".join(available())
    detail = f"The city {key[:80]!r} is unknown. Known: {known}; or the path of a directory that holds a {PROFILE}."
    raise DomainError(Fault.NOT_FOUND, detail)


def load(key: str) -> Profile:
    """The profile of a city.

    Args:
        key: as for :func:`folder`.

    Raises:
        DomainError: ResourceNotFound for an unknown city; BadRequestData, naming file and line, for a broken profile.
    """
    return read_declaration(folder(key) / PROFILE, Profile)


def territory(key: str) -> Territory | None:
    """The boroughs and quarters of a city, None when its profile has none.

    Args:
        key: as for :func:`folder`.

    Raises:
        DomainError: as :func:`load`.
    """
    path = folder(key) / TERRITORY
    return read_declaration(path, Territory) if path.is_file() else None
