"""Keys of devices against a running city: made, used for their own types only, revoked at once."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2

from tests.served import Served, served


def write(city: Served, key: str, kind: str) -> int:
    body = {"id": f"urn:ngsi-ld:{kind}:1", "type": kind, "height": {"type": "Property", "value": 4}}
    answer = httpx2.post(
        f"{city.url}/ngsi-ld/v1/entityOperations/upsert", json=[body], headers={"Authorization": f"Bearer {key}"}
    )
    return answer.status_code


def test_a_key_writes_its_own_types_until_it_is_revoked(tmp_path: Path) -> None:
    with served(tmp_path / "data") as city:
        made = city.run("device", "add", "gauge-7", "--type", "WaterObserved", folder=tmp_path)
        assert made.returncode == 0, made.stderr
        key = made.stdout.strip()
        assert key not in (tmp_path / "data" / "devices.json").read_text()
        assert write(city, key, "WaterObserved") == 201
        assert write(city, key, "WeatherObserved") in (400, 403, 404, 207)
        assert city.get("/ngsi-ld/v1/entities/urn:ngsi-ld:WeatherObserved:1").status_code == 404
        (listed,) = json.loads(city.run("device", "list", "--json", folder=tmp_path).stdout)
        assert (listed["name"], listed["types"]) == ("gauge-7", ["WaterObserved"])
        assert city.run("device", "add", "gauge-7", "--type", "WaterObserved", folder=tmp_path).returncode == 1
        assert city.run("device", "revoke", "gauge-7", folder=tmp_path).returncode == 0
        assert write(city, key, "WaterObserved") == 401
        assert city.run("device", "revoke", "gauge-7", folder=tmp_path).returncode == 1


def test_a_key_that_is_made_while_the_twin_is_shown_works_there_and_only_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data, feeds="twin") as city:
        made = city.run("device", "add", "gauge-7", "--type", "WaterObserved", folder=tmp_path)
        assert made.returncode == 0, made.stderr
        assert f"has keys of its own ({data}/wuppertal-twin/devices.json). --feeds live" in made.stderr
        assert write(city, made.stdout.strip(), "WaterObserved") == 201
        listed = json.loads(city.run("device", "list", "--json", folder=tmp_path).stdout)
        assert "gauge-7" in {one["name"] for one in listed}
        assert not (data / "devices.json").exists()
        real = city.run("device", "add", "gauge-7", "--type", "WaterObserved", "--feeds", "live", folder=tmp_path)
        assert (real.returncode, real.stderr) == (0, "")
        assert write(city, real.stdout.strip(), "WaterObserved") == 401
        enrolled = city.run("operator", "enroll", "Leitstelle", folder=tmp_path)
        assert write(city, enrolled.stdout.strip(), "WeatherObserved") == 201
        assert city.run("device", "revoke", "gauge-7", folder=tmp_path).returncode == 0
        assert write(city, made.stdout.strip(), "WaterObserved") == 401
