"""Rendered pages, kept for a moment: when the river rises, everybody asks for the same few."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from talwerk.core.instants import MINUTE, Clock
from talwerk.portal.frame.static import content_hash

MAKING_SHARE = 10
"""A page is kept at least this many times as long as it took to make, so that making it takes a tenth of the time."""
FRESH_S_MAX = 1.0
"""And never longer than this when something was written, however many values arrive and however many people ask."""
BYTES_MAX = 16 << 20


class Sheet:
    """A rendered page.

    Attributes:
        html: Its bytes.
        packed: The same for clients that unpack gzip.
        etag: Changes with the content.
        fresh_s: How long it is not even asked whether something was written.
    """

    __slots__ = ("checked_s", "etag", "fresh_s", "html", "minute", "packed", "position")

    def __init__(self, html: bytes, position: int, minute: int, cost_s: float) -> None:
        self.html = html
        self.packed = gzip.compress(html, 6, mtime=0)
        # Weak, because packed and plain bytes are one page.
        self.etag = f'W/"{content_hash(html)}"'
        self.position = position
        self.minute = minute
        self.fresh_s = min(MAKING_SHARE * cost_s, FRESH_S_MAX)
        self.checked_s = 0.0

    @property
    def size(self) -> int:
        """Bytes that it takes on the shelf."""
        return len(self.html) + len(self.packed)


class Shelf:
    """Keeps pages while they are true: until the minute turns or something was written.

    Args:
        clock: The time of pages and the time that passes.
        position: The newest position of the change log.
    """

    def __init__(self, clock: Clock, position: Callable[[], int]) -> None:
        self._clock = clock
        self._position = position
        self._sheets: OrderedDict[Hashable, Sheet] = OrderedDict()
        self._bytes = 0

    async def sheet(self, name: Hashable, make: Callable[[], Awaitable[bytes]]) -> Sheet:
        """The page of that name, made now if the one on the shelf is no longer true.

        What ``make`` raises is passed on, and nothing is kept.
        """
        now_s, minute = self._clock.monotonic_s(), self._clock.now() // MINUTE
        kept = self._sheets.get(name)
        if kept is not None:
            self._sheets.move_to_end(name)
            if now_s - kept.checked_s < kept.fresh_s:
                return kept
            if kept.minute == minute and kept.position == self._position():
                kept.checked_s = now_s
                return kept
        # The position first: what is written while the page is made shows on the next one.
        position = self._position()
        html = await make()
        made_s = self._clock.monotonic_s()
        sheet = Sheet(html, position, minute, made_s - now_s)
        sheet.checked_s = made_s
        self._keep(name, sheet)
        return sheet

    def _keep(self, name: Hashable, sheet: Sheet) -> None:
        before = self._sheets.pop(name, None)
        self._bytes += sheet.size - (before.size if before is not None else 0)
        self._sheets[name] = sheet
        while self._bytes > BYTES_MAX:
            _, oldest = self._sheets.popitem(last=False)
            self._bytes -= oldest.size
