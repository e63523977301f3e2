"""The README's commands, run as a newcomer would, against a city that was started as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from talwerk.core.instants import SystemClock
from tests.app.test_feeds import city as one_source
from tests.app.test_feeds import health, until
from tests.conftest import ROOT
from tests.recording_server import replies, serving
from tests.served import Served, served
from tests.services.sources.workbench import RECORDING

BIN = Path(sys.executable).parent


@pytest.fixture(params=["isolated", "connected"])
def city(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A city that is its twin, as on a machine without network, and one whose source answers."""
    if request.param == "isolated":
        with served(tmp_path / "data", feeds="twin") as started:
            until(lambda: "fresh" in health(started).values())
            yield started
        return
    with serving(replies(RECORDING, SystemClock().now())) as recorded:
        profile = one_source(tmp_path / "city", recorded.address)
        with served(tmp_path / "data", feeds="auto", city=str(profile)) as started:
            until(lambda: "fresh" in health(started).values())
            yield started


def test_five_things_to_try(city: Served, tmp_path: Path) -> None:
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    script = script.replace("$PWD/.venv/bin", str(BIN)).replace("localhost:8080", f"localhost:{city.port}")
    script = re.sub(r"^curl ", "curl -f -w '\\\\n%{http_code}\\\\n' ", script, flags=re.MULTILINE)
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        command, check=False, env=city.environment, cwd=tmp_path, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "values new" in done.stdout
    assert re.search(r'"typeList":\[[^]]*"WaterObserved"', done.stdout)
    assert '"name":"' in done.stdout
    assert re.search(r'"height":\d', done.stdout), "a gauge above 20 cm, without the packaging"
    assert done.stdout.rstrip().endswith('"seats":{"type":"Property","value":4}}\n200')
    assert re.findall(r"^\d{3}$", done.stdout, re.MULTILINE) == ["200", "200", "200", "201", "200"]


def test_what_the_city_prints_works_too(city: Served) -> None:
    """The list that `talwerk up` prints is the same five things; its addresses answer."""
    for path in ("/de", "/ngsi-ld/v1/types", "/api/v1/stations", "/health/live"):
        assert city.get(path).status_code == 200, path


def test_links_of_the_documents_lead_somewhere() -> None:
    pages = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    pages += sorted((ROOT / "docs").rglob("*.md"))
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
