"""A city whose power went and whose log was damaged: it says so, goes on reading, and waits for a decision."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from talwerk.store.sqlite.frames import FRAME_BYTES, HEADER_BYTES
from tests.faults.ledger import parts_of
from tests.faults.test_full_disk import ENTITIES, bench, post
from tests.served import TALWERK, Served, free_port, served
from tests.store.test_faults import flip


def power_cut(folder: Path, there: Path, city: Served) -> None:
    """Everything ends at once, and what lies on the disk is carried elsewhere before anybody can tidy up."""
    for pid in (city.pid, *parts_of(city.pid).values()):
        os.kill(pid, signal.SIGSTOP)
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("*-shm", "*.sock"))
    for pid in (*parts_of(city.pid).values(), city.pid):
        os.kill(pid, signal.SIGCONT)


@contextmanager
def only_reading(data: Path) -> Iterator[Served]:
    """Start a city that reads but does not write, so that it never says that it is ready."""
    port = free_port()
    environment = {**os.environ, "TALWERK_DATA": str(data), "TALWERK_PORT": str(port)}
    with subprocess.Popen([TALWERK, "up"], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            city = Served(port, process.pid, (data / "operator-token").read_text().strip(), environment)
            limit = time.monotonic() + 30
            while not _reads(city):
                assert process.poll() is None, "the city ended"
                assert time.monotonic() < limit, "the city did not answer in time"
                time.sleep(0.03)
            yield city
        finally:
            process.terminate()
            code = process.wait(20)
    assert code == 0


def _reads(city: Served) -> bool:
    try:
        return city.get("/ngsi-ld/v1/types").status_code == 200
    except httpx2.TransportError:
        return False


def test_acknowledged_changes_that_are_missing(tmp_path: Path) -> None:
    there = tmp_path / "there"
    with served(tmp_path / "here") as city:
        for number in range(40):
            assert post(city, number).status_code == 201
        power_cut(tmp_path / "here", there, city)
    database = there / "wuppertal" / "city.db"
    wal = database.with_name("city.db-wal")
    frames = (wal.stat().st_size - HEADER_BYTES) // FRAME_BYTES
    flip(wal, HEADER_BYTES + frames // 2 * FRAME_BYTES + 2_000, 5)
    with only_reading(there) as city:
        refused = post(city, 99)
        assert refused.status_code == 503
        assert "acknowledged changes are missing" in refused.json()["detail"]
        assert city.get("/de").status_code == 200
        assert city.get(f"{ENTITIES}/{bench(0)['id']}").status_code == 200
        assert city.get(f"{ENTITIES}/{bench(39)['id']}").status_code == 404
        busy = city.run("accept-loss", folder=tmp_path)
        assert busy.returncode == 1
        assert "stop it" in busy.stderr
    assert database.with_name("city.db-wal-damaged").exists()
    environment = {**os.environ, "TALWERK_DATA": str(there)}
    accepted = subprocess.run(
        [TALWERK, "accept-loss"], check=True, env=environment, text=True, capture_output=True, timeout=60
    )
    assert "goes on without" in accepted.stdout
    with served(there) as city:
        assert post(city, 99).status_code == 201
        assert post(city, 39).status_code == 201
