"""Room on the disk: what is kept free so that a full disk is never met in the middle of things."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

_OWN_SHARE = 4
"""The log and the notes beside the database need the disk itself: a quarter of the reserve has to be there."""


def shortage(connection: apsw.Connection, directory: Path, reserve_bytes: int) -> str:
    """Why nothing more may come in, empty when there is room.

    Pages that the database has free within itself count as room: whoever deletes history on a full disk can go on,
    although the file does not become smaller.

    Args:
        connection: to the database.
        directory: where it lies.
        reserve_bytes: what is to be kept free.
    """
    if not reserve_bytes:
        return ""
    place = os.statvfs(directory)
    free = place.f_bavail * place.f_frsize
    if free >= reserve_bytes:
        return ""
    within = int(connection.pragma("freelist_count")) * int(connection.pragma("page_size"))
    if free + within >= reserve_bytes and free * _OWN_SHARE >= reserve_bytes:
        return ""
    return (
        f"The disk has {free // 10**6} MB left and the database {within // 10**6} MB within itself; "
        f"{reserve_bytes // 10**6} MB are kept free. Reading and deleting go on."
    )
