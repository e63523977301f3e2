"""Real and simulated observations never share a file: the first one decides, for ever."""

from __future__ import annotations

import apsw

from talwerk.core.errors import DomainError, Fault
from talwerk.core.series import Nature


def nature_of(connection: apsw.Connection) -> Nature:
    """Whether the city's observations are real or simulated."""
    return Nature(connection.execute("SELECT value FROM meta WHERE key = 'nature'").get or Nature.EMPTY)


def held_live(connection: apsw.Connection) -> bool:
    """Whether an observation was ever written that somebody measured and that came by itself, not from a file."""
    return connection.execute("SELECT value FROM meta WHERE key = 'live'").get is not None


class NatureGuard:
    """Keeps simulated observations out of a real city.

    Args:
        connection: the writing connection.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._nature = nature_of(connection)
        self._live = held_live(connection)

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
        self._live = held_live(self._connection)
