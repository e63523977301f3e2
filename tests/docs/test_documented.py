"""What is not documented is not there: settings, commands and their options, endpoints."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec
import pytest
from starlette.routing import Route

from talwerk.app import open_city, routes
from talwerk.cli import COMMANDS, main
from talwerk.settings import FIELDS, PREFIX, Settings
from tests.conftest import ROOT

SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
COMMANDS_TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    default = next(f.default for f in msgspec.structs.fields(Settings) if f.name == name)
    nothing = default in ((), "", None, msgspec.NODEFAULT)
    text = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
    shown = "none" if nothing else f"`{text.lower() if isinstance(default, bool) else text}`"
    assert f"| `{name}` | `{PREFIX}{name.upper()}` | {shown} |" in SETTINGS


def test_no_setting_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", SETTINGS, re.MULTILINE)) == set(FIELDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert f"## `talwerk {name}" in COMMANDS_TEXT
    parameters = [*command.params]
    if isinstance(command, click.Group):
        parameters += [parameter for part in command.commands.values() for parameter in part.params]
    missing = [
        option
        for parameter in parameters
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--") and f"`{option}" not in COMMANDS_TEXT
    ]
    assert missing == []


async def test_every_address_is_documented(tmp_path: Path) -> None:
    addresses = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    operations = (ROOT / "docs" / "ngsi-ld-conformance.md").read_text(encoding="utf-8")
    async with open_city(Settings(data=tmp_path)) as city:
        paths = {route.path for route in routes(city) if isinstance(route, Route)}
    undocumented = {
        path
        for path in paths
        # Static files have their content in their name; whatever else lies below a page is an error page.
        if not path.startswith("/static/")
        and "{rest:path}" not in path
        # Each German page is there in English, under a segment of its own; a test of the pages sees to it.
        and not path.startswith("/en/")
        and f"`{path}`" not in addresses
        and not any(f"`{method} {path}`" in addresses for method in ("GET", "POST"))
        and path.removeprefix("/ngsi-ld/v1") not in operations
    }
    assert undocumented == set()
