"""SMARD's electricity data: an index of weeks, and a file of hours for each; hours to come are null."""

from __future__ import annotations

import re
from datetime import timedelta

from talwerk.core.instants import DAY, HOUR, datetime_of, instant_of
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.replies import Reply
from talwerk.twin.simulator.daytime import local
from talwerk.twin.simulator.energy import Electricity

WEEKS = 4
LATENCY = 90 * 60 * 1_000_000
ZONE = "Europe/Berlin"
AHEAD = DAY
"""Prices are known a day before."""
_WEEK = re.compile(r"/chart_data/(\d+)/[\w-]+/\1_[\w-]+_hour_(\d{13})\.json")
_INDEX = re.compile(r"/chart_data/(\d+)/[\w-]+/index_hour\.json")
PRICE = "4169"


def respond(asked: Asked) -> Reply | None:
    """``/chart_data/{series}/{area}/index_hour.json`` and the weeks that it names."""
    if (index := _INDEX.fullmatch(asked.path)) and index[1] in _SERIES:
        return json_reply({"timestamps": [at // 1_000 for at in _weeks(asked.now)]})
    if (week := _WEEK.fullmatch(asked.path)) and week[1] in _SERIES:
        return _hours(asked, week[1], int(week[2]) * 1_000)
    return None


def _weeks(now: int) -> list[int]:
    """Mondays of the last weeks, at midnight."""
    midnight = local(now, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    return [instant_of(monday - timedelta(weeks=back)) for back in range(WEEKS - 1, -1, -1)]


def _hours(asked: Asked, series: str, begin: int) -> Reply | None:
    if begin not in _weeks(asked.now):
        return None
    end = instant_of(local(begin, ZONE) + timedelta(weeks=1))
    known = asked.now + AHEAD if series == PRICE else asked.now - LATENCY
    rows = [
        [at // 1_000, round(_SERIES[series](asked.city.electricity(at + HOUR // 2)), 2) if at + HOUR <= known else None]
        for at in range(begin, end, HOUR)
    ]
    created = datetime_of(asked.now // HOUR * HOUR)
    return json_reply({"meta_data": {"version": 1, "created": int(created.timestamp() * 1_000)}, "series": rows})


def _load(now: Electricity) -> float:
    return now.load_mw


def _solar(now: Electricity) -> float:
    return now.solar_mw


def _onshore(now: Electricity) -> float:
    return now.onshore_mw


def _price(now: Electricity) -> float:
    return now.price


# Of an hour, mean power in MW and energy in MWh are the same number.
_SERIES = {"410": _load, "4068": _solar, "4067": _onshore, PRICE: _price}
