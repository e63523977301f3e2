"""Addresses of pages and downloads. Ids are percent-encoded, whatever a stranger put into them."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from talwerk.core.instants import format_instant
from talwerk.core.query import Window
from talwerk.core.series import Series
from talwerk.core.terms import compact

START = "/de"
STATIONS = "/de/messstellen"
POINT = "/de/messstelle"
SERIES = "/de/messreihe"
LEGEND = "/de/zeichen"
THEMES = "/de/themen"
DATA = "/de/daten"
API = "/api/v1/stations"
THEMES_API = "/api/v1/themes"
DATASETS_API = "/api/v1/datasets"

SPAN, PAGE = "zeitraum", "seite"
ENTITY, ATTRIBUTE, DATASET = "id", "groesse", "datensatz"
PARAMETERS = (SPAN, PAGE, ENTITY, ATTRIBUTE, DATASET)
"""Everything that a page reads from its address; what else stands there changes nothing."""


def point_href(key: str) -> str:
    """Address of a measuring point of the profile."""
    return f"{POINT}/{key}"


def series_href(series: Series) -> str:
    """Address of any other series; in the query, because a path could not tell where a stranger's id ends."""
    fields = {ENTITY: series.entity, ATTRIBUTE: compact(series.attribute)}
    if series.dataset is not None:
        fields[DATASET] = series.dataset
    return with_query(SERIES, **fields)


def with_query(href: str, **fields: str) -> str:
    """An address with further fields in its query."""
    told = urlencode(fields, safe=":", quote_via=quote)
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
