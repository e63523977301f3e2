"""Who holds the operator's token, and that a city without anybody is not shown to the outside."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from talwerk.app.exposure import check_exposure
from talwerk.cli import main
from talwerk.core.errors import DomainError, Fault
from talwerk.privacy.principals import TOKEN_FILE, Credentials
from talwerk.settings import Settings
from tests.served import TALWERK


def talwerk(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--data", str(data)])


def token(data: Path) -> str:
    return (data / TOKEN_FILE).read_text().strip()


def test_an_operator_takes_the_city_into_possession(tmp_path: Path) -> None:
    assert talwerk(tmp_path, "operator", "show").exit_code == 1
    enrolled = talwerk(tmp_path, "operator", "enroll", "  Leitstelle   Müller ")
    assert enrolled.exit_code == 0
    assert enrolled.stdout.strip() == token(tmp_path)
    assert "Leitstelle Müller is the operator" in enrolled.stderr
    assert talwerk(tmp_path, "operator", "show").stdout.startswith("Leitstelle Müller  since 20")
    assert (tmp_path / "operator.json").stat().st_mode & 0o777 == 0o600
    assert token(tmp_path) not in (tmp_path / "operator.json").read_text()


def test_a_new_token_ends_the_old_one_and_its_record(tmp_path: Path) -> None:
    assert talwerk(tmp_path, "operator", "enroll", "A").exit_code == 0
    old = Credentials.open(tmp_path)
    renewed = talwerk(tmp_path, "operator", "enroll", "B", "--new-token").stdout.strip()
    assert renewed == token(tmp_path) != old.operator_token
    with pytest.raises(DomainError):
        Credentials.open(tmp_path).grant(f"Bearer {old.operator_token}")
    assert Credentials.open(tmp_path).grant(f"Bearer {renewed}").principal.name == "token"
    assert talwerk(tmp_path, "operator", "show").stdout.startswith("B  since")
    # A token that came into being by itself is nobody's, whoever held the one before it.
    (tmp_path / TOKEN_FILE).unlink()
    assert talwerk(tmp_path, "operator", "show").exit_code == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x1b[31mb"])
def test_an_operator_has_a_name(tmp_path: Path, name: str) -> None:
    refused = talwerk(tmp_path, "operator", "enroll", name)
    assert refused.exit_code == 1
    assert "name has 1 to 200 characters" in refused.stderr


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    assert talwerk(tmp_path, "operator", "enroll", "A").exit_code == 0
    (tmp_path / "operator.json").write_text("{")
    assert "operator.json cannot be read" in talwerk(tmp_path, "operator", "show").stderr


@pytest.mark.parametrize(
    "settings",
    [
        Settings(host="0.0.0.0"),
        Settings(host="::"),
        Settings(host="10.0.0.5"),
        Settings(host="city.example"),
        Settings(host="127.0.0.1", behind_proxy=True),
    ],
)
def test_everything_that_is_missing_is_named_at_once(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(DomainError) as refused:
        check_exposure(replace(settings, data=tmp_path))
    assert refused.value.fault is Fault.FORBIDDEN
    text = str(refused.value)
    assert ("tls_certificate and tls_key" in text) is not settings.behind_proxy
    assert 'set hosts = ["city.example"]' in text
    assert f"talwerk operator enroll NAME --data {tmp_path}" in text
    named = replace(settings, data=tmp_path, hosts=("city.example",), behind_proxy=True)
    with pytest.raises(DomainError) as refused:
        check_exposure(named)
    assert str(refused.value).count("\n  - ") == 1
    assert talwerk(tmp_path, "operator", "enroll", "A").exit_code == 0
    check_exposure(named)


def test_nobody_is_needed_on_this_machine(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(Settings(data=tmp_path, host=host))
    assert not (tmp_path / TOKEN_FILE).exists()


def test_a_city_that_is_not_ready_does_not_start(tmp_path: Path) -> None:
    command: list[str | Path] = [TALWERK, "up", "--host", "0.0.0.0", "--port", "0", "--data", tmp_path]
    refused = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1
    assert "it is not ready for that:\n  - TLS: set" in refused.stderr


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert talwerk(tmp_path, "token").exit_code == 0

    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_room)
    refused = talwerk(tmp_path, "operator", "enroll", "A")
    assert (refused.exit_code, "cannot be written: No space left" in refused.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_FILE]
