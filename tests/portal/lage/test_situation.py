"""The start page's first sentence says what the gauges know, and not more."""

from __future__ import annotations

import pytest

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.states import NOT_CURRENT, State, gauge_state, reached_stage
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.situation import Situation, situation
from talwerk.portal.point.windows import Window, window_edges, window_links
from talwerk.texts import catalogue
from tests.portal.examples import AXIS, CALM, DAY_US, HOUR_US, LEVELS, NOW_US, OLD_US, gauge

p = Phrasebook(catalogue("de"), "Europe/Berlin")


def told(*gauges: Gauge, now_us: int = NOW_US) -> Situation:
    silent = sum(gauge_state(one, now_us) in NOT_CURRENT for one in gauges)
    found = situation(gauges, silent, now_us, p)
    return Situation(found.sentence.replace("\u00ad", ""), found.lead, found.state, found.details)


@pytest.mark.parametrize("value, stage", [(125.9, 0), (126.0, 0), (126.01, 1), (212.0, 1), (213.0, 2), (254.0, 3)])
def test_a_stage_is_reached_strictly_above_its_level(value: float, stage: int) -> None:
    assert reached_stage(value, LEVELS) == stage
    assert gauge_state(gauge(value=value), NOW_US).stage == stage


def test_silence_outranks_the_old_value() -> None:
    silent = gauge(value=300.0, at_us=NOW_US - 4 * HOUR_US)
    assert gauge_state(silent, NOW_US) is State.SILENT
    assert gauge_state(gauge(value=None), NOW_US) is State.EMPTY
    assert gauge_state(gauge(levels=()), NOW_US) is State.UNSTAGED


def test_calm() -> None:
    found = told(*CALM)
    assert found.sentence == "Keine Informationsstufe erreicht."
    assert found.lead == "Jüngster Messwert: 15:00 Uhr, vor 6 min."


def test_calm_without_levels_claims_nothing() -> None:
    assert told(gauge(levels=())).sentence == "Die Messstellen melden."


def test_one_raised() -> None:
    found = told(gauge(value=130.0), gauge("Dorf", 40.0))
    assert found.sentence == "Brücke: Informationsstufe 1."
    assert found.details == (
        "Brücke 130\u00a0cm, steigt 3\u00a0cm in der Stunde. Informationsstufe 1 gilt über 126\u00a0cm.",
    )


def test_the_highest_speaks_first() -> None:
    found = told(*AXIS)
    assert found.state is State.STAGE_3
    assert found.sentence == "Mündung: Informationsstufe 3."
    assert found.lead.endswith("2 Messreihen sind ohne aktuellen Wert.")
    assert [sentence.split()[0] for sentence in found.details] == ["Mündung", "Werk"]


def test_many_raised_are_counted() -> None:
    found = told(*(gauge(f"Ort {number}", 213.0, trend=None) for number in range(5)))
    assert found.sentence == "Informationsstufe 2 an 5 Messstellen."
    assert len(found.details) == 4
    assert found.details[-1] == "2 weitere Messstellen liegen über einer Stufe."


def test_an_old_recording_is_never_the_situation_of_today() -> None:
    found = told(*AXIS, now_us=OLD_US)
    assert found.sentence == "Keine aktuellen Messwerte."
    assert "vor 5 Jahren" in found.lead
    assert "Aufzeichnung" in found.lead


def test_an_outage_is_no_recording() -> None:
    found = told(*CALM, now_us=NOW_US + 5 * HOUR_US)
    assert "Aufzeichnung" not in found.lead
    assert "Seitdem schweigen alle Messreihen." in found.lead


def test_no_value_at_all() -> None:
    assert told(gauge(value=None)).state is State.EMPTY


def test_a_window_of_a_live_series_ends_now_and_of_a_silent_one_with_its_last_value() -> None:
    live, silent = gauge(), gauge(at_us=NOW_US - 9 * DAY_US)
    assert window_edges(Window.DAY, live, 0, NOW_US) == (NOW_US - DAY_US, NOW_US)
    assert window_edges(Window.WEEK, silent, 0, NOW_US) == (NOW_US - 16 * DAY_US, NOW_US - 9 * DAY_US)
    assert window_edges(Window.ALL, live, NOW_US - HOUR_US, NOW_US) == (NOW_US - DAY_US, NOW_US)
    assert window_edges(Window.ALL, live, 5, NOW_US) == (5, NOW_US)


def test_window_links_mark_the_shown_one() -> None:
    links = window_links(Window.WEEK, lambda window: f"?zeitraum={window}", p)
    assert [link.label for link in links] == ["24 h", "7 Tage", "30 Tage", "alles"]
    assert [link.href for link in links if link.current] == ["?zeitraum=7d"]
