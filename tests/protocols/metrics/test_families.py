from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from talwerk.core.distribution import Distribution
from talwerk.protocols.metrics.families import Family, Kind, Sample, exposition, histogram

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
values = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.booleans()
# The format has its own characters; a client that reads line by line also stumbles over other line ends.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters='"\\\n'), max_size=20)


@given(names, texts, st.dictionaries(names, texts, max_size=3), values)
def test_prometheus_reads_what_is_written(name: str, help_: str, labels: dict[str, str], value: float) -> None:
    written = exposition([Family(name, Kind.GAUGE, help_, [Sample(value, labels)])])
    (family,) = text_string_to_metric_families(written)
    (sample,) = family.samples
    assert (family.name, family.type) == (name, "gauge")
    assert (sample.name, sample.labels, sample.value) == (name, labels, float(value))


def test_values_that_are_no_numbers() -> None:
    samples = [Sample(value, {"n": str(n)}) for n, value in enumerate((math.nan, math.inf, -math.inf))]
    (family,) = text_string_to_metric_families(exposition([Family("x", Kind.GAUGE, "", samples)]))
    read = [sample.value for sample in family.samples]
    assert math.isnan(read[0])
    assert read[1:] == [math.inf, -math.inf]


@given(st.lists(st.floats(0, 20), max_size=30))
def test_a_histogram_counts_everything_once(seconds: list[float]) -> None:
    took = Distribution.empty((0.5, 1.0, 10.0))
    for second in seconds:
        took.add(second)
    (family,) = text_string_to_metric_families(
        exposition([Family("x_seconds", Kind.HISTOGRAM, "", histogram(took, {"a": "b"}))])
    )
    read = {(s.name, s.labels.get("le")): s.value for s in family.samples}
    for bound in (0.5, 1.0, 10.0):
        assert read["x_seconds_bucket", repr(bound)] == sum(second <= bound for second in seconds)
    assert read["x_seconds_bucket", "+Inf"] == read["x_seconds_count", None] == len(seconds)
    assert math.isclose(read["x_seconds_sum", None], math.fsum(seconds), abs_tol=1e-9)


def test_a_family_without_samples_is_left_out() -> None:
    assert exposition([Family("x", Kind.GAUGE, "", [])]) == ""
