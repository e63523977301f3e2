"""Files that are not what their mapping says: one clear message that names the place, and nothing written."""

from __future__ import annotations

import codecs
import tracemalloc
from pathlib import Path

import pytest

from talwerk.core.errors import DomainError
from talwerk.sdk.tables.file import TableFile
from talwerk.services.replay import survey
from talwerk.services.replay.replay import replay
from tests.services.replay.workbench import MAPPING, SCOPE, Bench

ROWS = "".join(f"2025-01-01 {hour:02}:{minute:02};{hour}.5\n" for hour in range(24) for minute in (0, 15, 30, 45))
TABLE = "time;level\n" + ROWS


def utf8_then(junk: bytes, filler: int) -> bytes:
    return b"time;level\n" + b"2025-01-01 00:00;1\n" * filler + junk + b"\n"


REFUSED: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "table.csv: The file is empty."),
    ("only a mark", codecs.BOM_UTF8, "table.csv: The file is empty."),
    ("blank first line", "\n\n" + TABLE, "table.csv:1: The first line, which should be the header, is empty."),
    ("header only", "time;level\n", "table.csv: The file has a header and no rows."),
    ("header and blanks", "time;level\n\n;\n \n", "table.csv: The file has a header and no rows."),
    ("picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "table.csv:1: The file is binary or wrongly encoded"),
    ("NUL later", "time;level\n" + ROWS * 60 + "\0;1\n", "table.csv:5762: The file is binary: a NUL character"),
    ("utf-16 without a mark", TABLE.encode("utf-16-le"), "it looks like utf-16"),
    ("utf-16 with a mark", TABLE.encode("utf-16"), "table.csv:1: The file begins with the mark of utf-16"),
    (
        "latin-1",
        utf8_then(b"2025-01-01 00:15;K\xf6ln", 3),
        "table.csv:5: The byte 0xf6 at position 86 is not utf-8. It would decode as cp1252 or iso-8859-15.",
    ),
    ("latin-1 far below", utf8_then(b"\xe4", 100_000), "table.csv:100002: The byte 0xe4 at position 1900011 is not"),
    (
        "cut in a character",
        b"time;level\n2025-01-01;\xe2\x82",
        "table.csv:2: The byte 0xe2 at position 22 is not utf-8",
    ),
    (
        "missing column",
        TABLE.replace("level", "Level [cm]"),
        "1: The column 'level' is missing. The closest is 'Level [cm]'. The header has: 'time', 'Level [cm]'.",
    ),
    ("another delimiter", TABLE.replace(";", ","), "The file seems to use the delimiter ','; the mapping says ';'."),
    ("no header", ROWS, "table.csv:1: The column 'time' is missing. The header has: '2025-01-01 00:00', '0.5'."),
    ("doubled column", "time;level;level\n", "table.csv:1: The header names the column 'level' 2 times."),
    ("open quote in the header", '"time;level\n' + ROWS, "table.csv:1: The header does not read as a row"),
    (
        "swapped columns",
        "level;time\n" + ROWS,
        "None of the first 20 rows is usable; nothing was written. Most often: time that does not fit the format; "
        "here stands '0.5'. The mapping reads the times from the column 'time' in the format 'iso'.",
    ),
    ("another time format", TABLE.replace("2025-01-01", "01.01.2025"), "here stands '01.01.2025 00:00'"),
    ("a few unusable rows", "time;level\nx;1\ny;2\n", "table.csv:2: None of the 2 rows is usable; nothing was written"),
    (
        "one cell more everywhere",
        TABLE.replace(".5\n", ".5;x\n"),
        "table.csv:2: None of the first 20 rows is usable; nothing was written. Most often: row with another number of "
        "cells than the header; here stands '3 cells instead of 2'. The mapping says delimiter = ';'.",
    ),
    ("no number at all", TABLE.replace(".5", " cm"), "table.csv:2: The column 'level' holds no number; here stands"),
    (
        "another decimal sign",
        TABLE.replace(".5", ",5"),
        "table.csv:2: The column 'level' holds no number; here stands '0,5' (the mapping says decimal = '.').",
    ),
    ("thousands", TABLE.replace(".5", ".000,5"), "a thousands separator can be mistaken for a decimal sign"),
    (
        "only nan",
        "time;level\n" + ROWS.replace(".5", "").replace(";", ";nan"),
        "The column 'level' holds no number; here stands 'nan",
    ),
    ("endless line", b"time;level\n" + b"7" * 1_100_000, "table.csv:2: The line has more than 1,000,000 characters"),
    ("endless header", b"a" * 200_000, "table.csv:1: The header does not read as a row: field larger than"),
]


@pytest.mark.parametrize("content, message", [(c, m) for _, c, m in REFUSED], ids=[name for name, _, _ in REFUSED])
async def test_the_message_names_the_place_and_nothing_is_written(
    bench: Bench, content: str | bytes, message: str
) -> None:
    with pytest.raises(DomainError) as caught:
        await bench.replay(content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("table.csv")
    assert bench.is_empty()


async def test_a_file_that_turns_bad_late_leaves_nothing(bench: Bench) -> None:
    broken = "".join(f"broken {number};1\n" for number in range(400))
    with pytest.raises(DomainError, match=r"table\.csv:98: 400 of 496 rows are broken; nothing was written"):
        await bench.replay(TABLE + broken)
    assert bench.is_empty()


async def test_a_file_of_rows_that_cannot_be_told_apart(bench: Bench) -> None:
    mapping = MAPPING.replace('offset = "Z"', 'zone = "Europe/Berlin"')
    with pytest.raises(DomainError, match=r"table\.csv:2: None of the 1 rows is usable; .*: time in the doubled hour"):
        await bench.replay("time;level\n2024-10-27 02:00;1\n", mapping)
    assert bench.is_empty()


async def test_utf8_read_as_latin1_is_recognised(bench: Bench) -> None:
    mapping = 'encoding = "latin-1"\n' + MAPPING.replace('column = "level"', 'column = "höhe"')
    with pytest.raises(DomainError, match='The file reads as utf-8; the mapping says encoding = "latin-1"'):
        await bench.replay(TABLE.replace("level", "höhe"), mapping)
    assert bench.is_empty()


async def test_utf16_is_read_when_the_mapping_says_so(bench: Bench) -> None:
    assert (await bench.replay(TABLE.encode("utf-16"), 'encoding = "utf-16"\n' + MAPPING)).values == (96, 0, 0)


async def test_a_broken_utf16_file_names_its_line(bench: Bench) -> None:
    content = TABLE.encode("utf-16-le") + b"\x00\xdc\n\x00"
    with pytest.raises(DomainError, match=r"table\.csv:98: The byte 0x00 at position \d+ is not utf-16-le"):
        await bench.replay(content, 'encoding = "utf-16-le"\n' + MAPPING)


@pytest.mark.parametrize("path", ["missing.csv", "."])
async def test_a_file_that_cannot_be_read(bench: Bench, tmp_path: Path, path: str) -> None:
    with pytest.raises(DomainError, match=r"The file cannot be read: (No such file|Is a directory)"):
        await replay(TableFile(tmp_path / path, path), bench.plan(), bench.broker, SCOPE, clock=bench.clock)
    assert bench.is_empty()


async def test_memory_does_not_grow_with_the_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a file are never all held: the first pass asks for them one by one and keeps none."""
    monkeypatch.setattr(survey, "TURN_ROWS", 1_000_000)
    path = bench.folder / "large.csv"
    day = "".join(f"2025-01-01 00:{m:02}:{s:02};1\n" for m in range(60) for s in range(60))
    with path.open("w") as file:
        file.write("time;level\n")
        for _ in range(15):
            file.write(day)
    plan = bench.plan()
    with path.open("rb") as file:
        tracemalloc.start()
        found = await survey.survey(TableFile(path, "large.csv"), file, plan, lambda: None)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found.rows == 54_000
    assert peak < 300_000 < path.stat().st_size
