"""What takes long to read is read beside the pages, never too often, and never twice at a time."""

from __future__ import annotations

import time
from itertools import count
from threading import Event

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.portal.site.lasting import OLDEST_S, PATIENCE_S, READING_SHARE, Lasting
from tests.portal.workbench import StandingClock

LIMIT_S = 5.0
KEY = "key"


class City:
    """A city whose whole takes a second to read, on a clock of its own."""

    def __init__(self, cost_s: float = 1.0) -> None:
        self.clock = StandingClock()
        self.position = 1
        self.fails = False
        self.read = 0
        self._cost_s = cost_s

    def whole(self) -> int:
        self.clock.pass_s(self._cost_s)
        if self.fails:
            raise DomainError(Fault.TOO_COMPLEX, "The query took longer than its time budget.")
        self.read += 1
        return self.position

    def lasting(self, most: int = 2) -> Lasting[int]:
        return Lasting(lambda: self.position, self.clock, most)


def test_nobody_waits_for_the_newest_of_a_large_city() -> None:
    city = City()
    lasting = city.lasting()
    assert lasting.current(KEY, city.whole) == 1
    city.position = 2
    city.clock.pass_s(2 * READING_SHARE)
    assert lasting.current(KEY, city.whole) == 1, "it was read again while somebody waited"
    until = time.monotonic() + LIMIT_S
    while lasting.current(KEY, city.whole) != 2:
        assert time.monotonic() < until, "the newest never came"
        time.sleep(0.01)
        city.clock.pass_s(READING_SHARE)


def test_nobody_is_shown_what_was_true_an_hour_ago() -> None:
    city = City()
    lasting = city.lasting()
    assert lasting.current(KEY, city.whole) == 1
    city.clock.pass_s(3_600)
    assert lasting.current(KEY, city.whole) == 1, "nothing has changed"
    assert city.read == 1
    city.position = 2
    assert lasting.current(KEY, city.whole) == 2
    assert OLDEST_S <= 60, "a stage that is reached is on the map within the minute in which somebody looks"


def test_who_does_not_wait_gets_nothing_until_it_was_read() -> None:
    city, may = City(), Event()
    lasting = city.lasting()

    def whole() -> int:
        assert may.wait(LIMIT_S)
        return city.whole()

    assert lasting.known(KEY, whole) is None
    assert lasting.known(KEY, whole) is None
    may.set()
    until = time.monotonic() + LIMIT_S
    while lasting.known(KEY, whole) is None:
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
    assert city.read == 1, "it was read by several at a time"


def test_it_is_not_read_again_too_soon() -> None:
    city = City()
    lasting = city.lasting()
    lasting.current(KEY, city.whole)
    for position in range(2, READING_SHARE):
        city.position = position
        city.clock.pass_s(0.5)
        assert lasting.current(KEY, city.whole) == 1
    assert city.read == 1


def test_of_a_small_city_it_is_always_the_newest() -> None:
    city = City(cost_s=0.0)
    lasting = city.lasting()
    for position in range(1, 5):
        city.position = position
        assert lasting.current(KEY, city.whole) == position


def test_what_cannot_be_read_leaves_the_old(caplog: pytest.LogCaptureFixture) -> None:
    city = City()
    lasting = city.lasting()
    lasting.current(KEY, city.whole)
    city.fails, city.position = True, 2
    until = time.monotonic() + LIMIT_S
    while "cannot be read" not in caplog.text:
        city.clock.pass_s(2 * READING_SHARE)
        assert lasting.current(KEY, city.whole) == 1
        assert time.monotonic() < until, "nobody tried"
        time.sleep(0.01)


def test_only_so_many_are_kept() -> None:
    city, numbers = City(cost_s=0.0), count()
    lasting = city.lasting(most=2)
    assert [lasting.current(key, lambda: next(numbers)) for key in "abca"] == [0, 1, 2, 3]
    assert lasting.current("c", lambda: next(numbers)) == 2


def test_patience_is_shorter_than_people_notice() -> None:
    assert PATIENCE_S <= 0.1
