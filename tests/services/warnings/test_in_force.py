"""Official warnings are those that a warning source brought, until they end, and silence is no all-clear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from talwerk.app.warned import warnings
from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.instants import HOUR, MINUTE, Instant, format_instant
from talwerk.core.terms import expand
from talwerk.privacy.policy import PUBLIC, scope_for
from talwerk.services.sources.state import Health, SourceState
from talwerk.services.warnings import InForce, Severity
from talwerk.services.warnings.answered import Answered
from tests.portal.workbench import NOW, Site, site

SCOPE = scope_for(PUBLIC)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as opened:
        yield opened


def alert(native: str = "1", source: str = "dwd-warnungen", **said: Any) -> Change:
    texts: dict[str, Any] = {
        "alertSource": "Deutscher Wetterdienst",
        "status": "actual",
        "severity": "severe",
        "validFrom": format_instant(NOW - HOUR),
        "validTo": format_instant(NOW + HOUR),
        **said,
    }
    attributes: Attributes = {
        expand(name): (Attribute(kind=Kind.PROPERTY, value=text),) for name, text in texts.items()
    }
    headline = {"de": "Amtliche WARNUNG vor STURM", "en": "Official WARNING of GALES"}
    attributes[expand("headline")] = (Attribute(kind=Kind.LANGUAGE_PROPERTY, value=headline),)
    entity = Entity(
        id=f"urn:ngsi-ld:WeatherAlert:05124000:{source}:{native}",
        types=(expand("WeatherAlert"),),
        attributes=attributes,
    )
    return Change(mode=Mode.UPDATE, entity=entity)


async def answered(here: Site, at: int) -> None:
    """The source has answered, as the engine notes it."""
    state = SourceState(key="dwd-warnungen", title="", since=NOW, health=Health.FRESH, answered=Instant(at))
    scope = here.city.system_scope("warnings")
    await Answered(warnings(here.city), lambda: (state,), here.city.broker, scope, simulated=False).round()


def found(here: Site, at: int = NOW) -> InForce:
    return warnings(here.city).in_force(SCOPE, Instant(at))


async def test_none_is_known_only_while_the_source_speaks(here: Site) -> None:
    assert not found(here).known
    await answered(here, NOW - 5 * MINUTE)
    assert found(here).known
    assert not found(here).warnings
    later = found(here, NOW + 26 * MINUTE)
    assert not later.known
    assert later.silent[0].answered == NOW - 5 * MINUTE


async def test_a_warning_holds_until_its_end_and_not_a_moment_longer(here: Site) -> None:
    await here.write(alert())
    assert found(here, NOW + HOUR - 1).warnings
    assert not found(here, NOW + HOUR).warnings
    assert found(here).changes == NOW + HOUR


async def test_what_is_announced_is_told_and_does_not_hold_yet(here: Site) -> None:
    await here.write(alert(validFrom=format_instant(NOW + 10 * MINUTE)))
    (announced,) = found(here).warnings
    assert announced.announced(NOW)
    assert found(here).severity is Severity.UNKNOWN
    assert found(here, NOW + 10 * MINUTE).severity is Severity.SEVERE


async def test_the_most_severe_comes_first(here: Site) -> None:
    await here.write(alert("1", severity="minor"), alert("2", severity="Extreme"), alert("3", severity="strange"))
    told = found(here)
    assert [one.severity for one in told.warnings] == [Severity.EXTREME, Severity.MINOR, Severity.UNKNOWN]
    assert told.severity is Severity.EXTREME


@pytest.mark.parametrize("source", ["lorawan-klima", "dwd-warnungen2", "uba"])
async def test_nobody_else_can_warn(here: Site, source: str) -> None:
    await here.write(alert(source=source))
    assert not found(here).warnings


async def test_an_exercise_is_no_warning(here: Site) -> None:
    await here.write(alert(status="exercise"))
    assert not found(here).warnings


async def test_a_warning_without_an_end_holds_as_long_as_it_is_named(here: Site) -> None:
    await here.write(alert(validTo="bald"))
    (warning,) = found(here, NOW + 1_000 * HOUR).warnings
    assert warning.end is None


async def test_an_answer_is_noted_once(here: Site) -> None:
    await answered(here, NOW - MINUTE)
    position = here.city.broker.position()
    state = SourceState(key="dwd-warnungen", title="", since=NOW, answered=Instant(NOW))
    scope = here.city.system_scope("warnings")
    duty = Answered(warnings(here.city), lambda: (state,), here.city.broker, scope, simulated=False)
    await duty.round()
    await duty.round()
    assert here.city.broker.position() == position + 1
