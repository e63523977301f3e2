from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Instant
from talwerk.core.query import OfType
from talwerk.core.scope import Principal, Role
from talwerk.privacy.devices import DeviceKeys
from talwerk.privacy.policy import PUBLIC, scope_for, system_scope
from talwerk.privacy.principals import TOKEN_FILE, Credentials

GAUGE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"
NOW = Instant(1_795_000_000_000_000)


def test_the_token_comes_into_being_once(tmp_path: Path) -> None:
    first = Credentials.open(tmp_path / "data")
    assert (tmp_path / "data" / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert len(first.operator_token) >= 40
    assert Credentials.open(tmp_path / "data").operator_token == first.operator_token
    assert [path.name for path in (tmp_path / "data").iterdir()] == [TOKEN_FILE]
    assert Credentials.open(tmp_path / "other").operator_token != first.operator_token


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda: tokens.append(Credentials.open(tmp_path).operator_token)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8
    assert len(set(tokens)) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o604])
def test_a_token_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    Credentials.open(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(mode)
    with pytest.raises(DomainError, match="0600") as raised:
        Credentials.open(tmp_path)
    assert raised.value.fault is Fault.FORBIDDEN


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"\xff\xfe"])
def test_a_broken_token_is_refused(tmp_path: Path, content: bytes) -> None:
    Credentials.open(tmp_path)
    (tmp_path / TOKEN_FILE).write_bytes(content)
    with pytest.raises(DomainError):
        Credentials.open(tmp_path)


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DomainError) as raised:
        Credentials.open(tmp_path / "file")
    assert raised.value.fault is Fault.STORAGE_FULL


def test_who_asks(tmp_path: Path) -> None:
    credentials = Credentials.open(tmp_path)
    assert credentials.grant(None).principal == PUBLIC
    assert credentials.grant(f"Bearer {credentials.operator_token}").principal.role is Role.OPERATOR
    for wrong in ("", "Bearer", f"Basic {credentials.operator_token}", f"Bearer {credentials.operator_token}x"):
        with pytest.raises(DomainError) as raised:
            credentials.grant(wrong)
        assert raised.value.fault is Fault.UNAUTHENTICATED
        assert credentials.operator_token not in raised.value.detail


def test_devices(tmp_path: Path) -> None:
    credentials = Credentials.open(tmp_path)
    key = credentials.devices.add("gauge-1", (GAUGE,), NOW)
    other_process = Credentials.open(tmp_path)
    grant = other_process.grant(f"Bearer {key}")
    assert grant.principal == Principal(role=Role.DEVICE, name="gauge-1")
    assert grant.types == (GAUGE,)
    file = tmp_path / "devices.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in file.read_text()
    assert [device.name for device in other_process.devices.devices()] == ["gauge-1"]
    credentials.devices.revoke("gauge-1")
    with pytest.raises(DomainError):
        other_process.grant(f"Bearer {key}")
    assert credentials.devices.devices() == ()


def test_devices_that_cannot_be(tmp_path: Path) -> None:
    keys = DeviceKeys(tmp_path)
    keys.add("a", (GAUGE,), NOW)
    faults = []
    for name, types in (("a", (GAUGE,)), ("A b", (GAUGE,)), ("", (GAUGE,)), ("b", ())):
        with pytest.raises(DomainError) as raised:
            keys.add(name, types, NOW)
        faults.append(raised.value.fault)
    assert faults == [Fault.ALREADY_EXISTS, Fault.INVALID_REQUEST, Fault.INVALID_REQUEST, Fault.INVALID_REQUEST]
    with pytest.raises(DomainError):
        keys.revoke("nobody")
    (tmp_path / "devices.json").write_text("{")
    with pytest.raises(DomainError):
        keys.holder("a.b")


def test_what_each_may_do() -> None:
    assert not scope_for(PUBLIC).may_write
    assert scope_for(PUBLIC).predicate is None
    assert scope_for(PUBLIC, dev_open_writes=True).may_write
    assert scope_for(Principal(role=Role.OPERATOR, name="token")).may_write
    device = Principal(role=Role.DEVICE, name="gauge-1")
    assert not scope_for(device).may_write
    assert scope_for(device, types=(GAUGE,)).predicate == OfType((GAUGE,))
    assert system_scope("replay").may_write
    assert system_scope("replay").principal == Principal(role=Role.SYSTEM, name="replay")
    with pytest.raises(ValueError, match="replay"):
        scope_for(Principal(role=Role.SYSTEM, name="replay"))


def test_keys_that_cannot_be_read_are_told_once_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    credentials = Credentials.open(tmp_path)
    key = credentials.devices.add("gauge", (GAUGE,), NOW)
    readable = (tmp_path / "devices.json").read_bytes()
    (tmp_path / "devices.json").unlink()
    (tmp_path / "devices.json").mkdir()
    for _ in range(3):
        with pytest.raises(DomainError) as raised:
            credentials.grant(f"Bearer {key}")
        assert raised.value.fault is Fault.BUSY
        assert str(tmp_path) not in str(raised.value), "whoever asks learns nothing of the machine's files"
    (record,) = caplog.records
    assert str(tmp_path / "devices.json") in record.getMessage()
    with pytest.raises(DomainError, match=str(tmp_path / "devices.json")):
        credentials.devices.devices()
    (tmp_path / "devices.json").rmdir()
    (tmp_path / "devices.json").write_bytes(readable)
    assert credentials.grant(f"Bearer {key}").principal.name == "gauge"


def test_a_key_that_finds_no_room_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    keys = Credentials.open(tmp_path).devices
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DomainError, match=r"devices\.json cannot be written: No space left") as raised:
        keys.add("gauge", (GAUGE,), NOW)
    assert raised.value.fault is Fault.STORAGE_FULL
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_FILE]
