"""A city from the continuous copy: the newest base that is whole, and the log as far as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.store.sqlite.backup import Proof, prove_database, redo

from .continuous import HEARTBEAT, Heartbeat
from .durable import chunks_of, write_whole
from .line import BaseLabel, Line, lines_in
from .segments import Label, epoch_of, pieces_of, read_segment, segments_in


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What came out.

    Attributes:
        city: key of the city.
        as_of: the moment up to which every change is in it, microseconds UTC.
        proof: what the database says of itself.
        segments: how many pieces of the log were needed.
        notes: what was found damaged or missing on the way.
    """

    city: str
    as_of: int
    proof: Proof
    segments: int
    notes: tuple[str, ...] = ()


class _Usable(msgspec.Struct, frozen=True):
    """The log after a base as far as it is whole."""

    paths: list[Path]
    labels: list[Label]
    notes: list[str]


def is_copy(place: Path) -> bool:
    """Whether a folder is a city's folder of the continuous copy."""
    return bool(lines_in(place))


def place_bytes(place: Path) -> int:
    """How much the newest city in a place may take when it is made: its base and its log."""
    line = lines_in(place)[-1]
    bases = line.complete_bases().values()
    return max((base.bytes for base in bases), default=0) + sum(path.stat().st_size for path in segments_in(line.log))


def rebuild(place: Path, target: Path) -> Rebuilt:
    """Make a database of the newest moment that the copy holds completely.

    Args:
        place: the city's folder in the second place.
        target: the file to make; one that is there is replaced.

    Raises:
        DomainError: InvalidRequest when it is no such folder; InternalError when nothing in it can be used.
    """
    lines = lines_in(place)
    if not lines:
        raise invalid(f"The folder {place} holds no continuous copy.")
    notes: list[str] = []
    newest = True
    for line in reversed(lines):
        for number, base in reversed(line.complete_bases().items()):
            try:
                rebuilt = _from_base(line, number, base, target)
            except (DomainError, OSError) as error:
                notes.append(f"{line.folder.name}, whole copy {number}: {error}")
                newest = False
                continue
            notes += rebuilt.notes
            whole = newest and not rebuilt.notes and line is lines[-1]
            return msgspec.structs.replace(
                rebuilt,
                as_of=max(rebuilt.as_of, _heartbeat(place, rebuilt.proof.position) if whole else 0),
                notes=tuple(notes),
            )
        if not line.complete_bases():
            notes.append(f"{line.folder.name}: no whole copy was finished")
            newest = False
    raise DomainError(Fault.INTERNAL, f"Nothing in {place} can be restored: {'; '.join(notes)}.")


def _from_base(line: Line, number: int, base: BaseLabel, target: Path) -> Rebuilt:
    label = line.label()
    if label is None:
        raise DomainError(Fault.INTERNAL, "Nothing says whose it is.")
    usable = _usable(line, base.epoch)
    if not base.completed_by(usable.labels):
        why = "; ".join(usable.notes) or "the log ends too early"
        raise DomainError(Fault.INTERNAL, f"It cannot be completed: {why}.")
    if write_whole(target, chunks_of(line.base_file(number))).sha256 != base.sha256:
        raise DomainError(Fault.INTERNAL, "Its file is damaged: it is not the one written.")
    redo(target, pieces_of(usable.paths))
    proof = prove_database(target)
    position = usable.labels[-1].position if usable.labels else proof.position
    if proof.position != position:
        detail = f"Its database ends at position {proof.position}, its log at {position}."
        raise DomainError(Fault.INTERNAL, detail)
    as_of = max([base.created if not usable.labels else 0, *(label.at for label in usable.labels[-1:])])
    return Rebuilt(city=label.city, as_of=as_of, proof=proof, segments=len(usable.paths), notes=tuple(usable.notes))


def _usable(line: Line, epoch: int) -> _Usable:
    """Everything from the beginning of an epoch up to the last commit before a gap or damage."""
    usable = _Usable([], [], [])
    for path, label in _following(line, epoch, usable.notes):
        usable.paths.append(path)
        usable.labels.append(label)
    while usable.labels and not usable.labels[-1].whole:
        usable.notes.append(f"the segment {usable.labels[-1].name} ends in the middle of a commit")
        usable.labels.pop()
        usable.paths.pop()
    return usable


def _following(line: Line, epoch: int, notes: list[str]) -> Iterator[tuple[Path, Label]]:
    before: Label | None = None
    for path in segments_in(line.log):
        if epoch_of(path) < epoch:
            continue
        try:
            label = read_segment(path)[0]
        except DomainError as error:
            notes.append(str(error))
            return
        if not _follows(label, before, epoch):
            notes.append(f"before the segment {path.name} one is missing")
            return
        yield path, label
        before = label


def _follows(label: Label, before: Label | None, epoch: int) -> bool:
    if before is None:
        return label.epoch == epoch and label.start == 0
    if label.number != before.number + 1:
        return False
    if label.epoch == before.epoch:
        return label.start == before.end and label.salts == before.salts
    return label.epoch == before.epoch + 1 and label.start == 0 and before.whole


def _heartbeat(place: Path, position: int) -> int:
    """The last moment at which nothing newer was there than what was restored, 0 when that is not known."""
    try:
        heartbeat = msgspec.json.decode((place / HEARTBEAT).read_bytes(), type=Heartbeat)
    except (OSError, msgspec.DecodeError):
        return 0
    return heartbeat.at if heartbeat.position == position else 0
