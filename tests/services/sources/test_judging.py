"""How a source is, from how its requests went and how old its newest value is."""

from __future__ import annotations

import pytest

from talwerk.core.instants import HOUR, Instant, parse_instant
from talwerk.services.sources.judging import Course, Ending, judge
from talwerk.services.sources.state import Health

NOW = parse_instant("2026-11-20T12:00:00Z")
OLD, NEW = Instant(NOW - 5 * HOUR), Instant(NOW - HOUR // 2)
STALE_S = 3_600


@pytest.mark.parametrize(
    "endings, newest, health",
    [
        ([], None, Health.WAITING),
        ([Ending.OPEN], OLD, Health.WAITING),
        ([Ending.VALUES], NEW, Health.FRESH),
        ([Ending.VALUES], OLD, Health.STALE),
        ([Ending.NOTHING], OLD, Health.SILENT),
        ([Ending.VALUES, Ending.OPEN], NEW, Health.FRESH),
        ([Ending.VALUES, Ending.OPEN], OLD, Health.WAITING),
        ([Ending.NOTHING, Ending.OPEN], None, Health.WAITING),
        ([Ending.UNREACHABLE, Ending.OPEN], OLD, Health.WAITING),
        ([Ending.UNREACHABLE], NEW, Health.UNREACHABLE),
        ([Ending.UNREACHABLE, Ending.MALFORMED], NEW, Health.MALFORMED),
        ([Ending.VALUES, Ending.UNREACHABLE], OLD, Health.STALE),
    ],
)
def test_a_source_is_judged_once_all_of_it_was_asked(
    endings: list[Ending], newest: Instant | None, health: Health
) -> None:
    assert judge([Course(ending=ending) for ending in endings], newest, NOW, STALE_S) is health
