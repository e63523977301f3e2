"""What the engine knows of a running city: the one picture behind metrics, status, doctor and pages."""

from __future__ import annotations

import msgspec

from talwerk.broker.ports import WriterState
from talwerk.core.instants import Instant
from talwerk.protocols.http.tally import Count
from talwerk.services.sources.pushed import Arrivals
from talwerk.services.sources.state import SourceState
from talwerk.store import Condition

from .copies.state import CopiesState
from .duties import DutyState
from .engine import Work
from .housekeeping import HousekeepingState
from .vitals import Vitals


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """One process, as it says of itself.

    Attributes:
        name: ``supervisor``, ``engine``, ``serve 1``; ``city`` when one process does everything; of a command its own.
        part: whether it belongs to the city; commands that write beside it do not.
        vitals: memory, processor, files; None where the system does not tell.
        counts: requests that it answered.
        answering: requests under way, by protocol; those of ``live`` are listeners.
        arrivals: what came of sources that send by themselves.
    """

    name: str
    part: bool
    vitals: Vitals | None = None
    counts: tuple[Count, ...] = ()
    answering: dict[str, int] = {}
    arrivals: Arrivals = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A running city at one moment.

    Attributes:
        version: of the software that runs.
        city: key of the city.
        at: the engine's time.
        since: when the engine was started.
        writer: queue, lag, position, and why nothing can be written, if so.
        work: what was written since then.
        store: the database and its disk, None before it was looked at.
        sources: what the city polls.
        halted: why nothing is polled although there are sources, in one sentence; empty when they are.
        copies: backups and the continuous copy.
        housekeeping: retention, and the look at every page.
        duties: what the engine does besides writing.
        processes: the supervisor, the engine, and everyone who is connected to it.
    """

    version: str
    city: str
    at: Instant
    since: Instant
    writer: WriterState
    work: Work
    store: Condition | None = None
    sources: tuple[SourceState, ...] = ()
    halted: str = ""
    copies: CopiesState | None = None
    housekeeping: HousekeepingState | None = None
    duties: tuple[DutyState, ...] = ()
    processes: tuple[Presence, ...] = ()
