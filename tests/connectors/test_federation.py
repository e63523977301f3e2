"""Two started cities: the second one reads the first one's gauges over NGSI-LD, and the first one reads the second."""

from __future__ import annotations

from pathlib import Path

import httpx2

from talwerk import cities
from talwerk.core.instants import SystemClock
from tests.recording_server import replies, serving
from tests.served import Served, served
from tests.services.sources.test_city import city, until
from tests.services.sources.workbench import RECORDING

OURS = "urn:ngsi-ld:WaterObserved:05124000:hochwasserportal-nrw:2736510000100"
CREDIT = "Hochwasserportal.NRW, LANUK NRW (ungeprüfte Rohdaten), über Wuppertal"


def neighbour(folder: Path, address: str, key: str, authority: str, credit: str) -> Path:
    """The folder of a profile that reads another city's gauges, and nothing else."""
    text = (cities.folder(key) / cities.PROFILE).read_text(encoding="utf-8").partition("[[sources]]")[0]
    folder.mkdir()
    block = f"""
        [[sources]]
        key = "nachbarstadt"
        connector = "ngsi-ld"
        address = "{address}/ngsi-ld/v1"
        title = "Plattform der Nachbarstadt"
        attribution = "{credit}"
        every_s = 1
        [sources.parameters]
        type = "WaterObserved"
        authority = "{authority}"
        limit = 1
    """
    (folder / cities.PROFILE).write_text(text + block, encoding="utf-8")
    return folder


def heights(running: Served) -> dict[str, float]:
    found = running.get("/ngsi-ld/v1/entities?type=WaterObserved&options=keyValues").json()
    return {each["id"]: each["height"] for each in found if "height" in each}


def test_a_neighbour_reads_the_citys_gauges_and_nothing_comes_back(tmp_path: Path) -> None:
    with serving(replies(RECORDING, SystemClock().now())) as recorded:
        first = city(tmp_path / "first", recorded.address, "every_s = 1")
        with served(tmp_path / "one", city=str(first), feeds="live") as one:
            until(lambda: len(heights(one)) == 2)
            second = neighbour(tmp_path / "second", one.url, "solingen", "05124000", CREDIT)
            with served(tmp_path / "two", city=str(second), feeds="live") as two:
                # Two pages of one gauge each; ids, unit and time are the first city's.
                until(lambda: heights(two) == heights(one))
                mine, theirs = (each.get(f"/ngsi-ld/v1/entities/{OURS}").json() for each in (one, two))
                assert theirs["height"] == mine["height"]
                assert theirs["location"] == mine["location"]
                (series,) = [
                    each
                    for each in two.get(f"/api/v1/stations/{OURS}").json()["series"]
                    if each["attribute"] == "height"
                ]
                assert (series["source"], series["licence"]) == ("nachbarstadt", "unknown")
                assert series["attribution"] == CREDIT
                assert two.get(f"/api/v1/stations/{OURS}").json()["simulated"] is False
                states = two.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
                assert [each["health"] for each in states] == ["fresh"]
                # A city that asks the second one for everything gets nothing of its own back.
                third = neighbour(tmp_path / "third", two.url, "wuppertal", "", "Plattform der Nachbarstadt")
                post(two, "urn:ngsi-ld:WaterObserved:05122000:eigen:1")
                with served(tmp_path / "three", city=str(third), feeds="live") as three:
                    until(lambda: heights(three))
                    assert list(heights(three)) == ["urn:ngsi-ld:WaterObserved:05122000:eigen:1"]


def test_a_twin_is_never_read_as_measured(tmp_path: Path) -> None:
    with served(tmp_path / "one", city="wuppertal", feeds="twin") as one:
        until(lambda: heights(one), 60)
        assert one.get("/ngsi-ld/v1/types").headers["talwerk-simulated"] == "true"
        assert one.get(f"/api/v1/stations/{next(iter(heights(one)))}").json()["simulated"] is True
        # What really measures is not let in either: its key is one of the real city's.
        key = one.run(
            *("device", "add", "pegel", "--source", "lorawan-pegel", "--type", "WaterObserved", "--feeds", "live"),
            folder=tmp_path,
        ).stdout.strip()
        sent = httpx2.post(
            f"{one.url}/push/things-stack/lorawan-pegel", json={}, headers={"authorization": f"Bearer {key}"}
        )
        assert sent.status_code == 401
        live = neighbour(tmp_path / "live", one.url, "solingen", "05124000", CREDIT)
        with served(tmp_path / "two", city=str(live), feeds="live") as two:
            (state,) = until(lambda: two.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json())
            assert state["health"] == "malformed"
            assert state["lastError"] == "first: its values are simulated, and this city keeps measured ones"
            assert heights(two) == {}
            assert "talwerk-simulated" not in two.get("/ngsi-ld/v1/types").headers


def test_a_city_of_example_values_says_so(tmp_path: Path) -> None:
    with served(tmp_path / "data", feeds="off") as running:
        assert "talwerk-simulated" not in running.get("/de").headers
        assert running.run("sample", "--days", "7", folder=tmp_path).returncode == 0
        done = running.run("replay", "sample.csv", "--mapping", "sample.toml", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        for path in ("/de", "/api/v1/stations", "/ngsi-ld/v1/entities?type=WaterObserved"):
            assert running.get(path).headers["talwerk-simulated"] == "true"


def post(running: Served, id_: str) -> None:
    """A gauge of the city's own."""
    stamp = httpx2.get(running.url + f"/ngsi-ld/v1/entities/{OURS}").json()["height"]["observedAt"]
    height = {"type": "Property", "value": 33, "unitCode": "CMT", "observedAt": stamp}
    done = httpx2.post(
        running.url + "/ngsi-ld/v1/entities",
        json={"id": id_, "type": "WaterObserved", "height": height},
        headers={"authorization": f"Bearer {running.token}"},
    )
    assert done.status_code == 201
