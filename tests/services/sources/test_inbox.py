"""Tables in the inbox: read once, put aside with what was wrong, left alone while they grow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from talwerk import connectors
from talwerk.core.instants import SystemClock, parse_instant
from talwerk.sdk.declaration import parse_declaration
from talwerk.sdk.profile import Profile
from talwerk.services.sources.inbox import Inbox
from talwerk.services.sources.pushed import sending
from talwerk.services.sources.state import Health
from tests.protocols.push.pushing import PROFILE, SCOPE, Doors, open_doors

RECORDING = Path(str(connectors.__file__)).parent / "recordings" / "csv_table"
MORE = """
    [[sources]]
    key = "logger"
    connector = "csv-table"
    parameters = { mapping = "keller" }
"""
TABLE = "/push/csv-table/logger"
GOOD = (RECORDING / "keller.csv").read_bytes()


def copy_mappings(folder: Path) -> None:
    (folder / "mappings").mkdir()
    (folder / "mappings" / "keller.toml").write_bytes((RECORDING / "mappings" / "keller.toml").read_bytes())


@asynccontextmanager
async def watching(doors: Doors, folder: Path) -> AsyncIterator[Path]:
    duty = asyncio.create_task(Inbox(folder, doors.intake, SCOPE, SystemClock()).run())
    try:
        place = folder / "logger"
        await until(place.is_dir)
        yield place
    finally:
        duty.cancel()
        with suppress(asyncio.CancelledError):
            await duty


async def until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.05)


def lay(place: Path, name: str, content: bytes, age_s: float = 60.0) -> None:
    draft = place / f".{name}"
    draft.write_bytes(content)
    when = SystemClock().now() / 1_000_000 - age_s
    os.utime(draft, (when, when))
    draft.rename(place / name)


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    copy_mappings(tmp_path)
    async with open_doors(tmp_path, PROFILE + MORE) as opened:
        opened.clock.at = parse_instant("2026-01-14T12:20:00Z")
        yield opened


async def test_a_table_is_read_once_and_put_aside(doors: Doors, tmp_path: Path) -> None:
    async with watching(doors, tmp_path / "inbox") as place:
        lay(place, "keller.csv", GOOD)
        await until((place / "done" / "keller.csv").is_file)
        points = doors.points("WaterObserved", "keller-rathaus", "height", "logger")
        assert points.values == [12.5, -3.0]
        assert points.at[0] == parse_instant("2026-01-14T11:45:00Z"), "known at the end of its quarter of an hour"
        told = (place / "done" / "keller.csv.reason.txt").read_text()
        assert "1 x time that does not fit the format" in told
        lay(place, "keller.csv", GOOD)
        await until(lambda: len(list((place / "done").glob("*keller.csv"))) == 2)
        assert doors.points("WaterObserved", "keller-rathaus", "height", "logger").values == [12.5, -3.0]
        assert doors.watched("logger").state.health is Health.FRESH


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "The file is empty"),
        (b"\x00\x01\x02", "binary"),
        (b"<html></html>", "The column 'Zeit' is missing"),
        ("Zeit;Wasserstand [cm];Temperatur [°C]\ngestern;1;1\n".encode("cp1252"), "None of the 1 rows is usable"),
        (b"x" * (31 << 20), "talwerk replay"),
    ],
)
async def test_what_is_no_such_table_is_put_aside_with_the_reason(
    doors: Doors, tmp_path: Path, content: bytes, reason: str
) -> None:
    async with watching(doors, tmp_path / "inbox") as place:
        lay(place, "kaputt.csv", content)
        await until((place / "refused" / "kaputt.csv").is_file)
        assert reason in (place / "refused" / "kaputt.csv.reason.txt").read_text()
        assert not doors.broker.series(SCOPE)


async def test_a_file_that_is_still_written_to_rests_first(doors: Doors, tmp_path: Path) -> None:
    async with watching(doors, tmp_path / "inbox") as place:
        lay(place, "jetzt.csv", GOOD, age_s=-60)
        lay(place, "draft.csv.part", GOOD)
        lay(place, "alt.csv", GOOD)
        await until((place / "done" / "alt.csv").is_file)
        assert (place / "jetzt.csv").is_file()
        assert (place / "draft.csv.part").is_file()


async def test_a_table_can_be_posted(doors: Doors) -> None:
    key = doors.key("logger", "WaterObserved", source="logger")
    answer = await doors.send(key, GOOD, TABLE, {"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["values"]) == (200, 4)
    assert (await doors.send(key, b"<html>", TABLE)).status_code == 400


@pytest.mark.parametrize(
    "right, wrong, told",
    [
        ('entity = "keller-rathaus"', 'entity = "andere:keller"', "names another source"),
        ("cadence_s = 900\nmissing", "missing", "needs cadence_s"),
        ('delimiter = ";"', 'delimiter = ";"\n[source]\nsimulated = true', "nothing simulated"),
        ('delimiter = ";"', "delimeter = 7", "Is 'delimiter' meant?"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_told_with_its_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, right: str, wrong: str, told: str
) -> None:
    copy_mappings(tmp_path)
    path = tmp_path / "mappings" / "keller.toml"
    text = path.read_text()
    assert right in text
    if "[source]" in wrong:
        text += "\n[source]\nsimulated = true\n"
    else:
        text = text.replace(right, wrong, 1)
    path.write_text(text)
    assert set(sending(parse_declaration(PROFILE + MORE, Profile, "test"), tmp_path)) == {"buergersensoren", "andere"}
    (record,) = caplog.records
    assert told in record.getMessage()
    assert "mappings/keller.toml:" in record.getMessage()
