"""Documents of @contexts: given by the operator, kept from earlier, or fetched (NGSI-LD clauses 5.5.5 and 5.5.7)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import SECOND, Clock, Instant
from talwerk.protocols.http.outgoing import Outgoing, UnreachableError
from talwerk.protocols.http.strict_json import decode_json

logger = logging.getLogger(__name__)

BYTES_MAX = 1 << 20
TIMEOUT_S = 2.0
FRESH_S = 24 * 3_600
"""After a day a document is fetched again; when that fails, the one that is known serves on."""
_RETRY_S = 600.0
_REFUSAL_S = 5.0
_MEMORY_BYTES_MAX = 16 << 20
_DISK_BYTES_MAX = 64 << 20
_REFUSALS_MAX = 1_000
_ACCEPT = "application/ld+json, application/json;q=0.9, */*;q=0.1"


class _Kept(msgspec.Struct, frozen=True):
    """A document as it lies on disk.

    Attributes:
        address: where it was asked for.
        base: where it was found, for the addresses that it names.
        fetched: when, in microseconds UTC.
        document: its ``@context``.
    """

    address: str
    base: str
    fetched: Instant
    document: msgspec.Raw


class Document(msgspec.Struct, frozen=True):
    """What an @context document says.

    Attributes:
        base: the address that relative addresses in it lean on.
        content: the value of its ``@context``.
    """

    base: str
    content: Any


class Documents:
    """Finds the documents that addresses stand for, and keeps them in memory and on disk.

    Args:
        clock: the source of time.
        outgoing: how documents are fetched, None when nothing ever is.
        directory: where they are kept, None for memory alone.
        given: files that stand for addresses; these are never fetched.

    Raises:
        DomainError: InvalidRequest when a given file is no @context document.
    """

    def __init__(
        self,
        clock: Clock,
        outgoing: Outgoing | None = None,
        directory: Path | None = None,
        given: Mapping[str, Path] | None = None,
    ) -> None:
        self._clock = clock
        self._outgoing = outgoing
        self._directory = directory
        self._given = {address: _given(address, file) for address, file in (given or {}).items()}
        self._memory: dict[str, tuple[_Kept, float]] = {}
        self._refusals: dict[str, tuple[DomainError, float]] = {}
        self._under_way: dict[str, asyncio.Task[_Kept]] = {}

    async def get(self, address: str) -> Document:
        """The document at an address.

        Raises:
            DomainError: LdContextNotAvailable when there is none, naming the address and the reason.
        """
        if address in self._given:
            return self._given[address]
        known = self._memory.get(address)
        if known is not None and self._clock.monotonic_s() < known[1]:
            return _read(known[0])
        refusal = self._refusals.get(address)
        if refusal is not None and self._clock.monotonic_s() < refusal[1]:
            raise DomainError(refusal[0].fault, refusal[0].detail)
        task = self._under_way.get(address)
        if task is None:
            task = asyncio.create_task(self._find(address, known[0] if known else None))
            self._under_way[address] = task
            task.add_done_callback(lambda done: self._finished(address, done))
        # Whoever asked first may go away; the others still wait for the same answer.
        return _read(await asyncio.shield(task))

    def _finished(self, address: str, task: asyncio.Task[_Kept]) -> None:
        self._under_way.pop(address, None)
        if not task.cancelled():
            task.exception()

    async def _find(self, address: str, known: _Kept | None) -> _Kept:
        kept = known or await asyncio.to_thread(self._from_disk, address)
        if kept is not None:
            left_s = FRESH_S - (self._clock.now() - kept.fetched) / SECOND
            if 0 < left_s <= FRESH_S:
                return self._remember(kept, left_s)
        try:
            fetched = await self._fetch(address)
        except DomainError as error:
            if kept is None:
                if len(self._refusals) >= _REFUSALS_MAX:
                    self._refusals.clear()
                self._refusals[address] = (error, self._clock.monotonic_s() + _REFUSAL_S)
                raise
            logger.warning("%s The one of %s serves on.", error.detail, address)
            return self._remember(kept, _RETRY_S)
        await asyncio.to_thread(self._to_disk, fetched)
        return self._remember(fetched, FRESH_S)

    async def _fetch(self, address: str) -> _Kept:
        if self._outgoing is None:
            raise _unavailable(address, "this city fetches none")
        try:
            found = await self._outgoing.fetch(address, accept=_ACCEPT, bytes_max=BYTES_MAX, timeout_s=TIMEOUT_S)
            content = msgspec.Raw(msgspec.json.encode(_context_of(found.content)))
        except UnreachableError as error:
            raise _unavailable(address, str(error)) from error
        except DomainError as error:
            raise _unavailable(address, f"it is no @context document ({error.detail})") from error
        return _Kept(address, found.address, self._clock.now(), content)

    def _remember(self, kept: _Kept, for_s: float) -> _Kept:
        self._memory.pop(kept.address, None)
        self._memory[kept.address] = (kept, self._clock.monotonic_s() + for_s)
        while sum(len(bytes(each.document)) for each, _ in self._memory.values()) > _MEMORY_BYTES_MAX:
            self._memory.pop(next(iter(self._memory)))
        return kept

    def _file(self, address: str) -> Path | None:
        if self._directory is None:
            return None
        return self._directory / f"{hashlib.sha256(address.encode()).hexdigest()[:40]}.json"

    def _from_disk(self, address: str) -> _Kept | None:
        file = self._file(address)
        try:
            kept = None if file is None else msgspec.json.decode(file.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return None
        return kept if kept is not None and kept.address == address else None

    def _to_disk(self, kept: _Kept) -> None:
        """Keep a document for the next start; a full disk only costs that."""
        file = self._file(kept.address)
        if file is None:
            return
        try:
            file.parent.mkdir(exist_ok=True, mode=0o750)
            handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
            with os.fdopen(handle, "wb") as part:
                part.write(msgspec.json.encode(kept))
            Path(name).replace(file)
            self._make_room(file.parent)
        except OSError as error:
            logger.warning("The @context %s cannot be kept on disk: %s.", kept.address, error)

    def _make_room(self, directory: Path) -> None:
        files = sorted(directory.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        total = 0
        for file in files:
            total += file.stat().st_size
            if total > _DISK_BYTES_MAX:
                file.unlink(missing_ok=True)


def _read(kept: _Kept) -> Document:
    return Document(kept.base, msgspec.json.decode(kept.document))


def _unavailable(address: str, reason: str) -> DomainError:
    return DomainError(Fault.CONTEXT_NOT_AVAILABLE, f"The @context {address[:300]} is not available: {reason}.")


def _context_of(content: bytes) -> Any:
    """The ``@context`` of a document.

    Raises:
        DomainError: it is no JSON object with an ``@context``.
    """
    value = decode_json(content)
    if not isinstance(value, dict) or "@context" not in value:
        raise invalid("it is no JSON object with an @context")
    return value["@context"]


def _given(address: str, file: Path) -> Document:
    try:
        return Document(address, _context_of(file.read_bytes()))
    except (OSError, DomainError) as error:
        detail = error.detail if isinstance(error, DomainError) else str(error)
        raise invalid(f"The file {file} cannot stand for the @context {address}: {detail}.", "context_map") from error
