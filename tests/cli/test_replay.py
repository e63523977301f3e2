"""``talwerk replay`` and ``talwerk sample`` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from talwerk.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def talwerk(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


MAPPING = """
[time]
column = "time"
offset = "Z"

[[channel]]
column = "level"
target = "A gauge"
entity = "gauge"
type = "WaterObserved"
attribute = "height"
unit = "CMT"
"""
TABLE = "time,level\n2025-01-01,1\n2025-01-02,2\n"


@pytest.fixture
def table(folder: Path) -> Path:
    (folder / "map.toml").write_text(MAPPING)
    path = folder / "table.csv"
    path.write_text(TABLE)
    return path


def test_from_an_empty_folder_to_a_river() -> None:
    made = talwerk("sample", "--end", "2026-01-01T00:00:00Z")
    assert made.exit_code == 0, made.output
    assert made.output.splitlines()[-1] == "Next: talwerk replay sample.csv --mapping sample.toml"
    for values in ("28,700 values new, 0 corrected, 0 unchanged", "0 values new, 0 corrected, 28,700 unchanged"):
        told = talwerk("replay", "sample.csv", "--mapping", "sample.toml")
        assert told.exit_code == 0, told.output
        assert values in told.output
        assert "These values are examples: nobody measured them." in told.output


def test_the_sample_follows_the_city(folder: Path) -> None:
    assert talwerk("sample", "--to", "there/deep", "--city", "solingen", "--days", "7").exit_code == 0
    header = (folder / "there" / "deep" / "sample.csv").read_text().splitlines()[0]
    assert header == "time;kluserbruecke;buchenhofen;glueder;opladen"


def test_a_file_of_somebody_else_is_never_replaced(folder: Path) -> None:
    (folder / "sample.csv").write_text("mine")
    refused = talwerk("sample")
    assert refused.exit_code == 1
    assert (
        "Error: sample.csv exists and was not written by this command; --to DIR names another place." in refused.output
    )
    assert (folder / "sample.csv").read_text() == "mine"
    (folder / "sample.csv").unlink()
    assert talwerk("sample").exit_code == 0
    assert talwerk("sample").exit_code == 0


def test_a_place_that_cannot_be_written(folder: Path) -> None:
    (folder / "file").touch()
    refused = talwerk("sample", "--to", "file")
    assert refused.exit_code == 1
    assert "Error: file cannot be written: File exists." in refused.output


@pytest.mark.parametrize("option", [("--days", "3"), ("--seed", "x"), ("--end",)])
def test_wrong_usage_of_sample(option: tuple[str, ...]) -> None:
    assert talwerk("sample", *option).exit_code == 2


def test_an_end_that_is_no_time() -> None:
    refused = talwerk("sample", "--end", "tomorrow")
    assert refused.exit_code == 1
    assert "The end 'tomorrow' is not a date-time with offset" in refused.output


def test_standard_input_and_json(table: Path) -> None:
    told = talwerk("replay", "-", "--mapping", "map.toml", "--json", stdin=TABLE)
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert (report["file"], report["rows"], report["written"]) == ("standard input", 2, True)
    assert report["channels"][0]["new"] == 2


def test_left_out_rows_have_an_exit_code_of_their_own(table: Path) -> None:
    table.write_text(TABLE + "never,3\n")
    told = talwerk("replay", "table.csv", "--mapping", "map.toml")
    assert told.exit_code == 3
    assert "    line 4: never" in told.output
    assert "2 values new" in told.output


def test_a_check_writes_nothing(folder: Path, table: Path) -> None:
    told = talwerk("replay", "table.csv", "--mapping", "map.toml", "--check")
    assert told.exit_code == 0, told.output
    assert "Checked only, nothing written" in told.output
    assert not (folder / "data").exists()


def test_examples_never_come_beside_measurements(folder: Path, table: Path) -> None:
    assert talwerk("replay", "table.csv", "--mapping", "map.toml").exit_code == 0
    assert talwerk("sample").exit_code == 0
    refused = talwerk("replay", "sample.csv", "--mapping", "sample.toml")
    assert refused.exit_code == 1
    assert (
        "simulated ones never go beside them. The directory is data/wuppertal; --feeds twin names the simulated city's"
        in refused.output
    )
    for place in (("--data", "example"), ("--feeds", "twin")):
        assert talwerk("replay", "sample.csv", "--mapping", "sample.toml", "--check", *place).exit_code == 0
        done = talwerk("replay", "sample.csv", "--mapping", "sample.toml", *place)
        assert done.exit_code == 0, done.output
        assert ("the simulated one, data: data/wuppertal-twin" in done.output) == ("twin" in place)
    refused = talwerk("replay", "sample.csv", "--mapping", "sample.toml", "--check")
    assert (refused.exit_code, "holds measured values" in refused.output) == (1, True), "a check knows it as well"
    refused = talwerk("replay", "table.csv", "--mapping", "map.toml", "--check", "--data", "example")
    assert (refused.exit_code, "holds simulated values" in refused.output) == (1, True)


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_what_is_not_said_to_be_simulated_never_goes_to_the_twin(
    folder: Path, table: Path, check: tuple[str, ...]
) -> None:
    refused = talwerk("replay", "table.csv", "--mapping", "map.toml", "--feeds", "twin", *check)
    assert refused.exit_code == 1
    assert "For invented values: simulated = true in [source]. For measured ones: --feeds live" in refused.output
    assert not (folder / "data" / "wuppertal-twin").exists()


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (("table.csv",), 2, "Missing option '--mapping'"),
        (("--mapping", "map.toml"), 2, "Missing argument 'FILE'"),
        (("none.csv", "--mapping", "map.toml"), 1, "none.csv: The file cannot be read: No such file or directory."),
        (
            ("table.csv", "--mapping", "none.toml"),
            1,
            "There is no mapping 'none.toml' here, and the profile has wupper-",
        ),
        (("table.csv", "--mapping", "./none.toml"), 1, "none.toml: The file cannot be read: No such file"),
        (("table.csv", "--mapping", "table.csv"), 1, "table.csv:1: The file is not valid TOML"),
        (("table.csv", "--mapping", "wupper-30min"), 1, "table.csv:1: The column 'date' is missing."),
        (("table.csv", "--mapping", "map.toml", "--city", "atlantis"), 1, "The city 'atlantis' is unknown. Known:"),
    ],
)
def test_what_is_refused(table: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    refused = talwerk("replay", *arguments)
    assert refused.exit_code == code, refused.output
    assert message in refused.output
