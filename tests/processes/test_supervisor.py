"""The supervisor with real processes: what dies comes back, what is asked to stop stops, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.served import TALWERK, free_port

SCRIPT = """
import os, pathlib, signal, sys, threading, time
from talwerk.core.instants import SystemClock
from talwerk.processes.supervisor import Part, Supervisor

folder = pathlib.Path(sys.argv[1])

def part(name):
    def run(ready):
        ready()
        asked = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: asked.set())
        (folder / f"{name}.{os.getpid()}").touch()
        while not asked.wait(0.02):
            pass
        (folder / f"{name}.ended").write_text(str(time.monotonic_ns()))
    return Part(name, run, alone=name == "engine")

Supervisor([part("engine"), part("serve")], SystemClock()).run()
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def pids(folder: Path, name: str) -> list[int]:
    found = [path for path in folder.glob(f"{name}.*") if path.suffix[1:].isdigit()]
    return [int(path.suffix[1:]) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


def eventually(what: Callable[[], object], within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_dies_is_started_again_alone(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    eventually(lambda: pids(tmp_path, "engine") and pids(tmp_path, "serve"))
    (engine,), (serve,) = pids(tmp_path, "engine"), pids(tmp_path, "serve")
    os.kill(engine, signal.SIGKILL)
    eventually(lambda: len(pids(tmp_path, "engine")) == 2)
    assert pids(tmp_path, "serve") == [serve]
    assert alive(serve)


def test_sigterm_ends_every_part_in_order(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    eventually(lambda: pids(tmp_path, "engine") and pids(tmp_path, "serve"))
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    ended = {name: int((tmp_path / f"{name}.ended").read_text()) for name in ("engine", "serve")}
    assert ended["serve"] < ended["engine"]


def test_a_killed_supervisor_leaves_nothing_behind(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    eventually(lambda: pids(tmp_path, "engine") and pids(tmp_path, "serve"))
    parts = pids(tmp_path, "engine") + pids(tmp_path, "serve")
    supervisor.kill()
    eventually(lambda: not any(alive(pid) for pid in parts))


def test_a_city_with_listeners_ends_at_once_and_quietly(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    port = free_port()
    environment = {**os.environ, "TALWERK_DATA": str(tmp_path / "data"), "TALWERK_PORT": str(port)}
    with errors.open("w") as told, subprocess.Popen([TALWERK, "up"], env=environment, stderr=told) as city:
        eventually(lambda: _answers(port), 30)
        listener = socket.create_connection(("127.0.0.1", port))
        listener.sendall(f"GET /api/v1/changes HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        assert b"text/event-stream" in listener.recv(4_096)
        began = time.monotonic()
        # As Ctrl-C does: every process of the group is asked.
        for pid in (*children(city.pid), city.pid):
            os.kill(pid, signal.SIGINT)
        assert city.wait(10) == 0
        assert time.monotonic() - began < 3
        listener.close()
    assert "Traceback" not in errors.read_text()
    assert "ERROR uvicorn" not in errors.read_text()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://localhost:{port}/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


def test_a_terminal_that_goes_ends_the_city_in_order(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    command = ["setsid", "--ctty", sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        eventually(lambda: pids(tmp_path, "engine") and pids(tmp_path, "serve"))
        os.close(ours)
        assert process.wait(10) == 0
    assert (tmp_path / "engine.ended").exists()
