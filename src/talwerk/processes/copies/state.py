"""How safe the data are: the last proven backup, and how far the continuous copy has come."""

from __future__ import annotations

import msgspec

from talwerk.core.instants import Instant


class CopiesState(msgspec.Struct, frozen=True, kw_only=True):
    """Backups and the continuous copy at one moment.

    Attributes:
        backup: when the last proven backup was made, None without one.
        backup_position: the change log's position in it.
        backup_bytes: its size.
        backup_due: when the next one is made, None when switched off.
        backup_error: why the last attempt failed, empty when it did not.
        copy_on: whether there is a second place.
        copied: the moment up to which every change is in the second place, None before the first.
        copied_position: the change log's position up to which it is complete.
        copy_error: why copying fails at present, empty when it does not.
    """

    backup: Instant | None = None
    backup_position: int = 0
    backup_bytes: int = 0
    backup_due: Instant | None = None
    backup_error: str = ""
    copy_on: bool = False
    copied: Instant | None = None
    copied_position: int = 0
    copy_error: str = ""
