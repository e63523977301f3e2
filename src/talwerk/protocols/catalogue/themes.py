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
from talwerk.sdk.theme import Act, Indicator, Theme, Unsourced
from talwerk.services.indicators.keeping import Standing, indicator_id, standings
from talwerk.services.indicators.result import Absence
from talwerk.services.indicators.themes import Themes

from .answers import Asked, as_json, as_table, asked, not_found, told

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
        who = asked(request)
        zielbilder = [
            {"key": one.key, "title": one.title.said(who.language), "promise": one.promise.said(who.language)}
            for one in found.zielbilder
        ]
        return as_json(
            {"zielbilder": zielbilder, "themes": [desk.theme(one, who) for one in found.themes]}, who.language
        )

    async def table(request: Request) -> Response:
        who = asked(request)
        rows = (row for theme in found.themes for row in desk.rows(theme, who))
        return as_table("themes.csv", COLUMNS, rows, who.language)

    async def one(request: Request) -> Response:
        who = asked(request)
        return as_json(desk.theme(_known(found, request), who), who.language)

    async def its_table(request: Request) -> Response:
        theme, who = _known(found, request), asked(request)
        return as_table(f"{theme.key}.csv", COLUMNS, desk.rows(theme, who), who.language)

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

    def theme(self, theme: Theme, who: Asked) -> dict[str, Any]:
        words = who.language
        return {
            "key": theme.key,
            "href": f"{PATH}/{theme.key}",
            "csv": f"{PATH}/{theme.key}.csv",
            "title": theme.title.said(words),
            "summary": theme.summary.said(words),
            "zielbild": theme.zielbild,
            "types": theme.types,
            "sources": theme.sources,
            "indicators": [self._indicator(theme, *pair, words) for pair in self._standings(theme, who.scope)],
            "people": [_act(act, words) for act in theme.people],
            "city": [_act(act, words) for act in theme.city],
        }

    def rows(self, theme: Theme, who: Asked) -> list[tuple[Any, ...]]:
        return [_row(theme, *pair, who.language) for pair in self._standings(theme, who.scope)]

    def _standings(self, theme: Theme, scope: Scope) -> list[tuple[Indicator, Standing]]:
        ids = {one.key: indicator_id(self._ags, theme, one) for one in theme.indicators}
        kept = standings(self._broker, scope, ids.values())
        return [(one, kept.get(ids[one.key], Standing())) for one in theme.indicators]

    def _indicator(self, theme: Theme, indicator: Indicator, now: Standing, words: str) -> dict[str, Any]:
        entity = indicator_id(self._ags, theme, indicator)
        measure = indicator.measure
        return {
            "key": indicator.key,
            "id": entity,
            "title": indicator.title.said(words),
            "value": now.value,
            "unit": _unit(indicator, words),
            "unitCode": indicator.unit,
            "absence": _absence(indicator, now),
            "missing": measure.missing.said(words) if isinstance(measure, Unsourced) else None,
            "numerator": now.numerator,
            "denominator": now.denominator,
            "count": now.count,
            "asOf": told(now.as_of) if now.value is not None else None,
            "period": None if now.start is None else {"start": told(now.start), "end": told(now.end)},
            "place": now.place or None,
            "formula": indicator.formula.said(words),
            "denominatorText": indicator.denominator.said(words),
            "sources": now.sources,
            "licence": now.licence if now.sources else None,
            "attribution": now.attribution,
            "simulated": now.simulated,
            "history": None if now.value is None else f"/ngsi-ld/v1/temporal/entities/{entity}?attrs=kpiValue",
        }


def _row(theme: Theme, indicator: Indicator, now: Standing, words: str) -> tuple[Any, ...]:
    return (
        theme.key,
        indicator.key,
        indicator.title.said(words),
        now.value,
        _unit(indicator, words),
        now.numerator,
        now.denominator,
        told(now.as_of) if now.value is not None else None,
        told(now.start),
        told(now.end),
        _absence(indicator, now),
        "true" if now.simulated else "false",
        indicator.formula.said(words),
        indicator.denominator.said(words),
        " ".join(now.sources),
        now.licence if now.sources else "",
        " · ".join(now.attribution),
    )


def _unit(indicator: Indicator, words: str) -> str:
    return indicator.unit_text.said(words) if indicator.unit_text is not None else symbol(indicator.unit)


def _absence(indicator: Indicator, now: Standing) -> str | None:
    """Why there is no value; ``not-computed`` before the first round."""
    if isinstance(indicator.measure, Unsourced):
        return Absence.UNSOURCED.value
    if now.value is not None:
        return None
    return now.absence.value if now.absence is not None else "not-computed"


def _act(act: Act, words: str) -> dict[str, Any]:
    return {"text": act.text.said(words), "page": act.page or None, "href": act.address or None, "planned": act.planned}


def _known(found: Themes, request: Request) -> Theme:
    key = request.path_params["key"]
    theme = found.theme(key)
    if theme is None:
        raise not_found(f"theme {key[:60]!r}")
    return theme
