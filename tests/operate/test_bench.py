"""The measurements of pages measure what they say, in a small city."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import pytest

from bench.city import started
from bench.portal import CHANGING, measured, unasked


def test_addresses_of_pages_that_nobody_asked_for_come_once() -> None:
    for paths in unasked(500, random.Random(1)).values():
        asked = list(islice(paths, 28))
        assert len(set(asked)) == len(asked) == 28


@pytest.mark.long
async def test_every_page_is_made_anew_and_kept_in_a_small_city(tmp_path: Path) -> None:
    with started(tmp_path) as city:
        rows = {name: (figure, beside) for name, figure, beside in await measured(city, 500, 1.0)}
    made = {name: row for name, row in rows.items() if row[0].startswith("made anew")}
    assert {name.partition(" after a write")[0] for name in made if "after a write" in name} == set(CHANGING)
    assert len(made) == len(CHANGING) + 3
    for name, (figure, beside) in made.items():
        assert re.search(r"answers \{200: \d+\}", beside), (name, beside)
        anew, kept = (float(re.search(r"p50 ([\d.]+) ms", text)[1]) for text in (figure, beside))  # type: ignore[index]
        assert 0 < kept < anew, name
