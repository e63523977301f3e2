"""What the pages of measuring points get: their list, one of them, and what can be made of it."""

from talwerk.portal.drawing.chart import NARROW, WIDE, draw, levels_above, shown_values
from talwerk.portal.drawing.curve import runs, usable
from talwerk.portal.drawing.plot import plot_data
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.views import Form, Gauge
from talwerk.portal.point.views import EmbedView, PointView, StationsView

REMARKS = 6


@page.register
def _stations(view: StationsView, _frame: Frame, p: Phrasebook) -> Page:
    title = p.text("stations.title")
    if view.pages > 1:
        title = p.text("stations.title_page", title=title, page=view.page, pages=view.pages)
    return Page("messstellen.html", title, {})


@page.register
def _point(view: PointView, frame: Frame, p: Phrasebook) -> Page:
    now_us = frame.now_us if view.stand_us is None else view.stand_us
    drawings = [draw(view.chart, view.gauge, canvas, now_us, p) for canvas in (WIDE, NARROW)]
    before, after = _citation(view, frame, p)
    content = {
        "drawings": drawings,
        "plot": plot_data(view.chart, view.gauge, now_us, p),
        "has_values": bool(shown_values(view.chart)),
        "description": _description(view, p),
        "above": _above(view, p),
        "ends_early": bool(view.rows) and view.chart.end_us < now_us,
        "bar": _bar(view, p),
        "signs": {mark.kind for mark in drawings[0].marks},
        "rows": view.rows,
        "remarks": view.remarks[:REMARKS],
        "cite_before": before,
        "cite_after": after,
    }
    return Page("messstelle.html", _point_title(view, p), content)


@page.register
def _embed(view: EmbedView, frame: Frame, p: Phrasebook) -> Page:
    point = view.point
    content = {
        "drawing": draw(point.chart, point.gauge, NARROW, frame.now_us, p),
        "has_values": bool(shown_values(point.chart)),
        "description": _description(point, p),
    }
    title = p.text("embed.title", title=_point_title(point, p), portal=frame.city.portal_name)
    return Page("einbetten.html", title, content)


def _citation(view: PointView, frame: Frame, p: Phrasebook) -> tuple[str, str]:
    """The words before and after the address by which this page is cited as it is known now."""
    if view.taking is None:
        return "", ""
    measure, latest = view.gauge.measure, view.gauge.latest
    fields = {
        "source": view.credit.source or p.text("point.unknown"),
        "quantity": measure.quantity,
        "title": view.title,
        "portal": frame.city.portal_name,
        "moment": p.moment(view.taking.cite_us),
        "licence": view.credit.licence or p.text("point.unknown"),
        "href": "\n",
    }
    if latest is None:
        told = p.text("point.cite_text_bare", **fields)
    else:
        value = p.with_unit(p.number(latest.value, measure.decimals), measure)
        told = p.text("point.cite_text", value=value, observed=p.moment(latest.at_us), **fields)
    before, _, after = told.partition("\n")
    return before, after


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
