from __future__ import annotations

from talwerk.core.distribution import Distribution


def test_the_bound_of_a_share() -> None:
    took = Distribution.empty((0.1, 1.0, 10.0))
    assert took.bound_of(0.5) is None
    for second in (0.05, 0.1, 0.5, 5.0):
        took.add(second)
    assert took.counts == [2, 1, 1, 0]
    assert took.total == 4
    assert [took.bound_of(share) for share in (0.0, 0.5, 0.75, 0.99, 1.0)] == [0.1, 0.1, 1.0, 10.0, 10.0]
    took.add(60)
    assert took.bound_of(0.99) is None, "it lies above all bounds"
