"""Pages in easy language: what they say and which template says it."""

from dataclasses import dataclass

from talwerk.portal.easy.dangers import Danger, advice, danger_of
from talwerk.portal.easy.views import EasyHelpView, EasyPoint, EasyPointView, EasyStartView
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import NOT_CURRENT, State, gauge_state
from talwerk.portal.lage.situation import RECORDING_US


@dataclass(frozen=True, slots=True)
class Told:
    """What the start page says first.

    Attributes:
        heading: One sentence.
        sentences: What follows, one thought each.
        state: What the heading stands for.
    """

    heading: str
    sentences: tuple[str, ...]
    state: State


@page.register
def _start(view: EasyStartView, frame: Frame, p: Phrasebook) -> Page:
    told = _told(view.points, frame.now_us, p)
    dangers = [*map(danger_of, view.warned.notices), *([Danger.FLOOD] if told.state.stage else [])]
    content = {"told": told, "danger_of": danger_of, "advice": advice(dangers, p) if dangers else ()}
    return Page("leicht_anfang.html", p.text("start.title"), content)


@page.register
def _point(view: EasyPointView, _frame: Frame, p: Phrasebook) -> Page:
    return Page(
        "leicht_messstelle.html",
        p.text("point.title", quantity=view.point.gauge.measure.quantity, station=view.point.gauge.station),
        {},
    )


@page.register
def _help(_view: EasyHelpView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("leicht_hilfe.html", p.text("help.title"), {})


def _told(points: tuple[EasyPoint, ...], now_us: int, p: Phrasebook) -> Told:
    states = [(point, gauge_state(point.gauge, now_us)) for point in points]
    live = [(point, state) for point, state in states if state not in NOT_CURRENT]
    newest_us = max((at for point, _ in states if (at := _at(point)) is not None), default=None)
    if newest_us is None:
        return Told(p.text("start.nothing"), (p.text("start.nothing_lead"),), State.EMPTY)
    age = {"moment": p.moment(newest_us), "age": p.ago(newest_us, now_us)}
    if not live or now_us - newest_us > RECORDING_US:
        return Told(p.text("start.past"), (p.text("start.past_lead", **age),), State.SILENT)
    fresh: tuple[str, ...] = (p.text("start.newest", **age),)
    silent = len(states) - len(live)
    if silent:
        fresh = (*fresh, p.count("start.silent", silent))
    return _live(live, fresh, p)


def _live(live: list[tuple[EasyPoint, State]], fresh: tuple[str, ...], p: Phrasebook) -> Told:
    high = sorted((one for one in live if one[1].stage), key=lambda one: -one[1].stage)
    if high:
        told = tuple(
            p.text("start.high_at", station=point.gauge.station, value=_value(point, p), stage=state.stage)
            for point, state in high
        )
        return Told(p.text("start.high"), (*told, p.text("start.high_lead"), *fresh), high[0][1])
    staged = sum(1 for point, _ in live if point.gauge.levels)
    if staged:
        return Told(p.text("start.calm"), (p.count("start.calm_lead", staged), *fresh), State.NORMAL)
    return Told(p.text("start.unstaged"), (p.text("start.unstaged_lead"), *fresh), State.UNSTAGED)


def _at(point: EasyPoint) -> int | None:
    return point.gauge.latest.at_us if point.gauge.latest is not None else None


def _value(point: EasyPoint, p: Phrasebook) -> str:
    return p.amount(point.gauge.latest.value, point.gauge.measure) if point.gauge.latest is not None else ""
