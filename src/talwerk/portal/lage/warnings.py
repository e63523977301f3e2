"""Official warnings as pages show them: their texts are their issuer's, only the order is ours."""

from dataclasses import dataclass

from talwerk.portal.frame.states import State


@dataclass(frozen=True, slots=True)
class Told:
    """A text of somebody else, with the language it is in."""

    text: str
    lang: str

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that holds or was announced.

    Attributes:
        severity: ``extreme``, ``severe``, ``moderate``, ``minor`` or ``unknown`` (CAP 1.2).
        headline: Its title.
        event: Of what it warns.
        description: What is to be expected.
        instruction: What to do, sentence by sentence.
        issuer: Who warns.
        area: For where, or empty.
        start_us: From when it holds, or None.
        end_us: Until when, or None when its issuer named no end.
        announced: Whether it holds only later.
        next_us: When its issuer will say more, or None when nobody knows.
    """

    severity: str
    headline: Told
    event: Told
    description: Told
    instruction: tuple[Told, ...]
    issuer: str
    area: str = ""
    start_us: int | None = None
    end_us: int | None = None
    announced: bool = False
    next_us: int | None = None

    @property
    def state(self) -> State:
        """The colour family that it takes."""
        return STATES[self.severity]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A source of warnings whose last answer no longer counts; ``since_us`` is None when it never answered."""

    publisher: str
    since_us: int | None


@dataclass(frozen=True, slots=True)
class Warned:
    """What is known of official warnings.

    Attributes:
        notices: The most severe first.
        unknown: Sources that are silent: then nobody knows of further ones.
        asked_us: Oldest answer of the sources that speak, or None without any.
        every_s: How often the slowest source is asked, 0 without any.
        simulated: Whether none of it is real.
    """

    notices: tuple[Notice, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    asked_us: int | None = None
    every_s: int = 0
    simulated: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether every source speaks, and there is one: only then nothing means that there is none."""
        return not self.unknown and self.asked_us is not None

    @property
    def is_clear(self) -> bool:
        """Whether it is known that there is no warning."""
        return not self.notices and self.is_asked

    @property
    def grave(self) -> tuple[Notice, ...]:
        """Those that hold now and are severe or extreme."""
        return tuple(notice for notice in self.notices if notice.severity in GRAVE and not notice.announced)


NOBODY = Warned()
"""A city without any source of warnings: nothing can be said."""

GRAVE = ("extreme", "severe")
STATES = {
    "extreme": State.STAGE_3,
    "severe": State.STAGE_3,
    "moderate": State.STAGE_2,
    "minor": State.STAGE_1,
    "unknown": State.STAGE_2,
}
