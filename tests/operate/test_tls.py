"""A city that speaks https itself: to right clients, to wrong ones, with a certificate that is renewed meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme

from tests.processes.test_reload import parts, under_load, until
from tests.processes.test_tls import issued
from tests.served import TALWERK, Served, free_port, served

NAMES = ("localhost", "city.example")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def city(
    authority: trustme.CA, trust: ssl.SSLContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Path]]:
    folder = tmp_path_factory.mktemp("tls")
    certificate = issued(folder, *NAMES, authority=authority)
    log = folder / "log"
    paths: dict[str, Any] = {"tls_certificate": str(certificate / "cert.pem"), "tls_key": str(certificate / "key.pem")}
    with served(folder / "data", trust=trust, log_file=log, hosts="city.example", **paths) as opened:
        yield opened, log


def serial(port: int, trust: ssl.SSLContext) -> str:
    with (
        socket.create_connection(("127.0.0.1", port), 5) as raw,
        trust.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        return str((connection.getpeercert() or {})["serialNumber"])


def test_right_clients_are_served_and_told_to_come_back_by_https(city: tuple[Served, Path]) -> None:
    answer = city[0].get("/api/v1/stations")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert city[0].get("/nothing").headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(city: tuple[Served, Path], authority: trustme.CA, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", city[0].port), 5) as raw,
        context.wrap_socket(raw, server_hostname="city.example") as connection,
    ):
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_strangers_neither_hang_nor_fill_the_log(city: tuple[Served, Path], trust: ssl.SSLContext) -> None:
    served_city, log = city
    before = log.stat().st_size
    untrusting = ssl.create_default_context()
    for _ in range(20):
        with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", served_city.port), 5) as raw:
            untrusting.wrap_socket(raw, server_hostname="localhost")
        for words in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", os.urandom(300), b"\x16\x03\x01\xff\xff", b""):
            with socket.create_connection(("127.0.0.1", served_city.port), 5) as raw:
                raw.sendall(words)
                raw.shutdown(socket.SHUT_WR)
                try:
                    raw.recv(1_000)
                except ConnectionError:
                    continue
    assert served_city.get("/health/ready").status_code == 200
    assert log.stat().st_size == before, log.read_text()[before:]


@pytest.mark.long
def test_a_greeting_that_does_not_come_is_not_waited_for(city: tuple[Served, Path]) -> None:
    with socket.create_connection(("127.0.0.1", city[0].port), 20) as raw:
        raw.sendall(b"\x16\x03\x01")
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            assert raw.recv(1_000) == b""
        assert 5 < time.monotonic() - began < 15


async def test_a_renewed_certificate_costs_no_request(
    authority: trustme.CA, trust: ssl.SSLContext, tmp_path: Path
) -> None:
    issued(tmp_path, *NAMES, authority=authority)
    log = tmp_path / "log"
    paths: dict[str, Any] = {"tls_certificate": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    with served(tmp_path / "data", trust=trust, log_file=log, **paths) as opened:
        before, processes = serial(opened.port, trust), parts(opened.pid)
        async with under_load(opened) as load:
            issued(tmp_path, *NAMES, authority=authority)
            os.kill(opened.pid, signal.SIGHUP)
            await until(lambda: serial(opened.port, trust) != before)
            await until(lambda: len(parts(opened.pid)["tw serve 1"]) == 1)
            (tmp_path / "cert.pem").write_text("half a certif")
            os.kill(opened.pid, signal.SIGHUP)
            await until(lambda: "holds no certificate in PEM form" in log.read_text())
            await asyncio.sleep(0.2)
        assert load.failures == []
        assert set(load.statuses) == {200, 201}
        # Only who serves was replaced: the settings are the same.
        assert parts(opened.pid)["tw engine"] == processes["tw engine"]
        assert serial(opened.port, trust) != before


async def test_one_process_shows_a_renewed_certificate_as_well(
    authority: trustme.CA, trust: ssl.SSLContext, tmp_path: Path
) -> None:
    issued(tmp_path, *NAMES, authority=authority)
    paths: dict[str, Any] = {"tls_certificate": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    with served(tmp_path / "data", "--single", trust=trust, **paths) as opened:
        before = serial(opened.port, trust)
        issued(tmp_path, *NAMES, authority=authority)
        assert opened.run("reload", folder=tmp_path).returncode == 0
        await until(lambda: serial(opened.port, trust) != before)
        assert opened.get("/health/ready").status_code == 200


def test_the_welcome_names_the_certificate(authority: trustme.CA, trust: ssl.SSLContext, tmp_path: Path) -> None:
    issued(tmp_path, "city.example", authority=authority)
    port = free_port()
    environment = {
        **os.environ,
        "TALWERK_DATA": str(tmp_path / "data"),
        "TALWERK_PORT": str(port),
        "TALWERK_HOST": "0.0.0.0",
        "TALWERK_HOSTS": "other.example,city.example",
        "TALWERK_TLS_CERTIFICATE": str(tmp_path / "cert.pem"),
        "TALWERK_TLS_KEY": str(tmp_path / "key.pem"),
    }
    enrolled = subprocess.run([TALWERK, "operator", "enroll", "IT"], check=True, env=environment, capture_output=True)
    assert enrolled.stdout
    with subprocess.Popen(
        [TALWERK, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        text = ""
        while "Five things" not in text:
            text += process.stdout.readline()
        process.terminate()
        warned = process.stderr.read()
        assert process.wait(20) == 0
    assert f"is up: https://city.example:{port}\n" in text
    assert "Certificate: city.example, until 3000-01-01T00:00:00Z" in text
    assert "cert.pem is not for other.example" in warned


def test_a_city_does_not_start_with_a_certificate_of_no_use(tmp_path: Path) -> None:
    environment = {**os.environ, "TALWERK_DATA": str(tmp_path / "data"), "TALWERK_PORT": str(free_port())}
    (tmp_path / "cert.pem").write_text("nothing")
    environment |= {"TALWERK_TLS_CERTIFICATE": str(tmp_path / "cert.pem"), "TALWERK_TLS_KEY": str(tmp_path / "key.pem")}
    refused = subprocess.run([TALWERK, "up"], check=False, env=environment, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1
    assert f"tls_key {tmp_path / 'key.pem'} cannot be read: No such file" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_plain_http_is_answered_by_nobody(city: tuple[Served, Path]) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"http://localhost:{city[0].port}/health/live")
