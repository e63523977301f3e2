"""The page of a measuring point: one series in full, as it is or as it was known at an instant."""

from __future__ import annotations

from talwerk.core.instants import datetime_of, format_instant
from talwerk.core.query import Page, Query
from talwerk.core.query import Window as Times
from talwerk.core.terms import compact, expand
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Link
from talwerk.portal.point.others import others, past
from talwerk.portal.point.stretch import ROWS_MAX, stretch
from talwerk.portal.point.views import EmbedView, PointView, Stated, Taking
from talwerk.portal.point.windows import Window, window_links
from talwerk.portal.site import addresses
from talwerk.portal.site.addresses import SPAN, STATIONS, downloads, with_query
from talwerk.portal.site.answers import PageError, shortened
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.register import name_of
from talwerk.portal.site.scene import Place, Scene, credit
from talwerk.portal.site.stand import STAND, as_asked

EMBED = "embed"
_NAMED_BY = (addresses.ENTITY, addresses.ATTRIBUTE, addresses.DATASET)
_STATED, _STATED_BY = expand("informationLevels"), expand("statedBy")
_BESIDE_MAX = 5
TABLE, WHOLE = "tabelle", "ganz"
"""Field of the query, and its one value: the table with as many values as a page can take."""
_WHOLE_MAX = 2_000


def leaves() -> tuple[Leaf, ...]:
    """The kinds of pages: of a point of the profile, of any other series, and both for other sites to show."""
    section = addresses.START
    return (
        Leaf(addresses.POINT, _of_key, section, "/{key}", reads=(SPAN, STAND, TABLE)),
        Leaf(addresses.SERIES, _of_series, section, reads=(SPAN, STAND, TABLE, *_NAMED_BY)),
        Leaf(EMBED, _embedded_point, section, "/{key}", moves=False, framed=True),
        Leaf(EMBED, _embedded_series, section, reads=_NAMED_BY, moves=False, framed=True),
    )


def _of_key(ask: Ask, scene: Scene) -> Found:
    seen = as_asked(ask, scene)
    return _shown(ask, seen, _point_of(ask, seen))


def _of_series(ask: Ask, scene: Scene) -> Found:
    seen = as_asked(ask, scene)
    return _shown(ask, seen, _series_of(ask, seen))


def _embedded_point(ask: Ask, scene: Scene) -> Found:
    return _embedded(scene, _point_of(ask, scene))


def _embedded_series(ask: Ask, scene: Scene) -> Found:
    return _embedded(scene, _series_of(ask, scene))


def _point_of(ask: Ask, scene: Scene) -> Place:
    key = ask.path["key"]
    place = scene.place(key)
    if place is not None:
        return place
    declared = scene.profile.point(key)
    if declared is None:
        raise PageError(404, scene.texts.text("point.no_point", name=shortened(key)), others(scene, key))
    known = [found for entity in scene.profile.candidates(declared) if (found := past(entity, scene)) is not None]
    links = others(scene, key, known, declared.attribute_iri)
    ended = max((found.deleted for found in known if found.deleted is not None), default=None)
    if ended is not None:
        raise PageError(410, scene.texts.text("point.ended", name=declared.name, date=scene.p.date(ended)), links)
    raise PageError(404, scene.texts.text("point.no_values_yet", name=declared.name), links)


def _series_of(ask: Ask, scene: Scene) -> Place:
    entity, attribute = ask.query.get(addresses.ENTITY), ask.query.get(addresses.ATTRIBUTE)
    if not entity or not attribute:
        raise PageError(400, scene.texts.text("point.unnamed"))
    place = scene.place_of(entity, expand(attribute), ask.query.get(addresses.DATASET))
    if place is not None:
        return place
    beside = tuple(
        Link(f"{scene.quantity(other)}, {other.station}", scene.href(other))
        for series in scene.register.of(entity)[:_BESIDE_MAX]
        if (other := scene.place_of(series.entity, series.attribute, series.dataset)) is not None
    )
    known = past(entity, scene)
    links = beside or others(scene, entity, () if known is None else (known,), expand(attribute))
    if known is not None and known.deleted is not None:
        raise PageError(
            410,
            scene.texts.text("point.ended", name=name_of(known) or shortened(entity), date=scene.p.date(known.deleted)),
            links,
        )
    raise PageError(404, scene.texts.text("point.no_point", name=shortened(entity)), links)


def _shown(ask: Ask, scene: Scene, place: Place) -> Found:
    asked = ask.query.get(SPAN, Window.DAY.value)
    if asked not in list(Window):
        known = ", ".join(window.value for window in Window)
        raise PageError(400, scene.texts.text("point.no_range", asked=shortened(asked), known=known))
    return view_of(scene, place, Window(asked), whole=ask.query.get(TABLE) == WHOLE), (place,)


def _embedded(scene: Scene, place: Place) -> Found:
    if not may_embed(place):
        raise PageError(403, scene.texts.text("embed.not_allowed"))
    return EmbedView(view_of(scene, place, Window.DAY), scene.href(place)), (place,)


def may_embed(place: Place) -> bool:
    """Whether the terms of a series allow that other sites show it; whoever does not know them may not."""
    licence = place.series.provenance.licence.casefold()
    return licence not in {"", "unknown", "restricted"} and "-nc" not in licence


def view_of(scene: Scene, place: Place, span: Window, *, whole: bool = False) -> PointView:
    """One series in full, in the chosen window; ``whole`` for a table of all its values."""
    gauge, p, series = scene.gauge(place), scene.p, place.series
    shown = stretch(scene, place, gauge, span, _WHOLE_MAX if whole else ROWS_MAX)
    csv_href, json_href = _downloads(scene, place, shown.window, whole=span is Window.ALL)
    standing = {} if scene.known is None else {STAND: format_instant(scene.known)}
    levels = None if place.point is None else place.point.levels
    own = None if levels is None else Stated(levels.source, levels.date)
    stated = _stated(scene, place) if levels is None else None
    return PointView(
        title=_title(place, p),
        gauge=gauge,
        trail=(
            Link(p.text("frame.nav_start"), scene.to.href(addresses.START)),
            Link(p.text("frame.nav_stations"), scene.to.href(STATIONS)),
        ),
        quantities=_quantities(scene, place, standing),
        ranges=window_links(span, lambda other: scene.href(place, **{SPAN: other.value}, **standing), p),
        chart=shown.chart,
        statistics=shown.statistics,
        rows=shown.rows,
        rows_total=shown.rows_total,
        credit=credit(series),
        remarks=shown.remarks,
        method=series.provenance.method,
        cadence_s=series.provenance.cadence_s or 0,
        csv_href=csv_href,
        json_href=json_href,
        levels_of=stated if levels is None and gauge.levels else own,
        stated=stated if not gauge.levels else None,
        entity=series.entity,
        stand_us=scene.known,
        taking=_taking(scene, place, span),
        hidden=_hidden(place, span),
        table_href=""
        if whole or shown.rows_total <= len(shown.rows)
        else scene.href(place, **{SPAN: span.value, TABLE: WHOLE}, **standing) + "#messwerte",
    )


def _taking(scene: Scene, place: Place, span: Window) -> Taking:
    fields = {} if span is Window.DAY else {SPAN: span.value}
    embed = ""
    if may_embed(place):
        named = place.point
        embed = scene.to.href(EMBED, named.key) if named is not None else _renamed(scene, place)
    return Taking(
        plain_href=scene.href(place, **fields),
        cite_href=scene.href(place, **fields, **{STAND: format_instant(scene.now)}),
        cite_us=scene.now,
        embed_href=embed,
    )


def _renamed(scene: Scene, place: Place) -> str:
    """The address of a series without a key, for other sites."""
    series = place.series
    fields = {addresses.ENTITY: series.entity, addresses.ATTRIBUTE: compact(series.attribute)}
    if series.dataset is not None:
        fields[addresses.DATASET] = series.dataset
    return scene.to.href(EMBED, **fields)


def _hidden(place: Place, span: Window) -> tuple[tuple[str, str], ...]:
    """Fields that a form on the page has to send along, so that it asks for the same series and window."""
    series = place.series
    fields = [] if span is Window.DAY else [(SPAN, span.value)]
    if place.point is None:
        fields += [(addresses.ENTITY, series.entity), (addresses.ATTRIBUTE, compact(series.attribute))]
        if series.dataset is not None:
            fields.append((addresses.DATASET, series.dataset))
    return tuple(fields)


def _stated(scene: Scene, place: Place) -> Stated | None:
    """Levels that the source states, where the city has none of its own; in the unit of the series, or not at all."""
    query = Query(ids=(place.series.entity,), attributes=(_STATED,), page=Page(limit=1))
    for entity in scene.broker.read(query, scene.scope).entities:
        for told in entity.attributes.get(_STATED, ()):
            values = told.value if isinstance(told.value, list) else []
            numbers = tuple(float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool))
            if not numbers or told.unit != place.series.unit:
                continue
            by = next((str(one.value) for one in told.subattributes.get(_STATED_BY, ())), "")
            since = told.modified or told.created
            day = "" if since is None else datetime_of(since).date().isoformat()
            return Stated(by or credit(place.series).source, day, tuple(sorted(numbers)))
    return None


def _downloads(scene: Scene, place: Place, window: Times, *, whole: bool) -> tuple[str, str]:
    """Where the window can be had; the interface delivers one dataset of an attribute, the last of them."""
    series = place.series
    datasets = [s.dataset or "" for s in scene.register.of(series.entity) if s.attribute == series.attribute]
    if (series.dataset or "") != max(datasets):
        return "", ""
    found = downloads(series, None if whole else window)
    if scene.known is None or not all(found):
        return found
    csv_href, json_href = (with_query(href, **{STAND: format_instant(scene.known)}) for href in found)
    return csv_href, json_href


def _title(place: Place, p: Phrasebook) -> str:
    quantity = place.point.quantity if place.point is not None else "other"
    return p.text(f"station_title.{quantity}", station=place.station)


def _quantities(scene: Scene, place: Place, standing: dict[str, str]) -> tuple[Link, ...]:
    beside = scene.beside(place)
    if len(beside) < 2:
        return ()
    return tuple(Link(scene.quantity(other), scene.href(other, **standing), current=other == place) for other in beside)
