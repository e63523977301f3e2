"""Themes are found by looking: in ``talwerk.themes``, in the profile's own ``themes``, and by entry points."""

from __future__ import annotations

import logging
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import Self

import msgspec

from talwerk import cities
from talwerk.core.errors import DomainError, bad_data
from talwerk.core.identifiers import Iri
from talwerk.core.terms import expand
from talwerk.sdk.declaration import parse_declaration, read_declaration, read_text
from talwerk.sdk.theme import Indicator, Theme, Zielbild, Zielbilder
from talwerk.sdk.toml_lines import line_of

PACKAGE = "talwerk.themes"
"""Name of the package, and of the group of entry points; each names a package with folders like ours."""
FOLDER = "themes"
"""Where a profile has themes of its own."""
FILE = "theme.toml"
ZIELBILDER = "zielbilder.toml"

logger = logging.getLogger(__name__)


class Themes(msgspec.Struct, frozen=True):
    """The themes of a city.

    Attributes:
        themes: in their order.
        zielbilder: in their order.
    """

    themes: tuple[Theme, ...]
    zielbilder: tuple[Zielbild, ...]

    @classmethod
    def load(cls, city: str) -> Self:
        """The themes that come with Talwerk, those of other packages and those of a profile.

        A theme of the profile takes the place of one with its key. One of another package that cannot be used is
        logged and left out.

        Args:
            city: key of the profile or path of its directory.

        Raises:
            DomainError: BadRequestData, naming file and line, for a broken theme of ours or of the profile.
        """
        shipped = _files(PACKAGE)
        zielbilder = read_declaration(shipped / ZIELBILDER, Zielbilder).zielbilder
        known = frozenset(zielbild.key for zielbild in zielbilder)
        found = {theme.key: theme for theme in _themes(shipped, known)}
        for point in entry_points(group=PACKAGE):
            for theme in _themes_of_others(point.value, known):
                if found.setdefault(theme.key, theme) is not theme:
                    logger.error("the theme %s of %s has the key of another one", theme.key, point.value)
        found |= {theme.key: theme for theme in _themes(cities.folder(city) / FOLDER, known)}
        return cls(tuple(sorted(found.values(), key=lambda theme: (theme.order, theme.key))), zielbilder)

    def theme(self, key: str) -> Theme | None:
        """The theme of that key, None when there is none."""
        return next((theme for theme in self.themes if theme.key == key), None)

    def zielbild(self, theme: Theme) -> Zielbild:
        """What a theme serves."""
        return next(zielbild for zielbild in self.zielbilder if zielbild.key == theme.zielbild)

    def indicators(self) -> tuple[tuple[Theme, Indicator], ...]:
        """All indicators with their themes, in the order in which they are shown."""
        return tuple((theme, indicator) for theme in self.themes for indicator in theme.indicators)

    def queried(self) -> frozenset[Iri]:
        """Attributes for which the store keeps value indexes."""
        return frozenset(expand(name) for theme in self.themes for name in theme.queried)

    def of_source(self, source: str, connector: str = "") -> tuple[Theme, ...]:
        """The themes that a source belongs to."""
        return tuple(theme for theme in self.themes if {source, connector} & set(theme.sources))


def read_theme(path: Path, zielbilder: frozenset[str]) -> Theme:
    """The theme of a file.

    Raises:
        DomainError: BadRequestData, naming file and line, for a broken one, one whose key is not the name of its
            folder, and one that serves an unknown Zielbild.
    """
    text = read_text(path)
    theme = parse_declaration(text, Theme, str(path))
    if theme.key != path.parent.name:
        detail = f"The theme's key is {theme.key!r}, and its folder is called {path.parent.name!r}."
        raise bad_data(detail, f"{path}:{line_of(text, ('key',))}")
    if theme.zielbild not in zielbilder:
        detail = f"The Zielbild {theme.zielbild!r} is unknown. Known: {', '.join(sorted(zielbilder))}."
        raise bad_data(detail, f"{path}:{line_of(text, ('zielbild',))}")
    return theme


def _files(package: str) -> Path:
    # A wheel is unpacked when it is installed, so package data are files.
    return Path(str(resources.files(package)))


def _themes(folder: Path, zielbilder: frozenset[str]) -> list[Theme]:
    return [read_theme(path, zielbilder) for path in sorted(folder.glob(f"*/{FILE}"))]


def _themes_of_others(package: str, zielbilder: frozenset[str]) -> list[Theme]:
    try:
        return _themes(_files(package), zielbilder)
    except (DomainError, ImportError, OSError, TypeError) as error:
        # A package of strangers must not keep the city from starting.
        logger.error("the themes of %s cannot be used: %s", package, error)  # noqa: TRY400 - the text says it all
        return []
