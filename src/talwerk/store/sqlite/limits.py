"""The bounds of one store."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a store allows itself; the defaults suit a city on two cores.

    Attributes:
        budget_s: seconds that one reading call may take before it ends in TooComplexQuery.
        instances: instances of attributes on one page of history.
        busy_s: seconds to wait for a lock of another process.
        writer_cache_kib: page cache of the writing connection, KiB.
        reader_cache_kib: page cache of each reading connection, KiB.
        kept: entities that readers keep decoded; for itself the writer keeps as many as these would be with 4 KiB each.
        delete_history_with_entity: whether deleting an entity erases its history; otherwise the history stays.
        remembered: entries in each of the writer's bounded memories (terms, series, types).
        disk_reserve_bytes: free bytes of the disk below which the store counts as not writable.
        wal_bytes_max: what the write-ahead log may reach.
        wal_kept: whether the log stays when a writer closes, so that a continuous copy can go on from it.
        queried: IRIs of the attributes whose values a writer keeps in an index.
    """

    budget_s: float = 2.0
    instances: int = 10_000
    busy_s: float = 5.0
    writer_cache_kib: int = 65_536
    reader_cache_kib: int = 8_192
    delete_history_with_entity: bool = False
    remembered: int = 50_000
    kept: int = 5_000
    disk_reserve_bytes: int = 0
    wal_bytes_max: int = 256 << 20
    wal_kept: bool = False
    queried: frozenset[str] = frozenset()
