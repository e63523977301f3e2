"""`talwerk settings` shows what a settings file could hold, and no password."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from talwerk.cli import main
from talwerk.cli.settings import toml
from talwerk.settings import load

GIVEN = """
city = "solingen"
hosts = ["a.example", "b.example"]
backup_keep = [3, 2, 1]
backup_at = ""
log_format = "json"
proxy_except = []
behind_proxy = true
copy_folder = "/mnt/ä \\"b\\""
raw_days_of = { height = 30 }
"""
_PLAIN = st.text() | st.integers() | st.booleans()


@given(_PLAIN | st.lists(_PLAIN) | st.dictionaries(st.text(), _PLAIN))
def test_every_value_is_read_back_as_it_was(value: object) -> None:
    assert tomllib.loads(f"a = {toml(value)}") == {"a": value}


def test_what_is_shown_is_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALWERK_FEEDS", raising=False)
    (tmp_path / "talwerk.toml").write_text(GIVEN)
    shown = CliRunner().invoke(main, ["settings"])
    assert shown.exit_code == 0, shown.output
    (tmp_path / "shown.toml").write_text(shown.output)
    assert load(environment={}, file=tmp_path / "shown.toml") == load(environment={})
    assert 'hosts = ["a.example", "b.example"]' in shown.output.splitlines()
    assert "proxy_except = []" in shown.output.splitlines()
    assert "# ca_file is not set" in shown.output.splitlines()


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_no_password_is_shown(flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TALWERK_PROXY", "http://city:s3cret:x@proxy.example:3128")
    shown = CliRunner().invoke(main, ["settings", *flags]).output
    assert "s3cret" not in shown
    assert "http://city:***@proxy.example:3128" in shown
    if flags:
        assert json.loads(shown)["proxy_except"] == []
