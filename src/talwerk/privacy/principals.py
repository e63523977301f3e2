"""Who asks: the operator by the token of the data directory, devices by their keys, everybody else as the public."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.scope import Principal, Role

from .devices import DeviceKeys
from .policy import PUBLIC

TOKEN_FILE = "operator-token"  # noqa: S105 - where it lies, not what it is
_TOKEN_BYTES = 32
_OPERATOR = Principal(role=Role.OPERATOR, name="token")


class Grant(msgspec.Struct, frozen=True):
    """Who a request comes from, and what their key was made for.

    Attributes:
        principal: who asks.
        types: IRIs of the entity types that a device's key was made for.
        source: the source whose door the key opens, and nothing else.
    """

    principal: Principal
    types: tuple[str, ...] = ()
    source: str = ""


_ANYBODY = Grant(PUBLIC)
_THE_OPERATOR = Grant(_OPERATOR)


class Credentials:
    """The secrets that tell principals apart.

    Args:
        operator_token: the operator's bearer token.
        devices: the keys of webhooks and sensors.
    """

    def __init__(self, operator_token: str, devices: DeviceKeys) -> None:
        self.operator_token = operator_token
        self.devices = devices
        self._operator_digest = _digest(operator_token)

    @classmethod
    def open(cls, directory: Path, devices: Path | None = None) -> Credentials:
        """The credentials of a data directory; the operator's token comes into being at the first start.

        Args:
            directory: of all data.
            devices: directory with the keys of devices, the same when None.

        Raises:
            DomainError: InsufficientStorage when the directory cannot be written; Forbidden when the token's file
                can be read by others than its owner or holds no token.
        """
        path = directory / TOKEN_FILE
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            if not path.exists():
                _create(path, secrets.token_urlsafe(_TOKEN_BYTES))
            mode = path.stat().st_mode & 0o777
            token = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DomainError(Fault.STORAGE_FULL, f"The operator's token {path} cannot be used: {error}.") from error
        if mode & 0o077:
            detail = f"The operator's token {path} has mode {mode:04o}, others can read it; it must have mode 0600."
            raise DomainError(Fault.FORBIDDEN, detail)
        if len(token) < _TOKEN_BYTES:
            raise DomainError(Fault.FORBIDDEN, f"The file {path} holds no token; without it a new one is made.")
        return cls(token, DeviceKeys(devices or directory))

    @classmethod
    def renew(cls, directory: Path) -> Credentials:
        """The credentials with a new token of the operator's; a running city takes it with its next reload.

        Raises:
            DomainError: InsufficientStorage when the directory cannot be written.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            _create(directory / TOKEN_FILE, secrets.token_urlsafe(_TOKEN_BYTES), replace=True)
        except OSError as error:
            detail = f"The operator's token {directory / TOKEN_FILE} cannot be written: {error}."
            raise DomainError(Fault.STORAGE_FULL, detail) from error
        return cls.open(directory)

    def grant(self, authorization: str | None) -> Grant:
        """Who an ``Authorization`` header names; the public when there is none.

        Devices that only know user and password (RFC 7617) send their name and their key, or what follows the dot in
        it: some take no more than 64 characters. The operator's token is no password.

        Raises:
            DomainError: Unauthenticated when the header names nobody: a wrong token is never silently the public.
        """
        if authorization is None:
            return _ANYBODY
        scheme, _, secret = authorization.strip().partition(" ")
        secret = secret.strip()
        if scheme.lower() == "basic":
            return self._of_device(_key_of(secret))
        if scheme.lower() != "bearer" or not secret:
            raise DomainError(Fault.UNAUTHENTICATED, "The Authorization header holds no bearer token.")
        if hmac.compare_digest(_digest(secret), self._operator_digest):
            return _THE_OPERATOR
        return self._of_device(secret)

    def _of_device(self, key: str) -> Grant:
        device = self.devices.holder(key)
        if device is None:
            raise DomainError(Fault.UNAUTHENTICATED, "The token or password is not valid.")
        return Grant(Principal(role=Role.DEVICE, name=device.name), device.types, device.source)


def _key_of(credentials: str) -> str:
    """The key that user and password make together."""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        raise DomainError(Fault.UNAUTHENTICATED, "The Authorization header holds no user and password.") from None
    return password if password.startswith(f"{user}.") else f"{user}.{password}"


def _digest(secret: str) -> bytes:
    # Comparing digests instead of texts also hides the length and takes any characters.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def _create(path: Path, token: str, *, replace: bool = False) -> None:
    """Write the token so that two processes that start together end with the same one."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
