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

    def family(self) -> Iterator[tuple[int, str]]:
        """All processes that there are now with the names they gave themselves, workers included."""
        waiting = [self.supervisor]
        while waiting:
            pid = waiting.pop()
            try:
                name = Path(f"/proc/{pid}/comm").read_text().removeprefix("tw ").strip()
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += (int(child) for child in (task / "children").read_text().split())
            except OSError:
                # It ended meanwhile.
                continue
            yield pid, name

    def cpu_s(self, pid: int) -> float:
        """Processor seconds that a process has used."""
        return cpu_s(pid)

    def memory_mb(self) -> float:
        """Proportional set size of all processes together."""
        return sum(pss_mb(pid) for pid in (self.supervisor, *self.parts()))


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_mb(pid: int) -> float:
    """Proportional set size of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[Processes]:
    """A city on a free port with its data in a folder, stopped at the end; nothing is polled unless settings say so."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    talwerk = Path(sys.executable).parent / "talwerk"
    told = {"data": str(folder), "port": str(port), "feeds": "off", **settings}
    environment = {**os.environ, **{f"TALWERK_{name.upper()}": value for name, value in told.items()}}
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
