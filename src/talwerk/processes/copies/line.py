"""A line of the continuous copy: one log without a gap, and whole copies of the database to begin from.

``line-000001/line.json`` says whose it is, ``bases/000001.db`` is a copy of the database file (made while it was
written, so that it means something only together with the log), ``bases/000001.json`` says from where to where the log
completes it, and ``log/`` holds the segments. A line ends where the log could not be followed any more.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TypeVar

import msgspec

from talwerk.core.instants import Instant
from talwerk.store.sqlite.wal import HEADER_BYTES, Salts

from .durable import UNFINISHED, write_json
from .segments import Label, epoch_of, read_label, segments_in

T = TypeVar("T")
HEARTBEAT = "copied.json"
_LINE = re.compile(r"line-(\d{6})")
_BASE = re.compile(r"(\d{6})\.json")


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """How far the copy has come: up to this moment and position every change is there."""

    at: Instant
    position: int


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where a line says that it can be restored: the change log's position and its time, 0 for nowhere."""

    position: int = 0
    at: int = 0


class LineLabel(msgspec.Struct, frozen=True, kw_only=True):
    """Whose line it is.

    Attributes:
        city: key of the city.
        database: the identity of the database.
        created: when it began.
        behind: a position that the operator had gone back from then; those of this line go on behind it.
        format: of the line as a whole.
    """

    city: str
    database: str
    created: Instant
    behind: int = 0
    format: int = 1


class BaseLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A base and the log that completes it.

    Attributes:
        epoch: of the log, from whose beginning on everything is needed.
        salts: of the epoch that was the present one when the base was finished.
        end: how far the log of that epoch is needed at least, in bytes.
        created: when it was finished.
        sha256: of its file.
        bytes: size of its file.
        position: the change log's newest position in it when it was proved; 0 when that was not noted.
    """

    epoch: int
    salts: Salts
    end: int
    created: Instant
    sha256: str
    bytes: int
    position: int = 0

    def completed_by(self, labels: list[Label]) -> bool:
        """Whether these segments, which follow each other without a gap, reach far enough."""
        if self.end <= HEADER_BYTES:
            return True
        reached = [label for label in labels if label.salts == self.salts]
        return bool(reached) and reached[-1].end >= self.end


class Line:
    """The folder of one line.

    Args:
        folder: it; made by :meth:`begin`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bases = folder / "bases"
        self.log = folder / "log"

    @property
    def number(self) -> int:
        """Lines are counted; the newest has the highest number, whatever the clock said."""
        return int(self.folder.name.rpartition("-")[2])

    def begin(self, label: LineLabel) -> None:
        """Make the folder."""
        self.bases.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.log.mkdir(exist_ok=True, mode=0o750)
        write_json(self.folder / "line.json", label)

    def label(self) -> LineLabel | None:
        """Whose it is, None when that cannot be read."""
        return _decoded(self.folder / "line.json", LineLabel)

    def complete_bases(self) -> dict[int, BaseLabel]:
        """The finished bases by number, oldest first."""
        found = {}
        for path in sorted(self.bases.glob("*.json")):
            match = _BASE.fullmatch(path.name)
            label = _decoded(path, BaseLabel)
            if match and label is not None:
                found[int(match[1])] = label
        return found

    def end(self) -> End:
        """How far it says that it reaches; nowhere without a finished base. Whether that is true, restoring shows."""
        bases = self.complete_bases().values()
        if not bases:
            return End()
        newest = max(bases, key=lambda base: base.position)
        for path in reversed(segments_in(self.log)):
            label = read_label(path)
            if label is not None and label.whole:
                return End(position=max(label.position, newest.position), at=max(label.at, 0))
        return End(position=newest.position, at=newest.created)

    def rank(self, position: int) -> tuple[int, int]:
        """Which of a city's lines is to be restored: the highest rank.

        Who went back deliberately (``talwerk restore``, ``talwerk accept-loss``) writes on behind what was given up,
        so the position that reaches furthest is the newest state; before the first write after that the label says so.

        Args:
            position: up to where it reaches.
        """
        label = self.label()
        return max(position, label.behind if label is not None else 0), self.number

    def base_file(self, number: int) -> Path:
        """Where a base lies."""
        return self.bases / f"{number:06}.db"

    def base_label_file(self, number: int) -> Path:
        """Where its label lies."""
        return self.bases / f"{number:06}.json"

    def forget_before(self, number: int) -> None:
        """Remove the bases before one, and the log that it does not need."""
        complete = self.complete_bases()
        for other in complete:
            if other < number:
                # The label goes first: without it nobody takes the rest for a base.
                self.base_label_file(other).unlink()
        for path in [*self.bases.glob("*.db"), *self.bases.glob(f"*{UNFINISHED}")]:
            if int(path.name[:6]) not in complete or int(path.name[:6]) < number:
                path.unlink()
        for path in segments_in(self.log):
            if epoch_of(path) < complete[number].epoch:
                path.unlink()

    def remove(self) -> None:
        """Remove all of it."""
        (self.folder / "line.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def lines_in(place: Path) -> list[Line]:
    """The lines in a city's folder of the second place, oldest first."""
    if not place.is_dir():
        return []
    return [Line(path) for path in sorted(place.iterdir()) if _LINE.fullmatch(path.name)]


def new_line(place: Path) -> Line:
    """A line after all that are there."""
    return Line(place / f"line-{max((line.number for line in lines_in(place)), default=0) + 1:06}")


def _decoded(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None
