"""Weather warnings: they come and go, and a test is never shown as one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.connectors import brightsky_alerts
from talwerk.connectors.brightsky_alerts import CONNECTOR, alerts
from talwerk.core.instants import SystemClock, format_instant, parse_instant
from talwerk.core.query import Page, Query
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile, Source
from talwerk.sdk.reading import Context, Thing, Unusable, Whole
from talwerk.services.sources.shaping import shape
from tests.connectors.answers import json_values
from tests.recording_server import Recorded, Reply, replies, serving
from tests.services.sources.workbench import SCOPE, Bench, polled, profile

CONTEXT = Context(now=parse_instant("2026-01-14T12:20:00Z"))
GOOD = {"alert_id": "2.49.1", "status": "actual", "expires": "2026-01-14T13:00:00Z", "headline_de": "Sturm"}


def warnings(*rows: Any) -> list[Thing]:
    return [each for each in alerts({"alerts": list(rows)}, CONTEXT) if isinstance(each, Thing)]


FIELDS = ("effective", "onset", "severity", "event_code", "headline_de", "description_en", "instruction_de")
statuses = st.sampled_from(["actual", "Actual"]) | json_values
strange = st.fixed_dictionaries(
    {"alert_id": json_values, "status": statuses, "expires": json_values},
    optional=dict.fromkeys(FIELDS, json_values),
)


@given(st.lists(strange | json_values, max_size=5), json_values)
def test_a_warning_is_read_whatever_lies_beside_it(rows: list[Any], place: Any) -> None:
    found = list(alerts({"alerts": [GOOD, *rows, GOOD], "location": place}, CONTEXT))
    told = [each for each in found if isinstance(each, Thing) and each.native == "2.49.1"]
    assert len(told) >= 2
    assert all(each.name == "Sturm" for each in (told[0], told[-1]))
    assert found[-1] == Whole(type="WeatherAlert")
    assert all(isinstance(each, Thing | Unusable | Whole) for each in found)


@given(st.text(max_size=12).filter(lambda text: text.lower() != "actual"))
def test_only_actual_warnings_are_warnings(status: str) -> None:
    (left_out, _) = alerts({"alerts": [{**GOOD, "status": status}]}, CONTEXT)
    assert isinstance(left_out, Unusable)
    assert left_out.gap


@pytest.mark.parametrize(
    "change",
    [{"status": None}, {"status": "exercise"}, {"response_type": "allclear"}, {"expires": "2026-01-14T12:20:00Z"}],
)
def test_what_warns_of_nothing_is_none(change: dict[str, Any]) -> None:
    assert warnings({**GOOD, **change}) == []


def test_a_long_text_stays_whole_and_an_unknown_end_is_no_end() -> None:
    (thing,) = warnings({**GOOD, "expires": None, "description_de": "ä" * 50_000, "instruction_de": None})
    assert len(thing.wordings["description"]["de"]) == 50_000
    assert "instruction" not in thing.wordings
    assert "validTo" not in thing.statements


def test_an_id_that_no_identifier_may_hold_stays_one_of_its_own() -> None:
    first, second = warnings({**GOOD, "alert_id": "a/b c"}, {**GOOD, "alert_id": "a b/c"})
    assert first.native != second.native


RECORDING = Path(str(brightsky_alerts.__file__)).parent / "recordings" / "brightsky_alerts"


def city(address: str) -> Profile:
    source = Source(
        key="dwd", connector=CONNECTOR.key, address=address, parameters={"latitude": 51.26, "longitude": 7.15}
    )
    return msgspec.structs.replace(profile(address), points=(), sources=(source,))


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with serving(replies(RECORDING, SystemClock().now())) as running:
        yield running


def in_force(bench: Bench) -> set[object]:
    query = Query(types=(expand("WeatherAlert"),), page=Page(limit=100))
    return {entity.attributes[expand("name")][0].value for entity in bench.broker.read(query, SCOPE).entities}


async def test_a_warning_that_is_no_longer_named_has_ended(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded, city=city(recorded.address)) as bench:
        await bench.round()
        assert in_force(bench) == {"Amtliche UNWETTERWARNUNG vor DAUERREGEN", "Amtliche WARNUNG vor WINDBÖEN"}
        assert str(bench.poll.state.health) == "fresh"
        (path, reply) = next(iter(recorded.replies.items()))
        told = json.loads(reply.body)
        recorded.replies[path] = Reply(json.dumps({**told, "alerts": told["alerts"][:1]}).encode())
        await bench.until_asked("lon=7.15")
        assert in_force(bench) == {"Amtliche UNWETTERWARNUNG vor DAUERREGEN"}
        # An answer that cannot be read ends nothing.
        recorded.replies[path] = Reply(json.dumps({**told, "alerts": [{**told["alerts"][1], "status": 7}]}).encode())
        await bench.until_asked("lon=7.15")
        assert in_force(bench) == {"Amtliche UNWETTERWARNUNG vor DAUERREGEN"}
        assert str(bench.poll.state.health) == "malformed"
        recorded.replies[path] = Reply(b'{"alerts": [], "location": null}')
        await bench.until_asked("lon=7.15")
        assert in_force(bench) == set()
        assert (str(bench.poll.state.health), bench.poll.state.error) == ("fresh", "")


async def test_its_times_are_those_of_the_warning_in_utc(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded, city=city(recorded.address)) as bench:
        rows = alerts({"alerts": [{**GOOD, "onset": "2026-01-14T13:30:00+01:00"}]}, CONTEXT)
        await bench.writing.write(shape(rows, bench.feed, bench.clock.now()), bench.feed)
        query = Query(types=(expand("WeatherAlert"),), page=Page(limit=1))
        (entity,) = bench.broker.read(query, SCOPE).entities
        assert entity.attributes[expand("validFrom")][0].value == format_instant(parse_instant("2026-01-14T12:30:00Z"))
        assert entity.attributes[expand("validTo")][0].value == "2026-01-14T13:00:00Z"
        assert entity.attributes[expand("validFrom")][0].observed is None
