"""What a replay writes, and that repeating it changes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from talwerk.core.change import Batch, Change, Mode, Origin
from talwerk.core.entity import Attribute, Entity
from talwerk.core.entity import Kind as AttributeKind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import format_instant
from talwerk.core.quality import Flag, Mark, flag_of, mark_of
from talwerk.core.query import Query
from talwerk.core.terms import expand
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.findings import Kind
from talwerk.services.replay import writing
from talwerk.services.replay.replay import check, replay
from tests.services.replay.workbench import GAUGE, MAPPING, SCOPE, Bench

TABLE = "time;level\n2025-01-01 00:00;10\n2025-01-01 00:15;11.5\n2025-01-01 00:30;\n2025-01-01 00:45;12\n"


async def test_values_come_with_their_entity_name_and_provenance(bench: Bench) -> None:
    mapping = MAPPING.replace('key = "test"', 'key = "test"\nlicence = "CC-BY-4.0"\nattribution = "The board"')
    report = await bench.replay(TABLE, mapping.replace("cadence_s", 'method = "mean"\ncadence_s'))
    assert report.values == (3, 0, 0)
    assert (report.rows, report.rows_skipped, report.values_skipped, report.complete) == (4, 0, 0, True)
    assert (report.first, report.last) == ("2025-01-01T00:00:00Z", "2025-01-01T00:45:00Z")
    (entity,) = bench.broker.read(Query(), SCOPE).entities
    assert entity.id == GAUGE
    assert entity.types == (expand("WaterObserved"),)
    (name,) = entity.attributes[expand("name")]
    assert name.value == "A gauge"
    (height,) = entity.attributes[expand("height")]
    assert (height.value, height.unit, format_instant(height.observed or 0)) == (12, "CMT", "2025-01-01T00:45:00Z")
    series = {s.attribute: s.provenance for s in bench.broker.series(SCOPE)}[expand("height")]
    assert (series.source, series.licence, series.attribution) == ("test", "CC-BY-4.0", "The board")
    assert (series.method, series.cadence_s, series.simulated) == ("mean", 900, False)
    assert {batch.origin for batch in bench.writer.batches} == {Origin.REPLAY}


async def test_repeating_changes_nothing(bench: Bench) -> None:
    await bench.replay(TABLE)
    position, points = bench.broker.position(), bench.points()
    report = await bench.replay(TABLE)
    assert report.values == (0, 0, 3)
    assert bench.points() == points
    assert bench.broker.position() == position
    assert not any(isinstance(change, Change) for change in bench.writer.batches[-1].changes)


async def test_a_corrected_file_corrects(bench: Bench) -> None:
    await bench.replay(TABLE)
    report = await bench.replay(TABLE.replace("11.5", "13"))
    assert report.values == (0, 1, 2)
    assert bench.points().values == [10, 13, 12]


async def test_the_end_of_the_interval_is_the_time_of_observation(bench: Bench) -> None:
    await bench.replay(TABLE, MAPPING.replace('offset = "Z"', 'offset = "+01:00"\nstamp = "start"'))
    assert format_instant(bench.points().at[0]) == "2024-12-31T23:15:00Z"


async def test_a_value_may_cover_more_than_its_cadence(bench: Bench) -> None:
    mapping = MAPPING.replace('offset = "Z"', 'offset = "Z"\nstamp = "start"') + "interval_s = 86400\n"
    await bench.replay(TABLE, mapping)
    assert format_instant(bench.points().at[0]) == "2025-01-02T00:00:00Z"


async def test_implausible_values_are_kept_and_flagged(bench: Bench) -> None:
    report = await bench.replay(TABLE, MAPPING + "valid_min = 11\nvalid_max = 11.5\n")
    assert [flag_of(q) for q in bench.points().quality] == [Flag.FAIL, Flag.NOT_EVALUATED, Flag.FAIL]
    assert {f.kind: f.count for f in report.findings} == {Kind.MISSING: 1, Kind.IMPLAUSIBLE: 2}
    assert report.complete


async def test_a_channel_may_be_flagged_as_a_whole(bench: Bench) -> None:
    await bench.replay(TABLE, MAPPING + 'quality = "suspect"\n')
    assert {flag_of(q) for q in bench.points().quality} == {Flag.SUSPECT}


async def test_what_lies_in_the_future_is_kept_and_never_current(bench: Bench) -> None:
    report = await bench.replay("time;level\n2025-12-31 00:00;1\n2026-02-01 00:00;2\n")
    assert [mark_of(q) for q in bench.points().quality] == [Mark.NONE, Mark.FUTURE]
    (entity,) = bench.broker.read(Query(), SCOPE).entities
    assert entity.attributes[expand("height")][0].value == 1
    assert {f.kind: f.examples[0].line for f in report.findings} == {Kind.FUTURE: 3}


async def test_a_new_name_replaces_the_old_one(bench: Bench) -> None:
    await bench.replay(TABLE)
    await bench.replay(TABLE, MAPPING.replace("A gauge", "The gauge"))
    (entity,) = bench.broker.read(Query(), SCOPE).entities
    assert entity.attributes[expand("name")][0].value == "The gauge"


async def test_a_channel_without_values_makes_no_entity(bench: Bench) -> None:
    extra = (
        '[[channel]]\ncolumn = "rain"\ntarget = "R"\nentity = "rain"\ntype = "WeatherObserved"\nattribute = "rain"\n'
    )
    report = await bench.replay(TABLE.replace("level", "rain;level").replace(":00;", ":00;;"), MAPPING + extra)
    assert [entity.id for entity in bench.broker.read(Query(), SCOPE).entities] == [GAUGE]
    assert [channel.new for channel in report.channels] == [1, 0]


async def test_large_files_are_written_in_parts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "VALUES_PER_COMMIT", 2)
    assert (await bench.replay(TABLE)).values == (3, 0, 0)
    assert len(bench.writer.batches) == 2
    assert (await bench.replay(TABLE)).values == (0, 0, 3)


async def test_an_interrupted_replay_goes_on_where_it_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "VALUES_PER_COMMIT", 2)
    apply, calls = bench.writer.store.apply, 0

    def failing(submissions: list[object]) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise DomainError(Fault.STORAGE_FULL, "The disk is full.")
        return apply(submissions)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.writer.store, "apply", failing)
    with pytest.raises(DomainError, match="The disk is full"):
        await bench.replay(TABLE)
    assert bench.points().values == [10, 11.5]
    assert (await bench.replay(TABLE)).values == (1, 0, 2)
    assert bench.points().values == [10, 11.5, 12]


async def test_a_busy_writer_is_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BUSY_WAIT_S", 0)
    submit, calls = bench.writer.submit, 0

    async def busy(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise DomainError(Fault.BUSY, "The queue is full.")
        return await submit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.writer, "submit", busy)
    assert (await bench.replay(TABLE)).values == (3, 0, 0)
    calls = -1_000
    with pytest.raises(DomainError, match="The queue is full"):
        await bench.replay(TABLE)


async def test_a_check_writes_nothing_and_finds_the_same(bench: Bench) -> None:
    spoiled = TABLE + "2025-01-01 01:00;x\nnonsense;1\n"
    checked = await check(bench.recording(spoiled), bench.plan(), clock=bench.clock)
    assert bench.is_empty()
    assert not checked.written
    assert "Checked only, nothing written" in checked.text()
    written = await bench.replay(spoiled)
    assert written.findings == checked.findings
    assert (written.rows, written.rows_skipped, written.values_skipped) == (5, 1, 1)


async def test_progress_runs_from_nothing_to_all(bench: Bench) -> None:
    seen: list[tuple[str, int, int]] = []
    table = "time;level\n" + "".join(f"2025-01-01 {h:02}:{m:02};1\n" for h in range(24) for m in range(60)) * 4
    await replay(
        bench.recording(table),
        bench.plan(),
        bench.broker,
        SCOPE,
        clock=bench.clock,
        progress=lambda *args: seen.append(args),
    )
    assert seen[0][0] == "check"
    assert seen[-1] == ("write", len(table), len(table))
    assert all(0 <= done <= total == len(table) for _, done, total in seen)


SIMULATED = MAPPING.replace('key = "test"', 'key = "test"\nsimulated = true')


async def test_simulated_values_never_come_beside_measured_ones(bench: Bench) -> None:
    await bench.replay(TABLE)
    position = bench.broker.position()
    with pytest.raises(DomainError) as caught:
        await bench.replay(TABLE.replace("2025", "2024"), SIMULATED)
    assert caught.value.fault is Fault.FORBIDDEN
    assert f"holds measured values ({GAUGE}, source 'test'); simulated ones never go beside them" in str(caught.value)
    assert bench.broker.position() == position


async def test_measured_values_never_come_beside_simulated_ones(bench: Bench) -> None:
    report = await bench.replay(TABLE, SIMULATED)
    assert "These values are examples: nobody measured them." in report.text()
    position = bench.broker.position()
    with pytest.raises(DomainError, match="holds simulated values"):
        await bench.replay(TABLE.replace("2025", "2024"))
    assert bench.broker.position() == position
    assert (await bench.replay(TABLE, SIMULATED)).values == (0, 0, 3)


async def test_a_statement_without_a_time_is_no_observation(bench: Bench) -> None:
    seats = Attribute(kind=AttributeKind.PROPERTY, value=4)
    entity = Entity(id="urn:ngsi-ld:Bench:1", types=(expand("Bench"),), attributes={expand("seats"): (seats,)})
    await bench.broker.write(Batch(changes=(Change(mode=Mode.UPDATE, entity=entity),)), SCOPE)
    assert (await bench.replay(TABLE, SIMULATED)).values == (3, 0, 0)


async def test_the_report_reads_well(bench: Bench) -> None:
    report = await bench.replay(TABLE + "2025-01-01 00:45;12\nnonsense;1\n")
    assert report.text().splitlines() == [
        "table.csv: 4 rows, 2025-01-01T00:00:00Z to 2025-01-01T00:45:00Z",
        "3 values new, 0 corrected, 0 unchanged (0.0 s)",
        f"  {GAUGE} height [CMT]: 3 new, 0 corrected, 0 unchanged",
        "Left out: 1 row, 0 single values",
        "1 x time that does not fit the format",
        "    line 7: nonsense",
        "1 x row that says once more what another said, first in line 6",
        "1 x cell without a value in 'level', first in line 4",
    ]


async def test_a_point_that_does_not_list_the_entity_is_noted(bench: Bench) -> None:
    report = await bench.replay(TABLE, MAPPING.replace("A gauge", "kluserbruecke"))
    assert any(f"does not list {GAUGE} for the measuring point 'kluserbruecke'" in note for note in report.notes)
    assert "Note: " in report.text()


def test_a_stream_is_refused_because_it_cannot_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # With both ends open, nobody waits for the other.
    both = os.open(pipe, os.O_RDWR)
    os.write(both, b"time;level")
    with pytest.raises(DomainError, match="this one is a stream"):
        TableFile(pipe, "pipe").open()
    os.close(both)
