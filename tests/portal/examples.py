"""Pages of an invented city, in the shapes that real ones have."""

from __future__ import annotations

import math
from dataclasses import replace

import talwerk.portal.routes  # noqa: F401 - each kind of page says how it is shown
from talwerk.portal.about.views import LegendView
from talwerk.portal.data.views import (
    DatasetPageView,
    DatasetView,
    DataView,
    DoorsView,
    Example,
    Field,
    Service,
    StatisticsView,
    StatusView,
    Turn,
    ViewsDay,
    Wanted,
)
from talwerk.portal.frame.place import City, Credit, Frame, Link
from talwerk.portal.frame.states import State, gauge_state
from talwerk.portal.frame.views import Bucket, ChartView, ErrorView, Form, Gauge, Measure, PageView, Reading, Talband
from talwerk.portal.here.views import AskField
from talwerk.portal.lage.views import Air, EmptyView, LageView, Power, Silence, Step, Weather
from talwerk.portal.lage.warnings import Notice, Told, Unknown, Warned
from talwerk.portal.point.views import PointView, Remark, Station, StationsView, Statistics
from talwerk.portal.themes.views import (
    ActView,
    Elsewhere,
    Goal,
    GoalView,
    IndicatorView,
    Measured,
    Share,
    SourceView,
    ThemeCard,
    ThemesView,
    ThemeView,
)

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NOW_US = 1_611_929_160_000_000  # 2021-01-29 14:06 UTC, 15:06 in the city
LATEST_US = NOW_US - 6 * MINUTE_US

LEVEL = Measure("Wasserstand", "cm")
FLOW = Measure("Abfluss", "m³/s", 2)
RAIN = Measure("Niederschlag", "mm", 1, 1_800)
LEVELS = (126.0, 212.0, 253.0)
CREDIT = Credit("Musterverband", "© Musterverband 2021", "CC BY 4.0", "https://example.org/", "https://example.org/by")


def gauge(
    station: str = "Brücke",
    value: float | None = 104.0,
    *,
    levels: tuple[float, ...] = LEVELS,
    trend: float | None = 3.0,
    at_us: int = LATEST_US,
    measure: Measure = LEVEL,
) -> Gauge:
    latest = None if value is None else Reading(at_us, value, 1)
    return Gauge(station, "/de/messstellen/x", measure, latest, levels, trend, 3 * 3_600, 135.0, "Musterverband")


AXIS = (
    gauge("Oberdorf", 41.0, levels=(), trend=0.2),
    gauge("Brücke", 104.0),
    gauge("Werk", 230.0, trend=20.0),
    gauge("Mündung", 271.0, trend=38.0),
    gauge("Unterdorf", 71.0, at_us=NOW_US - 26 * HOUR_US),
    gauge("Neubau", None),
)
DEAD = replace(gauge("Regenrückhaltebecken, Hauptverwaltungsgebäude", None), failed_us=LATEST_US)
CALM = (gauge("Oberdorf", 41.0, levels=()), gauge("Brücke", 104.0))
TILES = (
    gauge("Oberdorf", 33.654, levels=(), measure=FLOW),
    gauge("Oberdorf", 0.0, levels=(), measure=RAIN),
    gauge("Seitental", 8.0, levels=(), at_us=NOW_US - 9 * DAY_US),
)


def frame(now_us: int = NOW_US, banner: str = "") -> Frame:
    return Frame(
        city=City("Musterstadt"),
        now_us=now_us,
        navigation=(Link("Lage", "/de/", current=True), Link("Messstellen", "/de/messstellen")),
        credits=(CREDIT, Credit("Ohne Lizenz")),
        banner=banner,
        api_href="/ngsi-ld/v1/entities",
        code_href="https://example.org/code",
        foot=(Link("Zeichen und Wörter", "/de/zeichen"),),
    )


def lage(axis: tuple[Gauge, ...] = AXIS, tiles: tuple[Gauge, ...] = TILES, now_us: int = NOW_US) -> LageView:
    known = axis + tiles
    silent = sum(gauge_state(one, now_us) is State.SILENT for one in known)
    band = Talband("der Fluss", axis, "fließt") if axis else None
    return LageView(band, tiles, len(known), silent, "/de/messstellen")


def half_hours(count: int, end_us: int = LATEST_US) -> tuple[Reading, ...]:
    """Values of half-hours with a flood, a gap, a suspect and a failed one."""
    readings = []
    for index in range(count):
        if count // 2 < index < count // 2 + 6:
            continue
        value = 40 + 90 * math.exp(-(((index - 0.7 * count) / (0.08 * count)) ** 2)) + 2 * math.sin(index / 3)
        flag = {5: 3, 9: 4}.get(index, 1)
        readings.append(Reading(end_us - (count - 1 - index) * 30 * MINUTE_US, 9_999.0 if flag == 4 else value, flag))
    return tuple(readings)


def point(count: int = 48, *, end_us: int = NOW_US, view_levels: tuple[float, ...] = LEVELS) -> PointView:
    rows = half_hours(count, end_us - 6 * MINUTE_US)
    good = [row for row in rows if row.flag == 1]
    lowest, highest = min(good, key=lambda row: row.value), max(good, key=lambda row: row.value)
    ranges = [("24 h", True), ("7 Tage", False), ("30 Tage", False), ("alles", False)]
    return PointView(
        title="Pegel Brücke",
        gauge=gauge("Brücke", rows[-1].value, at_us=rows[-1].at_us, levels=view_levels),
        trail=(Link("Lage", "/de/"), Link("Messstellen", "/de/messstellen")),
        quantities=(Link("Wasserstand", "/a", current=True), Link("Abfluss", "/b")),
        ranges=tuple(Link(label, f"?zeitraum={label}", current) for label, current in ranges),
        chart=ChartView(end_us - count * 30 * MINUTE_US, end_us, rows, (), 90 * MINUTE_US),
        statistics=Statistics(len(rows), 1, 1, lowest, highest, 61.0),
        rows=tuple(reversed(rows))[:48],
        rows_total=len(rows),
        credit=CREDIT,
        remarks=(Remark(rows[9].at_us, "Ein Wert 9.999 cm, als fehlerhaft markiert."),),
        method="Mittel der halben Stunde",
        cadence_s=1_800,
        csv_href="/csv",
        json_href="/json",
    )


def buckets(days: int, *, sums: bool = False, end_us: int = NOW_US) -> tuple[Bucket, ...]:
    made = []
    for day in range(days):
        start_us = end_us - (days - day) * DAY_US
        value = max(0.0, 20 * math.sin(day / 5)) if sums else 60 + 30 * math.sin(day / 5)
        spread = 0.0 if sums else 12.0
        made.append(Bucket(start_us, start_us + DAY_US, value - spread, value, value + spread))
    return tuple(made)


def long_point(days: int = 400) -> PointView:
    base = point()
    chart = ChartView(NOW_US - days * DAY_US, NOW_US, (), buckets(days), DAY_US)
    return replace(base, chart=chart, rows_total=20_624)


def rain_point(days: int = 30) -> PointView:
    base = point(view_levels=())
    chart = ChartView(NOW_US - days * DAY_US, NOW_US, (), buckets(days, sums=True), DAY_US, Form.BARS)
    statistics = replace(base.statistics, total=212.4)
    return replace(base, gauge=replace(base.gauge, measure=RAIN), chart=chart, statistics=statistics)


def nothing_in_window() -> PointView:
    base = point()
    return replace(
        base,
        gauge=gauge("Neubau", None),
        chart=ChartView(NOW_US - DAY_US, NOW_US),
        statistics=Statistics(0),
        rows=(),
        rows_total=0,
        remarks=(),
        csv_href="",
        json_href="",
        credit=Credit("Musterverband"),
    )


def only_failed() -> PointView:
    base = nothing_in_window()
    return replace(
        base,
        gauge=replace(base.gauge, failed_us=LATEST_US),
        statistics=Statistics(1, 1),
        rows=(Reading(LATEST_US, 9_999.0, 4),),
        rows_total=1,
        remarks=tuple(Remark(LATEST_US - n, f"15:00 Uhr: 9.99{n} cm, als fehlerhaft markiert.") for n in range(9)),
    )


OLD_US = NOW_US + 5 * 366 * DAY_US
STATIONS = StationsView((Station("Oberdorf", TILES[:2], "oberhalb der Stadt"), Station("Brücke", AXIS[1:])), 7, 2)
SECOND_PAGE = StationsView(
    (Station("Brücke", AXIS[1:]),), 9_871, 412, 2, 99, "/de/messstellen", "/de/messstellen?seite=3"
)
STEPS = (Step("Beispieldaten erzeugen.", "talwerk sample beispiel"), Step("Einlesen.", "talwerk replay " + "x" * 120))

SHARE = IndicatorView(
    "aktuell",
    "Messreihen mit aktuellem Wert",
    "Aktuelle Messreihen, geteilt durch alle Messreihen mit bekanntem Takt.",
    "alle Messreihen mit bekanntem Takt",
    "%",
    1,
    97.25,
    numerator=389,
    whole=400,
    as_of_us=LATEST_US,
    start_us=NOW_US - 7 * DAY_US,
    end_us=NOW_US,
    place="Hauptverwaltungsgebäude Musterverbandsgemeinde",
    sources=("© Musterverband 2021", "Bundesanstalt für Gewässerkundewesen"),
    simulated=True,
    history_href="/api/v1/stations/x/kpiValue.csv",
    href="/de/themen/netze#aktuell",
    course=tuple(Reading(LATEST_US - (20 - hour) * HOUR_US, 95 + math.sin(hour)) for hour in range(21)),
    boroughs=(Share("Oberstadt", "/de/mein-ort/0", 97.0, 388, 400), Share("Unterstadt", "", 90.5, 362, 400)),
    elsewhere=(Elsewhere("Stadt Nachbarburg", 91.5, LATEST_US), Elsewhere("Stadt Talhausen", 99.0, None)),
)
NO_SHARE = replace(
    SHARE,
    key="x",
    value=None,
    absence="no-addresses",
    place="",
    sources=(),
    simulated=False,
    history_href="",
    course=(),
    boroughs=(),
    elsewhere=(),
)
STOCK = SourceView("Schulen", "/de/daten/schulen", "fresh", NOW_US - DAY_US, LATEST_US, things=184)
SILENT_SOURCE = replace(STOCK, title="Hochwasserportal des Landes", health="silent", things=4, series=8)
MISSING = replace(NO_SHARE, key="y", title="Vorwarnzeit", absence="unsourced", missing="Dafür fehlt eine Quelle.")
CARD = ThemeCard(
    "IT-Infrastruktur und Netze", "Daten, auf die man sich verlassen kann.", "/de/themen/netze", (SHARE,), 3
)
BARE = ThemeCard("Gesellschaft und Engagement", "Ideen einbringen, Antworten bekommen.", "/de/themen/x", (), 3)
STOCKED = replace(BARE, title="Bildung und Kultur", stock=(STOCK,))
GOAL = Link("Vernetztes, vielfältig genutztes Tal", "/de/zielbild/a")
THEMES = ThemesView(
    (
        Goal("a", GOAL.label, "Daten gemeinsam nutzen.", GOAL.href, (CARD, BARE, STOCKED)),
        Goal("b", "Stadtgesellschaft, die mitgestaltet", "Vorschlagen, entscheiden.", "/de/zielbild/b", (BARE, CARD)),
        Goal("c", "Nachhaltiger Ort", "Gute Bedingungen.", "/de/zielbild/c", (BARE,)),
    ),
    "/api/v1/themes.csv",
    "/api/v1/themes",
)
THEME = ThemeView(
    title="IT-Infrastruktur und Netze",
    summary="Daten, auf die man sich verlassen kann.",
    goal=GOAL,
    trail=(Link("Themen", "/de/themen"), GOAL),
    gauges=CALM,
    series=60,
    series_silent=2,
    indicators=(SHARE,),
    missing=(NO_SHARE, MISSING),
    people=(ActView("Sehen, welche Quelle schweigt.", "/de/daten"), ActView("Miteinander reden.")),
    city=(ActView("Arbeitsliste für leere Batterien.", planned=True), ActView("Gateways ersetzen.")),
    sources=(STOCK, SILENT_SOURCE),
    csv_href="/api/v1/themes/netze.csv",
    json_href="/api/v1/themes/netze",
)
GOAL_PAGE = GoalView(
    GOAL.label,
    "Daten, Netze und Räume gemeinsam nutzen.",
    (Link("Themen", "/de/themen"),),
    (
        Measured("IT-Infrastruktur und Netze", "Daten, auf die man sich verlassen kann.", CARD.href, (SHARE,), 2),
        Measured("Mobilität und Verkehr", "Zuverlässig ankommen.", "/de/themen/y", (), 3),
    ),
    (Link("Stadtgesellschaft, die mitgestaltet", "/de/zielbild/b"),),
)
DATA_TABS = (Link("Datensätze", "/de/daten", current=True), Link("Schnittstellen", "/de/daten/schnittstellen"))
DATASET = DatasetView(
    "portal",
    "Hochwasserportal des Landes",
    "/de/daten/portal",
    "polled",
    publisher="Landesamt für Natur, Umwelt und Verbraucherschutz",
    licence="DL-DE-ZERO-2.0",
    attribution="© Landesamt 2021",
    health="fresh",
    since_us=NOW_US - DAY_US,
    last_us=LATEST_US,
    things=41,
    series=82,
    cadence_s=900,
    every_s=300,
    themes=(Link("Sicherheit und Vertrauen", "/de/themen/sicherheit"), Link("Netze", "/de/themen/netze")),
    csv_href="/api/v1/datasets/portal.csv",
    json_href="/api/v1/datasets/portal",
)
DATA = DataView(
    (
        DATASET,
        *(
            replace(
                DATASET, key=health, health=health, title=f"Quelle {health}", licence="", restricted=True, csv_href=""
            )
            for health in ("stale", "silent", "unreachable", "malformed", "waiting")
        ),
        DatasetView("neu", "Neue Quelle", "/de/daten/neu", "polled", json_href="/x"),
        DatasetView("api", "Über die Schnittstelle", "/de/daten/api", "sent", licence="restricted", simulated=True),
        DatasetView("adressen", "Adressen der Stadt", "/de/daten/adressen", "layer", licence="CC-BY-4.0", things=1),
        DatasetView("talwerk", "Kennzahlen", "/de/daten/talwerk", "computed", publisher="Musterstadt", series=12),
    ),
    total=10,
    polled=7,
    fresh=1,
    wanted=Wanted(),
    themes=(("netze", "IT-Infrastruktur und Netze"), ("sicherheit", "Sicherheit und Vertrauen")),
    states=("waiting", "fresh", "stale"),
    tabs=DATA_TABS,
    action="/de/daten",
    api_href="/api/v1/datasets",
)
EXAMPLES = (
    Example("stations", "curl 'http://localhost:8080/api/v1/stations?limit=3'", "/api/v1/stations?limit=3"),
    Example("changes", "curl -N 'http://localhost:8080/api/v1/changes'"),
)
DATASET_PAGE = DatasetPageView(
    replace(DATASET, health="stale", simulated=True, first_us=NOW_US - 90 * DAY_US),
    (Link("Daten", "/de/daten"),),
    ("WaterObserved",),
    (
        Field("height", "Wasserstand", "cm", "CMT", 41, measured=True),
        Field("sehrLangerNameEinesFeldes", "", "", "", 3, measured=False),
    ),
    CALM,
    76,
    EXAMPLES,
    (Turn(NOW_US - HOUR_US, "stale"), Turn(NOW_US - DAY_US, "fresh")),
    "http://localhost:8080/de/daten/portal",
)
DOORS = DoorsView(
    DATA_TABS, "http://localhost:8080", EXAMPLES, "/api/openapi.json", "https://code.example/stadt", 2.0, 1_000
)
STATUS = StatusView(
    DATA_TABS,
    (
        Service("pages", "good", NOW_US),
        Service("engine", "bad"),
        Service("sources", "late", count=1, total=6),
        Service("backup", "good", NOW_US - DAY_US),
    ),
    (replace(DATASET, health="unreachable"),),
    "1.0",
    NOW_US - 9 * DAY_US,
)
STATISTICS = StatisticsView(
    DATA_TABS,
    tuple(ViewsDay(NOW_US - ago * DAY_US, 40 * ago % 90) for ago in range(20, -1, -1)),
    (("start", 500), ("point", 240), ("themes", 70), ("unheard-of", 1)),
    811,
    NOW_US - 20 * DAY_US,
)

EXTREME = Notice(
    "extreme",
    Told("Amtliche UNWETTERWARNUNG vor EXTREM ERGIEBIGEM DAUERREGEN", "de"),
    Told("DAUERREGEN", "de"),
    Told("Es fallen bis zu 150 Liter je Quadratmeter.", "de"),
    (Told("Gehen Sie nicht in den Keller.", "de"), Told("Gehen Sie in höhere Stockwerke.", "de")),
    "Musterwetterdienst",
    "Musterstadt",
    NOW_US - HOUR_US,
    NOW_US + 5 * HOUR_US,
)
WARNED = Warned(
    (
        EXTREME,
        replace(EXTREME, severity="moderate", headline=Told("Official WARNING of GALES", "en"), end_us=None),
        replace(EXTREME, severity="minor", announced=True, start_us=NOW_US + HOUR_US, instruction=()),
    ),
    (Unknown("Nachbardienst", NOW_US - 3 * HOUR_US),),
    NOW_US - HOUR_US // 30,
)
"""Everything at once: an alarm, lesser warnings, one in another language, a source that nobody hears."""


def full_lage(warned: Warned) -> LageView:
    """A start page that shows all that it can."""
    no2 = Measure("Stickstoffdioxid", "µg/m³")
    return replace(
        lage(tiles=()),
        warned=warned,
        air=Air(gauge("Gasse", 31.0, levels=(), measure=no2), "moderate", "no2"),
        weather=Weather(gauge("Werk", 4.1, levels=(), measure=Measure("Temperatur", "°C", 1)), gauge(measure=RAIN)),
        power=Power(63.0, LATEST_US, "/de/themen/umwelt", "Netz", is_old=True),
        silences=(Silence("Nachbardienst", "unreachable", NOW_US - 3 * HOUR_US),),
        silent=(AXIS[-2],),
        field=AskField("/de/mein-ort", "/de/ort-vorschlaege"),
        crisis_href="/de/krise",
        axis_is_river=True,
    )


PAGES: dict[str, tuple[PageView, Frame]] = {
    "alarm": (full_lage(WARNED), frame(banner="Beispieldaten: Diese Werte sind erfunden.")),
    "clear": (full_lage(Warned(asked_us=NOW_US)), frame()),
    "calm": (lage(CALM), frame()),
    "raised": (lage(), frame(banner="Beispieldaten: Diese Werte sind erfunden.")),
    "old": (lage(now_us=OLD_US), frame(OLD_US)),
    "no-axis": (lage(axis=()), frame()),
    "many": (lage(AXIS + AXIS), frame()),
    "dead": (lage((DEAD, *CALM), (DEAD, replace(gauge("Rohr", at_us=NOW_US - DAY_US), failed_us=LATEST_US))), frame()),
    "empty": (EmptyView(STEPS), frame()),
    "stations": (STATIONS, frame()),
    "stations-page": (SECOND_PAGE, frame()),
    "no-stations": (StationsView(()), frame()),
    "point-day": (point(), frame()),
    "point-week": (point(336), frame()),
    "point-long": (long_point(), frame()),
    "point-rain": (rain_point(), frame()),
    "point-old": (point(), frame(OLD_US)),
    "point-nothing": (nothing_in_window(), frame()),
    "point-failed": (only_failed(), frame()),
    "legend": (LegendView(), frame()),
    "themes": (THEMES, frame()),
    "theme": (THEME, frame()),
    "data": (DATA, frame()),
    "no-data": (replace(DATA, datasets=(), total=0, polled=0, themes=(), states=()), frame()),
    "nothing-found": (replace(DATA, datasets=(), wanted=Wanted("gibt es nicht")), frame()),
    "goal": (GOAL_PAGE, frame()),
    "dataset": (DATASET_PAGE, frame()),
    "doors": (DOORS, frame()),
    "status": (STATUS, frame()),
    "statistics": (STATISTICS, frame()),
    "no-statistics": (replace(STATISTICS, days=(), kinds=(), total=0, since_us=None), frame()),
    **{f"error-{status}": (ErrorView(status, "Näheres."), frame()) for status in (400, 403, 404, 413, 418, 500, 503)},
}
