"""The README's commands, run as a newcomer would, against a city that was started as it says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ROOT

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.fixture
def city(tmp_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A started city: its port and the environment that its commands need."""
    port = free_port()
    environment = {**os.environ, "TALWERK_DATA": str(tmp_path / "data"), "TALWERK_PORT": str(port)}
    with subprocess.Popen(
        [BIN / "talwerk", "up"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            until = time.monotonic() + 30
            while not _ready(port):
                assert process.poll() is None, "the city ended before it was ready"
                assert time.monotonic() < until, "the city was not ready in time"
                time.sleep(0.05)
            yield port, environment
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=20)
    assert "Five things to try" in output
    assert process.returncode == 0


def _ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://localhost:{port}/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


def test_five_things_to_try(city: tuple[int, dict[str, str]], tmp_path: Path) -> None:
    port, environment = city
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    script = script.replace("$PWD/.venv/bin", str(BIN)).replace("localhost:8080", f"localhost:{port}")
    script = re.sub(r"^curl ", "curl -f -w '\\\\n%{http_code}\\\\n' ", script, flags=re.MULTILINE)
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        command, check=False, env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "values new" in done.stdout
    assert '"typeList":["WaterObserved"]' in done.stdout
    assert '"name":"' in done.stdout
    assert re.search(r'"height":\d', done.stdout), "a gauge above 20 cm, without the packaging"
    assert done.stdout.rstrip().endswith('"seats":{"type":"Property","value":4}}\n200')
    assert re.findall(r"^\d{3}$", done.stdout, re.MULTILINE) == ["200", "200", "200", "201", "200"]


def test_what_the_city_prints_works_too(city: tuple[int, dict[str, str]], tmp_path: Path) -> None:
    """The list that `talwerk up` prints is the same five things; its addresses answer."""
    port, _ = city
    for path in ("/de", "/ngsi-ld/v1/types", "/api/v1/stations", "/health/live"):
        assert httpx2.get(f"http://localhost:{port}{path}").status_code == 200, path


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
