"""Single rows and values that are broken: reported with their lines and left out, the others are in."""

from __future__ import annotations

import random

import pytest

from talwerk.core.instants import format_instant, parse_instant
from talwerk.sdk.tables.findings import Kind
from talwerk.services.replay import ordering
from talwerk.services.replay.report import Report
from tests.services.replay.workbench import MAPPING, Bench

HEAD = "time;level\n2025-01-01 00:00;1\n"


def found(report: Report) -> dict[Kind, list[tuple[int, str]]]:
    return {f.kind: [(e.line, e.text) for e in f.examples] for f in report.findings}


def table(*rows: str) -> str:
    return HEAD + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    "row, kind, text",
    [
        ("2025-01-01 00:15", Kind.WIDTH, "1 cells instead of 2"),
        ("2025-01-01 00:15;1;2", Kind.WIDTH, "3 cells instead of 2"),
        ('2025-01-01 00:15;"1', Kind.QUOTES, '2025-01-01 00:15;"1'),
        ('2025-01-01 00:15;"1"2', Kind.QUOTES, '2025-01-01 00:15;"1"2'),
        (";1", Kind.TIME_EMPTY, ""),
        ("yesterday;1", Kind.TIME_TEXT, "yesterday"),
        ("2025-02-30 00:00;1", Kind.TIME_TEXT, "2025-02-30 00:00"),
        ("2025-01-01 25:00;1", Kind.TIME_TEXT, "2025-01-01 25:00"),
        ("2025-01-01 24:01;1", Kind.TIME_TEXT, "2025-01-01 24:01"),
        ("2025-01-01 00:60;1", Kind.TIME_TEXT, "2025-01-01 00:60"),
        ("20250101;1", Kind.TIME_TEXT, "20250101"),
        ("2025-01-01 00:15+01:00;1", Kind.TIME_CONTRADICTS, "2025-01-01 00:15+01:00"),
        ("1799-12-31 23:59;1", Kind.TIME_RANGE, "1799-12-31 23:59"),
        ("2200-01-01;1", Kind.TIME_RANGE, "2200-01-01"),
        ("9999-12-31 24:00;1", Kind.TIME_TEXT, "9999-12-31 24:00"),
        ("0001-01-01;1", Kind.TIME_RANGE, "0001-01-01"),
        ("2025-01-01 00:15;1,5", Kind.NUMBER, "'1,5' (the mapping says decimal = '.')"),
        (
            "2025-01-01 00:15;1.500,0",
            Kind.NUMBER,
            "'1.500,0' (a thousands separator can be mistaken for a decimal sign)",
        ),
        ("2025-01-01 00:15;nan", Kind.NUMBER, "'nan'"),
        ("2025-01-01 00:15;inf", Kind.NUMBER, "'inf'"),
        ("2025-01-01 00:15;1_000", Kind.NUMBER, "'1_000'"),
        ("2025-01-01 00:15;٣", Kind.NUMBER, "'٣'"),
        ("2025-01-01 00:15;0x10", Kind.NUMBER, "'0x10'"),
        ("2025-01-01 00:15;1e999", Kind.NUMBER_RANGE, "'1e999'"),
        ("2025-01-01 00:15;" + "9" * 500, Kind.NUMBER, "'" + "9" * 60 + "'"),
        ("2025-01-01 00:15;2025-01-01", Kind.NUMBER, "'2025-01-01'"),
        ("2025-01-01 00:15;1'); DROP TABLE obs; --", Kind.WIDTH, "4 cells instead of 2"),
    ],
)
async def test_what_is_broken_is_left_out_with_its_line(bench: Bench, row: str, kind: Kind, text: str) -> None:
    report = await bench.replay(table(row, "2025-01-01 00:30;3"))
    assert found(report) == {kind: [(3, text)]}
    assert bench.points().values == [1, 3]
    assert not report.complete
    assert f"    line 3: {text}" in report.text()


async def test_only_the_first_examples_are_kept_and_all_are_counted(bench: Bench) -> None:
    report = await bench.replay(table(*["x;1"] * 90, "2025-01-01 00:15;2"))
    (finding,) = report.findings
    assert (finding.count, [example.line for example in finding.examples]) == (90, [3, 4, 5, 6, 7])
    assert "    ... and 85 more" in report.text()


@pytest.mark.parametrize(
    "content",
    [
        HEAD.replace("\n", "\r\n"),
        HEAD.replace("\n", "\r"),
        "\ufeff" + HEAD,
        HEAD.removesuffix("\n"),
        '"time";"level"\n"2025-01-01 00:00";"1"\n',
        '"time";"the ""other""\ncolumn";level\n2025-01-01 00:00;7;1\n',
        " time ; level \n 2025-01-01 00:00 ; 1 \n",
        HEAD + "\n\n;\n",
        "time;level\n2025-01-01 00:00;1;;\n",
        "level;more;time\n1;text, with; 2025-01-01T00:00\n",
        "time;level\n2025-01-01T00:00:00.000Z;1\n".replace("Z", ""),
        "time;level\n2025-01-01;+1.0e0\n",
        "time;level\n2024-12-31 24:00;.1e1\n",
        "time;level\n2024-12-31T24:00:00;1.\n",
    ],
)
async def test_harmless_forms_are_read(bench: Bench, content: str) -> None:
    report = await bench.replay(content)
    assert report.complete
    assert [format_instant(at) for at in bench.points().at] == ["2025-01-01T00:00:00Z"]
    assert bench.points().values == [1]


async def test_an_open_quote_costs_its_own_line_only(bench: Bench) -> None:
    report = await bench.replay(table('2025-01-01 00:15;"2', "2025-01-01 00:30;3", '2025-01-01 00:45;"4"'))
    assert bench.points().values == [1, 3, 4]
    assert found(report) == {Kind.QUOTES: [(3, '2025-01-01 00:15;"2')]}


async def test_texts_that_mean_nothing(bench: Bench) -> None:
    mapping = MAPPING + 'missing = ["---", "NaN", "-999"]\n'
    rows = (
        "2025-01-01 00:15;---",
        "2025-01-01 00:30;NaN",
        "2025-01-01 00:45;-999",
        "2025-01-01 01:00;",
        "2025-01-01 01:15;5",
    )
    report = await bench.replay(table(*rows), mapping)
    assert bench.points().values == [1, 5]
    assert report.complete
    assert [f.count for f in report.findings] == [4]


async def test_a_repeated_row_is_counted_and_a_contradicting_value_left_out(bench: Bench) -> None:
    extra = MAPPING + '[[channel]]\ncolumn = "flow"\nentity = "gauge"\ntype = "WaterObserved"\nattribute = "flow"\n'
    report = await bench.replay(
        "time;level;flow\n"
        "2025-01-01 00:00;1;\n"
        "2025-01-01 00:00;1;\n"
        "2025-01-01 00:00;;7\n"
        "2025-01-01 00:00;2;7\n"
        "2025-01-01 00:15;3;8\n",
        extra,
    )
    assert {kind: places for kind, places in found(report).items() if kind is not Kind.MISSING} == {
        Kind.REPEATED: [(3, "as line 2")],
        Kind.CONFLICT: [(5, "2 here, 1 in line 2")],
    }
    assert bench.points().values == [1, 3]
    assert bench.points(attribute="flow").values == [7, 8]
    assert report.rows == 2


def shuffled(rows: int, seed: int) -> list[str]:
    lines = [f"2025-01-{1 + i // 96:02} {i % 96 // 4:02}:{i % 4 * 15:02};{i}" for i in range(rows)]
    random.Random(seed).shuffle(lines)
    return lines


@pytest.mark.parametrize("run_rows", [7, 100_000])
async def test_rows_in_any_order_end_in_order(bench: Bench, monkeypatch: pytest.MonkeyPatch, run_rows: int) -> None:
    monkeypatch.setattr(ordering, "RUN_ROWS", run_rows)
    lines = shuffled(960, 7)
    # A value missing and a contradiction far apart from each other survive the sorting.
    text = "time;level\n" + "\n".join([*lines, "2025-01-01 00:15;99", "2025-01-12 00:00;"]) + "\n"
    report = await bench.replay(text)
    points = bench.points()
    assert points.values == list(range(960))
    first = parse_instant("2025-01-01T00:00:00Z")
    assert points.at == [first + i * 900_000_000 for i in range(960)]
    line = lines.index("2025-01-01 00:15;1") + 2
    assert found(report)[Kind.CONFLICT] == [(962, f"99 here, 1 in line {line}")]
    assert (await bench.replay(text)).values == (0, 0, 960)


async def test_the_newest_row_may_come_first(bench: Bench) -> None:
    lines = sorted(shuffled(96, 1), reverse=True)
    assert (await bench.replay("time;level\n" + "\n".join(lines))).values == (96, 0, 0)
    assert bench.points().values == list(range(96))
