"""Pieces of the write-ahead log as files: one line of JSON that says what it is, then the bytes of the log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.store.sqlite.wal import Piece, Place

from .durable import write_whole

_NAME = re.compile(r"\d{8}-\d{10}\.log")
_LABEL_BYTES_MAX = 4_096


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment holds.

    Attributes:
        number: counts the segments of a line; a gap shows that one is missing.
        epoch: counts how often the log began anew in this line.
        salts: of the log in that epoch.
        start: where it begins in the log, in bytes.
        end: where it ends.
        checksum: of its last frame, hexadecimal.
        whole: whether it ends with a commit.
        position: the change log's newest position then; 0 for one that is not whole.
        at: its time, microseconds UTC.
        sha256: of the bytes behind the label.
        format: of the segment.
    """

    number: int
    epoch: int
    salts: tuple[int, int]
    start: int
    end: int
    checksum: str
    whole: bool
    position: int
    at: int
    sha256: str
    format: int = 1

    @property
    def name(self) -> str:
        """The segment's file name; the order of the names is that of the log."""
        return f"{self.epoch:08}-{self.number:010}.log"

    @property
    def place(self) -> Place:
        """Where the next segment begins."""
        return Place(self.salts, self.end, self.checksum)


def label_of(piece: Piece, number: int, epoch: int, frame_bytes: int) -> Label:
    """What to write on a piece."""
    place = piece.end(frame_bytes)
    return Label(
        number=number,
        epoch=epoch,
        salts=piece.salts,
        start=piece.start,
        end=place.offset,
        checksum=place.checksum,
        whole=piece.whole,
        position=piece.position,
        at=piece.at,
        sha256=hashlib.sha256(piece.frames).hexdigest(),
    )


def write_segment(folder: Path, label: Label, piece: Piece) -> None:
    """Write a piece into a folder.

    Raises:
        OSError: it could not be written; nothing of it is there.
    """
    write_whole(folder / label.name, [msgspec.json.encode(label), b"\n", piece.frames])


def read_segment(path: Path) -> tuple[Label, Piece]:
    """A segment and its label.

    Raises:
        DomainError: InternalError when it is damaged.
    """
    try:
        with path.open("rb") as file:
            label = msgspec.json.decode(file.readline(_LABEL_BYTES_MAX), type=Label)
            frames = file.read()
    except (OSError, msgspec.DecodeError) as error:
        raise DomainError(Fault.INTERNAL, f"The segment {path.name} cannot be read: {error}.") from error
    if hashlib.sha256(frames).hexdigest() != label.sha256 or path.name != label.name:
        raise DomainError(Fault.INTERNAL, f"The segment {path.name} is damaged: it is not what was written.")
    piece = Piece(
        salts=label.salts,
        start=label.start,
        frames=frames,
        whole=label.whole,
        position=label.position,
        at=label.at,
    )
    return label, piece


def read_label(path: Path) -> Label | None:
    """What a segment says it holds, without looking at its bytes; None when that cannot be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline(_LABEL_BYTES_MAX), type=Label)
    except (OSError, msgspec.DecodeError):
        return None


def segments_in(folder: Path) -> list[Path]:
    """The segments of a folder, in the order of the log."""
    return sorted(path for path in folder.glob("*.log") if _NAME.fullmatch(path.name))


def epoch_of(path: Path) -> int:
    """The epoch that a segment's name says."""
    return int(path.name[:8])


def pieces_of(paths: list[Path]) -> Iterator[Piece]:
    """The pieces in these files, one after the other."""
    for path in paths:
        yield read_segment(path)[1]
