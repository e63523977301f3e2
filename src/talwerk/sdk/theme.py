"""A theme: what a city wants to know and to move in one area of its life, as a declaration."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from talwerk.core.errors import DomainError
from talwerk.core.terms import expand

from .profile import Key, Name, UnitCode

Text = Annotated[str, Meta(min_length=1, max_length=600)]
Days = Annotated[int, Meta(ge=1, le=366)]


def _named(*names: str) -> None:
    """Make sure that names can be types and attributes."""
    for name in names:
        try:
            expand(name)
        except DomainError as error:
            raise ValueError(error.detail) from None


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in the languages of the pages.

    Attributes:
        de: German.
        en: English, empty while nobody has written it.
        easy: Leichte Sprache; shown only once somebody has checked it.
    """

    de: Text
    en: str = ""
    easy: str = ""

    def said(self, language: str) -> str:
        """The text for readers of a language; German where nobody has written theirs."""
        return (self.en if language == "en" else "") or self.de


class Where(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on things: one of the texts of an attribute, or of a list in it, is one of these.

    Attributes:
        attribute: short attribute name.
        is_one_of: texts, compared without regard to case.
    """

    attribute: Name
    is_one_of: Annotated[tuple[Name, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        _named(self.attribute)


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which series are meant; what is left out does not matter.

    Attributes:
        types: short entity types.
        attributes: short attribute names.
        sources: keys of sources, or of connectors for every source that they read.
    """

    types: tuple[Name, ...] = ()
    attributes: tuple[Name, ...] = ()
    sources: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        _named(*self.types, *self.attributes)


class _Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """How an indicator is computed from what the city knows."""


class Fresh(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fresh"):
    """Series with a fresh good value / series that have a rhythm [%].

    Attributes:
        series: which ones.
    """

    series: Selection = Selection()


class Received(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="received"):
    """Values that came / values that were due [%]; what one series sends too often does not make up for another.

    Attributes:
        series: which ones.
        days: of 24 hours, up to the last full hour.
    """

    series: Selection = Selection()
    days: Days = 7


class OnTime(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="on-time"):
    """Sources that are fresh / sources that are polled [%]."""


class Share(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="share"):
    """Sum of some series / sum of others [%], at the newest time for which all of them have a good value.

    Attributes:
        part: each of them has to select at least one series.
        whole: likewise.
    """

    part: Annotated[tuple[Selection, ...], Meta(min_length=1)]
    whole: Annotated[tuple[Selection, ...], Meta(min_length=1)]


class DaysAbove(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="days-above"):
    """Local days whose mean is above a limit [d], at the place with the most of them.

    A day counts when at least 18 of its hours hold good values; its mean is that of its hourly means.

    Attributes:
        series: which ones.
        unit: UN/CEFACT code of the limit; series of other units are left out.
        limit: above it a day counts.
        days: complete days before today.
    """

    series: Selection
    unit: UnitCode
    limit: float
    days: Days = 365


class HoursAbove(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hours-above"):
    """Hours of yesterday whose mean is above a limit [h], at the place with the most of them.

    Attributes:
        series: which ones.
        unit: UN/CEFACT code of the limit; series of other units are left out.
        limit: above it an hour counts.
    """

    series: Selection
    unit: UnitCode
    limit: float


class PerAddresses(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="per-addresses"):
    """Things per 1,000 addresses of the city.

    Attributes:
        types: short entity types of the things.
        where: which of them, all when empty.
        sum: short attribute name whose numbers are added up; a thing without it counts once. Empty to count things.
    """

    types: Annotated[tuple[Name, ...], Meta(min_length=1)]
    where: tuple[Where, ...] = ()
    sum: str = ""

    def __post_init__(self) -> None:
        _named(*self.types, *([self.sum] if self.sum else []))


class WithinWalk(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="within-walk"):
    """Addresses from which the walk to the nearest thing takes no longer than a time / all addresses [%].

    There is no network of paths yet: the walk is as the crow flies times a detour, at a steady pace.

    Attributes:
        types: short entity types of the things.
        where: which of them, all when empty.
        minutes: of walking.
        metres_per_minute: pace; 80 is 4.8 km/h.
        detour: how much longer the path is than the straight line.
    """

    types: Annotated[tuple[Name, ...], Meta(min_length=1)]
    where: tuple[Where, ...] = ()
    minutes: Annotated[float, Meta(gt=0, le=60)]
    metres_per_minute: Annotated[float, Meta(ge=20, le=120)] = 80.0
    detour: Annotated[float, Meta(ge=1, le=3)] = 1.3

    def __post_init__(self) -> None:
        _named(*self.types)

    @property
    def reach_m(self) -> float:
        """Metres as the crow flies."""
        return self.minutes * self.metres_per_minute / self.detour


class Unsourced(_Measure, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="unsourced"):
    """Nothing that the city has can tell: shown without a number and with the reason.

    Attributes:
        missing: which source is missing, in a sentence.
    """

    missing: Wording


Measure = Fresh | Received | OnTime | Share | DaysAbove | HoursAbove | PerAddresses | WithinWalk | Unsourced


class Indicator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that tells how the city does.

    Attributes:
        key: stable within its theme.
        title: what it is called.
        formula: how it is computed, in words.
        denominator: what it refers to, in words.
        unit: UN/CEFACT code.
        unit_text: what pages write behind the number, empty for the unit's symbol.
        decimals: digits behind the comma on pages.
        measure: how it is computed.
    """

    key: Key
    title: Wording
    formula: Wording
    denominator: Wording
    unit: UnitCode
    unit_text: Wording | None = None
    decimals: Annotated[int, Meta(ge=0, le=3)] = 0
    measure: Measure


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that somebody can do.

    Attributes:
        text: what.
        page: name of the portal's page where it is done, e.g. ``stations``; each language has its own address for it.
        address: where it is done otherwise, from the root on; empty when it is done elsewhere or not yet.
        planned: whether it cannot be done yet.
    """

    text: Wording
    page: Annotated[str, Meta(pattern=r"^([a-z][a-z_]*)?$")] = ""
    address: Annotated[str, Meta(pattern=r"^(/[^\s]*)?$")] = ""
    planned: bool = False


class Zielbild(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the city wants to be.

    Attributes:
        key: themes name it.
        title: what it is called.
        promise: what it means, in a sentence.
    """

    key: Key
    title: Wording
    promise: Wording


class Zielbilder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them.

    Attributes:
        zielbilder: in the order in which they are shown.
    """

    zielbilder: Annotated[tuple[Zielbild, ...], Meta(min_length=1)]


class Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One area of a city's life.

    Attributes:
        key: the name of its folder; part of addresses.
        order: place among the themes, small numbers first.
        title: what it is called; in all three kinds of language.
        summary: what it is about, in a sentence.
        zielbild: key of what it serves.
        types: short entity types that belong to it.
        sources: keys of sources, or of connectors for every source that they read.
        queried: short attribute names that people ask for by value; the store keeps an index for each.
        indicators: how the city does.
        tiles: keys of the indicators that stand for it on the overview; empty for those that have a measure.
        people: what a person can do.
        city: what the city moves.
    """

    key: Key
    order: Annotated[int, Meta(ge=0, le=999)]
    title: Wording
    summary: Wording
    zielbild: Key
    types: tuple[Name, ...] = ()
    sources: tuple[Key, ...] = ()
    queried: tuple[Name, ...] = ()
    indicators: Annotated[tuple[Indicator, ...], Meta(min_length=1)]
    tiles: tuple[Key, ...] = ()
    people: Annotated[tuple[Act, ...], Meta(min_length=1)]
    city: Annotated[tuple[Act, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if not (self.title.en and self.title.easy):
            raise ValueError(f"The title of the theme {self.key!r} needs de, en and easy")
        _named(*self.types, *self.queried)
        keys = [indicator.key for indicator in self.indicators]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"The indicator {twice!r} is declared twice")
        if unknown := [key for key in self.tiles if key not in keys]:
            raise ValueError(f"The tiles name unknown indicators: {', '.join(unknown)}")

    def indicator(self, key: str) -> Indicator | None:
        """The indicator of that key, None when there is none."""
        return next((indicator for indicator in self.indicators if indicator.key == key), None)
