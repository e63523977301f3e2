"""How often pages were shown: sums by day and kind of page, and nothing that tells of anybody.

No address, no person, no browser, no page that somebody came from, no time but the day. Each serving process has one
small file of its own, so that none waits for another; whoever reads adds them up.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import msgspec

logger = logging.getLogger(__name__)

FOLDER = "visits"
KEPT_DAYS = 400
"""A year can be compared with the one before for a month; then a day is forgotten."""
WRITTEN_EVERY_S = 60.0

Days = dict[date, Counter[str]]


class Visits:
    """Counts the pages that this process shows; only its event loop touches it.

    Args:
        folder: where the files of all processes lie; made when there is something to write.
        process: name of this process, which is that of its file.
        today: the day in the city's zone.
        monotonic_s: the time that passes.
    """

    def __init__(self, folder: Path, process: str, today: Callable[[], date], monotonic_s: Callable[[], float]) -> None:
        self._folder = folder
        self._file = folder / f"{''.join(c if c.isalnum() else '-' for c in process)}.json"
        self._today = today
        self._monotonic_s = monotonic_s
        self._days = _read(self._file)
        self._written_s = monotonic_s()
        self._news = False
        self._failed = False

    def count(self, kind: str) -> None:
        """A page of that kind was shown."""
        self._days.setdefault(self._today(), Counter())[kind] += 1
        self._news = True
        if self._monotonic_s() - self._written_s >= WRITTEN_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Write what was counted since the last time; a disk that refuses costs these numbers, and no page."""
        self._written_s = self._monotonic_s()
        if not self._news:
            return
        oldest = self._today() - timedelta(days=KEPT_DAYS)
        self._days = {day: kinds for day, kinds in self._days.items() if day > oldest}
        unfinished = self._file.with_suffix(".unfinished")
        try:
            self._folder.mkdir(exist_ok=True)
            unfinished.write_bytes(msgspec.json.encode(self._days))
            unfinished.replace(self._file)
        except OSError as error:
            if not self._failed:
                logger.warning("the page views cannot be written: %s", error)
            self._failed = True
            return
        self._news = self._failed = False

    def days(self) -> Mapping[date, Mapping[str, int]]:
        """Views by day and kind, those of the other processes as they last wrote them."""
        told: Days = {day: Counter(kinds) for day, kinds in self._days.items()}
        for file in sorted(self._folder.glob("*.json")):
            if file != self._file:
                for day, kinds in _read(file).items():
                    told.setdefault(day, Counter()).update(kinds)
        return dict(sorted(told.items()))


def _read(file: Path) -> Days:
    """What a file holds; one that is missing or damaged holds nothing."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=dict[date, dict[str, int]])
    except (OSError, msgspec.DecodeError):
        return {}
    return {day: Counter(kinds) for day, kinds in found.items()}
