"""A city as its people meet it: started by its command, filled while it runs, visited with a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import pytest
from playwright.sync_api import Browser

from tests.browsing import Visit, launched, visiting

ENDS_S = 15


class Served(msgspec.Struct, frozen=True):
    """A city that runs.

    Attributes:
        address: where its pages are.
        data: directory of its data.
        city: key of its profile.
    """

    address: str
    data: Path
    city: str

    def command(self, *arguments: str) -> str:
        """Run a command beside the running city; what it prints."""
        return talwerk(self.data, self.city, *arguments)


def environment(data: Path, city: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TALWERK_")}
    return {**kept, "TALWERK_DATA": str(data), "TALWERK_CITY": city, "TALWERK_PORT": "0", "TALWERK_FEEDS": "off"}


def talwerk(data: Path, city: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "talwerk.cli", *arguments],
        cwd=data.parent,
        env=environment(data, city),
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    # 3: done, and the report names values that were left out or flagged; examples have some.
    assert done.returncode in {0, 3}, done.stderr
    return done.stdout


def address_in(output: IO[str]) -> str:
    told = ""
    for line in output:
        told += line
        found = re.search(r"http://localhost:\d+", line)
        if found:
            return found[0]
    raise AssertionError(f"the city did not start: {told}")


@contextmanager
def serving(data: Path, city: str = "wuppertal", port: str = "0") -> Iterator[Served]:
    with subprocess.Popen(
        [sys.executable, "-m", "talwerk.cli", "up"],
        cwd=data.parent,
        env={**environment(data, city), "TALWERK_PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Served(address_in(process.stdout), data, city)
        finally:
            process.terminate()
            process.communicate(timeout=ENDS_S)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city that was empty when it started and was given the example while it ran."""
    folder = tmp_path_factory.mktemp("city")
    with serving(folder / "data") as running:
        running.command("sample", "--to", str(folder))
        running.command("replay", str(folder / "sample.csv"), "--mapping", str(folder / "sample.toml"))
        yield running


# Not for the session: while Playwright runs, no asynchronous test can in the same process.
@pytest.fixture(scope="module")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    with launched(needs("chromium")) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    """Open a page of the city: `page = visit("/de", color_scheme="dark")`; complaints of the browser fail the test."""
    with visiting(browser, served.address) as open_page:
        yield open_page
