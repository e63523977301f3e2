"""A city served by `talwerk up` in processes of its own, as an operator starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    """

    port: int
    pid: int
    token: str
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=10)

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


@contextmanager
def served(data: Path, *flags: str, **settings: str) -> Iterator[Served]:
    """Start a city on a free port, wait until it is ready, and end it in order afterwards.

    Args:
        data: its data directory.
        flags: of `talwerk up`.
        settings: further settings, by name.
    """
    port = free_port()
    more = {f"TALWERK_{name.upper()}": value for name, value in settings.items()}
    environment = {**os.environ, "TALWERK_DATA": str(data), "TALWERK_PORT": str(port), **more}
    with subprocess.Popen([TALWERK, "up", *flags], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 30
            while not _ready(port):
                assert process.poll() is None, "the city ended before it was ready"
                assert time.monotonic() < until, "the city was not ready in time"
                time.sleep(0.03)
            token = (data / "operator-token").read_text().strip()
            yield Served(port, process.pid, token, environment)
        finally:
            process.terminate()
            code = process.wait(20)
    assert code == 0


def _ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://localhost:{port}/health/ready").status_code == 200
    except httpx2.TransportError:
        return False
