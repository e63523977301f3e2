"""What each template gets: the view, and what is drawn and worded from it."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from talwerk.portal.chart import NARROW, WIDE, draw, levels_above, shown_values
from talwerk.portal.curve import runs, usable
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import Frame
from talwerk.portal.situation import situation
from talwerk.portal.states import State
from talwerk.portal.talband import draw_band
from talwerk.portal.theme_views import DataView, ThemesView, ThemeView
from talwerk.portal.views import (
    EmptyView,
    ErrorView,
    Form,
    Gauge,
    LageView,
    LegendView,
    PointView,
    StationsView,
)

TABLE_ROWS = 48
"""A day of half-hours; whoever wants more takes the download."""
REMARKS = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its title and its own variables."""

    template: str
    title: str
    content: dict[str, Any]


@singledispatch
def page(view: Any, _frame: Frame, _p: Phrasebook) -> Page:
    """Return template and content of a view; whoever adds a kind of view registers its own.

    Raises:
        TypeError: Nobody has registered this kind of view.
    """
    raise TypeError(f"there is no page for {type(view).__name__}")


@page.register
def _lage(view: LageView, frame: Frame, p: Phrasebook) -> Page:
    on_axis = view.talband.gauges if view.talband else ()
    told = situation(on_axis + view.tiles + view.further, view.series_silent, frame.now_us, p)
    content = {
        "situation": told,
        "columns": _tile_columns(len(view.tiles) + 1),
        "band": draw_band(view.talband, frame.now_us, p) if view.talband else None,
    }
    return Page("lage.html", p.text("lage.title"), content)


def _tile_columns(tiles: int) -> int:
    """Return how many tiles stand side by side: full rows if possible, never a single one in the last."""
    if tiles <= 5:
        return tiles
    even = [columns for columns in (4, 3, 5) if tiles % columns == 0]
    return next(columns for columns in (*even, 4, 3, 5) if tiles % columns != 1)


@page.register
def _empty(_view: EmptyView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("leer.html", p.text("lage.title"), {})


@page.register
def _stations(view: StationsView, _frame: Frame, p: Phrasebook) -> Page:
    title = p.text("stations.title")
    if view.pages > 1:
        title = p.text("stations.title_page", title=title, page=view.page, pages=view.pages)
    return Page("messstellen.html", title, {})


@page.register
def _point(view: PointView, frame: Frame, p: Phrasebook) -> Page:
    drawings = [draw(view.chart, view.gauge, canvas, frame.now_us, p) for canvas in (WIDE, NARROW)]
    content = {
        "drawings": drawings,
        "has_values": bool(shown_values(view.chart)),
        "description": _description(view, p),
        "above": _above(view, p),
        "ends_early": bool(view.rows) and view.chart.end_us < frame.now_us,
        "bar": _bar(view, p),
        "signs": {mark.kind for mark in drawings[0].marks},
        "rows": view.rows[:TABLE_ROWS],
        "remarks": view.remarks[:REMARKS],
    }
    return Page("messstelle.html", _point_title(view, p), content)


def _point_title(view: PointView, p: Phrasebook) -> str:
    return p.text("point.page_title", title=view.title, quantity=view.gauge.measure.quantity)


def _description(view: PointView, p: Phrasebook) -> str:
    """Say the chart in one or two sentences; they are its caption and its accessible description."""
    measure, told = view.gauge.measure, view.statistics
    window = {
        "quantity": measure.quantity,
        "start": p.moment(view.chart.start_us),
        "end": p.moment(view.chart.end_us),
    }
    if not shown_values(view.chart):
        return p.text("chart.failed_only" if view.statistics.failed else "chart.nothing", **window)
    if view.chart.form is Form.BARS and told.total is not None:
        sentence = p.text("chart.total", total=p.amount(told.total, measure), **window)
    elif told.lowest and told.highest:
        low, high = told.lowest.value, told.highest.value
        sentence = p.text("chart.between", low=p.number(low, measure.decimals), high=p.amount(high, measure), **window)
    else:
        sentence = p.text("chart.window", **window)
    gaps = max(len(runs(usable(view.chart.points), view.chart.gap_us)) - 1, 0)
    return f"{sentence} {p.count('chart.gaps', gaps)}" if gaps else sentence


def _bar(view: PointView, p: Phrasebook) -> str:
    """Say what one bar, or one value of a line of totals, stands for; nothing for values of the moment."""
    if view.chart.form is Form.BARS and view.chart.step_s:
        return p.text("chart.bar", period=p.duration(view.chart.step_s))
    period_s = view.gauge.measure.sum_period_s
    return p.text("chart.overlap", period=p.duration(period_s)) if period_s else ""


def _above(view: PointView, p: Phrasebook) -> str:
    """Name the lowest Informationsstufe that lies above the picture, or nothing."""
    stages = levels_above(view.gauge, shown_values(view.chart), view.chart.form)
    if not stages:
        return ""
    level = view.gauge.levels[stages[0] - 1]
    return p.text("chart.above", stage=stages[0], level=_level(level, view.gauge, p))


def _level(level: float, gauge: Gauge, p: Phrasebook) -> str:
    decimals = 0 if level == round(level) else gauge.measure.decimals
    return p.with_unit(p.number(level, decimals), gauge.measure)


@page.register
def _legend(_view: LegendView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("zeichen.html", p.text("legend.title"), {"states": tuple(State)})


@page.register
def _themes(_view: ThemesView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("themen.html", p.text("themes.title"), {})


@page.register
def _theme(view: ThemeView, _frame: Frame, _p: Phrasebook) -> Page:
    return Page("thema.html", view.title, {})


@page.register
def _data(_view: DataView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("daten.html", p.text("data.title"), {})


@page.register
def _error(view: ErrorView, _frame: Frame, p: Phrasebook) -> Page:
    key = f"error.{view.status}"
    if f"{key}.title" not in p.texts:
        key = "error.other"
    return Page("fehler.html", p.text(f"{key}.title"), {"key": key})
