"""`talwerk backup`, `restore`, `drill` and `upgrade` as an operator runs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import httpx2
import pytest

from talwerk.processes.copies.state import read_state
from talwerk.processes.directory import DATABASE, prepare
from talwerk.store.sqlite import Limits
from talwerk.store.sqlite.backup import prove_database
from talwerk.store.sqlite.connection import open_writer
from talwerk.store.sqlite.schema import migrate, steps
from tests.served import TALWERK, Served, served


def talwerk(data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [TALWERK, *arguments]
    environment = {**os.environ, "TALWERK_DATA": str(data)}
    return subprocess.run(
        command, check=False, env=environment, cwd=data.parent, text=True, capture_output=True, timeout=60
    )


def written(city: Served, bench: int) -> None:
    body = {"id": f"urn:ngsi-ld:Bench:{bench}", "type": "Bench", "seats": {"type": "Property", "value": bench}}
    answer = httpx2.post(
        f"{city.url}/ngsi-ld/v1/entities", json=body, headers={"Authorization": f"Bearer {city.token}"}
    )
    assert answer.status_code == 201


def test_a_backup_beside_a_running_city_passes_the_drill_and_moves_to_another_machine(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    with served(data) as city:
        for bench in range(5):
            written(city, bench)
        made = city.run("backup", folder=tmp_path)
        assert made.returncode == 0, made.stderr
        (folder,) = (data / "backups" / "wuppertal").iterdir()
        assert made.stdout.startswith(f"{folder}: wuppertal as of ")
        drilled = city.run("drill", folder=tmp_path)
        assert (drilled.returncode, drilled.stdout.splitlines()[-1]) == (0, "Every copy is good."), drilled.stdout
        assert "newest values of 5 series: 5 as in the city, 0 not" in drilled.stdout
        looked = city.run("upgrade", "--check", folder=tmp_path)
        assert (looked.returncode, looked.stdout.splitlines()[-1]) == (0, "Nothing has to be upgraded."), looked.stderr
        refused = city.run("upgrade", folder=tmp_path)
        assert (refused.returncode, "stop it before" in refused.stderr) == (1, True)
    remembered = read_state(data / "wuppertal").drill
    assert remembered is not None
    assert remembered.passed
    # Another machine gets the backup and the keys.
    other.mkdir()
    (other / "operator-token").write_bytes((data / "operator-token").read_bytes())
    (other / "operator-token").chmod(0o600)
    restored = talwerk(other, "restore", folder)
    assert restored.returncode == 0, restored.stderr
    with served(other) as moved:
        assert moved.token == city.token
        assert moved.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:4").status_code == 200
        written(moved, 5)


def test_a_drill_finds_a_backup_that_went_bad(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data) as city:
        written(city, 1)
        city.run("backup", folder=tmp_path)
    (folder,) = (data / "backups" / "wuppertal").iterdir()
    content = bytearray((folder / DATABASE).read_bytes())
    content[20_000] ^= 1
    (folder / DATABASE).write_bytes(content)
    drilled = talwerk(data, "drill", "--json")
    assert drilled.returncode == 1
    report = json.loads(drilled.stdout)
    assert report["passed"] is False
    assert "damaged" in report["findings"][0]
    remembered = read_state(data / "wuppertal").drill
    assert remembered is not None
    assert not remembered.passed


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A city of the first version of the schema, with one entity."""
    data = tmp_path / "data"
    data.mkdir()
    prepare(data / "wuppertal", "wuppertal")
    path = data / "wuppertal" / DATABASE
    connection = open_writer(path, Limits())
    migrate(connection, path, steps()[:1])
    connection.execute("INSERT INTO entity (id, created) VALUES ('urn:ngsi-ld:Bench:1', 1)")
    connection.close()
    return data


def test_an_upgrade_says_what_it_does_and_has_a_way_back(older: Path) -> None:
    path, newest = older / "wuppertal" / DATABASE, steps()[-1].number
    before = prove_database(path)
    checked = talwerk(older, "upgrade", "--check")
    assert checked.returncode == 0, checked.stderr
    assert "Nothing was changed." in checked.stdout
    assert prove_database(path) == before
    done = talwerk(older, "upgrade")
    assert done.returncode == 0, done.stderr
    assert prove_database(path).version == newest
    assert prove_database(path).entities == 1
    assert "Nothing has to be upgraded." in talwerk(older, "upgrade").stdout
    command = done.stdout.splitlines()[-1].removeprefix("2. talwerk ").split()
    back = talwerk(older, *command)
    assert back.returncode == 0, back.stderr
    assert prove_database(path) == before


def test_what_is_of_a_newer_version_is_refused(older: Path) -> None:
    path = older / "wuppertal" / DATABASE
    connection = open_writer(path, Limits())
    connection.pragma("user_version", 999)
    connection.close()
    for command in (["upgrade"], ["backup"], ["up", "--port", "0"]):
        refused = talwerk(older, *command)
        assert refused.returncode == 1
        assert "version 999" in refused.stderr
