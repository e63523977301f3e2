"""What is not documented is not there: settings, commands and their options, endpoints."""

from __future__ import annotations

import re

import click
import msgspec
import pytest

from talwerk.cli import COMMANDS, main
from talwerk.settings import FIELDS, PREFIX, Settings
from tests.conftest import ROOT

SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
COMMANDS_TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    default = next(f.default for f in msgspec.structs.fields(Settings) if f.name == name)
    shown = {(): "none", False: "`false`"}.get(default, f"`{default}`")
    assert f"| `{name}` | `{PREFIX}{name.upper()}` | {shown} |" in SETTINGS


def test_no_setting_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", SETTINGS, re.MULTILINE)) == set(FIELDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert f"## `talwerk {name}" in COMMANDS_TEXT
    missing = [
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--") and f"`{option}" not in COMMANDS_TEXT
    ]
    assert missing == []
