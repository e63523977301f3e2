"""A started city to measure: its processes, their processor time and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Processes:
    """The processes of a city: supervisor, engine, serve."""

    port: int
    supervisor: int
    token: str
    start_s: float

    def parts(self) -> tuple[int, int]:
        """Process ids of engine and serve, as they were started."""
        children = Path(f"/proc/{self.supervisor}/task/{self.supervisor}/children").read_text().split()
        engine, serve = sorted(int(child) for child in children)
        return engine, serve

    def cpu_s(self, pid: int) -> float:
        """Processor seconds that a process has used."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self) -> float:
        """Proportional set size of all processes together."""
        total = 0
        for pid in (self.supervisor, *self.parts()):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024


@contextmanager
def started(folder: Path) -> Iterator[Processes]:
    """A city on a free port with its data in a folder, stopped at the end."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    talwerk = Path(sys.executable).parent / "talwerk"
    environment = {**os.environ, "TALWERK_DATA": str(folder), "TALWERK_PORT": str(port), "TALWERK_FEEDS": "off"}
    began = time.perf_counter()
    with subprocess.Popen([talwerk, "up"], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            while not _ready(port):
                if process.poll() is not None or time.perf_counter() - began > 30:
                    raise RuntimeError("the city did not start")
                time.sleep(0.005)
            start_s = time.perf_counter() - began
            token = (folder / "operator-token").read_text().strip()
            yield Processes(port, process.pid, token, start_s)
        finally:
            process.terminate()
            process.wait(30)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/health/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
