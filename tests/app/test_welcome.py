"""What is to be tried when a city is up can be tried in it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from talwerk.app.city import open_city
from talwerk.app.welcome import Greeting, welcome
from talwerk.settings import Settings

REPLAY = "talwerk replay sample.csv --mapping sample.toml"


@pytest.mark.parametrize(
    "feeds, commands",
    [
        ("live", ["talwerk status"]),
        ("auto", ["talwerk status"]),
        ("off", ["talwerk sample", REPLAY]),
        ("twin", ["talwerk sample --stream Musterbach", REPLAY]),
    ],
)
async def test_example_values_are_offered_where_they_are_seen(
    feeds: Literal["live", "auto", "off", "twin"], commands: list[str], tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, feeds=feeds)
    async with open_city(settings) as city:
        lines = welcome(city, 8080, None).splitlines()
        second = next(index for index, line in enumerate(lines) if line.startswith("  2  "))
        third = next(index for index, line in enumerate(lines) if line.startswith("  3  "))
        where = f" --data {tmp_path}"
        wanted = [f"{command}{where if 'sample.csv' in command or 'status' in command else ''}" for command in commands]
        assert [line[31:] for line in lines[second:third]] == wanted
        gone_over = welcome(city, 8080, None, Greeting.GONE_OVER)
        assert ("Musterbach" in gone_over) == (feeds == "twin")
