"""The example: the same bytes for the same wish, plausible, and full of the faults that real files have."""

from __future__ import annotations

import msgspec
import pytest

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY, MINUTE, format_instant, parse_instant
from talwerk.core.query import Query
from talwerk.core.terms import expand
from talwerk.sdk.profile import Profile
from talwerk.sdk.tables.findings import Kind
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.services.replay.plan import plan
from talwerk.services.replay.replay import replay
from talwerk.services.replay.sample import POINTS_MAX, make_sample
from tests.services.replay.workbench import PROFILE, SCOPE, Bench

END = parse_instant("2025-12-31T23:52:17Z")


@pytest.mark.parametrize("key", cities.available())
async def test_every_city_has_an_example_that_goes_in(bench: Bench, key: str) -> None:
    profile = cities.load(key)
    sample = make_sample(profile, END)
    recording = bench.recording(sample.table)
    path = bench.folder / "sample.toml"
    path.write_text(sample.mapping, encoding="utf-8")
    made = plan(read_mapping(path), profile)
    report = await replay(recording, made, bench.broker, SCOPE, clock=bench.clock)
    assert report.complete
    assert report.simulated
    assert report.notes == ()
    assert {f.kind for f in report.findings} == {Kind.MISSING, Kind.IMPLAUSIBLE}
    assert report.rows == sample.rows
    assert report.last == "2025-12-31T23:45:00Z"
    for entity in bench.broker.read(Query(), SCOPE).entities:
        assert any(entity.id == profile.candidates(point)[-1] for point in profile.measuring_points)


def test_the_same_wish_gives_the_same_bytes() -> None:
    assert make_sample(PROFILE, END) == make_sample(PROFILE, END)
    assert make_sample(PROFILE, END) == make_sample(PROFILE, END + 7 * MINUTE)
    assert make_sample(PROFILE, END, seed=2).table != make_sample(PROFILE, END).table
    assert make_sample(PROFILE, END, seed=2).mapping == make_sample(PROFILE, END).mapping


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_flood_passes_and_calm_returns(seed: int) -> None:
    """A page with this example shows a flood within the week, between stages 1 and 2, and calm water now."""
    lines = make_sample(PROFILE, END, seed=seed).table.splitlines()
    column = lines[0].split(";").index("kluserbruecke")
    cells = [(parse_instant(row[0]), row[column]) for row in (line.split(";") for line in lines[1:])]
    values = [(at, float(cell)) for at, cell in cells if cell != "---" and float(cell) < 2_000]
    at, highest = max(values, key=lambda item: item[1])
    assert 126 < highest < 212
    assert END - 7 * DAY < at < END - 2 * DAY
    assert values[-1][1] < 126
    assert values[-1][0] == parse_instant("2025-12-31T23:45:00Z")
    assert format_instant(values[0][0]) == "2025-11-02T00:00:00Z"


def test_a_city_without_an_axis_uses_its_other_points() -> None:
    bare = msgspec.structs.replace(PROFILE, axis=None)
    assert make_sample(bare, END).points == tuple(point.key for point in PROFILE.points)[:POINTS_MAX]


async def test_an_invented_stream_stands_beside_the_gauges_of_the_city(bench: Bench) -> None:
    sample = make_sample(PROFILE, END, stream="Musterbach")
    assert sample.points == ("musterbach-oberlauf", "musterbach-mitte", "musterbach-muendung")
    path = bench.folder / "sample.toml"
    path.write_text(sample.mapping, encoding="utf-8")
    await replay(
        bench.recording(sample.table), plan(read_mapping(path), PROFILE), bench.broker, SCOPE, clock=bench.clock
    )
    entities = bench.broker.read(Query(), SCOPE).entities
    names = {str(entity.attributes[expand("name")][0].value) for entity in entities}
    assert names == {"Musterbach Oberlauf", "Musterbach Mitte", "Musterbach Mündung"}
    own = {candidate for point in PROFILE.measuring_points for candidate in PROFILE.candidates(point)}
    assert not own & {entity.id for entity in entities}


def test_a_stream_needs_a_name() -> None:
    with pytest.raises(DomainError, match="does not begin with a letter"):
        make_sample(PROFILE, END, stream="7")


def test_a_city_without_points_has_none() -> None:
    with pytest.raises(DomainError, match="'wuppertal' has no measuring point"):
        make_sample(Profile(city=PROFILE.city), END)
