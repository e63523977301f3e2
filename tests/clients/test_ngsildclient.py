"""A client library that others use, in the version that they have, against a started city.

It pins an HTTP library of its own time, so that it lives in an environment of its own; that one is made once.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.served import served

LOCK = ROOT / "tests" / "clients" / "requirements-ngsildclient.txt"
DAY = ROOT / "tests" / "clients" / "ngsildclient_day.py"
HOME = ROOT / ".venv" / "clients" / "ngsildclient"
PARTS = ("entities", "batches", "histories", "changes", "deletions")


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has the library."""
    program, stamp = HOME / "bin" / "python", HOME / "installed"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode() + str(HOME).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return program
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True, capture_output=True, timeout=60)
        subprocess.run([program, *install, *locked], check=True, capture_output=True, text=True, timeout=100)
    except (subprocess.SubprocessError, OSError) as error:
        reason = str(getattr(error, "stderr", "") or error)[-300:]
        pytest.skip(f"ngsildclient cannot be installed: {reason}")
    stamp.write_text(wanted)
    return program


@pytest.mark.timeout(240)
def test_a_day_of_work(python: Path, tmp_path: Path) -> None:
    with served(tmp_path / "data") as city:
        command: list[str | Path] = [python, DAY, str(city.port), city.token, *PARTS]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\nok ") >= 25
