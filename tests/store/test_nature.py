"""Whether a city ever held live values, told from data of before that was noted."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from talwerk.core.change import Mode, Origin, Provenance
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.connection import open_writer
from tests.contracts.cities import GAUGE, NOON, StandingClock, change, levels, prop, write

SIMULATED = Provenance(source="twin", simulated=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "city.db"


def made(path: Path, origin: Origin, provenance: Provenance | None = None, *, trimmed: bool = False) -> None:
    """A database without the note, whose values came in this way; with the beginning of its log gone when trimmed."""
    with contextlib.closing(SqliteStore.open(path, StandingClock())) as store:
        write(store, levels([NOON], [1], provenance=provenance or Provenance()), origin=origin)
        write(store, levels([NOON + 1], [2], provenance=provenance or Provenance()), origin=origin)
    with contextlib.closing(open_writer(path, Limits())) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'live'")
        if trimmed:
            connection.execute("DELETE FROM change WHERE pos = 1")


def held_live(path: Path, own: tuple[str, ...] = ()) -> bool:
    with contextlib.closing(SqliteStore.open(path, StandingClock(), readonly=True)) as store:
        return store.held_live(own)


def test_an_empty_city_held_nothing(path: Path) -> None:
    SqliteStore.open(path, StandingClock()).close()
    assert not held_live(path)


@pytest.mark.parametrize("origin", Origin)
def test_data_without_the_note_are_judged_by_the_log(origin: Origin, path: Path) -> None:
    made(path, origin)
    assert held_live(path) is (origin in {Origin.LIVE, Origin.RULE, Origin.PEER})
    assert not held_live(path, own=(GAUGE,))


def test_data_that_are_older_than_the_log_count_as_live(path: Path) -> None:
    made(path, Origin.REPLAY, trimmed=True)
    assert held_live(path)
    assert not held_live(path, own=(GAUGE,))


@pytest.mark.parametrize("trimmed", [False, True])
def test_simulated_values_are_not_live(path: Path, *, trimmed: bool) -> None:
    made(path, Origin.LIVE, SIMULATED, trimmed=trimmed)
    assert not held_live(path)


def test_an_entity_that_was_deleted_since_counts(path: Path) -> None:
    with contextlib.closing(SqliteStore.open(path, StandingClock())) as store:
        write(store, change(Mode.CREATE, name=prop("a statement")))
        write(store, change(Mode.DELETE))
    assert held_live(path)
    with contextlib.closing(open_writer(path, Limits())) as connection:
        connection.execute("DELETE FROM change")
    assert held_live(path)
