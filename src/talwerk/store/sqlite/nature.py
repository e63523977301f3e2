"""Real and simulated observations never share a file: the first one decides, for ever."""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from talwerk.core.change import Origin
from talwerk.core.errors import DomainError, Fault
from talwerk.core.series import Nature


def nature_of(connection: apsw.Connection) -> Nature:
    """Whether the city's observations are real or simulated."""
    return Nature(connection.execute("SELECT value FROM meta WHERE key = 'nature'").get or Nature.EMPTY)


_FROM_FILES = (Origin.BACKFILL, Origin.REPLAY, Origin.DERIVED)
_OF_OTHERS = (
    "{eid} NOT IN (SELECT eid FROM entity_type JOIN term ON tid = type "
    "WHERE text IN (SELECT value FROM json_each(:own))) "
    "AND (NOT EXISTS (SELECT 1 FROM series s WHERE s.eid = {eid}) "
    "OR EXISTS (SELECT 1 FROM series s JOIN provenance p USING (pid) "
    "WHERE s.eid = {eid} AND NOT coalesce(p.body ->> 'simulated', 0)))"
)
"""Entities that are none of the city's own, and not only of simulated series."""


def held_live(connection: apsw.Connection, own: Iterable[str] = ()) -> bool:
    """Whether anything was ever written that came by itself: not from a file, not calculated, not simulated.

    Data of before this was noted are judged by the change log. Where its beginning is gone, whatever there is counts:
    to take a city for empty that is not would be worse than the contrary.

    Args:
        connection: any.
        own: types of the entities by which the city tells of itself; they do not count.
    """
    if _noted(connection):
        return True
    given = {"own": msgspec.json.encode(sorted(own)).decode()}
    first = connection.execute("SELECT pos FROM change ORDER BY pos LIMIT 1").get
    if first == 1:
        origins = ", ".join(f"'{origin.value}'" for origin in _FROM_FILES)
        foreign = _OF_OTHERS.format(eid="c.eid")
        asked = f"SELECT 1 FROM change c WHERE c.origin NOT IN ({origins}) AND {foreign} LIMIT 1"
    else:
        asked = " UNION ALL ".join(
            f"SELECT 1 FROM {table} WHERE {_OF_OTHERS.format(eid=f'{table}.eid')}" for table in ("entity", "former")
        )
    return connection.execute(asked, given).get is not None


def _noted(connection: apsw.Connection) -> bool:
    """Whether a live observation was noted."""
    return connection.execute("SELECT value FROM meta WHERE key = 'live'").get is not None


class NatureGuard:
    """Keeps simulated observations out of a real city.

    Args:
        connection: the writing connection.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._nature = nature_of(connection)
        self._live = _noted(connection)

    def check(self, *, simulated: bool) -> None:
        """Make sure that an observation may come in.

        Raises:
            DomainError: Forbidden for a simulated one where real ones lie.
        """
        if simulated and self._nature is Nature.MEASURED:
            raise DomainError(Fault.FORBIDDEN, "The city holds real observations; simulated ones never go beside them.")

    def note(self, *, simulated: bool, live: bool) -> None:
        """Take note of an observation that was written; whether it came live, not from a file."""
        if live and not simulated and not self._live:
            self._live = True
            self._connection.execute("INSERT INTO meta (key, value) VALUES ('live', 'yes')")
        if self._nature is Nature.EMPTY:
            self._nature = Nature.SIMULATED if simulated else Nature.MEASURED
            self._connection.execute("INSERT INTO meta (key, value) VALUES ('nature', ?)", (self._nature.value,))

    def forget(self) -> None:
        """Forget what was noted in a transaction that was rolled back."""
        self._nature = nature_of(self._connection)
        self._live = _noted(self._connection)
