"""A process that writes numbered batches until it is killed, and says which of them were acknowledged.

Usage: ``python -m tests.store.writing_child DATABASE FIRST``. Each batch is known by its number alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from talwerk.core.change import Ack, Batch, Change, Mode, Observations
from talwerk.core.entity import Entity, Kind
from talwerk.core.instants import MINUTE, SystemClock
from talwerk.store import Submission
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import ALL, NOON, change, levels, prop

SERIES = ("urn:x:a", "urn:x:b")
COUNTER = "urn:x:c"
GONE = "urn:x:d"
START = NOON - 10_000_000 * MINUTE
SIZE = 20


def batch(number: int) -> Batch:
    """Values of two series, a late one and a correction of earlier ones, a counter, and what comes and goes."""
    changes: list[Change | Observations] = [
        levels([START + (number * SIZE + n) * MINUTE for n in range(1, SIZE)], [float(number)] * (SIZE - 1), id_)
        for id_ in SERIES
    ]
    if number:
        before = START + (number - 1) * SIZE * MINUTE
        changes += [levels([before, before + 2 * MINUTE], [-1.0, -float(number)], id_) for id_ in SERIES]
    counted = prop({"count": number}, START + number, subattributes={})
    assert counted.kind is Kind.PROPERTY
    changes.append(change(Mode.UPDATE, COUNTER, level=counted, name=prop(f"batch {number}")))
    changes.append(change(Mode.UPDATE, GONE, level=prop(number, START + number)))
    changes.append(Change(mode=Mode.DELETE, entity=Entity(id=GONE, types=())))
    return Batch(changes=tuple(changes))


def values(count: int) -> dict[int, float]:
    """What each of the series holds after so many batches: time and value."""
    expected = {}
    for number in range(count):
        for n in range(1, SIZE):
            expected[START + (number * SIZE + n) * MINUTE] = float(number)
        if number:
            before = START + (number - 1) * SIZE * MINUTE
            expected[before], expected[before + 2 * MINUTE] = -1.0, -float(number)
    return expected


def main() -> None:
    """Write until killed."""
    store = SqliteStore.open(Path(sys.argv[1]), SystemClock())
    number = int(sys.argv[2])
    while True:
        # Several batches at once, as a group commit does.
        group = range(number, number + 1 + number % 3)
        answers = store.apply([Submission(batch(n), ALL) for n in group])
        assert all(isinstance(answer, Ack) for answer in answers)
        number = group.stop
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
