"""The continuous copy: whatever is committed goes to a second place within seconds, and no commit waits for it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import DAY, HOUR, Clock, Instant, format_instant
from talwerk.store.sqlite.acknowledged import loss, missing, read_line
from talwerk.store.sqlite.backup import Proof, base_of, identity_of
from talwerk.store.sqlite.connection import open_reader
from talwerk.store.sqlite.faults import translated
from talwerk.store.sqlite.limits import Limits
from talwerk.store.sqlite.wal import Follower, Piece, Wal

from .durable import need_room, size_with_log, write_json, write_whole
from .line import HEARTBEAT, BaseLabel, Heartbeat, Line, LineLabel, lines_in, new_line
from .proving import NICENESS, begin_to_prove, remove_leftovers
from .segments import label_of, read_segment, segments_in, write_segment
from .state import Copies

logger = logging.getLogger(__name__)

_KNOWN = "copy-place.json"
_LOG_BYTES_LEAST = 64 << 20
_BASE_PART_BYTES = 4 << 20
_BASES_KEPT = 2
_FAREWELL_S = 5.0
_PROOF_LOOK_S = 1.0
_PROOF_AGAIN_US = HOUR


def loss_of(database: Path) -> str:
    """Which acknowledged changes a database lacks, in the store's words; empty when none."""
    mark = read_line(database)
    with translated(), closing(open_reader(database, Limits())) as reader:
        return loss(database, missing(reader, mark))


class Copier:
    """Brings the second place up to date, one round after the other.

    Args:
        wal: the log of the city's writer.
        database: the city's database file.
        folder: the second place; each city has a folder of its own in it.
        city: key of the city.
        clock: stamps what is copied.
        tell: hears how far it has come.
    """

    def __init__(
        self, wal: Wal, database: Path, folder: Path, city: str, clock: Clock, tell: Callable[[Heartbeat], None]
    ) -> None:
        self._wal = wal
        self._database = database
        self._folder = folder
        self._place = folder / city
        self._city = city
        self._clock = clock
        self._line: Line | None = None
        self._follower: Follower | None = None
        self._unwritten: Piece | None = None
        self._number = self._epoch = self._log_bytes = self._position = 0
        self._unproved: tuple[Instant, str] | None = None
        self._tell = tell
        self.wanted = threading.Event()
        """Set when the next round should not wait: much was written, a gap must be closed, the end is near."""
        self.given_up = threading.Event()
        """Set when nobody waits for the end any more: another copier may be at work then."""

    def round(self) -> None:
        """Copy whatever is new.

        Raises:
            OSError: the second place cannot be written.
            DomainError: the line has ended, or the second place is not the one it was; the next round goes on. Also
                while the city or its whole copy is damaged: nothing older is forgotten then.
        """
        line = self._line or self._begin()
        self._catch_up(line)
        if self._base_due(line):
            if self._unproved and 0 <= self._clock.now() - self._unproved[0] < _PROOF_AGAIN_US:
                raise DomainError(Fault.INTERNAL, self._unproved[1])
            self._copy_base(line)
            self._forget(line)
            self._catch_up(line)

    def end(self) -> None:
        """Follow the log no longer."""
        if self._follower is not None:
            self._wal.leave(self._follower)

    def _begin(self) -> Line:
        """Go on with the newest line when the log allows, otherwise begin a new one."""
        if loss := loss_of(self._database):
            raise DomainError(Fault.INTERNAL, f"Nothing is copied, so that the copy keeps what the city lacks: {loss}")
        self._see_the_place()
        self.end()
        remove_leftovers(self._place)
        database = identity_of(self._database)
        line = self._resumed(database)
        if line is None:
            self._see_that_nobody_is_displaced(database)
            mark = read_line(self._database)
            behind = mark.position if mark is not None and mark.forgiven and mark.database == database else 0
            line = new_line(self._place)
            line.begin(LineLabel(city=self._city, database=database, created=self._clock.now(), behind=behind))
            self._position = self._wal.position
            self._number = self._epoch = self._log_bytes = 0
            self._follower = self._wal.follow(wanted=self.wanted)
            logger.info("a new line of the continuous copy begins in %s", line.folder)
        self._unwritten = None
        self._line = line
        return line

    def _resumed(self, database: str) -> Line | None:
        lines = lines_in(self._place)
        line = lines[-1] if lines else None
        label = line.label() if line is not None else None
        if line is None or label is None or label.database != database or not line.complete_bases():
            return None
        segments = segments_in(line.log)
        try:
            last = read_segment(segments[-1])[0] if segments else None
        except DomainError as error:
            logger.warning("%s", error)
            return None
        if last is None:
            return None
        follower = self._wal.follow(last.place, self.wanted)
        if not follower.resumed:
            self._wal.leave(follower)
            return None
        self._follower = follower
        self._number, self._epoch, self._position = last.number, last.epoch, last.position
        self._log_bytes = sum(path.stat().st_size for path in segments)
        return line

    def _see_that_nobody_is_displaced(self, database: str) -> None:
        """Refuse to begin where the copy of another database reaches further: this one was begun by mistake."""
        for line in lines_in(self._place):
            label, end = line.label(), line.end()
            if label is not None and label.database != database and end.position > self._wal.position:
                raise DomainError(
                    Fault.ALREADY_EXISTS,
                    f"The second place {self._place} holds the copy of another database as of "
                    f"{format_instant(Instant(end.at))}, position {end.position}; this city's ends at "
                    f"{self._wal.position}. Restore it (talwerk restore {self._folder} --replace), or set another "
                    f"copy_folder. Nothing is copied until then.",
                )

    def _see_the_place(self) -> None:
        """Make the city's folder in the second place, unless it was there before: then it is not mounted."""
        known = self._database.with_name(_KNOWN)
        if known.exists() and known.read_text() == str(self._place.absolute()) and not self._place.is_dir():
            raise DomainError(
                Fault.STORAGE_FULL,
                f"The second place {self._place} is not there any more; is it mounted? Should it really begin anew, "
                f"remove {known}.",
            )
        self._place.mkdir(parents=True, exist_ok=True, mode=0o750)
        known.write_text(str(self._place.absolute()))
        if self._place.stat().st_dev == self._database.stat().st_dev:
            logger.warning("the second place %s lies on the same disk as the data", self._folder)

    def _catch_up(self, line: Line) -> None:
        """Copy the log; what is there then can be restored when the line has a base."""
        if self.given_up.is_set():
            raise DomainError(Fault.BUSY, "The continuous copy took too long to end.")
        at = self._clock.now()
        self._copy_log(line)
        if line.complete_bases():
            heartbeat = Heartbeat(at=at, position=self._position)
            # It says only how fresh the rest is, so that it need not wait for the disk.
            write_json(self._place / HEARTBEAT, heartbeat, durable=False)
            self._tell(heartbeat)

    def _copy_log(self, line: Line) -> None:
        """Write everything that was committed when it began."""
        follower = self._follower
        if follower is None:
            raise DomainError(Fault.INTERNAL, "The continuous copy has not begun.")
        self.wanted.clear()
        while (piece := self._unwritten or follower.take()) is not None:
            late, self._unwritten = self._unwritten is not None, piece
            number, epoch = self._number + 1, self._epoch + (piece.start == 0)
            write_segment(line.log, label_of(piece, number, epoch, self._wal.frame_bytes), piece)
            self._unwritten, self._number, self._epoch = None, number, epoch
            self._log_bytes += len(piece.frames)
            self._position = piece.position or self._position
            if piece.newest and not late:
                break
        if follower.lost:
            self._line = None
            self.wanted.set()
            raise DomainError(
                Fault.BUSY, f"The continuous copy has a gap and begins anew with a whole copy: {follower.lost}."
            )

    def _base_due(self, line: Line) -> bool:
        bases = list(line.complete_bases().values())
        if not bases:
            return True
        age = self._clock.now() - bases[-1].created
        return not 0 <= age < DAY or self._log_bytes > max(bases[-1].bytes, _LOG_BYTES_LEAST)

    def _copy_base(self, line: Line) -> None:
        """Copy the database file while it is written; the log goes on being copied meanwhile."""
        # Once more for its proof.
        need_room(self._place, 2 * size_with_log(self._database), "A whole copy")
        bases = line.complete_bases()
        number, epoch, before = max(bases, default=0) + 1, max(self._epoch, 1), self._log_bytes
        file = line.base_file(number)

        def parts() -> Iterator[bytes]:
            since = 0
            for chunk in base_of(self._database):
                yield chunk
                since += len(chunk)
                if since >= _BASE_PART_BYTES:
                    since = 0
                    self._catch_up(line)

        written = write_whole(file, parts())
        end = self._wal.place()
        self._copy_log(line)
        label = BaseLabel(
            epoch=epoch,
            salts=end.salts,
            end=end.offset,
            created=self._clock.now(),
            sha256=written.sha256,
            bytes=written.bytes,
        )
        proof = self._proved(line, number, label)
        # From now on it counts, and what is older may be forgotten.
        write_json(line.base_label_file(number), msgspec.structs.replace(label, position=proof.position))
        self._log_bytes -= before
        logger.info("the continuous copy has a new whole copy of %d MB", written.bytes // 10**6)

    def _proved(self, line: Line, number: int, base: BaseLabel) -> Proof:
        """See that a whole copy can be restored; the log goes on being copied meanwhile."""
        future = begin_to_prove(line, number, base, self.wanted)
        while not future.done():
            self.wanted.wait(_PROOF_LOOK_S)
            self._catch_up(line)
        try:
            proof = future.result()
        except DomainError as error:
            self._unproved = self._clock.now(), str(error)
            line.base_file(number).unlink(missing_ok=True)
            raise
        self._unproved = None
        return proof

    def _forget(self, line: Line) -> None:
        """Remove what the last two whole copies do not need; never another database, nor what reaches further."""
        kept, label, end = 0, line.label(), line.end()
        for other in reversed([*(old for old in lines_in(self._place) if old.number < line.number), line]):
            whose = other.label()
            foreign = whose is not None and label is not None and whose.database != label.database
            if foreign or other.end().position > end.position:
                continue
            bases = list(other.complete_bases())
            if kept >= _BASES_KEPT or (not bases and other.number < line.number):
                other.remove()
            elif bases:
                needed = bases[-(_BASES_KEPT - kept) :]
                other.forget_before(needed[0])
                kept += len(needed)


class ContinuousCopy:
    """The duty that keeps the second place up to date, in a thread of its own: a hanging share holds up nobody.

    Args:
        copier: does the work.
        copies: where it says how it goes.
        every_s: seconds between two rounds.
    """

    name = "continuous copy"

    def __init__(self, copier: Copier, copies: Copies, every_s: float) -> None:
        self._copier = copier
        self._copies = copies
        self._every_s = every_s
        self._stopping = threading.Event()

    async def run(self) -> None:
        """Copy until cancelled; then once more, for as long as it takes up to five seconds."""
        self._stopping.clear()
        self._copier.given_up.clear()
        # A daemon: a thread that hangs in a dead share must not keep the process from ending.
        thread = threading.Thread(target=self._keep_copying, name=self.name, daemon=True)
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._stopping.set()
            self._copier.wanted.set()
            await asyncio.to_thread(thread.join, _FAREWELL_S)
            self._copier.given_up.set()

    def _keep_copying(self) -> None:
        # Of this thread alone, as Linux has it: commits and answers come first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        self._copies.note(copy_on=True)
        error = ""
        while True:
            stopping = self._stopping.is_set()
            error = self._try(error)
            if stopping:
                self._copier.end()
                return
            self._copier.wanted.wait(self._every_s)

    def _try(self, before: str) -> str:
        """One round; returns what is wrong. Said once when it begins and once when it ends."""
        try:
            self._copier.round()
        except (OSError, DomainError) as failure:
            error = str(failure)
            if error != before:
                logger.error("the continuous copy fails: %s", error)  # noqa: TRY400 - nobody needs the stack
            self._copies.note(copy_error=error)
            return error
        except Exception as failure:
            logger.exception("the continuous copy fails")
            self._copies.note(copy_error=f"{type(failure).__name__}: {failure}")
            return str(failure)
        if before:
            logger.warning("the continuous copy goes on")
        self._copies.note(copy_error="")
        return ""
