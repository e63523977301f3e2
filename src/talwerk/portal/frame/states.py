"""The state of a gauge: a shape, a colour family and a word, always together."""

from enum import Enum

from talwerk.portal.frame.views import Gauge

SECOND_US = 1_000_000


class State(Enum):
    """What a gauge says; the value is the class name in the stylesheet and the key of its word."""

    NORMAL = "normal"
    STAGE_1 = "stage-1"
    STAGE_2 = "stage-2"
    STAGE_3 = "stage-3"
    UNSTAGED = "unstaged"
    SILENT = "silent"
    EMPTY = "empty"
    FAILED = "failed"

    @property
    def sign(self) -> str:
        """Name of the drawn shape, or empty where the absence of a sign is the sign."""
        return _SIGNS[self]

    @property
    def stage(self) -> int:
        """Reached Informationsstufe, 0 for none."""
        return _STAGES.index(self) if self in _STAGES else 0


_STAGES = (State.NORMAL, State.STAGE_1, State.STAGE_2, State.STAGE_3)
_SIGNS = {
    State.NORMAL: "dot",
    State.STAGE_1: "triangle",
    State.STAGE_2: "triangle",
    State.STAGE_3: "square",
    State.UNSTAGED: "",
    State.SILENT: "ring",
    State.EMPTY: "ring",
    State.FAILED: "cross",
}

NOT_CURRENT = frozenset({State.SILENT, State.EMPTY, State.FAILED})
"""States in which a gauge says nothing about now."""


def reached_stage(value: float, levels: tuple[float, ...]) -> int:
    """Return the Informationsstufe of a value: stage n needs a value strictly above level n."""
    return sum(value > level for level in levels[:3])


def is_silent(gauge: Gauge, now_us: int) -> bool:
    """Tell whether the newest usable value is older than the series' rhythm allows."""
    if gauge.latest is None or gauge.stale_after_s <= 0:
        return False
    return now_us - gauge.latest.at_us > gauge.stale_after_s * SECOND_US


def _is_fresh(at_us: int | None, gauge: Gauge, now_us: int) -> bool:
    return at_us is not None and now_us - at_us <= gauge.stale_after_s * SECOND_US


def gauge_state(gauge: Gauge, now_us: int) -> State:
    """Return the state of a gauge at an instant; silence outranks whatever the old value said."""
    if gauge.latest is None:
        return State.EMPTY if gauge.failed_us is None else State.FAILED
    if is_silent(gauge, now_us):
        # Who still sends, but nothing that can be used, is not silent.
        return State.FAILED if _is_fresh(gauge.failed_us, gauge, now_us) else State.SILENT
    if not gauge.levels:
        return State.UNSTAGED
    return _STAGES[reached_stage(gauge.latest.value, gauge.levels)]
