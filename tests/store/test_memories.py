"""What the writer remembers makes it faster and nothing else: a store with hardly any memory says the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from talwerk.core.change import Batch, Change, Mode, Provenance
from talwerk.core.entity import Entity
from talwerk.core.query import Page, Query, TemporalQuery
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from tests.contracts.cities import ALL, StandingClock, everything
from tests.contracts.queries import cities

FORGETFUL = Limits(remembered=1, kept=0)
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
        assert told(path / "one.db", Limits(), batches) == told(path / "other.db", FORGETFUL, batches)
