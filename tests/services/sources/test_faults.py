"""Whatever a source does, it ends in a named state or a flag; the others' values are kept, and it recovers."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from talwerk.core.instants import HOUR, MINUTE, SECOND, SystemClock, datetime_of
from talwerk.core.quality import Flag, Mark, flag_of, mark_of
from talwerk.services.sources.judging import Course, Ending
from talwerk.services.sources.state import Health
from talwerk.twin.faults import Fault, body, drip, huge, late, redirect_loop, reset, rewritten, status
from tests.recording_server import Recorded, Reply, on, serving
from tests.services.sources.workbench import BUCHENHOFEN, KLUSE, WEEK_BUCHENHOFEN, WEEK_KLUSE, answers, polled

MIB = 1 << 20


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with serving(answers()) as running:
        yield running


RENAMED = re.compile(b"data|station_no")
OTHER = re.compile(rb"T(?=\d\d:)|station_no")
BOMB = gzip.compress(b" " * (40 * MIB))

FAULTS: dict[str, tuple[Fault, Health, str]] = {
    "server error": (status(500), Health.UNREACHABLE, "it answers 500"),
    "not found": (status(404), Health.UNREACHABLE, "it answers 404"),
    "no content": (status(204), Health.UNREACHABLE, "it answers 204"),
    "not modified unasked": (status(304), Health.UNREACHABLE, "it answers 304"),
    "redirect loop": (redirect_loop, Health.UNREACHABLE, "more than 3 times"),
    "other host": (status(301, location="http://example.org/x"), Health.UNREACHABLE, "it has moved to http://example.org/x"),
    "other scheme": (status(301, location="file:///etc/passwd"), Health.UNREACHABLE, "it has moved to file"),
    "late": (late(0.6), Health.UNREACHABLE, "nothing arrived for 0.3 s"),
    "slow drip": (drip(0.05), Health.UNREACHABLE, "completely within 0.8 s"),
    "reset": (reset(20), Health.UNREACHABLE, "broke off"),
    "cut off": (lambda _p, r: Reply(r.body[:20], headers={"content-length": "9999"}), Health.UNREACHABLE, ""),
    "empty": (body(b""), Health.MALFORMED, "it is empty"),
    "white": (body(b" \n "), Health.MALFORMED, "it is empty"),
    "html": (body(b"<!DOCTYPE html><p>Wartung", content_type="text/html"), Health.MALFORMED, "a page (HTML or XML)"),
    "broken json": (rewritten(lambda b: b[:-40]), Health.MALFORMED, "it is not JSON"),
    "deep json": (body(b"[" * 100_000), Health.MALFORMED, "nested too deeply"),
    "binary": (body(bytes(range(256)) * 8), Health.MALFORMED, "it is not JSON"),
    "null": (body(b"null"), Health.MALFORMED, "another shape"),
    "number": (body(b"17"), Health.MALFORMED, "another shape"),
    "strange compression": (body(b"x", content_encoding="br"), Health.MALFORMED, "compressed as br"),
    "not compressed": (body(b"[{}]", content_encoding="gzip"), Health.MALFORMED, "not compressed as it says"),
    "half compressed": (body(BOMB[:500], content_encoding="gzip"), Health.MALFORMED, "ends in the middle"),
    "gzip bomb": (body(BOMB, content_encoding="gzip"), Health.MALFORMED, "larger than 10485760 bytes"),
    "huge": (huge(100), Health.MALFORMED, "larger than 10485760 bytes"),
    "renamed field": (rewritten(lambda b: RENAMED.sub(b"feld", b)), Health.MALFORMED, "another shape"),
    "other stamps": (rewritten(lambda b: OTHER.sub(b"x", b)), Health.MALFORMED, ""),
}  # fmt: skip


async def test_a_source_that_is_gone_is_known_before_each_request_has_found_out(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        week = next(job for job in bench.poll._jobs.values() if job.request.key == "week")
        for number in range(20):
            parameters, course = {**week.parameters, "native": f"9{number}"}, Course(ending=Ending.VALUES)
            further = msgspec.structs.replace(week, due_s=0.0, parameters=parameters, course=course)
            bench.poll._jobs[f"further {number}"] = further
        recorded.fault = late(0.6)
        healths = []
        for _ in range(3):
            await bench.poll.step()
            healths.append(bench.poll.state.health)
        assert healths == [Health.FRESH, Health.FRESH, Health.UNREACHABLE]
        assert "nothing arrived" in bench.poll.state.error
        recorded.fault = None
        await bench.until_asked(WEEK_KLUSE)
        assert bench.poll.state.health is Health.FRESH


async def test_a_source_that_missed_its_rhythm_twice_is_not_fresh(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        recorded.fault = late(0.6)
        for missed_s, health in ((590, Health.FRESH), (620, Health.UNREACHABLE)):
            bench.clock.by_us = missed_s * SECOND
            await bench.poll.step()
            assert bench.poll.state.health is health


async def test_one_request_that_is_never_answered_does_not_stand_for_the_source(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        recorded.fault = on(WEEK_KLUSE, late(0.6))
        await bench.until_asked(WEEK_KLUSE, times=5)
        assert bench.poll.state.health is Health.FRESH
        assert "nothing arrived" in bench.poll.state.error


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_one_station_hurts_no_other(name: str, tmp_path: Path, recorded: Recorded) -> None:
    fault, _, detail = FAULTS[name]
    recorded.fault = on(WEEK_KLUSE, fault)
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        state = bench.poll.state
        assert state.health is Health.FRESH
        assert state.error.startswith("week: ")
        assert detail in state.error
        assert state.faults == 1
        assert bench.values(BUCHENHOFEN) == [61.5, 62.0]
        assert bench.values(KLUSE) == []
        recorded.fault = None
        await bench.until_asked(WEEK_KLUSE)
        assert bench.poll.state.error == ""
        assert bench.values(KLUSE)[-1] == 108.0


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_the_source_is_a_state(name: str, tmp_path: Path, recorded: Recorded) -> None:
    fault, health, detail = FAULTS[name]
    recorded.fault = fault
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        state = bench.poll.state
        assert (state.health, state.answered, state.values) == (health, None, 0)
        assert detail in state.error
        recorded.fault = None
        await bench.until_asked("stations.json")
        await bench.round()
        assert bench.poll.state.health is Health.FRESH
        assert bench.poll.state.error == ""
        assert (bench.values(KLUSE)[-1], bench.values(BUCHENHOFEN)[-1]) == (108.0, 62.0)


async def test_nobody_listens(tmp_path: Path) -> None:
    async with polled(tmp_path, Recorded(address="http://127.0.0.1:9")) as bench:
        await bench.round()
        assert bench.poll.state.health is Health.UNREACHABLE
        assert "no connection can be made" in bench.poll.state.error


async def test_values_that_cannot_be_are_flagged_or_counted(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        points = bench.points(KLUSE)
        assert points.values == [104.0, 105.0, 106.5, 99999.0, 107.0, 108.0], "in order, each time once"
        assert points.at == sorted(set(points.at))
        assert [flag_of(q) is Flag.FAIL for q in points.quality] == [False, False, False, True, False, False]
        assert bench.poll.state.left_out == {"a value is no finite number": 1}, "a null is a gap, no fault"
        assert bench.poll.state.health is Health.FRESH


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", '"n/a"', '"NaN"', "[1]", "{}", "true"])
async def test_no_number_is_left_out_and_counted(text: str, tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = on(WEEK_BUCHENHOFEN, rewritten(lambda b: b.replace(b"62]", text.encode() + b"]")))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(BUCHENHOFEN) == [61.5]
        assert bench.poll.state.left_out["a value is no finite number"] == 2


@pytest.mark.parametrize(
    "stamp", [None, 17, "", "gestern", "2026-13-01T00:00:00Z", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
async def test_no_time_is_left_out_and_counted(stamp: object, tmp_path: Path, recorded: Recorded) -> None:
    week = json.dumps([{"data": [[stamp, 1.0], [datetime_of(SystemClock().now()).isoformat(), 2.0]]}]).encode()
    recorded.fault = on(WEEK_BUCHENHOFEN, body(week))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(BUCHENHOFEN) == [2.0]
        assert bench.poll.state.left_out["a stamp is no time"] == 1


async def test_the_future_is_kept_and_never_makes_a_source_fresh(tmp_path: Path) -> None:
    with serving(answers(3 * HOUR)) as recorded:
        async with polled(tmp_path, recorded) as bench:
            await bench.round()
            assert all(mark_of(q) & Mark.FUTURE for q in bench.points(BUCHENHOFEN).quality)
            assert bench.poll.state.health is Health.STALE
            assert bench.writing.newest(bench.feed, bench.clock.now()) is None


async def test_of_two_values_for_one_time_the_later_one_counts(tmp_path: Path, recorded: Recorded) -> None:
    now = datetime_of(SystemClock().now()).isoformat()
    recorded.fault = on(WEEK_BUCHENHOFEN, body(json.dumps([{"data": [[now, 1.0], [now, 2.0], [now, 2.0]]}]).encode()))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(BUCHENHOFEN) == [2.0]
        assert bench.poll.state.left_out["another value for the same time follows"] == 1


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("declared", [True, False])
async def test_names_survive_encodings(charset: str, declared: bool, tmp_path: Path, recorded: Recorded) -> None:
    header = {"content_type": f"application/json; charset={charset}"} if declared else {}
    stations = recorded.replies["/stations.json"].body.decode().replace("Kluserbruecke", "Kluserbrücke").encode(charset)
    recorded.fault = on("stations.json", body(stations, **header))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        (name,) = bench.entity(KLUSE).attributes["https://uri.etsi.org/ngsi-ld/default-context/name"]
        assert name.value == "Kluserbrücke"


@pytest.mark.parametrize(
    "compress", [gzip.compress, zlib.compress, lambda b: gzip.compress(b[:50]) + gzip.compress(b[50:])]
)
async def test_compressed_answers_are_read(
    compress: Callable[[bytes], bytes], tmp_path: Path, recorded: Recorded
) -> None:
    recorded.fault = lambda _path, reply: Reply(compress(reply.body), reply.status, {"content-encoding": "gzip"})
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(BUCHENHOFEN) == [61.5, 62.0]


async def test_a_source_becomes_stale_by_time_alone(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.poll.state.health is Health.FRESH
        bench.clock.by_us = 100 * MINUTE
        state = bench.poll.state
        assert state.health is Health.STALE
        assert state.since >= bench.clock.now() - MINUTE


async def test_a_clock_that_jumps_is_survived(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        bench.clock.by_us = 10 * HOUR
        recorded.fault = on(WEEK_KLUSE, body(json.dumps([{"data": [[ahead(10 * HOUR), 1.0]]}]).encode()))
        await bench.round()
        found = [bench.poll.state.health]
        bench.clock.by_us = 0
        found.append(bench.poll.state.health)
        recorded.fault = on(WEEK_KLUSE, body(json.dumps([{"data": [[ahead(0), 2.0]]}]).encode()))
        await bench.until_asked(WEEK_KLUSE)
        found.append(bench.poll.state.health)
        assert found == [Health.FRESH, Health.STALE, Health.FRESH]


def ahead(by_us: int) -> str:
    return datetime_of(SystemClock().now() + by_us).isoformat()


async def test_answers_without_values_are_silence(tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = on("week.json", body(b'[{"data": []}]'))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.poll.state.health is Health.SILENT


@pytest.mark.parametrize("name", [r"\u0000", r"\ud800", "x" * 100_000])
async def test_a_strange_name_costs_no_values(name: str, tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = on("stations.json", rewritten(lambda b: b.replace(b"Kluserbruecke", name.encode())))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(KLUSE)[-1] == 108.0
        assert bench.poll.state.health is Health.FRESH
        left_out = bench.poll.state.left_out.get("what is said about a thing cannot be kept", 0)
        assert left_out == (not name.startswith("x"))


@pytest.mark.parametrize("longitude", ["1e400", "NaN", '"x"', "[]", "91e9"])
async def test_a_strange_place_costs_no_values(longitude: str, tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = on("stations.json", rewritten(lambda b: b.replace(b'"7.1497"', longitude.encode())))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert bench.values(KLUSE)[-1] == 108.0
        assert bench.poll.state.health is Health.FRESH
