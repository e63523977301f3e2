"""What every test may rely on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

SKIPPING_FORBIDDEN = os.environ.get("CI") == "true"
ROOT = Path(__file__).parent.parent
WUPPER = ROOT.parent / "shared" / "data" / "wupper"

# No city that a test starts asks anybody outside of this machine, unless the test says so.
os.environ["TALWERK_FEEDS"] = "off"

# On a busy two-core machine a slow example is no finding.
settings.register_profile("talwerk", deadline=None, derandomize=SKIPPING_FORBIDDEN)
settings.load_profile("talwerk")


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, like the platform."""
    return "asyncio"


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """Ask for a system program: `chromium = needs("chromium")` gives its path or skips the test."""

    def path_of(program: str) -> str:
        return shutil.which(program) or pytest.skip(f"needs the program {program}, which is not installed")

    return path_of


@pytest.fixture(scope="session")
def wupper() -> Path:
    """The folder with the real series of the Wupper gauges, which lies beside the repository."""
    return WUPPER if WUPPER.is_dir() else pytest.skip("needs the real series of the Wupper gauges")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where skipping is forbidden, a skipped test is a failed test."""
    report = yield
    if SKIPPING_FORBIDDEN and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipping is forbidden: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if SKIPPING_FORBIDDEN and report.skipped:
        report.outcome, report.longrepr = "failed", f"skipping is forbidden: {report.longrepr}"
    return report
