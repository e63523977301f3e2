"""Themes and their indicators."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from talwerk.broker import Broker
from talwerk.core.scope import Scope
from talwerk.core.units import symbol
from talwerk.sdk.profile import Profile
from talwerk.sdk.theme import Act, Indicator, Theme, Unsourced, Wording
from talwerk.services.indicators.keeping import Standing, indicator_id, standings
from talwerk.services.indicators.result import Absence
from talwerk.services.indicators.themes import Themes

from .answers import as_json, as_table, not_found, scope_of, told

PATH = "/api/v1/themes"
COLUMNS = (
    "theme",
    "indicator",
    "title",
    "value",
    "unit",
    "numerator",
    "denominator",
    "asOf",
    "start",
    "end",
    "absence",
    "simulated",
    "formula",
    "denominatorText",
    "sources",
    "licence",
    "attribution",
)


def routes(broker: Broker, profile: Profile, found: Themes) -> list[Route]:
    """All themes, one of them, and their indicators as tables."""
    desk = _Desk(broker, profile, found)

    async def every(request: Request) -> Response:
        scope = scope_of(request)
        zielbilder = [
            {"key": one.key, "title": _worded(one.title), "promise": _worded(one.promise)} for one in found.zielbilder
        ]
        themes = [desk.theme(theme, scope) for theme in found.themes]
        return as_json({"zielbilder": zielbilder, "themes": themes})

    async def table(request: Request) -> Response:
        scope = scope_of(request)
        return as_table("themes.csv", COLUMNS, (row for theme in found.themes for row in desk.rows(theme, scope)))

    async def one(request: Request) -> Response:
        return as_json(desk.theme(_known(found, request), scope_of(request)))

    async def its_table(request: Request) -> Response:
        theme = _known(found, request)
        return as_table(f"{theme.key}.csv", COLUMNS, desk.rows(theme, scope_of(request)))

    return [
        Route(PATH, every),
        Route(PATH + ".csv", table),
        Route(PATH + "/{key}.csv", its_table),
        Route(PATH + "/{key}", one),
    ]


class _Desk:
    """Puts declarations and what was computed together."""

    def __init__(self, broker: Broker, profile: Profile, found: Themes) -> None:
        self._broker = broker
        self._ags = profile.city.ags
        self._found = found

    def theme(self, theme: Theme, scope: Scope) -> dict[str, Any]:
        return {
            "key": theme.key,
            "href": f"{PATH}/{theme.key}",
            "csv": f"{PATH}/{theme.key}.csv",
            "title": _worded(theme.title),
            "summary": _worded(theme.summary),
            "zielbild": theme.zielbild,
            "types": theme.types,
            "sources": theme.sources,
            "indicators": [self._indicator(theme, *pair) for pair in self._standings(theme, scope)],
            "people": [_act(act) for act in theme.people],
            "city": [_act(act) for act in theme.city],
        }

    def rows(self, theme: Theme, scope: Scope) -> list[tuple[Any, ...]]:
        return [_row(theme, *pair) for pair in self._standings(theme, scope)]

    def _standings(self, theme: Theme, scope: Scope) -> list[tuple[Indicator, Standing]]:
        ids = {one.key: indicator_id(self._ags, theme, one) for one in theme.indicators}
        kept = standings(self._broker, scope, ids.values())
        return [(one, kept.get(ids[one.key], Standing())) for one in theme.indicators]

    def _indicator(self, theme: Theme, indicator: Indicator, now: Standing) -> dict[str, Any]:
        entity = indicator_id(self._ags, theme, indicator)
        measure = indicator.measure
        return {
            "key": indicator.key,
            "id": entity,
            "title": _worded(indicator.title),
            "value": now.value,
            "unit": _unit(indicator),
            "unitCode": indicator.unit,
            "absence": _absence(indicator, now),
            "missing": _worded(measure.missing) if isinstance(measure, Unsourced) else None,
            "numerator": now.numerator,
            "denominator": now.denominator,
            "count": now.count,
            "asOf": told(now.as_of) if now.value is not None else None,
            "period": None if now.start is None else {"start": told(now.start), "end": told(now.end)},
            "place": now.place or None,
            "formula": _worded(indicator.formula),
            "denominatorText": _worded(indicator.denominator),
            "sources": now.sources,
            "licence": now.licence if now.sources else None,
            "attribution": now.attribution,
            "simulated": now.simulated,
            "history": None if now.value is None else f"/ngsi-ld/v1/temporal/entities/{entity}?attrs=kpiValue",
        }


def _row(theme: Theme, indicator: Indicator, now: Standing) -> tuple[Any, ...]:
    return (
        theme.key,
        indicator.key,
        indicator.title.de,
        now.value,
        _unit(indicator),
        now.numerator,
        now.denominator,
        told(now.as_of) if now.value is not None else None,
        told(now.start),
        told(now.end),
        _absence(indicator, now),
        "true" if now.simulated else "false",
        indicator.formula.de,
        indicator.denominator.de,
        " ".join(now.sources),
        now.licence if now.sources else "",
        " · ".join(now.attribution),
    )


def _unit(indicator: Indicator) -> str:
    return indicator.unit_text.de if indicator.unit_text is not None else symbol(indicator.unit)


def _absence(indicator: Indicator, now: Standing) -> str | None:
    """Why there is no value; ``not-computed`` before the first round."""
    if isinstance(indicator.measure, Unsourced):
        return Absence.UNSOURCED.value
    if now.value is not None:
        return None
    return now.absence.value if now.absence is not None else "not-computed"


def _worded(wording: Wording) -> dict[str, str]:
    """A text in the languages that have it; nobody has checked the easy ones, so they stay here."""
    return {"de": wording.de, **({"en": wording.en} if wording.en else {})}


def _act(act: Act) -> dict[str, Any]:
    return {"text": _worded(act.text), "href": act.address or None, "planned": act.planned}


def _known(found: Themes, request: Request) -> Theme:
    key = request.path_params["key"]
    theme = found.theme(key)
    if theme is None:
        raise not_found(f"theme {key[:60]!r}")
    return theme
