"""The term table: every repeated text once, under an integer that never leaves the store."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

NONE = 0
"""Stands for no dataset, no unit, no method."""


class Terms:
    """Terms as the writer sees them: unknown ones are added.

    Args:
        connection: the writing connection.
        remembered: how many terms are kept in memory.
    """

    def __init__(self, connection: apsw.Connection, remembered: int) -> None:
        self._connection = connection
        self._remembered = remembered
        self._known: dict[str, int] = {}

    def tid(self, text: str | None) -> int:
        """The number of a text; None and the empty text have none."""
        if not text:
            return NONE
        tid = self._known.get(text)
        if tid is None:
            tid = self._found_or_added(text)
            if len(self._known) >= self._remembered:
                self._known.clear()
            self._known[text] = tid
        return tid

    def forget(self) -> None:
        """Forget what was added in a transaction that was rolled back."""
        self._known.clear()

    def _found_or_added(self, text: str) -> int:
        found = self._connection.execute("SELECT tid FROM term WHERE text = ?", (text,)).get
        if found is not None:
            return int(found)
        self._connection.execute("INSERT INTO term (text) VALUES (?)", (text,))
        return self._connection.last_insert_rowid()


def known_tids(connection: apsw.Connection, texts: Iterable[str]) -> list[int]:
    """The numbers of those texts that the store knows."""
    found = (connection.execute("SELECT tid FROM term WHERE text = ?", (text,)).get for text in texts)
    return [int(tid) for tid in found if tid is not None]


def terms_of(connection: apsw.Connection, tids: Iterable[int]) -> dict[int, str]:
    """The texts of some numbers."""
    return {tid: connection.execute("SELECT text FROM term WHERE tid = ?", (tid,)).get for tid in tids if tid != NONE}
