"""TLS by a certificate that the operator provides, tried out before anybody relies on it.

A certificate and its key are put into a context, which then greets itself in memory: what a client would find wrong
(a key of another certificate, an expired one, one that is not for servers) is found here, with the file's name.
"""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SECOND, Instant

_OTHERS = stat.S_IWGRP | stat.S_IRWXO
_EXPIRED, _NOT_YET = 10, 9
"""Of OpenSSL's verify codes (x509_vfy.h) those that have a plain name here."""


class Tls(msgspec.Struct, frozen=True):
    """What it takes to speak https.

    Attributes:
        certificate: PEM file with the certificate and its chain.
        key: PEM file with its private key.
        context: for the server's side of connections.
        name: the first name on the certificate.
        until: its last second, microseconds UTC.
        unnamed: names of the city that it does not carry.
    """

    certificate: Path
    key: Path
    context: ssl.SSLContext
    name: str
    until: Instant
    unnamed: tuple[str, ...]


def open_tls(certificate: Path, key: Path, names: Iterable[str] = ()) -> Tls:
    """TLS 1.2 and 1.3 with this certificate.

    Args:
        certificate: PEM file with the certificate first and its chain after it.
        key: PEM file with its private key, without a password; readable by its owner, at most its group.
        names: under which the city is reached.

    Raises:
        DomainError: a file is missing, unreadable or not what it should be, others can read the key, the two do not
            belong together, or the certificate is not valid now; the text names the file.
    """
    _readable(certificate, "tls_certificate")
    _readable(key, "tls_key")
    mode = key.stat().st_mode & 0o777
    if mode & _OTHERS:
        detail = f"tls_key {key} has mode {mode:04o}, others can use it; 0600 suits it, or 0640 with a group."
        raise DomainError(Fault.FORBIDDEN, detail)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    client = _client(certificate)
    _load(context, certificate, key)
    shown = _greeting(context, client, certificate)
    unnamed = tuple(name for name in names if not _carries(context, client, name))
    return Tls(certificate, key, context, _name(shown), _until(shown), unnamed)


def show_instead(present: Tls, fresh: Tls) -> None:
    """Let the context that is in use show another certificate, that was tried out, from the next connection on."""
    _load(present.context, fresh.certificate, fresh.key)


def _readable(file: Path, setting: str) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise DomainError(Fault.INVALID_REQUEST, f"{setting} {file} cannot be read: {error.strerror}.") from error


def _client(certificate: Path) -> ssl.SSLContext:
    """A client that trusts this very certificate, whoever issued it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        client.load_verify_locations(cafile=certificate)
    except ssl.SSLError as error:
        detail = f"tls_certificate {certificate} holds no certificate in PEM form ({_reason(error)})."
        raise DomainError(Fault.INVALID_REQUEST, detail) from error
    return client


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def no_password() -> bytes:
        # Without this, OpenSSL would ask the terminal and a service would hang.
        raise DomainError(Fault.INVALID_REQUEST, f"tls_key {key} is protected by a password; it must have none.")

    try:
        context.load_cert_chain(certificate, key, password=no_password)
    except ssl.SSLError as error:
        detail = f"tls_key {key} is no private key in PEM form that can be used ({_reason(error)})."
        if error.reason == "KEY_VALUES_MISMATCH":
            detail = f"tls_key {key} is not the key of tls_certificate {certificate}."
        raise DomainError(Fault.INVALID_REQUEST, detail) from error


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")


def _greeting(context: ssl.SSLContext, client: ssl.SSLContext, certificate: Path) -> dict[str, Any]:
    """What the certificate says, as a client reads it."""
    client.check_hostname = False
    try:
        return _handshake(context, client, None)
    except ssl.SSLCertVerificationError as error:
        why = {_EXPIRED: "has expired", _NOT_YET: "is not valid yet"}.get(error.verify_code)
        detail = f"tls_certificate {certificate} {why or f'is of no use for a server: {error.verify_message}'}."
        raise DomainError(Fault.INVALID_REQUEST, detail) from error
    except ssl.SSLError as error:
        detail = f"tls_certificate {certificate} cannot be used: {_reason(error)}."
        raise DomainError(Fault.INVALID_REQUEST, detail) from error


def _carries(context: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    client.check_hostname = True
    try:
        _handshake(context, client, name)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _handshake(context: ssl.SSLContext, client: ssl.SSLContext, name: str | None) -> dict[str, Any]:
    """Let both sides greet each other in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return asking.getpeercert() or {}


def _name(shown: dict[str, Any]) -> str:
    names = [value for kind, value in shown.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}]
    common = [value for part in shown.get("subject", ()) for kind, value in part if kind == "commonName"]
    return str([*names, *common, "without a name"][0])


def _until(shown: dict[str, Any]) -> Instant:
    return Instant(ssl.cert_time_to_seconds(shown["notAfter"]) * SECOND)
