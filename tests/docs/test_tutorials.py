"""The tutorials, typed as they stand by somebody in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.served import free_port

BIN = Path(sys.executable).parent
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`([^`\s]+)`:\s*$")


def script(page: str) -> str:
    """The commands of a page in their order; blocks of other kinds become the files that the line before them names."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    parts = []
    for block in FENCE.finditer(text):
        if block[1] == "bash":
            parts.append(block[2])
            continue
        named = FILE.search(text[: block.start()])
        assert named is not None, f"a block of {page} names no file"
        parts.append(f"mkdir -p {Path(named[1]).parent}\ncat > {named[1]} <<'FILE_ENDS'\n{block[2]}FILE_ENDS\n")
    return "\n".join(parts)


def typed(page: str, folder: Path) -> str:
    """What a page's commands print, all of them having succeeded."""
    port, source = free_port(), free_port()
    commands = script(page).replace("localhost:8080", f"localhost:{port}").replace("8900", str(source))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALWERK_")}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "TALWERK_PORT": str(port)}
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", commands],
        env=environment,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                # What it started in the background is of its session.
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, printed
    return printed


def test_a_strangers_first_connector(tmp_path: Path) -> None:
    printed = typed("tutorial-connector.md", tmp_path)
    assert "regenschreiber: in order" in printed
    assert '+    {"finding": "reading", "native": "R01", "attribute": "precipitation", "value": 1.1,' in printed
    assert printed.count("regenschreiber: in order") == 3
    tested = subprocess.run(
        [BIN / "pytest", "-q", "connectors"], check=False, cwd=tmp_path, text=True, capture_output=True
    )
    assert "1 passed" in tested.stdout, tested.stdout
    assert ":regenschreiber:R01 precipitation: 2 values, newest 1.1 mm of 2026-01-14T12:15:00Z" in printed
    assert "The source would be stale. Nothing was written." in printed
    assert re.search(r'"id":"urn:ngsi-ld:WeatherObserved:05999000:regenschreiber:R01".*"precipitation":1.1', printed)


def test_a_city_takes_over(tmp_path: Path) -> None:
    printed = typed("tutorial-city.md", tmp_path)
    assert (
        "measuring point alte-bruecke: no source of the profile delivers it (it names hochwasserportal-nrw)" in printed
    )
    assert "boroughs: 2, quarters: 2" in printed
    assert "values new" in printed
    assert "WRONG" not in printed
    assert printed.count("The profile is in order.") == 5
