"""Code stays readable in numbers; complexity and the count of parameters are ruff's part."""

from statistics import median

from tests.architecture.sources import functions, modules, named

LONGEST_FUNCTION = 70
LONGEST_FILE = 500
MEDIAN_FILE = 150


def test_functions_fit_on_a_screen() -> None:
    too_long = [
        f"{named(path)}:{function.lineno} {function.name}: {lines} lines"
        for path in modules("src", "tests", "tools", "bench")
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not too_long


def test_files_are_short() -> None:
    too_long = [
        f"{named(path)}: {lines} lines"
        for path in modules("src", "tests", "tools", "bench")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    ]
    assert not too_long


def test_most_files_are_shorter() -> None:
    assert median(len(path.read_text().splitlines()) for path in modules("src")) <= MEDIAN_FILE
