"""What the writer remembers makes it faster and nothing else: a store with hardly any memory says the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Batch, Change, Mode, Provenance
from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.query import Page, Query, TemporalQuery
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from tests.contracts.cities import ALL, StandingClock, everything
from tests.contracts.queries import cities

FORGETFUL = Limits(remembered=1, kept=0)
NARROW = Limits(remembered=3, kept=1)
"""Room for a few, so that the oldest of them are forgotten again and again."""
MODES = st.sampled_from([Mode.CREATE, Mode.REPLACE, Mode.UPDATE, Mode.OBSERVE, Mode.DELETE, Mode.ERASE])


@st.composite
def days(draw: st.DrawFn) -> list[list[Change]]:
    """Batches that bring the same few entities again and again, in other states, by other modes and methods."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        city = draw(cities())
        found.append(
            [
                _ending(change.entity.id, mode)
                if mode in {Mode.DELETE, Mode.ERASE}
                else replace(change, mode=mode, provenance=Provenance(method=draw(st.sampled_from(["", "mean"]))))
                for change in city
                for mode in draw(st.lists(MODES, max_size=2))
            ]
        )
    return found


def _ending(id_: str, mode: Mode) -> Change:
    return Change(mode=mode, entity=Entity(id=id_, types=()))


def told(path: Path, limits: Limits, batches: list[list[Change]]) -> list[object]:
    """Everything that a store says of a city that was written batch by batch, two of them in each commit."""
    with closing(SqliteStore.open(path, StandingClock(), limits=limits)) as store:
        submissions = [Submission(Batch(changes=tuple(changes)), ALL) for changes in batches if changes]
        answers = [store.apply(submissions[n : n + 2]) for n in range(0, len(submissions), 2)]
        histories = store.history(TemporalQuery(entities=Query(page=Page(limit=1_000))), ALL)
        entities = everything(store)
        versions = [entity.version for entity in entities]
        return [answers, entities, versions, store.series(ALL), store.types(ALL), histories, store.log(0)]


@settings(max_examples=60)
@given(batches=days())
def test_memories_change_nothing(batches: list[list[Change]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        whole = told(path / "one.db", Limits(), batches)
        assert whole == told(path / "other.db", FORGETFUL, batches)
        assert whole == told(path / "third.db", NARROW, batches)


def test_one_change_may_bring_more_than_is_remembered(tmp_path: Path) -> None:
    at = StandingClock().now()
    level = [Attribute(kind=Kind.PROPERTY, value=value, observed=at) for value in (1, 2)]
    other = Attribute(kind=Kind.PROPERTY, value=3, observed=at, dataset="urn:d:1")
    entity = Entity(id="urn:e:0", types=("urn:t:gauge",), attributes={"urn:a:level": (level[0], other, level[1])})
    batches = [[Change(mode=Mode.CREATE, entity=entity)]]
    whole = told(tmp_path / "one.db", Limits(), batches)
    assert whole == told(tmp_path / "other.db", FORGETFUL, batches)
    (ack,) = whole[0][0]  # type: ignore[index]
    assert (ack.outcomes[0].added, ack.outcomes[0].corrected) == (2, 1)
