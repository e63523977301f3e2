"""The start page: what is worded and drawn from its facts."""

from talwerk.portal.drawing.city_map import draw_map
from talwerk.portal.drawing.talband import draw_band
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import NOT_CURRENT, State, gauge_state
from talwerk.portal.frame.views import Gauge, Talband
from talwerk.portal.lage.situation import situation
from talwerk.portal.lage.views import EmptyView, LageView
from talwerk.portal.lage.warnings import Notice

RISING_CM_PER_H = 10.0
"""A river that rises this fast is not told as calm, whatever its levels; assumed, no authority has set it."""


@page.register
def _lage(view: LageView, frame: Frame, p: Phrasebook) -> Page:
    on_axis = view.talband.gauges if view.talband else ()
    spoken = (view.air.gauge if view.air else None, view.weather.gauge if view.weather else None)
    gauges = (*on_axis, *view.tiles, *view.further, *(gauge for gauge in spoken if gauge is not None))
    calm = calm_sentence(view, frame.now_us, p)
    told = situation(gauges, view.series_silent or 0, frame.now_us, p, view.warned, calm)
    alarm = view.warned.grave[0] if view.warned.grave else None
    own = sum(tile is not None for tile in (view.air, view.weather, view.power))
    content = {
        "situation": told,
        "alarm": alarm,
        "is_grave": alarm is not None or told.measured is State.STAGE_3,
        "notices": tuple(notice for notice in view.warned.notices if notice is not alarm),
        "validity": lambda notice: validity(notice, frame.now_us, p),
        "columns": _tile_columns(own + len(view.tiles) + 1),
        "band": draw_band(view.talband, frame.now_us, p) if view.talband else None,
        "map_drawing": draw_map(view.city_map, frame.now_us, p) if view.city_map else None,
    }
    return Page("lage.html", p.text("lage.title"), content)


def validity(notice: Notice, now_us: int, p: Phrasebook) -> str:
    """Say from when until when a warning holds."""
    if notice.announced and notice.start_us is not None:
        start = p.short_moment(notice.start_us, now_us)
        if notice.end_us is None:
            return p.text("warning.from", start=start)
        return p.text("warning.from_until", start=start, end=p.short_moment(notice.end_us, now_us))
    if notice.end_us is None:
        return p.text("warning.open")
    return p.text("warning.until", end=p.short_moment(notice.end_us, now_us))


def calm_sentence(view: LageView, now_us: int, p: Phrasebook) -> str:
    """Say river, air and weather in one sentence, as far as each is known and nothing is raised; else nothing."""
    parts = []
    if view.talband and view.axis_is_river:
        states = [gauge_state(gauge, now_us) for gauge in view.talband.gauges if gauge.levels]
        live = [state for state in states if state not in NOT_CURRENT]
        if all(state is State.NORMAL for state in live):
            parts += _river(view.talband, p, now_us, known=bool(live))
    if view.air:
        parts.append(p.text("calm.air", grade=p.text(f"air.{view.air.grade}")))
    if view.weather and view.weather.gauge.latest:
        warmth = p.with_unit(p.number(view.weather.gauge.latest.value), view.weather.gauge.measure)
        rain = view.weather.rain
        key = "weather" if rain is None or rain.latest is None else "wet" if rain.latest.value > 0 else "dry"
        parts.append(p.text(f"calm.{key}", warmth=warmth))
    if not parts:
        return ""
    told = p.text("calm.sentence", parts=", ".join(parts))
    return told[0].upper() + told[1:]


def _river(band: Talband, p: Phrasebook, now_us: int, *, known: bool) -> list[str]:
    """What a river says of itself that has reached no level; it is normal only where levels are known."""
    rising = _rising(band.gauges, now_us)
    if rising is None:
        return [p.text("calm.river", axis=band.axis)] if known else []
    change = p.amount(rising.trend_per_h or 0.0, rising.measure)
    return [p.text("calm.rising", axis=band.axis, station=rising.station, change=change)]


def _rising(gauges: tuple[Gauge, ...], now_us: int) -> Gauge | None:
    """The gauge whose water rises fastest, where it does so fast; levels or not, nobody calls that river calm."""
    live = [one for one in gauges if one.measure.unit == "cm" and gauge_state(one, now_us) not in NOT_CURRENT]
    fastest = max(live, key=lambda one: one.trend_per_h or 0.0, default=None)
    return fastest if fastest is not None and (fastest.trend_per_h or 0.0) >= RISING_CM_PER_H else None


def _tile_columns(tiles: int) -> int:
    """Return how many tiles stand side by side: full rows if possible, never a single one in the last."""
    if tiles <= 5:
        return tiles
    even = [columns for columns in (4, 3, 5) if tiles % columns == 0]
    return next(columns for columns in (*even, 4, 3, 5) if tiles % columns != 1)


@page.register
def _empty(_view: EmptyView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("leer.html", p.text("lage.title"), {})
