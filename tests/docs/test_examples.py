"""An integrator's day with plain curl: the examples of the guides, in their order, against a started city."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.served import Served, served

EXAMPLES = ROOT / "docs" / "examples"
GUIDE = (ROOT / "docs" / "ngsi-ld.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
WITH_FILES = re.findall(r"```console\n\$ (.*?)```", GUIDE, re.DOTALL)
"""What needs a city that knows documents as files."""
MAP = f"https://vocabulary.example/cycle.jsonld={EXAMPLES / 'cycle.jsonld'}"

# What each script prints, in this order.
PRINTED = {
    "01-create.sh": ['"seats":4', '"coordinates":[7.15'],
    "02-upsert.sh": ["urn:ngsi-ld:AirObserved:park", "urn:ngsi-ld:AirObserved:station"],
    "03-context.sh": ['"https://vocabulary.example/cycle#places":12', '"type":"Stand","places":12'],
    "04-query.sh": ['"urn:ngsi-ld:AirObserved:station"', '"value":8', "2", 'rel="next"'],
    "05-place.sh": ["Bench:park:1", "AirObserved:park", '"FeatureCollection"', '"Feature"'],
    "06-history.sh": ['[4.5,"2026-11-20T08:00:00Z"]', '[5.0,"2026-11-20T09:00:00Z"]', '[6.5,"2026-11-20T10:00:00Z"]'],
    "07-aggregates.sh": ['"avg"', "4.75", '"max":[[5,'],
    "08-change.sh": ['"seats":5', '"colour":"green"', "404"],
    "09-errors.sh": ["/near/object", "\n400\n", "\n404\n", "\n400\n", "LdContextNotAvailable", "\n504\n", "\n401\n"],
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city as the README starts it where there is no network."""
    with served(tmp_path_factory.mktemp("city") / "data", feeds="twin") as opened:
        yield opened


def run(city: Served, *command: str | Path) -> str:
    environment = {**os.environ, "CITY": city.url, "TOKEN": city.token}
    done = subprocess.run(command, check=False, env=environment, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def in_order(texts: list[str], printed: str) -> None:
    at = 0
    for text in texts:
        found = printed.find(text, at)
        assert found >= 0, f"{text!r} does not follow in: {printed}"
        at = found + len(text.rstrip())


@pytest.mark.xdist_group("examples")
def test_the_scripts_of_a_day(city: Served) -> None:
    scripts = sorted(EXAMPLES.glob("*.sh"))
    assert [script.name for script in scripts] == list(PRINTED)
    for script in scripts:
        in_order(PRINTED[script.name], run(city, script))


def test_the_blocks_of_the_guide(tmp_path: Path) -> None:
    assert BLOCKS
    with served(tmp_path / "data", feeds="twin") as city:
        for block in BLOCKS:
            assert run(city, "bash", "-euo", "pipefail", "-c", block)


def test_a_context_that_the_city_knows_as_a_file(tmp_path: Path) -> None:
    (block,) = WITH_FILES
    with served(tmp_path / "data", "--context-map", MAP) as city:
        run(city, EXAMPLES / "03-context.sh")
        assert '"places":12' in run(city, "bash", "-euo", "pipefail", "-c", block)
