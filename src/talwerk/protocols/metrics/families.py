"""Prometheus' text format 0.0.4: families of samples, each with a line of help and its kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate

import msgspec

from talwerk.core.distribution import Distribution


class Kind(StrEnum):
    """What the values of a family are."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(msgspec.Struct, frozen=True):
    """One value.

    Attributes:
        value: in base units: seconds, bytes.
        labels: what tells it from the others of its family.
        suffix: what stands behind the family's name, for parts of a histogram.
    """

    value: float
    labels: Mapping[str, str] = {}
    suffix: str = ""


class Family(msgspec.Struct, frozen=True):
    """Samples of one name.

    Attributes:
        name: with its unit, and ``_total`` for counters.
        kind: what the values are.
        help: one line about them.
        samples: the values, each with other labels.
    """

    name: str
    kind: Kind
    help: str
    samples: Sequence[Sample]


def histogram(took: Distribution, labels: Mapping[str, str]) -> list[Sample]:
    """The samples of a distribution."""
    bounds = [*map(repr, took.bounds_s), "+Inf"]
    below = list(accumulate(took.counts))
    buckets = [Sample(count, {**labels, "le": bound}, "_bucket") for bound, count in zip(bounds, below, strict=True)]
    return [*buckets, Sample(took.sum_s, labels, "_sum"), Sample(below[-1], labels, "_count")]


def exposition(families: Iterable[Family]) -> str:
    """The families as text; those without samples are left out."""
    return "".join(_lines(family) for family in families if family.samples)


def _lines(family: Family) -> str:
    help_ = family.help.replace("\\", r"\\").replace("\n", r"\n")
    head = f"# HELP {family.name} {help_}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(
        f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}\n" for sample in family.samples
    )


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(int(value))  # True is 1
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
