"""What the operator sees of a real city in processes of its own, while it is well and while its engine hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.served import TALWERK, Served, served

BENCH = {"id": "urn:ngsi-ld:Bench:1", "type": "Bench"}
ENTITIES = "/ngsi-ld/v1/entities"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "data", feeds="off", serve_processes="2", log_format="json") as city:
        yield city


def eventually(what: Callable[[], object], within_s: float = 15.0) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def write(city: Served, **headers: str) -> httpx2.Response:
    """As a client that has a connection of its own each time, so that any process may answer."""
    headers = {"authorization": f"Bearer {city.token}", **headers}
    return httpx2.post(f"{city.url}{ENTITIES}", json=BENCH, headers=headers, timeout=10)


def metrics(city: Served) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = httpx2.get(f"{city.url}/metrics", headers={"authorization": f"Bearer {city.token}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def total(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return sum(value for (at, known), value in found.items() if at == name and set(labels.items()) <= known)


def status(city: Served, folder: Path) -> tuple[int, dict[str, Any]]:
    done = city.run("status", "--json", folder=folder)
    return done.returncode, json.loads(done.stdout)


def engine_of(city: Served, folder: Path) -> int:
    processes = status(city, folder)[1]["report"]["processes"]
    return next(int(there["vitals"]["pid"]) for there in processes if there["name"] == "engine")


def test_a_city_that_is_well(city: Served, tmp_path: Path) -> None:
    assert city.get("/metrics").status_code == 401, "figures are not for everybody"
    before = metrics(city)
    for _ in range(20):
        assert httpx2.get(f"{city.url}/ngsi-ld/v1/types").status_code == 200
    assert write(city).status_code == 201
    name = "talwerk_http_request_duration_seconds_count"
    eventually(lambda: total(metrics(city), name, protocol="ngsild") == 21)
    seen = [total(metrics(city), name) for _ in range(20)]
    assert seen == sorted(seen), "figures never fall, whichever process answers"
    found = metrics(city)
    assert total(found, "talwerk_engine_values_total") > total(before, "talwerk_engine_values_total")
    assert total(found, "talwerk_engine_commit_seconds_count") >= 1
    processes = {dict(known)["process"] for at, known in found if at == "talwerk_process_open_fds"}
    assert processes == {"supervisor", "engine", "serve 1", "serve 2"}
    ready = city.get("/health/ready").json()
    assert (ready["status"], ready["reads"], ready["writes"], ready["position"]) == ("ready", True, True, 1)
    code, told = status(city, tmp_path)
    assert (code, told["state"]) == (0, "running"), told["findings"]
    shown = city.run("status", folder=tmp_path).stdout
    assert ("serve 2" in shown, shown.count("Housekeeping")) == (True, 1)
    assert city.get("/health/ready?for=everything").status_code == 400
    assert city.run("doctor", folder=tmp_path).returncode == 0


def test_an_engine_that_hangs_is_seen_and_reading_goes_on(city: Served, tmp_path: Path) -> None:
    assert write(city).status_code == 201
    engine = engine_of(city, tmp_path)
    os.kill(engine, signal.SIGSTOP)
    try:
        eventually(lambda: city.get("/health/ready").status_code == 503)
        told = city.get("/health/ready").json()
        assert (told["reads"], told["writes"]) == (True, False)
        assert "not been heard of" in told["reason"]
        assert city.get("/health/ready?for=reads").status_code == 200
        assert city.get("/health/live").status_code == 200
        assert city.get(f"{ENTITIES}/{BENCH['id']}").status_code == 200
        refused = write(city, **{"x-request-id": "from-outside-1"})
        assert (refused.status_code, refused.json()["request"]) == (503, "from-outside-1")
        assert refused.headers["x-request-id"] == "from-outside-1"
        assert total(metrics(city), "talwerk_engine_up") == 0
        code, found = status(city, tmp_path)
        assert (code, found["state"]) == (3, "unresponsive")
        assert city.run("doctor", folder=tmp_path).returncode == 1
    finally:
        os.kill(engine, signal.SIGCONT)
    eventually(lambda: city.get("/health/ready").status_code == 200)
    eventually(lambda: total(metrics(city), "talwerk_engine_up") == 1)


def test_a_city_that_does_not_run(tmp_path: Path) -> None:
    with served(tmp_path / "data", feeds="off") as city:
        assert write(city).status_code == 201
    code, found = status(city, tmp_path)
    assert (code, found["state"], found["report"]) == (1, "stopped", None)
    assert found["store"]["position"] == 1
    assert "not running" in city.run("status", folder=tmp_path).stdout
    (tmp_path / "data" / "operator-token").chmod(0o644)
    done = city.run("doctor", "--json", "--pages", folder=tmp_path)
    findings = {finding["about"]: finding["level"] for finding in json.loads(done.stdout)}
    assert (done.returncode, findings["operator's token"], findings["pages"]) == (1, "error", "ok")


def test_a_database_that_cannot_be_read(tmp_path: Path) -> None:
    with served(tmp_path / "data", feeds="off") as city:
        assert write(city).status_code == 201
    database = next((tmp_path / "data").glob("*/city.db"))
    database.write_bytes(b"no database" * 1_000)
    done = city.run("doctor", "--json", folder=tmp_path)
    findings = {finding["about"]: finding for finding in json.loads(done.stdout)}
    assert (done.returncode, findings["database"]["level"]) == (1, "error")
    assert "talwerk restore" in findings["database"]["advice"]
    assert {"disk", "backup", "sqlite"} <= findings.keys(), "everything else is looked at as well"


def test_a_city_that_was_never_started(tmp_path: Path) -> None:
    environment = {**os.environ, "TALWERK_DATA": str(tmp_path / "nothing")}
    done = subprocess.run(
        [str(TALWERK), "doctor"], check=False, env=environment, cwd=tmp_path, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert "does not exist yet" in done.stdout
    assert not (tmp_path / "nothing").exists(), "looking changes nothing"
