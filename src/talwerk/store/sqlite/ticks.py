"""The writer's clock: strictly increasing, also across restarts."""

from __future__ import annotations

from talwerk.core.instants import DAY, Clock, Instant


class Ticks:
    """A strictly increasing clock.

    Args:
        clock: the wall time; when it stands or goes back, each tick is a microsecond later than the one before.
        last: the newest tick that was ever given.
    """

    def __init__(self, clock: Clock, last: int) -> None:
        self._clock = clock
        self._last = last

    def next(self) -> Instant:
        """The next tick, microseconds UTC."""
        self._last = max(self._clock.now(), self._last + 1)
        return Instant(self._last)

    def present(self) -> Instant:
        """What values are judged by: the last tick, unless it is more than a day ahead of the wall time.

        A clock that went back by less is taken for wrong now, so that what sensors send is not marked as of the
        future. One that went back by more was wrong before: ticks go on from there, but they say nothing of today.
        """
        wall = self._clock.now()
        return Instant(self._last) if self._last - wall <= DAY else wall

    def reach(self, tick: int) -> None:
        """Go on after this tick."""
        self._last = max(self._last, tick)
