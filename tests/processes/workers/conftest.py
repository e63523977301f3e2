"""Workers that find the tasks of the tests."""

from __future__ import annotations

import os

import pytest

from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _tasks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
