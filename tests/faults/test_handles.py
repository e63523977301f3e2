"""A city without file handles: it serves those who are connected, does not turn in circles, and recovers."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.faults.ledger import parts_of
from tests.faults.test_full_disk import ENTITIES, bench
from tests.served import Served, served

IDLE = 120
TICKS = os.sysconf("SC_CLK_TCK")


def handles_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def cpu_s(pid: int) -> float:
    """CPU time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def few_handles(pid: int, spare: int) -> Iterator[None]:
    """Let a process open only so many files more."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (handles_of(pid) + spare, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def idlers(port: int, count: int) -> Iterator[None]:
    """Clients that connect and say nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            line = stack.enter_context(socket.socket())
            line.settimeout(5)
            line.connect(("127.0.0.1", port))
        yield


def write(client: httpx2.Client, city: Served, number: int) -> int:
    headers = {"Authorization": f"Bearer {city.token}"}
    status: int = client.post(city.url + ENTITIES, json=bench(number), headers=headers).status_code
    return status


@pytest.mark.parametrize("part", ["serve", "engine"])
def test_a_process_that_may_open_no_more_files(tmp_path: Path, part: str) -> None:
    with served(tmp_path) as city, httpx2.Client(timeout=10) as client:
        assert write(client, city, 0) == 201
        parts = parts_of(city.pid)
        with few_handles(parts[part], 8), idlers(city.port, IDLE if part == "serve" else 0):
            began, used = time.monotonic(), cpu_s(parts["serve"]) + cpu_s(parts["engine"])
            for number in range(1, 20):
                # Who was connected before is served, reading and writing.
                assert client.get(city.url + ENTITIES + "?type=Bench&limit=100").status_code == 200
                assert write(client, city, number) == 201
                time.sleep(0.1)
            share = (cpu_s(parts["serve"]) + cpu_s(parts["engine"]) - used) / (time.monotonic() - began)
            assert share < 0.5, "nobody turns in circles"
        until = time.monotonic() + 20
        while city_answers(city) != 200:
            assert time.monotonic() < until, "new clients were not served again"
            time.sleep(0.1)
        assert write(client, city, 99) == 201
        assert parts_of(city.pid) == parts, "nobody had to be restarted"
        assert len(client.get(city.url + ENTITIES + "?type=Bench&limit=100").json()) == 21


def city_answers(city: Served) -> int:
    """The status for a new client, 0 without an answer."""
    try:
        return httpx2.get(city.url + "/health/ready", timeout=2).status_code
    except httpx2.TransportError:
        return 0


def test_a_city_that_was_given_few_handles_from_the_start(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        with served(tmp_path) as city:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            with httpx2.Client(timeout=10) as client, idlers(city.port, 300):
                # Idle clients make room for those who ask.
                for number in range(20):
                    assert write(client, city, number) == 201
                    assert city_answers(city) == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
