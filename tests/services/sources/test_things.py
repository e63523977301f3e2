"""What sources say about things: many in one commit, each as it was said last, and none that has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from talwerk.core.change import Ack, Batch, Change, Mode
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.query import Page, Query
from talwerk.core.scope import Scope
from talwerk.core.terms import expand
from talwerk.sdk.reading import Finding, Reading, Thing, Unusable, Whole
from talwerk.services.sources.shaping import shape
from talwerk.services.sources.state import Health
from talwerk.services.sources.writing import BELIEVED_S, THINGS_PER_COMMIT
from tests.recording_server import Recorded, Reply, serving
from tests.services.sources.workbench import BUCHENHOFEN, SCOPE, Bench, answers, polled


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with serving(answers()) as running:
        yield running


@asynccontextmanager
async def desk(folder: Path, recorded: Recorded) -> AsyncIterator[tuple[Bench, list[int]]]:
    """A bench, and how many changes were in each batch that was written."""
    sizes: list[int] = []
    async with polled(folder, recorded) as bench:
        write = bench.broker.write

        async def counted(batch: Batch, scope: Scope) -> Ack:
            sizes.append(len(batch.changes))
            return await write(batch, scope)

        bench.broker.write = counted  # type: ignore[method-assign]
        yield bench, sizes


async def say(bench: Bench, *found: Finding) -> dict[str, int]:
    """Write findings; what was left out."""
    shaped = shape(found, bench.feed, bench.clock.now())
    await bench.writing.write(shaped, bench.feed)
    return dict(shaped.left_out)


def there(bench: Bench, kind: str) -> dict[str, Entity]:
    """The current things of a type by native id."""
    query = Query(types=(expand(kind),), page=Page(limit=1_000))
    return {entity.id.rpartition(":")[2]: entity for entity in bench.broker.read(query, SCOPE).entities}


def name(entity: Entity) -> object:
    return entity.attributes[expand("name")][0].value


async def test_thousands_of_things_come_in_few_commits_and_only_what_changed_comes_again(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with desk(tmp_path, recorded) as (bench, sizes):
        many = [Thing(native=str(n), type="PointOfInterest", name=f"Spielplatz {n}") for n in range(1_201)]
        assert await say(bench, *many) == {}
        assert sizes == [THINGS_PER_COMMIT, THINGS_PER_COMMIT, 201]
        await say(bench, *many)
        assert len(sizes) == 3, "what is there already is not written again"
        many[700] = msgspec.structs.replace(many[700], name="Brunnen")
        await say(bench, *many)
        assert sizes[3:] == [1]
        assert name(there_one(bench, "700")) == "Brunnen"


async def test_what_somebody_else_has_changed_is_put_right_in_time(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, sizes):
        thing = Thing(native="1", type="PointOfInterest", name="Brunnen")
        await say(bench, thing)
        entity = there_one(bench, "1")
        other = Attribute(kind=Kind.PROPERTY, value="Baustelle")
        changed = Entity(id=entity.id, types=entity.types, attributes={expand("name"): (other,)})
        await bench.broker.write(Batch(changes=(Change(mode=Mode.UPDATE, entity=changed),)), SCOPE)
        await say(bench, thing)
        assert len(sizes) == 2, "it said so a moment ago and is not looked up"
        bench.clock.ahead_s += BELIEVED_S + 1
        await say(bench, thing)
        assert name(there_one(bench, "1")) == "Brunnen"


async def test_what_somebody_has_deleted_is_told_anew_as_soon_as_it_measures(
    tmp_path: Path, recorded: Recorded
) -> None:
    async with desk(tmp_path, recorded) as (bench, _):
        thing = Thing(native="1", type="WaterObserved", name="Pegel")
        readings = [
            Reading(native="1", attribute="height", value=float(n), observed=bench.clock.now() + n) for n in range(3)
        ]
        await say(bench, thing, readings[0])
        gone = Entity(id=bench.feed.entity("WaterObserved", "1"), types=())
        await bench.broker.write(Batch(changes=(Change(mode=Mode.DELETE, entity=gone),)), SCOPE)
        await say(bench, thing, readings[1])
        await say(bench, thing, readings[2])
        assert name(bench.entity("1")) == "Pegel"


def there_one(bench: Bench, native: str) -> Entity:
    query = Query(ids=(bench.feed.entity("PointOfInterest", native),), page=Page(limit=1))
    return bench.broker.read(query, SCOPE).entities[0]


async def test_of_a_thing_that_comes_twice_the_last_word_counts(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, _):
        one = Thing(native="1", type="School", name="alt", place="Barmen")
        await say(bench, one)
        await say(bench, msgspec.structs.replace(one, name="neu"), one)
        (entity,) = there(bench, "School").values()
        assert name(entity) == "alt"
        assert entity.attributes[expand("description")][0].value == "Barmen"


async def test_a_strange_thing_costs_no_other(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, _):
        good = Thing(native="1", type="School", name="gut")
        strange = [
            Thing(native="a b", type="School", name="Id"),
            Thing(native="2", type="School", statements={"note": float("nan")}),
            Thing(native="3", type="School", statements={"<>": 1}),
        ]
        left_out = await say(bench, *strange, good)
        assert left_out == {"what is said about a thing cannot be kept": 3}
        assert list(there(bench, "School")) == ["1"]


async def test_texts_in_several_languages_are_kept_as_such(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, sizes):
        thing = Thing(native="1", type="School", wordings={"headline": {"de": "Regen", "en": "rain"}})
        await say(bench, thing)
        await say(bench, thing)
        (headline,) = there(bench, "School")["1"].attributes[expand("headline")]
        assert (headline.kind, headline.value) == (Kind.LANGUAGE_PROPERTY, {"de": "Regen", "en": "rain"})
        assert len(sizes) == 1


def health(bench: Bench) -> Health:
    return bench.poll.state.health


def alert(native: str) -> Thing:
    return Thing(native=native, type="WeatherAlert", name=f"Warnung {native}")


async def test_what_a_whole_list_no_longer_names_has_ended_and_may_return(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, _):
        whole = Whole(type="WeatherAlert")
        school = Thing(native="1", type="School", name="Schule")
        await say(bench, alert("1"), alert("2"), school, whole)
        foreign = msgspec.structs.replace(bench.feed, key="dwd")
        await bench.writing.write(shape([alert("9")], foreign, bench.clock.now()), foreign)
        await say(bench, alert("2"), alert("3"), whole)
        assert set(there(bench, "WeatherAlert")) == {"2", "3", "9"}, "what another source says is its own"
        assert set(there(bench, "School")) == {"1"}, "of other types it said nothing"
        await say(bench, alert("1"), whole)
        assert set(there(bench, "WeatherAlert")) == {"1", "9"}
        await say(bench, whole)
        assert set(there(bench, "WeatherAlert")) == {"9"}


async def test_a_whole_list_ends_what_bears_anothers_name_unless_others_speak_of_it(
    tmp_path: Path, recorded: Recorded
) -> None:
    ours, shared, theirs = (alert(f"urn:ngsi-ld:WeatherAlert:09999000:x:{n}") for n in (1, 2, 3))
    async with desk(tmp_path, recorded) as (bench, _):

        def ids() -> set[str]:
            query = Query(types=(expand("WeatherAlert"),), page=Page(limit=100))
            return {entity.id for entity in bench.broker.read(query, SCOPE).entities}

        whole = Whole(type="WeatherAlert")
        await say(bench, ours, shared, alert("1"), whole)
        other = msgspec.structs.replace(bench.feed, key="dwd")
        said = msgspec.structs.replace(shared, place="anderswo")
        await bench.writing.write(shape([said, theirs], other, bench.clock.now()), other)
        await say(bench, alert("1"), whole)
        own = bench.feed.entity("WeatherAlert", "1")
        assert ids() == {own, shared.native, theirs.native}, "what nobody else knows has ended"
        await say(bench, ours, alert("1"), whole)
        assert ids() == {own, ours.native, shared.native, theirs.native}


@pytest.mark.parametrize(
    "found",
    [
        (alert("2"),),
        (alert("2"), Whole(type="WeatherAlert"), Unusable(reason="a warning has no id")),
        (alert("2"), Whole(type="WeatherAlert"), alert("a b")),
        (alert("2"), Whole(type="WeatherAlert"), Reading(native="1", attribute="nobody", value=1, observed=0)),
    ],
    ids=["not-whole", "something-unusable", "a-strange-id", "a-strange-value"],
)
async def test_an_answer_that_may_lack_something_ends_nothing(
    found: tuple[Finding, ...], tmp_path: Path, recorded: Recorded
) -> None:
    async with desk(tmp_path, recorded) as (bench, _):
        await say(bench, alert("1"), Whole(type="WeatherAlert"))
        await say(bench, *found)
        assert set(there(bench, "WeatherAlert")) == {"1", "2"}


async def test_more_than_a_page_can_end_at_once(tmp_path: Path, recorded: Recorded) -> None:
    async with desk(tmp_path, recorded) as (bench, sizes):
        whole = Whole(type="WeatherAlert")
        await say(bench, *(alert(str(n)) for n in range(1_100)), whole)
        sizes.clear()
        await say(bench, alert("1099"), whole)
        assert set(there(bench, "WeatherAlert")) == {"1099"}
        assert sizes == [500, 500, 99]


async def test_an_answer_with_something_for_later_is_read_again(
    tmp_path: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same bytes every time, and a connector that can use them only after a while.
    async with polled(tmp_path, recorded) as bench:
        due = bench.clock.now() + 3_600_000_000
        reads: list[bool] = []

        async def read(*_: object) -> list[Finding]:
            ripe = bench.clock.now() >= due
            reads.append(ripe)
            value = Reading(native=BUCHENHOFEN, attribute="height", value=7.0, observed=due)
            return [value] if ripe else [Unusable(reason="the hour has not come", later=True)]

        monkeypatch.setattr(bench.poll, "_read", read)
        for _ in range(2):
            await bench.poll.step()
        assert bench.poll.state.left_out == {}
        bench.clock.by_us = 3_600_000_000
        for _ in range(2):
            await bench.poll.step()
        assert reads == [False, False, True], "once nothing is left for later, the same answer is not read again"
        assert bench.values(BUCHENHOFEN) == [7.0]


async def test_an_empty_list_that_is_whole_is_good_news_and_stays_fresh(
    tmp_path: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with polled(tmp_path, recorded) as bench:

        async def read(*_: object) -> list[Finding]:
            return [Whole(type="WeatherAlert")]

        monkeypatch.setattr(bench.poll, "_read", read)
        await bench.poll.step()
        assert health(bench) is Health.FRESH
        # The same answer an hour and a half later.
        bench.clock.by_us = bench.feed.stale_s * 1_000_000 + 1_000_000
        assert health(bench) is Health.STALE
        await bench.poll.step()
        assert health(bench) is Health.FRESH
        recorded.fault = lambda _path, _reply: Reply(b"", 500)
        await bench.poll.step()
        assert health(bench) is Health.UNREACHABLE
