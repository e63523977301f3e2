"""A started city whose sources all fail alike, one way after the other: it stays up and says what is wrong."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from talwerk import cities
from talwerk.twin.faults import KINDS
from tests.served import Served, served

QUICK_S = 2.0
LIMIT_S = 150.0
STILL_READ = {
    "duplicates",
    "out-of-order",
    "future-stamps",
    "out-of-range",
    "nulls",
    "nan",
    "72-mb-snapshot",
    "slow-drip",
}
"""Faults of values, which end as flags or gaps; and those that a patient reader survives."""
IN_THE_MIDDLE = {"reset"}
"""Faults that a source does not show while it has nothing new to say: its answer is then too short to break off."""

ASKED = {source.key for source in cities.load(cities.DEFAULT_CITY).sources if source.address}
"""What sends by itself knows other faults (``tests/twin/test_sending.py``)."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(3_600)]


def hurried(folder: Path) -> Path:
    """The shipped profile, polled every few seconds instead of every few minutes."""
    shutil.copytree(cities.folder(cities.DEFAULT_CITY), folder)
    profile = folder / cities.PROFILE
    text = re.sub(r'^(connector = ".*")$', r"\1\nevery_s = 3", profile.read_text("utf-8"), flags=re.MULTILINE)
    profile.write_text(text, encoding="utf-8")
    return folder


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.5)


def test_the_city_stays_up_under_every_fault_and_says_what_is_wrong(tmp_path: Path) -> None:
    city = hurried(tmp_path / "stadt")
    with served(tmp_path / "data", city=str(city), feeds="twin") as running:
        until(lambda: set(health(running, tmp_path).values()) == {"fresh"}, "not everything was fresh")
        before = processes(running, tmp_path)
        values = len(running.get("/api/v1/stations?limit=1000").json())
        for kind in KINDS:
            told = sorted(ASKED)
            for source in told:
                fault(running, tmp_path, source, kind)
            if kind not in STILL_READ:
                judged = any if kind in IN_THE_MIDDLE else all
                until(partial(told_by, judged, running, tmp_path), f"{kind}: a source does not say what is wrong")
            else:
                time.sleep(10)
            began = time.monotonic()
            assert running.get("/de").status_code == 200
            assert time.monotonic() - began < QUICK_S, kind
            for source in told:
                fault(running, tmp_path, source, "none")
            until(lambda: set(health(running, tmp_path).values()) == {"fresh"}, f"no recovery from {kind}")
            assert processes(running, tmp_path) == before, f"a process ended under {kind}"
        assert len(running.get("/api/v1/stations?limit=1000").json()) >= values


def report(running: Served, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(running.run("status", "--json", folder=folder).stdout)["report"]
    return found


def health(running: Served, folder: Path) -> dict[str, str]:
    return {source["key"]: source["health"] for source in report(running, folder)["sources"]}


def told_by(judged: Callable[[list[str]], bool], running: Served, folder: Path) -> bool:
    return judged(errors(running, folder))


def errors(running: Served, folder: Path) -> list[str]:
    return [source["error"] for source in report(running, folder)["sources"] if source["key"] in ASKED]


def processes(running: Served, folder: Path) -> list[int]:
    # Whoever asks is a process of the city as well.
    found = report(running, folder)["processes"]
    return sorted(p["vitals"]["pid"] for p in found if p["name"].startswith(("supervisor", "engine", "serve")))


def fault(running: Served, folder: Path, source: str, kind: str) -> None:
    done = running.run("twin", "fault", source, kind, folder=folder)
    assert done.returncode == 0, done.stderr
