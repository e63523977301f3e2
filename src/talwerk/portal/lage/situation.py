"""The situation of the city in words: official warnings first, then gauges, then what is calm.

"Keine Warnung." is said only where every source of warnings speaks; what nobody knows is said to be unknown.
"""

from dataclasses import dataclass

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import NOT_CURRENT, State, gauge_state, reached_stage
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.warnings import NOBODY, Unknown, Warned

NAMED_GAUGES = 3
"""A lead that names more places than this is no longer read."""
RECORDING_US = 30 * 86_400 * 1_000_000
"""Values older than this are a recording; younger ones are an outage."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the start page says first.

    Attributes:
        sentence: The heading, one sentence; with warnings and raised gauges one for each.
        lead: One or two sentences below it, on how fresh this is.
        state: The state that the heading stands for.
        details: One sentence per gauge above a level, highest first; what is not known.
        raised: What the gauges say when one of them is above a level, else empty.
        measured: The state that the gauges alone stand for.
    """

    sentence: str
    lead: str
    state: State
    details: tuple[str, ...] = ()
    raised: str = ""
    measured: State = State.UNSTAGED


def situation(
    gauges: tuple[Gauge, ...], silent: int, now_us: int, p: Phrasebook, warned: Warned = NOBODY, calm: str = ""
) -> Situation:
    """Say the situation from all that the page knows, at an instant.

    Args:
        gauges: Gauges of the axis and beside it.
        silent: Series of the whole city that say nothing about now.
        now_us: Instant for which the sentence is true, microseconds UTC.
        p: Language and zone.
        warned: What is known of official warnings.
        calm: A sentence on river, air and weather, or empty.
    """
    told = _by_gauges(gauges, silent, now_us, p, calm)
    unknown = unknown_warnings(warned, now_us, p)
    asked = p.text("situation.asked", moment=p.short_moment(warned.asked_us, now_us)) if warned.asked_us else ""
    lead = f"{told.lead} {asked}".strip()
    details = (*told.details, *unknown)
    if warned.notices:
        return _warned(warned, told, lead, details, p)
    if warned.is_clear and told.state in {State.NORMAL, State.UNSTAGED}:
        return Situation(p.text("situation.clear"), lead, told.state, details, measured=told.state)
    if warned.is_clear:
        details = (p.text("situation.clear_beside"), *details)
    return Situation(told.sentence, lead, told.state, details, told.raised, told.state)


def _warned(warned: Warned, told: Situation, lead: str, details: tuple[str, ...], p: Phrasebook) -> Situation:
    sentence = p.count("situation.warned", len(warned.notices))
    if warned.simulated:
        sentence = p.text("situation.simulated", sentence=sentence)
    if told.raised:
        sentence = f"{sentence} {told.raised}"
    state = max((told.state, *(notice.state for notice in warned.notices)), key=lambda state: state.stage)
    return Situation(sentence, lead, state, details, told.raised, told.state)


def unknown_warnings(warned: Warned, now_us: int, p: Phrasebook) -> tuple[str, ...]:
    """Say of each silent source of warnings what its silence leaves open."""
    unsure = p.text("situation.unsure_more" if warned.notices else "situation.unsure")
    return tuple(_unknown(source, unsure, now_us, p) for source in warned.unknown)


def _unknown(source: Unknown, unsure: str, now_us: int, p: Phrasebook) -> str:
    if source.since_us is None:
        return p.text("situation.unknown", unsure=unsure, publisher=source.publisher)
    since = p.short_moment(source.since_us, now_us)
    return p.text("situation.unknown_since", unsure=unsure, publisher=source.publisher, moment=since)


def _by_gauges(gauges: tuple[Gauge, ...], silent: int, now_us: int, p: Phrasebook, calm: str) -> Situation:
    states = [(gauge, gauge_state(gauge, now_us)) for gauge in gauges]
    live = [gauge for gauge, state in states if state not in NOT_CURRENT]
    # A series without a rhythm is never silent, and yet its old value is no situation.
    if not live or now_us - _newest_us(live) > RECORDING_US:
        return _past(gauges, now_us, p)
    freshness = f"{calm} {_freshness(live, silent, now_us, p)}".strip()
    raised = [gauge for gauge in live if _stage(gauge)]
    if raised:
        return _raised(raised, p, freshness)
    staged = any(gauge.levels for gauge in live)
    key = "situation.calm" if staged else "situation.unstaged"
    return Situation(p.text(key), freshness, State.NORMAL if staged else State.UNSTAGED)


def _newest_us(gauges: list[Gauge]) -> int:
    return max(gauge.latest.at_us for gauge in gauges if gauge.latest)


def _stage(gauge: Gauge) -> int:
    return reached_stage(gauge.latest.value, gauge.levels) if gauge.latest else 0


def _freshness(live: list[Gauge], silent: int, now_us: int, p: Phrasebook) -> str:
    newest_us = _newest_us(live)
    told = p.text("situation.newest", moment=p.short_moment(newest_us, now_us), age=p.ago(newest_us, now_us))
    return f"{told} {p.count('situation.silent', silent)}" if silent else told


def _raised(raised: list[Gauge], p: Phrasebook, freshness: str) -> Situation:
    top = max(_stage(gauge) for gauge in raised)
    highest = [gauge for gauge in raised if _stage(gauge) == top]
    if len(highest) == 1:
        sentence = p.text("situation.raised_one", station=highest[0].station, stage=top)
    else:
        sentence = p.count("situation.raised_many", len(highest), stage=top)
    ordered = sorted(raised, key=_stage, reverse=True)
    told = [_excess(gauge, p) for gauge in ordered[:NAMED_GAUGES]]
    if len(ordered) > NAMED_GAUGES:
        told.append(p.count("situation.raised_more", len(ordered) - NAMED_GAUGES))
    return Situation(sentence, freshness, State(f"stage-{top}"), tuple(told), sentence)


def _excess(gauge: Gauge, p: Phrasebook) -> str:
    value = gauge.latest.value if gauge.latest else 0.0
    stage = _stage(gauge)
    fields = {
        "station": gauge.station,
        "value": p.amount(value, gauge.measure),
        "stage": stage,
        "level": p.amount(gauge.levels[stage - 1], gauge.measure),
    }
    if p.trend_course(gauge) in {"up", "down"}:
        return p.text("situation.excess_trend", trend=p.trend(gauge), **fields)
    return p.text("situation.excess", **fields)


def _past(gauges: tuple[Gauge, ...], now_us: int, p: Phrasebook) -> Situation:
    instants = [gauge.latest.at_us for gauge in gauges if gauge.latest]
    if not instants:
        return Situation(p.text("situation.nothing"), p.text("situation.nothing_lead"), State.EMPTY)
    newest_us = max(instants)
    key = "recording_lead" if now_us - newest_us > RECORDING_US else "outage_lead"
    lead = p.text(f"situation.{key}", moment=p.moment(newest_us), age=p.ago(newest_us, now_us))
    return Situation(p.text("situation.past"), lead, State.SILENT)
