"""What takes long to read in a large city: kept until something changes, and never read again too soon."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Generic, TypeVar

from talwerk.core.errors import DomainError
from talwerk.core.instants import Clock

logger = logging.getLogger(__name__)

READING_SHARE = 20
"""Something is kept at least this many times as long as it took to read."""
PATIENCE_S = 0.05
"""What takes longer to read is renewed beside the pages, never in their way."""

OLDEST_S = 60.0
"""Whoever comes after a quiet hour waits for the newest rather than being shown what was true then."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """What was read, with the position of the change log that it shows, when it was read, and how long that took."""

    found: T
    position: int
    read_s: float
    cost_s: float


class Lasting(Generic[T]):
    """Keeps what was read, each under a key of its own.

    Args:
        position: the change log's newest position: as long as it stays, nothing has changed.
        clock: its monotonic time bounds the share that reading takes.
        most: how many are kept; those that were read longest ago go first.
        least_s: seconds that something is kept, whatever it cost.
    """

    def __init__(self, position: Callable[[], int], clock: Clock, most: int, least_s: float = 0.0) -> None:
        self._position = position
        self._clock = clock
        self._most = most
        self._least_s = least_s
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._beside = Lock()
        self._first = Lock()

    def current(self, key: Hashable, read: Callable[[], T]) -> T:
        """What is kept under a key, read again where that is due; who finds nothing, or only old, waits.

        Raises:
            DomainError: it could not be read.
        """
        kept = self._kept.get(key)
        if kept is None:
            with self._first:
                # Of several that wait for the first of it, one reads.
                kept = self._kept.get(key)
                return self._renewed(key, read) if kept is None else kept.found
        if kept.cost_s <= PATIENCE_S and not self._holds(kept):
            return self._renewed(key, read)
        if self._is_old(kept):
            return self._newest(key, kept, read)
        self._renew(key, kept, read)
        return kept.found

    def _newest(self, key: Hashable, kept: _Kept[T], read: Callable[[], T]) -> T:
        """What is read while somebody waits; of several that wait one reads, and what cannot be read leaves the old."""
        with self._first:
            kept = self._kept.get(key, kept)
            if not self._is_old(kept):
                return kept.found
            try:
                return self._renewed(key, read)
            except DomainError:
                logger.warning("what pages show of the whole city cannot be read", exc_info=True)
                return kept.found

    def known(self, key: Hashable, read: Callable[[], T]) -> T | None:
        """The same for who does not wait at all: None while it is read for the first time."""
        kept = self._kept.get(key)
        self._renew(key, kept, read)
        return None if kept is None else kept.found

    def _renew(self, key: Hashable, kept: _Kept[T] | None, read: Callable[[], T]) -> None:
        if kept is not None and self._holds(kept):
            return
        if self._beside.acquire(blocking=False):
            Thread(target=self._renew_beside, args=(key, read), name="reading", daemon=True).start()

    def _renew_beside(self, key: Hashable, read: Callable[[], T]) -> None:
        try:
            self._renewed(key, read)
        except DomainError:
            # Whoever asks next tries again.
            logger.warning("what pages show of the whole city cannot be read", exc_info=True)
        finally:
            self._beside.release()

    def _renewed(self, key: Hashable, read: Callable[[], T]) -> T:
        # The position first: what is written while we read makes the next request read again.
        position, began_s = self._position(), self._clock.monotonic_s()
        found = read()
        ended_s = self._clock.monotonic_s()
        self._kept[key] = _Kept(found, position, ended_s, ended_s - began_s)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found

    def _is_old(self, kept: _Kept[T]) -> bool:
        age_s = self._clock.monotonic_s() - kept.read_s
        return age_s > max(OLDEST_S, 2 * READING_SHARE * kept.cost_s) and not self._holds(kept)

    def _holds(self, kept: _Kept[T]) -> bool:
        if self._clock.monotonic_s() - kept.read_s < max(READING_SHARE * kept.cost_s, self._least_s):
            return True
        return self._position() == kept.position
