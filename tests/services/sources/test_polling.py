"""When a source is asked, what is sent on, what it is called meanwhile, and large answers."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import trustme

from talwerk.core.change import Batch, Observations, Provenance
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import MINUTE, SystemClock, datetime_of
from talwerk.core.query import Window
from talwerk.core.series import SeriesKey
from talwerk.core.terms import LOCATION, expand
from talwerk.processes.workers.pool import Pool
from talwerk.services.outgoing import Egress
from talwerk.services.sources.duty import PART_AFTER_S, Teller
from talwerk.services.sources.fetching import Patience
from talwerk.services.sources.state import Health
from tests.recording_server import Recorded, Reply, on, serving
from tests.services.sources.workbench import (
    BUCHENHOFEN,
    HASTY,
    HEIGHT,
    KLUSE,
    SCOPE,
    WEEK_BUCHENHOFEN,
    WEEK_KLUSE,
    Bench,
    answers,
    polled,
    profile,
)

LEVELS_KLUSE = f"/100/{KLUSE}/S/alarmlevel.json"


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with serving(answers()) as running:
        yield running


async def test_a_round_asks_the_list_then_the_weeks_then_the_levels_once_each(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        paths = [path for path, _ in recorded.asked]
        assert paths[0] == "/stations.json"
        assert set(paths[1:3]) == {WEEK_KLUSE, WEEK_BUCHENHOFEN}
        assert len(paths) == len(set(paths)) == 5
        assert recorded.most_at_once == 1
        assert 250 < bench.poll.due_s - bench.clock.monotonic_s() < 350


async def test_an_interval_begins_when_the_request_does(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        recorded.fault = on(WEEK_KLUSE, slow(bench, 100))
        await bench.until_asked(WEEK_KLUSE)
        waits = sorted(job.due_s - bench.clock.monotonic_s() for job in bench.poll._jobs.values())
        assert any(160 < wait < 235 for wait in waits), waits
        assert (bench.poll.state.late, bench.poll.state.late_s) == (0, 0.0)


async def test_who_is_slower_than_its_interval_is_late_and_asked_once_at_a_time(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        recorded.fault = on(WEEK_KLUSE, slow(bench, 1_000))
        await bench.until_asked(WEEK_KLUSE)
        assert 690 < bench.poll.state.late_s < 710
        assert bench.poll.state.late == 1
        assert bench.poll.state.health is Health.FRESH
        job = next(job for job in bench.poll._jobs.values() if KLUSE in job.url and "week" in job.url)
        assert 25 < job.due_s - bench.clock.monotonic_s() <= 30, (
            "it gets a rest, and what was missed is not made up for"
        )
        recorded.fault = None
        await bench.until_asked(WEEK_KLUSE)
        # The other station had to wait as well, once.
        await bench.until_asked(WEEK_KLUSE)
        assert bench.poll.state.late_s == 0.0
        assert recorded.most_at_once == 1


def slow(bench: Bench, by_s: float) -> Callable[[str, Reply], Reply]:
    """An answer that takes so long, on the city's clock."""

    def answered(_path: str, reply: Reply) -> Reply:
        bench.clock.ahead_s += by_s
        return replace(reply, body=reply.body + b" ")

    return answered


async def test_requests_keep_their_distance(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded, patience=replace_gap(HASTY, 0.1)) as bench:
        began_s = bench.clock.monotonic_s()
        await bench.round()
        assert bench.clock.monotonic_s() - began_s >= 0.4


def replace_gap(patience: Patience, gap_s: float) -> Patience:
    return Patience(connect_s=patience.connect_s, read_s=patience.read_s, whole_s=patience.whole_s, gap_s=gap_s)


async def test_what_has_not_changed_is_neither_sent_nor_written_again(tmp_path: Path, recorded: Recorded) -> None:
    def tagged(path: str, reply: Reply) -> Reply:
        known = next((h.get("if-none-match") for p, h in reversed(recorded.asked) if p == path), None)
        return Reply(b"", 304) if known == '"7"' else replace(reply, headers={"etag": '"7"'})

    recorded.fault = tagged
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        position = bench.broker.position()
        await bench.until_asked(WEEK_KLUSE)
        assert recorded.asked[-1][1]["if-none-match"] == '"7"'
        assert bench.poll.state.health is Health.FRESH
        assert bench.broker.position() == position


async def test_last_modified_is_asked_for(tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = lambda _path, reply: replace(reply, headers={"last-modified": "Sat, 21 Nov 2026 10:00:00 GMT"})
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        await bench.until_asked(WEEK_KLUSE)
        assert recorded.asked[-1][1]["if-modified-since"] == "Sat, 21 Nov 2026 10:00:00 GMT"


async def test_only_news_and_corrections_are_written(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        before = bench.poll.state.values
        recorded.fault = on(
            WEEK_BUCHENHOFEN, lambda _path, reply: replace(reply, body=reply.body.replace(b"62]", b"63]"))
        )
        await bench.until_asked(WEEK_BUCHENHOFEN)
        assert bench.values(BUCHENHOFEN) == [61.5, 63.0]
        assert bench.poll.state.values == before, "a correction is no further value"
        entry = bench.broker.log(bench.broker.position() - 1)[-1]
        assert entry.count == 1, "the other value was not sent again"


async def test_failures_are_repeated_ever_later_and_as_the_server_asks(tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = lambda _path, _reply: Reply(b"", 503)
    async with polled(tmp_path, recorded) as bench:
        waits = []
        for _ in range(7):
            await bench.poll.step()
            waits.append(bench.poll.due_s - bench.clock.monotonic_s())
        assert all(0.85 < wait / 10 / 2**n < 1.15 for n, wait in enumerate(waits[:5]))
        recorded.fault = lambda _path, _reply: Reply(b"", 429, {"retry-after": "1200"})
        await bench.poll.step()
        # The list is due once a day, so that the server's wish is what counts.
        assert bench.poll.due_s - bench.clock.monotonic_s() >= 1_199


@pytest.mark.parametrize(
    "text, least, most",
    [
        ("Sun, 22 Nov 2099 06:00:00 GMT", 3_599, 3_601),
        ("Sun, 22 Nov 1999 06:00:00 GMT", 8, 12),
        ("soon", 8, 12),
        ("-5", 8, 12),
        ("9" * 500, 3_599, 3_601),
    ],
)
async def test_odd_wishes_to_be_left_alone(
    text: str, least: float, most: float, tmp_path: Path, recorded: Recorded
) -> None:
    recorded.fault = lambda _path, _reply: Reply(b"", 503, {"retry-after": text})
    async with polled(tmp_path, recorded) as bench:
        await bench.poll.step()
        assert least < bench.poll.due_s - bench.clock.monotonic_s() < most


async def test_what_the_source_says_of_its_stations(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        entity = bench.entity(KLUSE)
        said = {name: instances[0] for name, instances in entity.attributes.items()}
        assert said[expand("name")].value == "Kluserbruecke"
        assert said[LOCATION].value == {"type": "Point", "coordinates": [7.1497, 51.2556]}
        levels = said[expand("informationLevels")]
        assert (levels.value, levels.unit) == ([126.0, 212.0], "CMT")
        assert levels.subattributes[expand("statedBy")][0].value.startswith("Landesamt")
        (series,) = [s for s in bench.broker.series(SCOPE, entity.id) if s.attribute == HEIGHT]
        origin = series.provenance
        assert (series.unit, origin.source, origin.licence, origin.cadence_s) == (
            "CMT",
            "hochwasserportal-nrw",
            "unknown",
            900,
        )
        assert "LANUK" in origin.attribution
        assert not origin.simulated


async def test_levels_that_the_profile_states_come_first(tmp_path: Path, recorded: Recorded) -> None:
    city = profile(recorded.address)
    from_profile = {"values": (1, 2, 3), "source": "Stadt"}
    point = type(city.points[0])
    staged = msgspec.convert({**msgspec.to_builtins(city.points[0]), "levels": from_profile}, point)
    async with polled(tmp_path, recorded, city=msgspec.structs.replace(city, points=(staged,))) as bench:
        await bench.round()
        assert expand("informationLevels") not in bench.entity(KLUSE).attributes


async def test_missing_levels_are_no_fault(tmp_path: Path, recorded: Recorded) -> None:
    del recorded.replies[LEVELS_KLUSE]
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert (bench.poll.state.health, bench.poll.state.error, bench.poll.state.faults) == (Health.FRESH, "", 0)
        await bench.until_asked(WEEK_KLUSE, times=3)
        assert recorded.count(LEVELS_KLUSE) == 1, "what a source has not got is not asked for again and again"


async def test_a_station_that_leaves_the_list_is_no_longer_asked_for(tmp_path: Path, recorded: Recorded) -> None:
    city = profile(recorded.address, every_s=20_000)
    async with polled(tmp_path, recorded, city=city) as bench:
        await bench.round()
        stations = json.loads(recorded.replies["/stations.json"].body)
        recorded.replies["/stations.json"] = Reply(json.dumps(stations[:1]).encode())
        await bench.until_asked("stations.json")
        asked = recorded.count(WEEK_BUCHENHOFEN)
        await bench.until_asked(WEEK_KLUSE, times=3)
        assert recorded.count(WEEK_BUCHENHOFEN) == asked
        assert bench.poll.state.left_out[f"station {BUCHENHOFEN} is not in the list"] == 1


async def test_a_city_that_starts_again_knows_what_it_has(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        newest = bench.poll.state.newest
        position = bench.broker.position()
    async with polled(tmp_path, recorded) as again:
        assert again.poll.state.newest == newest
        await again.round()
        assert again.poll.state.values == 0
        assert again.broker.position() == position, "nothing of it is written again"


async def test_simulated_values_are_never_joined_by_real_ones(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        at = SystemClock().now() - MINUTE
        simulated = Provenance(source="beispiel", simulated=True)
        example = Observations(
            entity="urn:x:1", types=("urn:t",), attribute="urn:a", at=[at], values=[1], provenance=simulated
        )
        await bench.broker.write(Batch(changes=(example,)), SCOPE)
        await bench.round()
        assert "holds simulated values" in bench.poll.state.error
        assert bench.poll.state.values == 0
        assert not [s for s in bench.broker.series(SCOPE) if s.attribute == HEIGHT]


async def test_what_cannot_be_written_comes_again(tmp_path: Path, recorded: Recorded) -> None:
    async with polled(tmp_path, recorded) as bench:
        write = bench.broker.write

        async def full(*_: object) -> object:
            raise DomainError(Fault.STORAGE_FULL, "The disk is full.")

        bench.broker.write = full  # type: ignore[method-assign,assignment]
        await bench.round()
        assert "could not be kept: The disk is full." in bench.poll.state.error
        assert bench.poll.state.faults == 0, "it is no fault of the source"
        bench.broker.write = write  # type: ignore[method-assign]
        await bench.until_asked("stations.json")
        await bench.round()
        assert bench.values(BUCHENHOFEN) == [61.5, 62.0]
        assert bench.poll.state.health is Health.FRESH


@pytest.mark.parametrize("where", ["worker", "thread"])
async def test_large_answers_are_read_elsewhere(where: str, tmp_path: Path, recorded: Recorded) -> None:
    now = SystemClock().now()
    rows = [[datetime_of(now - n * MINUTE).isoformat(), 50 + n % 7] for n in range(30_000)]
    recorded.replies[WEEK_BUCHENHOFEN] = Reply(json.dumps([{"data": rows}]).encode())
    assert len(recorded.replies[WEEK_BUCHENHOFEN].body) > 1 << 20
    async with Pool(1, 512) as pool:
        heavy = pool.run if where == "worker" else None
        async with polled(tmp_path, recorded, heavy=heavy, patience=Patience(gap_s=0)) as bench:
            await bench.round()
            assert len(bench.values(BUCHENHOFEN)) == 30_000
            assert len(pool.pids) == (where == "worker")


async def test_a_proxy_is_asked_instead(tmp_path: Path, recorded: Recorded) -> None:
    feed = "http://feed.example/pegel"
    recorded.replies = {feed + path: reply for path, reply in recorded.replies.items()}
    egress = Egress(proxy=recorded.address)
    async with polled(tmp_path, recorded, city=profile(feed), egress=egress) as bench:
        await bench.round()
        assert bench.poll.state.health is Health.FRESH
        assert {path for path, _ in recorded.asked} > {feed + "/stations.json", feed + WEEK_KLUSE}


async def test_an_authority_of_ones_own_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(identity)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serving(answers(), identity) as recorded:
        async with polled(tmp_path, recorded) as bench:
            await bench.round()
            assert bench.poll.state.health is Health.UNREACHABLE
            assert "certificate verify failed" in bench.poll.state.error
        async with polled(tmp_path, recorded, egress=Egress(ca_file=tmp_path / "ca.pem")) as bench:
            await bench.round()
            assert bench.poll.state.health is Health.FRESH


async def test_it_is_told_once_when_a_source_fails_and_once_when_it_recovers(
    tmp_path: Path, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "talwerk.services.sources.duty")
    async with polled(tmp_path, recorded) as bench:
        teller = Teller(bench.feed, bench.writing, bench.clock)
        await teller.tell(bench.poll.state)
        assert not caplog.records
        recorded.fault = lambda _path, _reply: Reply(b"", 500)
        for _ in range(4):
            await bench.poll.step()
            await teller.tell(bench.poll.state)
        recorded.fault = None
        for _ in range(8):
            await bench.poll.step()
            await teller.tell(bench.poll.state)
        told = [record.getMessage() for record in caplog.records]
        assert told == [
            "source hochwasserportal-nrw is unreachable: stations: it answers 500",
            "source hochwasserportal-nrw is fresh",
        ]
        entity = f"urn:ngsi-ld:DataSource:05124000:talwerk:{bench.feed.key}"
        (series,) = [s for s in bench.broker.series(SCOPE, entity) if s.attribute == expand("health")]
        key = SeriesKey(entity=series.entity, attribute=series.attribute)
        assert bench.broker.points(key, Window(), SCOPE).values == ["unreachable", "fresh"]


async def test_a_part_that_stays_away_is_told(
    tmp_path: Path, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "talwerk.services.sources.duty")
    recorded.fault = on(WEEK_KLUSE, lambda _path, _reply: Reply(b"", 404))

    class Hurrying(SystemClock):
        ahead_s = 0.0

        def monotonic_s(self) -> float:
            return super().monotonic_s() + self.ahead_s

    async with polled(tmp_path, recorded) as bench:
        clock = Hurrying()
        teller = Teller(bench.feed, bench.writing, clock)
        await bench.round()
        await teller.tell(bench.poll.state)
        assert not caplog.records
        clock.ahead_s = PART_AFTER_S + 1
        await teller.tell(bench.poll.state)
        await teller.tell(bench.poll.state)
        recorded.fault = None
        await bench.until_asked(WEEK_KLUSE)
        await teller.tell(bench.poll.state)
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        assert "in part unavailable: week: it answers 404" in caplog.records[0].getMessage()


async def test_a_connector_that_fails_in_its_own_way_stops_nothing(tmp_path: Path, recorded: Recorded) -> None:
    recorded.fault = on(WEEK_KLUSE, lambda _path, _reply: Reply(json.dumps([{"data": [["2026", 1, 2], 3]}]).encode()))
    async with polled(tmp_path, recorded) as bench:
        await bench.round()
        assert "another shape" in bench.poll.state.error
        assert bench.values(BUCHENHOFEN) == [61.5, 62.0]
