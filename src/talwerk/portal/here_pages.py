"""What the pages of "Mein Ort" get: the field with its choices, and one place in words."""

from dataclasses import dataclass

from talwerk.portal.here_views import HereView, Miss, PlaceView, Spot, SuggestView
from talwerk.portal.pages import Page, page
from talwerk.portal.phrases import NBSP, Phrasebook
from talwerk.portal.place import Frame
from talwerk.portal.states import NOT_CURRENT, gauge_state
from talwerk.portal.views import Gauge

_ROUNDING_M = 10
_KM = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """What applies at a place, in sentences; the most urgent first.

    Attributes:
        sentences: One to three.
        stage: The stage that colours the first one, 0 for none.
    """

    sentences: tuple[str, ...]
    stage: int = 0


@page.register
def _here(view: HereView, _frame: Frame, p: Phrasebook) -> Page:
    title = p.text("here.title")
    if view.miss is None:
        return Page("ort.html", title, {"heading": title})
    heading = p.text(f"here_miss.{view.miss.value}", **({} if view.miss is Miss.SHORT else {"asked": view.field.asked}))
    return Page("ort.html", title, {"heading": heading})


@page.register
def _suggestions(_view: SuggestView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("ort_vorschlaege.html", p.text("here.suggestions"), {})


@page.register
def _place(view: PlaceView, frame: Frame, p: Phrasebook) -> Page:
    content = {
        "told": told(view, frame.now_us, p),
        "distances": {metres: distance(metres, p) for metres in _metres(view)},
    }
    return Page("ort_hier.html", _title(view, p), content)


def _title(view: PlaceView, p: Phrasebook) -> str:
    # A title ends up in the browser's history and in its list of tabs: an address does not belong there.
    own = view.line.spot in {Spot.QUARTER, Spot.BOROUGH}
    return f"{view.line.name}, {p.text(f'here.{view.line.spot.value}')}" if own else p.text("here.title")


def told(view: PlaceView, now_us: int, p: Phrasebook) -> Told:
    """Say what applies: warnings first, then the gauges of the place."""
    lines = view.warnings.lines
    now = [line for line in lines if line.start_us is None or line.start_us <= now_us]
    if len(now) == 1:
        first = p.text("here_now.warned_one", headline=now[0].headline.rstrip("."))
    elif now:
        first = p.count("here_now.warned_many", len(now))
    elif lines:
        first = p.count("here_now.announced", len(lines))
    else:
        first = p.text("here_now.calm" if view.warnings.watched else "here_now.unwatched")
    gauges = dict.fromkeys(_gauge(reach.gauge, now_us, p) for reach in view.reaches if reach.gauge is not None)
    return Told((first, *gauges), max((line.stage for line in now), default=0))


def _gauge(gauge: Gauge, now_us: int, p: Phrasebook) -> str:
    state = gauge_state(gauge, now_us)
    if gauge.latest is None or state in NOT_CURRENT:
        return p.text("here_now.gauge_old", station=gauge.station)
    value = p.amount(gauge.latest.value, gauge.measure)
    return p.text("here_now.gauge_told", station=gauge.station, value=value, state=p.text(f"state.{state.value}"))


def distance(metres: int, p: Phrasebook) -> str:
    """Write a distance as exactly as anybody walks it: tens of metres, from a kilometre on tenths of one."""
    if metres < _KM - _ROUNDING_M / 2:
        shown = p.number(max(round(metres / _ROUNDING_M) * _ROUNDING_M, _ROUNDING_M))
        return p.text("distance.m", shown=shown).replace(" ", NBSP)
    return p.text("distance.km", shown=p.number(metres / _KM, 1)).replace(" ", NBSP)


def _metres(view: PlaceView) -> set[int]:
    return {line.distance_m for line in view.near} | {station.distance_m for station in view.stations}
