"""A check that finds nothing wrong with everything would be none: each thing that can be wrong is, once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from talwerk.cli.new import _connector
from talwerk.services.sources.checking import check_connector, unclaimed, update_expected
from talwerk.services.sources.discovery import Found, discover, discover_in, recordings_of

Change = tuple[str, str, str]
"""A file below the folder of connectors, what stands in it, and what shall stand there instead."""

CODE, RECORDING, ANSWER = "probe.py", "recordings/probe/recording.toml", "recordings/probe/stations.json"


@pytest.fixture
def probe(tmp_path: Path) -> Callable[[Change], Found]:
    """A new connector in order, and one change to it."""

    def make(change: Change) -> Found:
        _connector("probe", "Probe", tmp_path)
        file, old, new = change
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert old in text
        # Another name: what was imported stays imported.
        (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
        (tmp_path / CODE).rename(tmp_path / "changed.py")
        return discover_in(tmp_path)["probe"]

    return make


def test_a_new_connector_is_in_order(probe: Callable[[Change], Found]) -> None:
    assert check_connector(probe((CODE, "Probe", "Probe"))) == []


@pytest.mark.parametrize(
    "change, flaw",
    [
        ((CODE, 'licence="unknown"', 'licence="frei, aber fair"'), r"licence 'frei, aber fair' is neither an SPDX"),
        ((CODE, 'terms="Not looked for yet. The page with the terms of use belongs here, or why there is none."',
          'terms="?"'), r"is not said \(terms\)"),
        ((CODE, "every_s=600", "every_s=9_000"), "asked every 9000 s, and its values are stale after 3600 s"),
        ((CODE, 'unit="CEL"', 'unit="XYZ"'), "unit 'XYZ' of temperature has no symbol"),
        ((CODE, 'unit="CEL"', 'unit=""'), "temperature is a number without a unit"),
        ((CODE, '"temperature", row', '"humidity", row'), "Nothing is declared about 'humidity'"),
        ((CODE, 'row["temperature"]', 'row["temperatur"]'), "It reads other things than expected"),
        ((CODE, 'payload["stations"]', "[]"), "Nothing is found in the recording"),
        ((CODE, 'payload["stations"]', 'payload["stationen"]'), "another shape than probe.*KeyError: 'stationen'"),
        ((CODE, 'path="/stations.json"', 'path="/neu.json"'), "would ask for /neu.json, the recording has /stations"),
        ((CODE, 'path="/stations.json"', 'path="/{jahr}.json"'), "placeholders that nothing fills: jahr"),
        ((RECORDING, 'request = "stations"', 'request = "week"'), "has no request 'week'"),
        ((RECORDING, 'file = "stations.json"', 'file = "nix.json"'), "cannot be read: No such file"),
        ((RECORDING, 'at = "2026-01-14T12:20:00Z"', 'at = "gestern"'), "moment 'gestern' is no time"),
        ((RECORDING, "made =", "gemacht ="), "recording.toml:1.*'gemacht' is unknown"),
        ((RECORDING, 'at = "', 'wanted = ["7"]\nat = "'), "Nothing is found in the recording"),
        ((ANSWER, "3.4", "4.3"), r"(?s)It reads other things than expected.*-.*3\.4.*\+.*4\.3"),
        ((ANSWER, '"stations": [', '"stations": ['[:-2]), "cannot be used: it is not JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(probe: Callable[[Change], Found], change: Change, flaw: str) -> None:
    found = check_connector(probe(change))
    assert any(re.search(flaw, each) for each in found), found


def test_what_is_read_becomes_what_is_expected_on_request_only(probe: Callable[[Change], Found]) -> None:
    found = probe((ANSWER, "3.4", "4.3"))
    expected = recordings_of(found) / "expected.json"
    before = expected.read_text(encoding="utf-8")
    assert check_connector(found)
    assert expected.read_text(encoding="utf-8") == before
    update_expected(found)
    assert check_connector(found) == []
    assert json.loads(expected.read_text(encoding="utf-8"))["/stations.json"][1]["value"] == 4.3


def test_a_recording_without_a_connector_is_named(tmp_path: Path) -> None:
    _connector("probe", "Probe", tmp_path)
    assert unclaimed(tmp_path / "recordings", discover_in(tmp_path)) == []
    assert unclaimed(tmp_path / "recordings", {}) == ["probe"]


def test_of_two_connectors_with_one_key_the_shipped_one_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _connector("ngsi-ld", "Fremd", tmp_path)
    found = discover(tmp_path)
    assert found["ngsi-ld"].reference == "talwerk.connectors.ngsi_ld:CONNECTOR"
    assert "has the key of another one: ngsi-ld" in caplog.text


def test_a_file_that_is_no_connector_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _connector("probe", "Probe", tmp_path)
    (tmp_path / "broken.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "_shared.py").write_text("raise SystemExit(4)\n")
    (tmp_path / "empty.py").write_text("")
    assert set(discover_in(tmp_path)) == {"probe"}
    assert "broken.py:CONNECTOR cannot be loaded" in caplog.text
    assert "empty.py:CONNECTOR cannot be loaded" in caplog.text
    assert "_shared" not in caplog.text
