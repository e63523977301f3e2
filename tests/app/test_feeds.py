"""Started cities without network, with sources that answer, and with a past: which feeds they poll."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from talwerk import cities
from talwerk.app.feeds import Feeds, course
from talwerk.core.change import Batch, Observations
from talwerk.core.instants import SystemClock, format_instant
from talwerk.privacy.policy import system_scope
from talwerk.sdk.profile import Profile
from talwerk.settings import Settings
from talwerk.store import Submission
from talwerk.store.sqlite import Limits, SqliteStore
from talwerk.store.sqlite.connection import open_writer
from tests.recording_server import replies, serving
from tests.served import Served, served
from tests.services.sources.workbench import RECORDING

NOBODY = "http://127.0.0.1:9"
"""Refuses every connection."""
BANNER = "nicht gemessen"
OTHERS = ("solingen", "remscheid")


def city(folder: Path, address: str) -> Path:
    """The folder of a city with one source."""
    profile = f"""
[city]
key = "stadt"
name = "Stadt"
ags = "05124000"
ars = "051240000000"

[axis]
name = "Fluss"
kind = "river"
phrase = {{ de = "den Fluss", en = "the river" }}

[[axis.points]]
key = "bruecke"
name = "Brücke"
quantity = "level"
type = "WaterObserved"
attribute = "height"
unit = "CMT"
entities = ["hochwasserportal-nrw:2736510000100"]

[[sources]]
key = "hochwasserportal-nrw"
connector = "hochwasserportal-nrw"
address = "{address}"
"""
    folder.mkdir()
    (folder / cities.PROFILE).write_text(profile)
    return folder


def until(condition: Callable[[], Any], limit_s: float = 60.0) -> Any:
    """What the condition gives as soon as it is true."""
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)
    return found


def health(running: Served) -> dict[str, str]:
    told = running.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
    return {each["id"].rpartition(":")[2]: each["health"] for each in told}


def simulated(running: Served) -> list[bool]:
    told = [running.get(each["href"]).json() for each in stations(running)]
    return [series["simulated"] for each in told for series in each["series"]]


def stations(running: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.get("/api/v1/stations").json()
    return found


def meta(data: Path, name: str) -> Any:
    return json.loads((data / name / "meta.json").read_text())


def doctor(running: Served, folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(running.run("doctor", "--json", folder=folder).stdout)
    return found


@pytest.mark.parametrize(
    "flags", [(), pytest.param(("--single",), marks=pytest.mark.long)], ids=["processes", "single"]
)
def test_a_city_without_network_comes_alive_as_its_twin(flags: tuple[str, ...], tmp_path: Path) -> None:
    data = tmp_path / "data"
    profile = city(tmp_path / "city", NOBODY)
    with served(data, *flags, city=str(profile), feeds="auto") as running:
        assert not stations(running), "it starts at once, and empty"
        until(lambda: _answers(running) and health(running) == {"hochwasserportal-nrw": "fresh"})
        page = running.get("/de").text
        assert BANNER in page
        assert "Brücke" in page
        (gauge,) = stations(running)
        assert 5 < gauge["values"]["height"]["value"] < 400
        assert meta(data, "stadt-twin")["twin"] is True
        assert meta(data, "stadt")["twin"] is False
        # A week of history at once.
        assert len(running.get(f"{gauge['href']}/height.csv").text.splitlines()) > 600
        told = running.run("status", "--json", folder=tmp_path)
        assert json.loads(told.stdout)["directory"].endswith("stadt-twin")
        assert json.loads(told.stdout)["twin"] is True
        told = running.run("status", folder=tmp_path)
        assert told.stdout.startswith("stadt-twin (simulated): running for ")
        (found,) = [each for each in doctor(running, tmp_path) if each["about"] == "values"]
        assert found["level"] == "note"
        assert 'feeds = "live"' in found["advice"]
        assert running.run("twin", "fault", "hochwasserportal-nrw", "500", folder=tmp_path).returncode == 0
        copied = running.run("backup", folder=tmp_path)
        assert (copied.returncode, f", from {data}/stadt\n" in copied.stdout) == (0, True), copied.stderr
        assert f"The simulated city that is shown ({data}/stadt-twin) is not in it" in copied.stderr
        assert running.run("reload", folder=tmp_path).returncode == 0
    assert not (data / "stadt-twin" / "twin.address").exists()


def _upsert(running: Served, entity: str) -> httpx2.Response:
    value = {"type": "Property", "value": 21.5, "observedAt": format_instant(SystemClock().now())}
    given = [{"id": entity, "type": "AirObserved", "temperature": value}]
    address = f"{running.url}/ngsi-ld/v1/entityOperations/upsert"
    return httpx2.post(address, json=given, headers={"authorization": f"Bearer {running.token}"})


def test_what_is_written_into_a_twin_is_simulated_and_a_mix_of_before_is_told(tmp_path: Path) -> None:
    """The first example of the guide to NGSI-LD, sent to the city that a newcomer starts."""
    data, profile = tmp_path / "data", city(tmp_path / "city", NOBODY)
    fresh = {"hochwasserportal-nrw": "fresh"}
    with served(data, city=str(profile), feeds="twin") as running:
        # Before the twin's first value came, most likely.
        assert _upsert(running, "urn:ngsi-ld:AirObserved:park").status_code == 201
        assert running.get("/api/v1/stations/urn:ngsi-ld:AirObserved:park").json()["simulated"] is True
        until(lambda: health(running) == fresh)
    with served(data, city=str(profile), feeds="twin") as running:
        until(lambda: json.loads(running.run("status", "--json", folder=tmp_path).stdout)["report"]["sources"])
        told = running.run("status", folder=tmp_path)
        assert (told.returncode, told.stdout.split("\n")[0].endswith(", ready")) == (0, True), told.stdout
        assert "ailing" not in running.get("/health/ready").json()
    column = Observations(entity="urn:x:1", types=("urn:x:T",), attribute="urn:x:a", at=[1], values=[1])
    clock = SystemClock()
    with contextlib.closing(SqliteStore.open(data / "stadt-twin" / "city.db", clock)) as store:
        store.apply([Submission(Batch(changes=(column,)), system_scope("test"))])
    with served(data, city=str(profile), feeds="twin") as running:
        until(lambda: health(running) == {"hochwasserportal-nrw": "unreachable"})
        told = running.run("status", folder=tmp_path)
        assert (told.returncode, "ready, but no source is polled" in told.stdout) == (3, True), told.stdout
        until(lambda: "sources are not polled" in running.get("/health/ready").json().get("ailing", ""))
        assert running.get("/health/ready").status_code == 200
        (found,) = [each for each in doctor(running, tmp_path) if each["about"] == "sources"]
        assert found["level"] == "error"
        assert "(urn:x:1, source 'api')" in found["what"]
        assert f"mv {data}/stadt-twin {data}/stadt-twin.old" in found["advice"]
        page = running.get("/de").text
        assert "nicht erreichbar" in page


def _answers(running: Served) -> bool:
    """In one process the city is away for a moment when it goes over."""
    try:
        return running.get("/health/ready").status_code == 200
    except OSError:
        return False
    except Exception as error:
        if type(error).__module__.startswith("httpx2"):
            return False
        raise


def test_a_city_whose_sources_answer_stays_with_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(replies(RECORDING, SystemClock().now())) as recorded:
        profile = city(tmp_path / "city", recorded.address)
        with served(data, city=str(profile), feeds="auto") as running:
            until(lambda: health(running) == {"hochwasserportal-nrw": "fresh"})
            time.sleep(7)
            assert BANNER not in running.get("/de").text
            assert {each["values"]["height"]["value"] for each in stations(running)} == {108.0}
    # It has held live values, noted or of a time before that was noted: without any source it shows them, and never
    # what nobody measured.
    with contextlib.closing(open_writer(data / "stadt" / "city.db", Limits())) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'live'")
    profile = city(tmp_path / "later", NOBODY)
    with served(data, city=str(profile), feeds="auto") as running:
        until(lambda: health(running) == {"hochwasserportal-nrw": "unreachable"})
        time.sleep(7)
        assert {each["values"]["height"]["value"] for each in stations(running)} == {108.0}
        assert BANNER not in running.get("/de").text
        again = running.run("up", folder=tmp_path)
        assert (again.returncode, f"runs already, as process {running.pid}." in again.stderr) == (1, True), again.stderr
        assert "values" not in {each["about"] for each in doctor(running, tmp_path)}
        assert running.run("status", folder=tmp_path).stdout.startswith("stadt: running for ")
    assert not (data / "stadt-twin").exists()


@pytest.mark.long
def test_a_city_in_which_somebody_wrote_never_goes_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    profile = city(tmp_path / "city", NOBODY)
    address = "/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:1"
    with served(data, city=str(profile), feeds="auto") as running:
        given = {"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "name": {"type": "Property", "value": "at the bridge"}}
        made = httpx2.post(
            f"{running.url}/ngsi-ld/v1/entities", json=given, headers={"authorization": f"Bearer {running.token}"}
        )
        assert made.status_code == 201
        time.sleep(7)
        assert running.get(address).status_code == 200
    with served(data, city=str(profile), feeds="auto") as running:
        time.sleep(7)
        assert running.get(address).status_code == 200
    assert not (data / "stadt-twin").exists()


def test_a_city_that_others_reach_never_goes_over(tmp_path: Path) -> None:
    settings = Settings(city=str(city(tmp_path / "city", NOBODY)), data=tmp_path / "data")
    feeds = Feeds(settings)
    assert course(feeds, settings).go_over is not None
    for exposed in (replace(settings, behind_proxy=True), replace(settings, host="0.0.0.0")):
        assert course(feeds, exposed).go_over is None


def test_files_that_were_read_in_do_not_keep_a_city_from_its_twin(tmp_path: Path) -> None:
    data = tmp_path / "data"
    profile = city(tmp_path / "city", NOBODY)
    table, mapping = tmp_path / "table.csv", tmp_path / "map.toml"
    table.write_text("time,level\n2026-01-01T00:00:00Z,42\n")
    mapping.write_text(
        '[source]\nkey = "datei"\nlicence = "CC0-1.0"\nattribution = "Test"\n'
        '[time]\ncolumn = "time"\nformat = "iso"\nstamp = "end"\n'
        '[[channel]]\ncolumn = "level"\nentity = "datei"\ntype = "WaterObserved"\nattribute = "height"\n'
        'unit = "CMT"\nmethod = ""\ncadence_s = 900\n'
    )
    with served(data, city=str(profile), feeds="auto") as running:
        done = running.run("replay", "table.csv", "--mapping", "map.toml", "--city", str(profile), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert stations(running)[0]["values"]["height"]["value"] == 42
        until(lambda: health(running) == {"hochwasserportal-nrw": "fresh"})
        assert [each["id"].split(":")[4] for each in stations(running)] == ["hochwasserportal-nrw"]
        refused = running.run("replay", "table.csv", "--mapping", "map.toml", folder=tmp_path)
        assert refused.returncode == 1
        assert "simulated" in refused.stderr


# One city shows in every run that the way works; the others take as long again.
@pytest.mark.parametrize("key", ["wuppertal", *(pytest.param(key, marks=pytest.mark.long) for key in OTHERS)])
def test_every_source_of_a_shipped_city_is_fresh_within_a_minute(key: str, tmp_path: Path) -> None:
    profile: Profile = cities.load(key)
    with served(tmp_path / "data", city=key, feeds="twin") as running:
        wanted = {source.key for source in profile.sources}
        found: dict[str, str] = {}

        def fresh() -> bool:
            found.clear()
            found.update(health(running))
            return set(found) == wanted and set(found.values()) == {"fresh"}

        try:
            until(fresh, limit_s=60)
        except AssertionError:
            pytest.fail(f"after a minute: {found}, wanted {sorted(wanted)}")
        assert all(simulated(running))
        assert BANNER in running.get("/de").text
