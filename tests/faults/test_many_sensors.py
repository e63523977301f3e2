"""Many sensors, each with one value a minute, through server, connector, worker and engine: every value once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.sensors import Plan, measure
from talwerk.store.sqlite.backup import prove_database


@pytest.mark.long
@pytest.mark.timeout(400)
def test_an_hour_of_many_sensors_loses_and_doubles_nothing(tmp_path: Path) -> None:
    # As many as two cores can take beside another test; `python -m bench.sensors` measures ten thousand.
    _kept(Plan(sensors=1_500, minutes=60, window=20, every_s=1), tmp_path)


def test_what_a_few_sensors_send_is_all_there(tmp_path: Path) -> None:
    _kept(Plan(sensors=100, minutes=20, speed=600, window=20, every_s=1), tmp_path)


def _kept(plan: Plan, folder: Path) -> None:
    outcome = measure(plan, folder)
    wrong = (outcome.missed, outcome.lost, outcome.doubled, outcome.strange)
    assert (wrong, outcome.kept) == ((0, 0, 0, 0), plan.values), outcome
    assert outcome.series == plan.sensors
    assert outcome.counted == plan.values, "each value counts once, however often the snapshots repeat it"
    prove_database(folder / "data" / "wuppertal" / "city.db")
