"""`talwerk new` and `talwerk check` as somebody types them, with what goes wrong on the way."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from talwerk import cities
from tests.recording_server import Reply, serving
from tests.served import TALWERK


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALWERK_")}
    command: list[str | Path] = [TALWERK, *arguments]
    return subprocess.run(command, check=False, env=environment, cwd=folder, text=True, capture_output=True, timeout=60)


def test_a_connector_goes_into_a_citys_profile_and_is_found_there(tmp_path: Path) -> None:
    assert run(tmp_path, "new", "city", "Musterstadt", "--ags", "05999000").returncode == 0
    made = run(tmp_path, "new", "connector", "Regenschreiber Süd", "--city", "./musterstadt")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "musterstadt/connectors/regenschreiber_sued.py").is_file()
    checked = run(tmp_path, "check", "connectors", "regenschreiber-sued", "--city", "./musterstadt")
    assert (checked.returncode, checked.stdout) == (0, "regenschreiber-sued: in order\n")
    assert "connectors of its own: 1" in run(tmp_path, "check", "city", "musterstadt").stdout
    again = run(tmp_path, "new", "connector", "Regenschreiber Süd", "--city", "./musterstadt")
    assert again.returncode == 1
    assert "is there already and is not replaced" in again.stderr


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "musterstadt").mkdir()
    (tmp_path / "musterstadt" / cities.TERRITORY).write_text("mine")
    made = run(tmp_path, "new", "city", "Musterstadt", "--ags", "05999000")
    assert made.returncode == 1
    assert [path.name for path in (tmp_path / "musterstadt").iterdir()] == [cities.TERRITORY]
    assert (tmp_path / "musterstadt" / cities.TERRITORY).read_text() == "mine"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("new", "city", "Musterstadt", "--ags", "5999"), "does not have 8 digits"),
        (("new", "city", "!!!", "--ags", "05999000"), "makes no key"),
        (("new", "city", "Musterstadt"), "Missing option '--ags'"),
        (("new", "connector", "7zwerge"), "beginning with a letter"),
        (("new", "connector", "x", "--city", "atlantis"), "The city 'atlantis' is unknown"),
        (("check", "connectors", "nix"), "neither a connector nor a folder 'nix'"),
        (("check", "connectors", "--live", "http://127.0.0.1:9"), "--live needs one connector"),
        (("check", "connectors", "ngsi-ld", "--live", "ftp://x"), "Expected `str` matching"),
        (("check", "connectors", "ngsi-ld", "--live", "http://127.0.0.1:9"), "lacks a value for one: type"),
        (("check", "connectors", "ngsi-ld", "--live", "http://127.0.0.1:9", "--parameter", "type"), "not NAME=VALUE"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode in {1, 2}
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_bounds_that_are_none_are_told_with_file_and_line(tmp_path: Path) -> None:
    made = run(tmp_path, "new", "city", "Musterstadt", "--ags", "05999000", "--bounds", "7.3,51.1,7.0,51.3")
    assert made.returncode == 1
    assert "territory.toml" in made.stderr
    assert "are not west, south, east, north" in made.stderr
    assert "Nothing was made." in made.stderr
    assert list(tmp_path.iterdir()) == []
    again = run(tmp_path, "new", "city", "Musterstadt", "--ags", "05999000", "--bounds", "7.0,51.1,7.3,51.3")
    assert again.returncode == 0, again.stderr


def test_a_profile_that_is_wrong_says_where(tmp_path: Path) -> None:
    run(tmp_path, "new", "city", "Musterstadt", "--ags", "05999000")
    profile = tmp_path / "musterstadt" / cities.PROFILE
    block = '[[sources]]\nkey = "a"\nconnector = "gibtsnicht"\naddress = "https://a.example"\n'
    profile.write_text(profile.read_text(encoding="utf-8") + block, encoding="utf-8")
    (tmp_path / "musterstadt/connectors/kaputt.py").write_text("import gibtsnicht\n")
    (tmp_path / "musterstadt/mappings").mkdir()
    (tmp_path / "musterstadt/mappings/kaputt.toml").write_text("was = 1\n")
    (tmp_path / "musterstadt/themes/kaputt").mkdir()
    (tmp_path / "musterstadt/themes/kaputt/theme.toml").write_text("was = 1\n")
    done = run(tmp_path, "check", "city", "./musterstadt", "--json")
    assert done.returncode == 1
    flaws = json.loads(done.stdout)["flaws"]
    for part in ("connector 'gibtsnicht', which is not there", "kaputt.py:CONNECTOR cannot be loaded",
                 "mappings/kaputt.toml:1", "themes/kaputt/theme.toml:1"):  # fmt: skip
        assert any(part in flaw for flaw in flaws), (part, flaws)
    profile.write_text("[city]\nname = 3\n", encoding="utf-8")
    broken = run(tmp_path, "check", "city", "./musterstadt")
    assert broken.returncode == 1
    assert "profile.toml:2" in broken.stdout


def test_a_live_source_is_looked_at_and_nothing_is_written(tmp_path: Path) -> None:
    entity = {"id": "urn:ngsi-ld:Device:05999000:a:1", "type": "Device", "name": {"type": "Property", "value": "Eins"}}
    body = json.dumps([entity, {"type": "Device"}]).encode()
    look = ("check", "connectors", "ngsi-ld", "--parameter", "type=Device", "--live")
    with serving({"/entities?type=Device&limit=100": Reply(body)}) as recorded:
        done = run(tmp_path, *look, recorded.address)
        assert "first  " + recorded.address in done.stdout
        assert "urn:ngsi-ld:Device:05999000:a:1: Eins" in done.stdout
        assert "left out: 1 times an entity has no id or no type" in done.stdout
        as_json = json.loads(run(tmp_path, *look, recorded.address, "--json").stdout)
        assert as_json["things"] == {entity["id"]: "Eins"}
        recorded.fault = lambda _path, _reply: Reply(b"<html>", headers={"content-type": "text/html"})
        page = run(tmp_path, *look, recorded.address)
        assert page.returncode == 1
        assert "it is a page (HTML or XML) instead of JSON" in page.stdout
        assert "The source would be malformed. Nothing was written." in page.stdout
    gone = run(tmp_path, *look, "http://127.0.0.1:9")
    assert gone.returncode == 1
    assert "no connection can be made" in gone.stdout
    assert "The source would be unreachable." in gone.stdout
    assert list(tmp_path.iterdir()) == []
