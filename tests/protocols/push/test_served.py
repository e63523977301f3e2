"""A started city: a sensor sends with curl's means, and everybody sees the value and how the source is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from talwerk import cities
from tests.protocols.push.pushing import CITIZENS, PROFILE, SENT, basic
from tests.served import Served, served
from tests.services.sources.test_inbox import GOOD, MORE, copy_mappings


def until(condition: Callable[[], Any], limit_s: float = 20.0) -> Any:
    """What the condition gives as soon as it is true."""
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)
    return found


def health(city: Served) -> dict[str, str]:
    found = city.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
    return {each["id"].rpartition(":")[2]: each["health"] for each in found}


def test_a_citizen_s_sensor_from_its_key_to_the_page(tmp_path: Path) -> None:
    profile = tmp_path / "city"
    profile.mkdir()
    (profile / cities.PROFILE).write_text(PROFILE + MORE)
    copy_mappings(profile)
    with served(tmp_path / "data", city=str(profile), feeds="live", serve_processes="2") as city:
        add = ["device", "add", "katernberg", "--type", "AirQualityObserved", "--type", "WeatherObserved"]
        strange = city.run(*add, "--source", "unbekannt", folder=tmp_path)
        assert strange.returncode == 1
        assert "those that send are buergersensoren, andere" in strange.stderr
        assert city.run(*add, "--source", "andere", "--at", "7.1;51.2", folder=tmp_path).returncode == 2
        where = ["--source", "buergersensoren", "--title", "Katernberg", "--at", "51.272,7.118"]
        made = city.run(*add, *where, folder=tmp_path)
        assert made.returncode == 0, made.stderr
        (listed,) = json.loads(city.run("device", "list", "--json", folder=tmp_path).stdout)
        assert (listed["source"], listed["at"]) == ("buergersensoren", [7.118, 51.272])
        answer = httpx2.post(city.url + CITIZENS, json=SENT, headers=basic("katernberg", made.stdout.strip()))
        assert (answer.status_code, answer.json()["values"]) == (200, 2)
        found = city.get("/ngsi-ld/v1/entities?type=AirQualityObserved&options=keyValues").json()
        assert [each["pm10"] for each in found] == [17.45]
        until(lambda: health(city) == {"buergersensoren": "fresh"})
        told = json.loads(city.run("status", "--json", folder=tmp_path).stdout)
        states = {each["key"]: each["health"] for each in told["report"]["sources"]}
        assert states == {"buergersensoren": "fresh", "andere": "waiting", "logger": "waiting"}
        metrics = httpx2.get(f"{city.url}/metrics", headers={"authorization": f"Bearer {city.token}"}).text
        assert 'talwerk_source_values_total{source="buergersensoren"} 2' in metrics
        (tmp_path / "data" / "stadt" / "inbox" / "logger" / "keller.csv").write_bytes(GOOD)
        until(lambda: "logger" in health(city))
        assert len(city.get("/ngsi-ld/v1/entities?type=WaterObserved").json()) == 1
        assert city.run("device", "revoke", "katernberg", folder=tmp_path).returncode == 0
        again = httpx2.post(city.url + CITIZENS, json=SENT, headers=basic("katernberg", made.stdout.strip()))
        assert again.status_code == 401
