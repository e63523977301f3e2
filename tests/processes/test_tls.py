"""Certificates as operators have them: right ones, and every way in which they are wrong."""

from __future__ import annotations

import datetime
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import trustme

from talwerk.core.errors import DomainError
from talwerk.processes.tls import open_tls, show_instead

CITY = "city.example"


def issued(
    folder: Path, *names: str, authority: trustme.CA | None = None, ends: datetime.datetime | None = None
) -> Path:
    """A folder with a certificate and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    made = (authority or trustme.CA()).issue_cert(*(names or (CITY,)), not_after=ends)
    (folder / "cert.pem").unlink(missing_ok=True)
    for number, part in enumerate(made.cert_chain_pems):
        part.write_to_path(folder / "cert.pem", append=number > 0)
    made.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "key.pem").chmod(0o600)
    return folder


def refusal(certificate: Path, key: Path) -> str:
    with pytest.raises(DomainError) as refused:
        open_tls(certificate, key)
    return str(refused.value)


def test_a_certificate_tells_its_name_and_its_end(tmp_path: Path) -> None:
    ends = datetime.datetime(2090, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    folder = issued(tmp_path, CITY, "www.city.example", ends=ends)
    tls = open_tls(folder / "cert.pem", folder / "key.pem", (CITY, "other.example", "WWW.city.example"))
    assert (tls.name, tls.unnamed) == (CITY, ("other.example",))
    assert tls.until == int(ends.timestamp()) * 1_000_000
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_names_with_a_star_and_addresses(tmp_path: Path) -> None:
    folder = issued(tmp_path, "*.city.example", "10.0.0.7")
    names = ("a.city.example", "a.b.city.example", "10.0.0.7", "10.0.0.8", "")
    assert open_tls(folder / "cert.pem", folder / "key.pem", names).unnamed == ("a.b.city.example", "10.0.0.8", "")


def test_missing_files_are_named(tmp_path: Path) -> None:
    folder = issued(tmp_path)
    assert f"tls_certificate {tmp_path / 'no.pem'} cannot be read: No such" in refusal(
        tmp_path / "no.pem", folder / "key.pem"
    )
    assert f"tls_key {tmp_path / 'no.pem'} cannot be read: No such" in refusal(folder / "cert.pem", tmp_path / "no.pem")
    assert "cannot be read: Is a directory" in refusal(tmp_path, folder / "key.pem")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    folder = issued(tmp_path)
    (folder / "key.pem").chmod(mode)
    assert f"key.pem has mode {mode:04o}" in refusal(folder / "cert.pem", folder / "key.pem")


def test_a_group_may_read_the_key(tmp_path: Path) -> None:
    folder = issued(tmp_path)
    (folder / "key.pem").chmod(stat.S_IRUSR | stat.S_IRGRP)
    assert open_tls(folder / "cert.pem", folder / "key.pem").name == CITY


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    one, other = issued(tmp_path / "one"), issued(tmp_path / "other")
    assert "is not the key of tls_certificate" in refusal(one / "cert.pem", other / "key.pem")


def test_files_that_are_something_else(tmp_path: Path) -> None:
    folder = issued(tmp_path)
    (tmp_path / "text.pem").write_text("nothing of that kind\n")
    (tmp_path / "text.pem").chmod(0o600)
    assert "text.pem holds no certificate in PEM form" in refusal(tmp_path / "text.pem", folder / "key.pem")
    assert "text.pem is no private key in PEM form" in refusal(folder / "cert.pem", tmp_path / "text.pem")


def test_a_key_with_a_password_is_not_asked_for_it(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    folder = issued(tmp_path)
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (folder / "key.pem").write_bytes(locked)
    assert "is protected by a password" in refusal(folder / "cert.pem", folder / "key.pem")


def test_an_expired_certificate(tmp_path: Path) -> None:
    folder = issued(tmp_path, ends=datetime.datetime(2021, 7, 14, tzinfo=datetime.UTC))
    assert f"tls_certificate {folder / 'cert.pem'} has expired." in refusal(folder / "cert.pem", folder / "key.pem")


def test_a_renewed_certificate_is_shown_to_the_next_client(tmp_path: Path) -> None:
    authority = trustme.CA()
    old, new = (
        issued(tmp_path / "a", authority=authority),
        issued(tmp_path / "b", CITY, "new.example", authority=authority),
    )
    present = open_tls(old / "cert.pem", old / "key.pem")
    assert shown(present.context, authority) == {CITY}
    show_instead(present, open_tls(new / "cert.pem", new / "key.pem"))
    assert shown(present.context, authority) == {CITY, "new.example"}


def shown(context: ssl.SSLContext, authority: trustme.CA) -> set[str]:
    """The names that a client reads who trusts the authority."""
    client = ssl.create_default_context()
    authority.configure_trust(client)
    asking = client.wrap_bio(incoming := ssl.MemoryBIO(), outgoing := ssl.MemoryBIO(), server_hostname=CITY)
    answering = context.wrap_bio(outgoing, incoming, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    certificate: Any = asking.getpeercert()
    return {value for _, value in certificate["subjectAltName"]}
