"""The stores that have to keep the contract: another one joins by adding its factory here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest

from talwerk.core.instants import Clock
from talwerk.store import Store
from talwerk.store.sqlite import Limits, SqliteStore

StoreFactory = Callable[..., Store]
"""``factory(place, clock, readonly=False, **limits)`` opens the store that lies at a place (a name), or makes it."""


@pytest.fixture(params=["sqlite"])
def store_factory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreFactory]:
    """Opens stores and closes them when the test ends."""
    # Thousands of small cities: in memory where there is such a folder, because only a disk makes fsync slow.
    memory = Path("/dev/shm")
    folder = Path(mkdtemp(dir=memory)) if memory.is_dir() else tmp_path_factory.mktemp("stores")
    opened: list[Store] = []

    def sqlite(place: str, clock: Clock, *, readonly: bool = False, **limits: Any) -> Store:
        store = SqliteStore.open(folder / f"{place}.db", clock, readonly=readonly, limits=Limits(**limits))
        opened.append(store)
        return store

    yield {"sqlite": sqlite}[request.param]
    for store in opened:
        store.close()
    rmtree(folder)


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A place that no other test uses."""
    return tmp_path.name
