"""What the pages of "Mein Ort" get: the field with its choices, and one place in words."""

from dataclasses import dataclass

from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import NOT_CURRENT, gauge_state
from talwerk.portal.frame.views import Gauge
from talwerk.portal.here.compare import beside, distance, side_by_side
from talwerk.portal.here.views import CompareView, HereView, Miss, PlaceView, SheetView, Spot, SuggestView
from talwerk.portal.lage.page import validity


@dataclass(frozen=True, slots=True)
class Told:
    """What applies at a place, in sentences; the most urgent first.

    Attributes:
        sentences: One to three.
        stage: The stage that colours the first one, 0 for none.
        state: Changes when something has to be said of it, and not with every number.
    """

    sentences: tuple[str, ...]
    stage: int = 0
    state: str = ""


@page.register
def _here(view: HereView, _frame: Frame, p: Phrasebook) -> Page:
    title = p.text("here.title")
    if view.miss is None:
        return Page("ort.html", title, {"heading": title})
    asked = {"asked": view.field.asked} if view.miss in {Miss.NOTHING, Miss.MADE_UP, Miss.SEVERAL} else {}
    heading = p.text(f"here_miss.{view.miss.value}", **asked)
    return Page("ort.html", title, {"heading": heading})


@page.register
def _suggestions(_view: SuggestView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("ort_vorschlaege.html", p.text("here.suggestions"), {})


@page.register
def _place(view: PlaceView, frame: Frame, p: Phrasebook) -> Page:
    content = {
        "told": told(view, frame.now_us, p),
        "distances": {metres: distance(metres, p) for metres in _metres(view)},
        "levels": lambda gauge: levels(gauge, p),
        "unknown_sources": ", ".join(dict.fromkeys(one.publisher for one in view.warned.unknown)),
        "validity": lambda notice: validity(notice, frame.now_us, p),
        "figures": tuple(beside(line, p) for line in view.figures),
    }
    return Page("ort_hier.html", _title(view, p), content)


@page.register
def _compare(view: CompareView, frame: Frame, p: Phrasebook) -> Page:
    title, same = p.text("compare.title"), bool(view.chosen[0]) and view.chosen[0] == view.chosen[1]
    if len(view.places) < len(view.chosen) or same:
        return Page("ort_vergleich.html", title, {"heading": title, "same": same, "rows": ()})
    one, other = view.places
    heading = p.text("compare.heading", one=one.line.name, other=other.line.name)
    rows = side_by_side(one, other, frame.now_us, p)
    return Page("ort_vergleich.html", heading, {"heading": heading, "same": False, "rows": rows})


@page.register
def _sheet(view: SheetView, frame: Frame, p: Phrasebook) -> Page:
    content = {"place": view.place, "sentences": gauges_to_keep(view.place, frame.now_us, p)}
    return Page("ort_blatt.html", p.text("sheet.title"), content)


def _title(view: PlaceView, p: Phrasebook) -> str:
    # A title ends up in the browser's history and in its list of tabs: an address does not belong there.
    own = view.line.spot in {Spot.QUARTER, Spot.BOROUGH}
    return f"{view.line.name}, {p.text(f'here.{view.line.spot.value}')}" if own else p.text("here.title")


def told(view: PlaceView, now_us: int, p: Phrasebook) -> Told:
    """Say what applies: warnings first, then the gauges of the place."""
    notices = view.warned.notices
    now = [notice for notice in notices if not notice.announced]
    if len(now) == 1:
        first = p.text("here_now.warned_one", headline=now[0].headline.text.rstrip("."))
    elif now:
        first = p.count("here_now.warned_many", len(now))
    elif notices:
        first = p.count("here_now.announced", len(notices))
    else:
        first = p.text("here_now.calm" if view.warned.is_clear else "here_now.unwatched")
    gauges = {reach.gauge.href: reach.gauge for reach in view.reaches if reach.gauge is not None}.values()
    return Told(
        sentences=(first, *(_gauge(gauge, now_us, p) for gauge in gauges)),
        stage=max((notice.state.stage for notice in now), default=0),
        state=" ".join([first, *(gauge_state(gauge, now_us).value for gauge in gauges)]),
    )


def _gauge(gauge: Gauge, now_us: int, p: Phrasebook) -> str:
    state = gauge_state(gauge, now_us)
    if gauge.latest is None or state in NOT_CURRENT:
        return p.text("here_now.gauge_old", station=gauge.station)
    value = p.amount(gauge.latest.value, gauge.measure)
    return p.text("here_now.gauge_told", station=gauge.station, value=value, state=p.text(f"state.{state.value}"))


def levels(gauge: Gauge, p: Phrasebook) -> str:
    """Write the levels of a gauge in one line, e.g. "126 / 212 / 253 cm"."""
    written = (p.number(level, 0 if level == round(level) else gauge.measure.decimals) for level in gauge.levels)
    return p.with_unit(" / ".join(written), gauge.measure)


def gauges_to_keep(view: PlaceView, now_us: int, p: Phrasebook) -> tuple[str, ...]:
    """Say which gauges speak for a place and from when on they are high, for paper."""
    told = []
    for gauge in {reach.gauge.href: reach.gauge for reach in view.reaches if reach.gauge is not None}.values():
        if gauge.levels:
            sentence = p.text("sheet.gauge", station=gauge.station, levels=levels(gauge, p))
        else:
            sentence = p.text("sheet.gauge_unstaged", station=gauge.station)
        if gauge.latest is not None and gauge_state(gauge, now_us) not in NOT_CURRENT:
            value = p.amount(gauge.latest.value, gauge.measure)
            sentence += " " + p.text("sheet.gauge_now", moment=p.moment(gauge.latest.at_us), value=value)
        told.append(sentence)
    return tuple(told) or (p.text("sheet.no_reach"),)


def _metres(view: PlaceView) -> set[int]:
    return {line.distance_m for line in view.near} | {station.distance_m for station in view.stations}
