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
