"""What the system refuses ends a command with one sentence that names the path."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from talwerk.cli import main
from talwerk.cli.options import refusal
from talwerk.processes.directory import prepare
from talwerk.settings import Settings, load
from talwerk.store.sqlite import SqliteStore
from tests.contracts.cities import StandingClock

NOBODY = 65_534


def told_powerless(*arguments: str) -> tuple[int, str]:
    """What a command says that may not do everything, as root may: a process of its own, which still reads the code."""
    bound = ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override") if os.geteuid() == 0 else ()
    command = [*bound, sys.executable, "-c", "from talwerk.cli import main; main()", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def powerless() -> Iterator[None]:
    """Without the rights of root, which may everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A city's data that everybody may read, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.chdir(folder)
        data = Path(folder) / "data"
        prepare(data / "wuppertal", "wuppertal")
        SqliteStore.open(data / "wuppertal" / "city.db", StandingClock()).close()
        for path in (Path(folder), data, data / "wuppertal"):
            path.chmod(0o777)
        for path in (data / "wuppertal").iterdir():
            path.chmod(0o666)
        yield data


def test_a_backup_into_what_is_no_folder(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main, ["backup", str(tmp_path / "file" / "backup"), "--data", str(data)])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
    (line,) = done.output.splitlines()
    assert line.startswith("Error: ")
    assert str(tmp_path / "file") in line


def test_a_backup_into_a_folder_that_may_not_be_written(data: Path) -> None:
    closed = data.parent / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    status, said = told_powerless("backup", str(closed / "backup"), "--data", str(data))
    assert status == 1, said
    (line,) = said.splitlines()
    assert str(closed) in line
    assert "Permission denied" in line


def test_settings_in_a_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0)
    try:
        with powerless():
            assert load(environment={}) == Settings()
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    "error, text",
    [
        (PermissionError(13, "Permission denied", "/a"), "The path /a cannot be used: Permission denied."),
        (FileExistsError(17, "File exists", "/a", None, "/b"), "The path /a to /b cannot be used: File exists."),
        (OSError(28, "No space left"), "The system refused what the command needs: No space left."),
        (OSError("odd"), "The system refused what the command needs: odd."),
    ],
)
def test_every_refusal_is_a_sentence(error: OSError, text: str) -> None:
    assert refusal(error) == text


def test_what_is_no_copy_is_refused_before_the_data_are_looked_at(data: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for folder in (tmp_path / "etc", tmp_path / "nowhere"):
        refused = CliRunner().invoke(main, ["restore", str(folder), "--data", str(data)])
        assert refused.exit_code == 1
        assert f"{folder} is neither a backup nor the second place of a city." in refused.output
