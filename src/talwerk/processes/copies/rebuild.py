"""A city from the continuous copy: of the line that reaches furthest the newest whole base, and the log behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.store.sqlite.backup import Proof, prove_database, redo

from .durable import chunks_of, write_whole
from .line import HEARTBEAT, BaseLabel, Heartbeat, Line, lines_in
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


class Usable(msgspec.Struct, frozen=True):
    """The log after a base as far as it is whole: files, their labels, what is missing, and as of when it is."""

    paths: list[Path]
    labels: list[Label]
    notes: list[str]
    as_of: int = 0


def is_copy(place: Path) -> bool:
    """Whether a folder is a city's folder of the continuous copy."""
    return bool(lines_in(place))


def place_bytes(place: Path) -> int:
    """How much a city in a place may take when it is made: its base and its log."""
    return max(
        max((base.bytes for base in line.complete_bases().values()), default=0)
        + sum(path.stat().st_size for path in segments_in(line.log))
        for line in lines_in(place)
    )


def furthest(places: list[Path], database: str) -> int:
    """The last position that copies of a database say they hold, 0 without any."""
    ends = [
        line.end().position
        for place in places
        for line in lines_in(place)
        if (label := line.label()) is not None and label.database == database
    ]
    return max(ends, default=0)


def rebuild(place: Path, target: Path) -> Rebuilt:
    """Make a database of the furthest moment that the copy holds completely.

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
    taken: Line | None = None
    rebuilt: Rebuilt | None = None
    for line in sorted(lines, key=lambda line: line.rank(line.end().position), reverse=True):
        if taken and rebuilt and taken.rank(rebuilt.proof.position) >= line.rank(line.end().position):
            break
        # The one that says it reaches furthest may be damaged: what another one makes is compared with it.
        file = target if rebuilt is None else target.with_name(f"{target.name}.other")
        made = _from_line(line, file, notes)
        if made is None or (taken and rebuilt and taken.rank(rebuilt.proof.position) >= line.rank(made.proof.position)):
            if rebuilt is not None:
                file.unlink(missing_ok=True)
            continue
        file.replace(target)
        taken, rebuilt = line, made
    if taken is None or rebuilt is None:
        raise DomainError(Fault.INTERNAL, f"Nothing in {place} can be restored: {'; '.join(notes)}.")
    notes += [*rebuilt.notes, *_others(lines, taken, rebuilt.proof.position)]
    fresh = _heartbeat(place, rebuilt.proof.position) if not notes and taken is lines[-1] else 0
    return msgspec.structs.replace(rebuilt, as_of=max(rebuilt.as_of, fresh), notes=tuple(notes))


def _from_line(line: Line, target: Path, notes: list[str]) -> Rebuilt | None:
    """What the newest base of a line makes that is whole; a damaged one costs nothing, its log is longer."""
    bases = line.complete_bases()
    for number, base in reversed(bases.items()):
        try:
            return finish(line, gather(line, number, base, target), target)
        except (DomainError, OSError) as error:
            notes.append(f"{line.folder.name}, whole copy {number}: {error}")
    if not bases:
        notes.append(f"{line.folder.name}: no whole copy was finished")
    return None


def _others(lines: list[Line], taken: Line, position: int) -> Iterator[str]:
    """What is to be said of the lines that were not taken."""
    label = taken.label()
    for line in lines:
        other, end = line.label(), line.end().position
        if line is taken:
            continue
        if end > position:
            foreign = label is None or other is None or other.database != label.database
            why = "of another database" if foreign else "what lies beyond was not restored"
            if not foreign and label is not None and label.behind >= end:
                why = "given up by talwerk restore or accept-loss"
            yield f"{line.folder.name} reaches further than {taken.folder.name}, to position {end}: {why}"
        elif line.number > taken.number and not line.complete_bases():
            yield f"{line.folder.name}: no whole copy was finished"
        elif line.number > taken.number:
            yield f"{line.folder.name} is newer than {taken.folder.name} and reaches only to position {end}"


def gather(line: Line, number: int, base: BaseLabel, target: Path) -> Usable:
    """Copy a base and find the log that belongs to it.

    Raises:
        DomainError: InternalError when the second place does not give back what was written.
        OSError: it could not be copied.
    """
    usable = _usable(line, base.epoch)
    if not base.completed_by(usable.labels):
        why = "; ".join(usable.notes) or "the log ends too early"
        raise DomainError(Fault.INTERNAL, f"It cannot be completed: {why}.")
    if write_whole(target, chunks_of(line.base_file(number))).sha256 != base.sha256:
        raise DomainError(Fault.INTERNAL, "Its file is damaged: it is not the one written.")
    return msgspec.structs.replace(usable, as_of=usable.labels[-1].at if usable.labels else base.created)


def finish(line: Line, usable: Usable, target: Path) -> Rebuilt:
    """Apply the log to a base that was gathered, and read every page.

    Raises:
        DomainError: InternalError when what was copied is itself damaged.
    """
    label = line.label()
    if label is None:
        raise DomainError(Fault.INTERNAL, "Nothing says whose it is.")
    redo(target, pieces_of(usable.paths))
    proof = prove_database(target)
    position = usable.labels[-1].position if usable.labels else proof.position
    if proof.position != position:
        detail = f"Its database ends at position {proof.position}, its log at {position}."
        raise DomainError(Fault.INTERNAL, detail)
    return Rebuilt(
        city=label.city, as_of=usable.as_of, proof=proof, segments=len(usable.paths), notes=tuple(usable.notes)
    )


def _usable(line: Line, epoch: int) -> Usable:
    """Everything from the beginning of an epoch up to the last commit before a gap or damage."""
    usable = Usable([], [], [])
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
