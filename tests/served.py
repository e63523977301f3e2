"""A city served by `talwerk up` in processes of its own, as an operator starts it."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

TALWERK = Path(sys.executable).parent / "talwerk"


@dataclass(frozen=True)
class Served:
    """A city that answers.

    Attributes:
        port: where it listens, on loopback.
        pid: of the supervisor.
        token: the operator's.
        environment: for commands that are to work with it.
        trust: for https, None when it speaks plain HTTP.
    """

    port: int
    pid: int
    token: str
    environment: dict[str, str]
    trust: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.trust else 'http'}://localhost:{self.port}"

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=10, verify=self.trust or True)

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run `talwerk` with arguments against this city's data."""
        command: list[str | Path] = [TALWERK, *arguments]
        return subprocess.run(
            command, check=False, env=self.environment, cwd=folder, text=True, capture_output=True, timeout=60
        )


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextlib.contextmanager
def served(
    data: Path, *flags: str, log_file: Path | None = None, trust: ssl.SSLContext | None = None, **settings: str
) -> Iterator[Served]:
    """Start a city on a free port, wait until it is ready, and end it in order afterwards.

    Args:
        data: its data directory.
        flags: of `talwerk up`.
        log_file: where its log goes, that of the tests when None.
        trust: for https, None when it speaks plain HTTP.
        settings: further settings, by name.
    """
    port = free_port()
    more = {f"TALWERK_{name.upper()}": value for name, value in settings.items()}
    environment = {**os.environ, "TALWERK_DATA": str(data), "TALWERK_PORT": str(port), **more}
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(log_file.open("ab")) if log_file else None
        process = stack.enter_context(
            subprocess.Popen([TALWERK, "up", *flags], env=environment, stdout=subprocess.DEVNULL, stderr=log)
        )
        try:
            until = time.monotonic() + 30
            while not _ready(port, trust):
                assert process.poll() is None, "the city ended before it was ready"
                assert time.monotonic() < until, "the city was not ready in time"
                time.sleep(0.03)
            token = (data / "operator-token").read_text().strip()
            yield Served(port, process.pid, token, environment, trust)
        finally:
            process.terminate()
            code = process.wait(20)
    assert code == 0


def _ready(port: int, trust: ssl.SSLContext | None) -> bool:
    try:
        url = f"{'https' if trust else 'http'}://localhost:{port}/health/ready"
        return httpx2.get(url, verify=trust or True).status_code == 200
    except httpx2.TransportError:
        return False
