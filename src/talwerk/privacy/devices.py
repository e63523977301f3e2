"""Device keys: one per webhook or sensor, kept as digests only.

A key is 256 random bits behind the device's name, so that a plain SHA-256 of it cannot be guessed back.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Instant

logger = logging.getLogger(__name__)

FILE = "devices.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that may write.

    Attributes:
        name: its stable name.
        digest: SHA-256 of its key, hexadecimal.
        types: IRIs of the entity types that it may read and write.
        added: when the key was made, microseconds UTC.
        source: key of the source whose door it opens, and nothing else; empty for a key of the interface for entities.
        title: what people call the device.
        at: where it stands, longitude and latitude in degrees.
    """

    name: str
    digest: str
    types: tuple[str, ...]
    added: int
    source: str = ""
    title: str = ""
    at: tuple[float, float] | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    devices: tuple[Device, ...] = ()


class DeviceKeys:
    """The device keys of a data directory. Changes by another process are seen at the next use."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, Device] = {}
        self._told = False

    def devices(self) -> tuple[Device, ...]:
        """All devices, by name."""
        known = self._current()
        return tuple(known[name] for name in sorted(known))

    def holder(self, key: str) -> Device | None:
        """The device whose key this is, None when it is nobody's.

        Raises:
            DomainError: Busy while the keys cannot be read; the log has the path and the reason.
        """
        name, _, _ = key.partition(".")
        device = self._serving().get(name)
        known = bytes.fromhex(device.digest) if device is not None else bytes(32)
        given = hashlib.sha256(key.encode(errors="surrogateescape")).digest()
        return device if hmac.compare_digest(given, known) else None

    def named(self, name: str) -> Device | None:
        """The device of that name, None when there is none.

        Raises:
            DomainError: as :meth:`holder`.
        """
        return self._serving().get(name)

    def add(
        self,
        name: str,
        types: tuple[str, ...],
        now: Instant,
        *,
        source: str = "",
        title: str = "",
        at: tuple[float, float] | None = None,
    ) -> str:
        """Make the key of a new device; it is shown this once and kept as a digest only.

        Args:
            name: lower-case letters, digits, ``-`` and ``_``, at most 63.
            types: IRIs of the entity types that the device may write, at least one.
            now: the time to record.
            source: key of the source whose door it opens, and nothing else; empty for the interface for entities.
            title: what people call the device.
            at: where it stands, longitude and latitude in degrees.

        Raises:
            DomainError: InvalidRequest for an impossible name or no types; AlreadyExists when the name is taken;
                InsufficientStorage when the keys cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise invalid(f"The device name {name[:80]!r} holds other characters than a-z, 0-9, - and _.")
        if not types:
            raise invalid(f"The device {name} has no entity types that it may write.")
        with self._locked() as known:
            if name in known:
                raise DomainError(Fault.ALREADY_EXISTS, f"The device {name} has a key already.")
            key = f"{name}.{secrets.token_urlsafe(32)}"
            digest = hashlib.sha256(key.encode()).hexdigest()
            made = Device(name=name, digest=digest, types=types, added=now, source=source, title=title, at=at)
            self._write({**known, name: made})
        return key

    def revoke(self, name: str) -> None:
        """Take a device's key away, at once.

        Raises:
            DomainError: ResourceNotFound when there is no such device; InsufficientStorage when the keys cannot be
                written.
        """
        with self._locked() as known:
            if name not in known:
                raise DomainError(Fault.NOT_FOUND, f"There is no device {name[:80]!r}.")
            self._write({other: device for other, device in known.items() if other != name})

    def _serving(self) -> dict[str, Device]:
        """The devices for a request; its sender learns nothing of the machine's files, and the log is told once."""
        try:
            known = self._current()
        except DomainError as error:
            if not self._told:
                logger.error("%s Requests with a device key get 503 until it can be read.", error)  # noqa: TRY400
            self._told = True
            raise DomainError(Fault.BUSY, "The device keys cannot be read at present.") from error
        self._told = False
        return known

    def _current(self) -> dict[str, Device]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._read_at:
                read = msgspec.json.decode(self._path.read_bytes(), type=_File)
                self._known = {device.name: device for device in read.devices}
                self._read_at = stamp
        except FileNotFoundError:
            self._known, self._read_at = {}, None
        except (OSError, msgspec.DecodeError) as error:
            raise DomainError(Fault.INTERNAL, f"The device keys {self._path} cannot be read: {error}.") from error
        return self._known

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Device]]:
        handle = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self._current()
        finally:
            os.close(handle)

    def _write(self, devices: dict[str, Device]) -> None:
        draft = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}")
        content = _File(devices=tuple(devices[name] for name in sorted(devices)))
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            reason = error.strerror or str(error)
            raise DomainError(
                Fault.STORAGE_FULL, f"The device keys {self._path} cannot be written: {reason}."
            ) from error
