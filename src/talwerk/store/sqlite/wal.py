"""The write-ahead log: when it is written back, how large it may become, and who copies it elsewhere.

SQLite calls us after each commit, in the writer's thread and turn, so nothing is written meanwhile. The log begins
anew (an *epoch*, told by the salts in its header) only after everything in it was written back to the database; as
long as a follower has not read all of it, that does not happen, up to a limit. File format:
https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import logging
import os
import struct
import threading
from collections import deque
from pathlib import Path

import apsw
import msgspec

from . import log

logger = logging.getLogger(__name__)

HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
DUE_PAGES = 4_000
"""16 MiB: pages that change again and again are written to the database once in a while, not with every commit."""
PIECE_BYTES = 8 << 20
KEPT_BYTES = 16 << 20
"""What a follower may hold in memory of an epoch that has ended."""
BEGUN_BYTES = 64 << 20
"""The same for one that begins to follow in an epoch that may end with the next commit."""
_OVERTAKEN = "the log began anew before all of it was read"
_PATIENCE_MS = 2_500
"""Longer than any reader may hold an old state."""
_HEADER = struct.Struct(">8I")
Salts = tuple[int, int]


class Place(msgspec.Struct, frozen=True):
    """A place in the log.

    Attributes:
        salts: of the epoch.
        offset: in bytes, at the end of a frame.
        checksum: of the frame before it, hexadecimal; it covers everything before as well.
    """

    salts: Salts
    offset: int
    checksum: str = ""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some frames of the log, one behind the other.

    Attributes:
        salts: of their epoch.
        start: where they begin in the log, in bytes.
        frames: the bytes; the log's header comes first when they begin at 0.
        whole: whether they end with a commit; otherwise the next piece belongs to it.
        newest: whether nothing else was committed when the piece was taken.
        position: the change log's newest position then.
        at: its time, microseconds UTC.
    """

    salts: Salts
    start: int
    frames: bytes
    whole: bool
    newest: bool = False
    position: int = 0
    at: int = 0

    def end(self, frame_bytes: int) -> Place:
        """Where the next piece begins."""
        last = self.frames[-frame_bytes:]
        return Place(self.salts, self.start + len(self.frames), last[16:FRAME_HEADER_BYTES].hex())


class WalState(msgspec.Struct, frozen=True, kw_only=True):
    """The log at one moment.

    Attributes:
        pages: pages in it.
        bytes: the same in bytes.
        bytes_max: what it may reach.
        trouble: why it could not be written back the last time, empty when it could.
    """

    pages: int
    bytes: int
    bytes_max: int
    trouble: str = ""


class Follower:
    """Somebody who reads everything that is committed, piece by piece. Made by :meth:`Wal.follow`.

    Attributes:
        resumed: whether it goes on where it was asked to; otherwise it begins with the epoch.
        lost: why it cannot go on: the log had to begin anew before all of it was read; empty when it can.
        overtaken: whether it was lost because the city was faster: whoever begins again may have more luck.
        wanted: set when much is waiting to be read.
    """

    def __init__(self, wal: Wal, offset: int, wanted: threading.Event, *, resumed: bool) -> None:
        self._wal = wal
        self.offset = offset
        self.resumed = resumed
        self.lost = ""
        self.overtaken = False
        self.wanted = wanted
        self.kept: deque[Piece] = deque()

    def take(self) -> Piece | None:
        """The next piece, None when everything was read. The log may forget it then."""
        return self._wal.next_piece(self)

    def kept_bytes(self) -> int:
        """What it holds in memory."""
        return sum(len(piece.frames) for piece in self.kept)


class Wal:
    """The log of the connection that writes.

    Args:
        connection: the writing one; the log's automatic ways are switched off on it.
        path: the database file.
        bytes_max: what the log may reach before followers are given up and readers are waited for.
        keep: leave the log as it is when the connection closes, so that a follower can go on after a restart.
    """

    def __init__(self, connection: apsw.Connection, path: Path, bytes_max: int, *, keep: bool = False) -> None:
        self._file = path.with_name(path.name + "-wal")
        self.frame_bytes = FRAME_HEADER_BYTES + int(connection.pragma("page_size"))
        self._bytes_max = bytes_max
        self._pages_max = max(bytes_max // self.frame_bytes, 1)
        self._due_pages = min(DUE_PAGES, self._pages_max)
        self._due = self._due_pages
        self._trouble = ""
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._followers: list[Follower] = []
        # SQLite looks at the log only when it reads something.
        self._newest = log.newest(connection)
        pages, written_back = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        self._pages = max(pages, 0)
        self._salts = self._read_salts() if self._pages else (0, 0)
        # What an earlier writer wrote back is known beyond its end, as long as anybody has the city open.
        self._may_begin_anew = written_back >= pages
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(keep))
        connection.pragma("wal_autocheckpoint", 0)
        connection.set_wal_hook(self._committed)

    def state(self) -> WalState:
        """How the log is; from any thread."""
        return WalState(pages=self._pages, bytes=self._end, bytes_max=self._bytes_max, trouble=self._trouble)

    @property
    def position(self) -> int:
        """The change log's newest position, as of the last commit."""
        return self._newest[0]

    def place(self) -> Place:
        """Where the log ends now."""
        with self._lock:
            return Place(self._salts, self._end)

    def follow(self, after: Place | None = None, wanted: threading.Event | None = None) -> Follower:
        """Read everything that is committed from a place on, or from the epoch's beginning when it is not there.

        Args:
            after: where an earlier follower ended.
            wanted: what to set when much is waiting to be read.
        """
        with self._lock:
            follower = self._begun(after, wanted or threading.Event())
            if follower.overtaken:
                # By a commit that we hear of within moments, unless it fails; behind it the log stays for a while.
                self._settled.wait_for(lambda: not self._being_written_over(), _PATIENCE_MS / 1_000)
                follower = self._begun(after, follower.wanted)
            return follower

    def _begun(self, after: Place | None, wanted: threading.Event) -> Follower:
        resumed = after is not None and self._holds(after)
        follower = Follower(self, after.offset if after and resumed else 0, wanted, resumed=resumed)
        self._followers.append(follower)
        if self._may_begin_anew and self._end - follower.offset <= BEGUN_BYTES:
            # The next commit may write over all of it, and asks only those who were there before.
            self._keep_all(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Forget a follower."""
        with self._lock:
            if follower in self._followers:
                self._followers.remove(follower)
            follower.kept.clear()

    def next_piece(self, follower: Follower) -> Piece | None:
        """See :meth:`Follower.take`."""
        with self._lock:
            piece = follower.kept.popleft() if follower.kept else None if follower.lost else self._read(follower)
            if piece is None or follower.kept or follower.offset < self._end:
                return piece
            return msgspec.structs.replace(piece, newest=True)

    @property
    def _end(self) -> int:
        return HEADER_BYTES + self._pages * self.frame_bytes

    def _committed(self, connection: apsw.Connection, _name: str, pages: int) -> int:
        # The commit has taken place: nothing in here may make a failure of it.
        try:
            with self._lock:
                if self._may_begin_anew:
                    self._look_again()
                self._pages = pages
                self._newest = log.newest(connection)
                for follower in self._followers:
                    if self._end - follower.offset >= PIECE_BYTES:
                        follower.wanted.set()
            if pages >= self._due:
                self._write_back(connection)
        except (apsw.Error, OSError) as error:
            self._due = pages + max(self._due_pages // 4, 1)
            self._complain(f"{type(error).__name__} {error}")
        return apsw.SQLITE_OK

    def _write_back(self, connection: apsw.Connection) -> None:
        """Write the log to the database when all followers have read it, or when it reached its limit."""
        full = self._pages >= self._pages_max
        # Should it not succeed: the next attempt when there is some more, so that commits pay for few of them.
        self._due = self._pages + max(self._due_pages // 4, self._pages // 8, 1)
        with self._lock:
            for follower in list(self._followers):
                if self._read_rest(follower):
                    continue
                if not full:
                    return
                self._lose(follower, "the log reached its limit before all of it was copied", overtaken=True)
            self._may_begin_anew = True
        try:
            # Near the limit readers are waited for; before it they are not.
            mode = apsw.SQLITE_CHECKPOINT_RESTART if full else apsw.SQLITE_CHECKPOINT_PASSIVE
            patience_ms = int(connection.pragma("busy_timeout"))
            connection.set_busy_timeout(_PATIENCE_MS)
            try:
                pages, done = connection.wal_checkpoint(mode=mode)
            finally:
                connection.set_busy_timeout(patience_ms)
        except apsw.BusyError:
            self._complain("a reader holds an old state of the city")
            return
        if done >= pages:
            self._due, self._trouble = self._due_pages, ""

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            logger.warning("the write-ahead log could not be written back: %s", trouble)
        self._trouble = trouble

    def _read_rest(self, follower: Follower) -> bool:
        """Keep for a follower what it has not read; whether that was possible."""
        if self._end - follower.offset + follower.kept_bytes() > KEPT_BYTES:
            follower.wanted.set()
            return False
        self._keep_all(follower)
        return True

    def _keep_all(self, follower: Follower) -> None:
        while (piece := self._read(follower)) is not None:
            follower.kept.append(piece)

    def _read(self, follower: Follower) -> Piece | None:
        start = follower.offset
        if not self._pages or start >= self._end:
            return None
        length = min(self._end - start, PIECE_BYTES // self.frame_bytes * self.frame_bytes)
        if start == 0 and length < self._end:
            # The header makes the first piece that much longer, so that all of them end with a frame.
            length = (length // self.frame_bytes - 1) * self.frame_bytes + HEADER_BYTES
        with self._file.open("rb") as file:
            frames = os.pread(file.fileno(), length, start)
        if len(frames) != length:
            raise OSError(f"{self._file.name} is shorter than what was committed")
        if self._being_written_over():
            # The header is written first: what was read before another one was there is as it was.
            self._lose(follower, _OVERTAKEN, overtaken=True)
            return None
        follower.offset += length
        if follower.offset < self._end:
            return Piece(salts=self._salts, start=start, frames=frames, whole=False)
        position, at = self._newest
        return Piece(salts=self._salts, start=start, frames=frames, whole=True, position=position, at=at)

    def _being_written_over(self) -> bool:
        """Whether a commit that we have not heard of yet begins the log anew."""
        return self._may_begin_anew and bool(self._pages) and self._read_salts() != self._salts

    def _look_again(self) -> None:
        """After everything was written back: has the last commit begun a new epoch?"""
        self._may_begin_anew = False
        self._settled.notify_all()
        salts = self._read_salts()
        if salts == self._salts:
            return
        # The first salt counts the epochs. A gap means that somebody else has written.
        another_hand = salts[0] != (self._salts[0] + 1) % (1 << 32)
        for follower in list(self._followers):
            if self._salts != (0, 0) and another_hand:
                self._lose(follower, "the log began anew by another hand", overtaken=False)
            elif self._salts != (0, 0) and follower.offset != self._end:
                self._lose(follower, _OVERTAKEN, overtaken=True)
            follower.offset = 0
        self._salts = salts

    def _lose(self, follower: Follower, reason: str, *, overtaken: bool) -> None:
        follower.lost, follower.overtaken = reason, overtaken
        follower.kept.clear()
        follower.wanted.set()
        self._followers.remove(follower)

    def _read_salts(self) -> Salts:
        with self._file.open("rb") as file:
            fields = _HEADER.unpack(os.pread(file.fileno(), HEADER_BYTES, 0))
        return fields[4], fields[5]

    def _holds(self, place: Place) -> bool:
        """Whether the log is the one in which the place was, with everything before it as it was."""
        if place.salts != self._salts or not HEADER_BYTES < place.offset <= self._end:
            return False
        with self._file.open("rb") as file:
            head = os.pread(file.fileno(), FRAME_HEADER_BYTES, place.offset - self.frame_bytes)
        return head[16:].hex() == place.checksum
