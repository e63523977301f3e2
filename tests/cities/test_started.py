"""Each city that comes with Talwerk, checked and started; one of them reads a source that only it knows."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.cli.check_city import check_city
from tests.recording_server import replies, serving
from tests.served import served
from tests.services.sources.test_city import until


@pytest.mark.parametrize("key", cities.available())
def test_every_profile_is_in_order(key: str) -> None:
    assert check_city(key).flaws == []


@pytest.mark.parametrize("key", cities.available())
def test_every_city_starts_and_shows_its_own_name(key: str, tmp_path: Path) -> None:
    profile = cities.load(key)
    with served(tmp_path / "data", city=key, feeds="off") as running:
        page = running.get("/de").text
        assert re.search(rf"<title>[^<]*{re.escape(profile.city.name)}", page)
        for other in set(cities.available()) - {key}:
            title = re.search(r"<title>([^<]*)</title>", page)
            assert title is not None
            assert cities.load(other).city.name not in title[1]


def local() -> tuple[str, Path]:
    """A city with a connector of its own, and the folder of its recordings."""
    for key in cities.available():
        recordings = cities.folder(key) / cities.CONNECTORS / "recordings"
        if recordings.is_dir():
            return key, recordings
    raise AssertionError("no city has a connector of its own")


def test_a_city_reads_what_only_it_knows(tmp_path: Path) -> None:
    key, recordings = local()
    with serving(replies(recordings / "trinkbrunnen")) as recorded:
        text = (cities.folder(key) / cities.PROFILE).read_text(encoding="utf-8")
        profile, _, block = text.rpartition('key = "trinkbrunnen"')
        block = re.sub(r'address = ".*"', f'address = "{recorded.address}"', block).replace("polled = false", "")
        folder = tmp_path / "city"
        folder.mkdir()
        # Only this source: the others are somebody else's.
        city = profile.partition("[[sources]]")[0]
        (folder / cities.PROFILE).write_text(f'{city}\n[[sources]]\nkey = "trinkbrunnen"{block}', encoding="utf-8")
        (folder / cities.CONNECTORS).symlink_to(cities.folder(key) / cities.CONNECTORS)
        with served(tmp_path / "data", city=str(folder), feeds="live") as running:
            path = "/ngsi-ld/v1/entities?type=DrinkingWaterFountain&options=keyValues"
            found = {each["name"]: each for each in until(lambda: running.get(path).json())}
            assert len(found) == 4
            assert found["Beispielbrunnen; Park"]["status"] == "closed"
            assert found["Beispielbrunnen am Markt"]["description"] == "Musterplatz 1", "what is said last counts"
            states = running.get("/ngsi-ld/v1/entities?type=DataSource&options=keyValues").json()
            assert [each["health"] for each in states] == ["fresh"]


def test_what_is_only_prepared_is_not_asked(tmp_path: Path) -> None:
    with serving({}) as recorded:
        folder = tmp_path / "city"
        folder.mkdir()
        text = (cities.folder("solingen") / cities.PROFILE).read_text(encoding="utf-8").partition("[[sources]]")[0]
        block = f"""
            [[sources]]
            key = "spaeter"
            connector = "ogc-features"
            address = "{recorded.address}"
            parameters = {{ collection = "orte" }}
            polled = false
        """
        (folder / cities.PROFILE).write_text(text + block, encoding="utf-8")
        with served(tmp_path / "data", city=str(folder), feeds="live"):
            time.sleep(2)
            assert not recorded.asked
