"""Small parts of the embedded store by themselves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError
from talwerk.store.sqlite.compiler import Clause, joined, json_path
from talwerk.store.sqlite.cursor import Cursors
from talwerk.store.sqlite.rollups import Sums, runs
from talwerk.store.sqlite.ticks import Ticks
from tests.contracts.cities import NOON, StandingClock

texts = st.text(st.characters(codec="utf-8"))


@given(st.sets(st.integers(-50, 50)))
def test_runs_cover_the_hours_and_nothing_else(hours: set[int]) -> None:
    found = runs(hours)
    assert [hour for first, end in found for hour in range(first, end)] == sorted(hours)
    assert all(end < first for (_, end), (first, _) in pairwise(found))


@given(st.lists(st.one_of(st.integers(-5, 5), st.floats(-5, 5)), min_size=1), st.lists(st.sampled_from([4, 9])))
def test_sums_of_some_numbers(numbers: list[float], bad: list[int]) -> None:
    sums = Sums()
    for number in numbers:
        sums.add(number, 1)
    for flag in bad:
        sums.add(99, flag)
    sums.add("text", 1)
    assert (sums.n, sums.n_bad, sums.min, sums.max) == (len(numbers), len(bad), min(numbers), max(numbers))
    assert sums.sum == pytest.approx(sum(numbers))


@given(st.lists(st.integers(-10, 10)))
def test_ticks_strictly_increase_whatever_the_clock_does(steps: list[int]) -> None:
    clock = StandingClock()
    ticks = Ticks(clock, NOON + 3)
    given_ = [NOON + 3]
    for step in steps:
        clock.time += step
        ticks.reach(given_[-1] + max(step, 0))
        given_.append(ticks.next())
    assert given_ == sorted(set(given_))


@given(texts)
def test_a_cursor_is_read_by_the_database_that_wrote_it(entity: str) -> None:
    ours, others = Cursors(b"a"), Cursors(b"b")
    assert ours.read(ours.write(entity)) == entity
    with pytest.raises(DomainError, match="none of ours"):
        others.read(ours.write(entity))


@given(texts)
def test_no_text_is_taken_for_a_cursor(text: str) -> None:
    with pytest.raises(DomainError, match="none of ours"):
        Cursors(b"a").read(text)


def test_many_clauses_do_not_nest_deeply() -> None:
    whole = joined([Clause("a = ?", (n,)) for n in range(1_000)], "OR")
    depth = deepest = 0
    for character in whole.sql:
        depth += {"(": 1, ")": -1}.get(character, 0)
        deepest = max(deepest, depth)
    assert deepest <= 4
    assert whole.bound == tuple(range(1_000))


def test_names_in_paths_are_quoted() -> None:
    assert json_path("a.b", '"', "\\", "$[0]") == '$."a.b"."\\"".' + '"\\\\"."$[0]"'
