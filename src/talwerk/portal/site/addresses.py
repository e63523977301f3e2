"""Addresses of pages and downloads. Ids are percent-encoded, whatever a stranger put into them.

A page has a name here and a segment of its own in each language (``address.*`` of the catalogue); the first segment of
an address is the language. Fields of a query keep their names in all languages.
"""

from __future__ import annotations

from urllib.parse import quote

from talwerk.core.instants import format_instant
from talwerk.core.query import Window
from talwerk.core.series import Series
from talwerk.core.terms import compact
from talwerk.texts import Catalogue

START = "start"
STATIONS = "stations"
POINT = "point"
SERIES = "series"
LEGEND = "legend"
THEMES = "themes"
GOAL = "goal"
DATA = "data"
CRISIS = "crisis"
DOORS = "doors"
STATUS = "status"
STATISTICS = "statistics"
HERE = "here"
SUGGEST = "here_suggest"
COMPARE = "here_compare"
SHEET = "here_sheet"
IMPRINT, PRIVACY, ACCESSIBILITY = "imprint", "privacy", "accessibility"
IMAGES, HELP, SIGNING = "images", "help", "signing"

BARRIER = "barriere"
"""Where on its page the accessibility statement says how to report a barrier."""

API = "/api/v1/stations"
THEMES_API = "/api/v1/themes"
DATASETS_API = "/api/v1/datasets"

SPAN, PAGE = "zeitraum", "seite"
ENTITY, ATTRIBUTE, DATASET = "id", "groesse", "datensatz"
TEXT, THEME, HEALTH = "suche", "thema", "zustand"


class Addresses:
    """Addresses of the pages in one language.

    Args:
        texts: The language's catalogue.
    """

    def __init__(self, texts: Catalogue) -> None:
        self.language = texts.language
        self._texts = texts

    def __contains__(self, name: str) -> bool:
        return f"address.{name}" in self._texts

    def path(self, name: str) -> str:
        """The path of a page, without what follows for single things."""
        segment = self._texts.text(f"address.{name}")
        return f"/{self.language}/{segment}" if segment else f"/{self.language}"

    def href(self, name: str, *rest: str, **fields: str) -> str:
        """Address of a page.

        Args:
            name: Which page.
            rest: Further segments, as they are; encoded here.
            fields: Of the query.
        """
        path = "/".join((self.path(name), *(quote(part, safe=":") for part in rest)))
        return with_query(path, **fields)

    def series(self, series: Series) -> str:
        """Address of a series that no profile names; in the query, because a stranger's id has no end in a path."""
        fields = {ENTITY: series.entity, ATTRIBUTE: compact(series.attribute)}
        if series.dataset is not None:
            fields[DATASET] = series.dataset
        return self.href(SERIES, **fields)


def with_query(href: str, **fields: str) -> str:
    """An address with further fields in its query."""
    told = "&".join(f"{quote(name)}={quote(text, safe=':')}" for name, text in fields.items())
    return f"{href}{'&' if '?' in href else '?'}{told}" if told else href


def downloads(series: Series, window: Window | None) -> tuple[str, str]:
    """Addresses of a series as CSV and JSON, cut to a window; both empty where a path cannot name it."""
    name = compact(series.attribute)
    dotted = any(part in {".", ".."} for part in series.entity.split("/"))
    if "/" in name or dotted:
        return "", ""
    path = f"{API}/{quote(series.entity, safe=':/')}/{quote(name, safe=':')}"
    fields = {}
    if window is not None and window.start is not None and window.end is not None:
        fields = {"from": format_instant(window.start), "to": format_instant(window.end)}
    return with_query(f"{path}.csv", **fields), with_query(f"{path}.json", **fields)
