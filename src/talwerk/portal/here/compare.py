"""Two places side by side, in words: one row for each thing that is known of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from talwerk.portal.frame.phrases import NBSP, Phrasebook
from talwerk.portal.frame.states import NOT_CURRENT, gauge_state
from talwerk.portal.here.views import FigureLine, PlaceView

_ROUNDING_M = 10
_KM = 1_000
UNIT_SHORT = 3
"""Characters of a unit that may stand behind a number in a narrow column."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, told of two places.

    Attributes:
        title: What is told.
        cells: What is known of the first and of the second.
        note: What the city is like, or empty.
    """

    title: str
    cells: tuple[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """An indicator of a quarter beside that of the city, in words and as a bar.

    Attributes:
        title: Its name.
        href: Where it is explained.
        unit: What the numbers are counted in, where that is too long to stand behind each of them; else empty.
        own: The quarter's number, or why there is none.
        city: The city's number.
        note: What it is counted from, and as of when.
        share: Length of the quarter's bar of 100, or None for no bar.
        city_share: Where the city stands on it, or None.
    """

    title: str
    href: str
    unit: str
    own: str
    city: str
    note: str
    share: float | None = None
    city_share: float | None = None


def beside(line: FigureLine, p: Phrasebook) -> Beside:
    """Say an indicator of a quarter beside that of the city."""
    none = p.text("indicator.no_data")
    sources = ", ".join(line.sources)
    told = sources if line.city_us is None else f"{sources}, {p.date(line.city_us)}"
    short = len(line.unit) <= UNIT_SHORT

    def write(value: float) -> str:
        return _number(value, line, p) if short else p.number(value, line.decimals)

    # Shares have a whole; of everything else the larger number fills the bar.
    full = 100.0 if line.unit == "%" else max(line.own or 0.0, line.city or 0.0)
    drawn = line.own is not None and full > 0
    return Beside(
        title=line.title,
        href=line.href,
        unit="" if short else line.unit,
        own=none if line.own is None else write(line.own),
        city=none if line.city is None else write(line.city),
        note=p.text(f"absence.{line.absence}") if line.own is None else told,
        share=100 * (line.own or 0.0) / full if drawn else None,
        city_share=100 * line.city / full if drawn and line.city is not None else None,
    )


def side_by_side(one: PlaceView, other: PlaceView, now_us: int, p: Phrasebook) -> tuple[Row, ...]:
    """Compare two places.

    Args:
        one: The first.
        other: The second.
        now_us: Instant for which it is true, microseconds UTC.
        p: Language and zone.
    """
    rows = [
        Row(p.text("compare.part"), (_borough(one), _borough(other))),
        Row(p.text("compare.reach"), (_reaches(one, p), _reaches(other, p))),
        Row(p.text("compare.gauge"), (_gauges(one, now_us, p), _gauges(other, now_us, p))),
    ]
    near = [{line.key: line.distance_m for line in view.near} for view in (one, other)]
    for key in dict.fromkeys(key for told in near for key in told):
        title = p.text("compare.nearest", kind=p.text(f"here_near.{key}"))
        rows.append(Row(title, (_away(near[0], key, p), _away(near[1], key, p))))
    figures = [{line.title: line for line in view.figures} for view in (one, other)]
    titles = dict.fromkeys(title for told in figures for title in told)
    return (*rows, *(_figure(title, figures[0].get(title), figures[1].get(title), p) for title in titles))


def _borough(view: PlaceView) -> str:
    return view.line.name if view.line.borough is None else view.line.borough.label


def _reaches(view: PlaceView, p: Phrasebook) -> str:
    return ", ".join(reach.name for reach in view.reaches) or p.text("compare.no_reach")


def _gauges(view: PlaceView, now_us: int, p: Phrasebook) -> str:
    """The gauges of a place with their newest values."""
    told = []
    for reach in view.reaches:
        gauge = reach.gauge
        if gauge is not None and gauge.latest is not None and gauge_state(gauge, now_us) not in NOT_CURRENT:
            told.append(f"{gauge.station} {p.amount(gauge.latest.value, gauge.measure)}")
    return ", ".join(dict.fromkeys(told)) or p.text("indicator.no_data")


def _away(near: Mapping[str, int], key: str, p: Phrasebook) -> str:
    return distance(near[key], p) if key in near else p.text("indicator.no_data")


def _figure(title: str, one: FigureLine | None, other: FigureLine | None, p: Phrasebook) -> Row:
    known = one or other
    note = ""
    if known is not None and known.city is not None:
        note = p.text("compare.city", value=_number(known.city, known, p))
    return Row(title, (_own(one, p), _own(other, p)), note)


def _own(line: FigureLine | None, p: Phrasebook) -> str:
    return p.text("indicator.no_data") if line is None or line.own is None else _number(line.own, line, p)


def _number(value: float, line: FigureLine, p: Phrasebook) -> str:
    return f"{p.number(value, line.decimals)}{NBSP}{line.unit}".strip()


def distance(metres: int, p: Phrasebook) -> str:
    """Write a distance as exactly as anybody walks it: tens of metres, from a kilometre on tenths of one."""
    if metres < _KM - _ROUNDING_M / 2:
        shown = p.number(max(round(metres / _ROUNDING_M) * _ROUNDING_M, _ROUNDING_M))
        return p.text("distance.m", shown=shown).replace(" ", NBSP)
    return p.text("distance.km", shown=p.number(metres / _KM, 1)).replace(" ", NBSP)
