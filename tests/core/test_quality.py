"""Flags and marks share one integer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.quality import Flag, Mark, flag_of, is_good, mark_of, stored

marks = st.lists(st.sampled_from(list(Mark))).map(lambda some: Mark(sum({int(mark) for mark in some})))


@given(st.sampled_from(Flag), marks)
def test_flag_and_marks_come_apart_again(flag: Flag, mark: Mark) -> None:
    value = stored(flag, mark)
    assert (flag_of(value), mark_of(value)) == (flag, mark)
    assert is_good(value) == (flag not in (Flag.FAIL, Flag.MISSING))


def test_suspect_values_count_and_failed_ones_do_not() -> None:
    assert [flag.name for flag in Flag if is_good(flag)] == ["PASS", "NOT_EVALUATED", "SUSPECT"]
