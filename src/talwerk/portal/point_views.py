"""What else pages of measuring points show: levels of a source, ways to take a number along, a choice of series."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stated:
    """Levels as a source states them, or where the city's own come from.

    Attributes:
        source: Who states them.
        date: When, as the source says it, or empty.
        values: The source's own levels, ascending; empty where the city's are meant.
    """

    source: str
    date: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Taking:
    """Ways to take a measuring point along.

    Attributes:
        plain_href: Address of the page as it stands now and later.
        cite_href: Address of the page as it is known at this instant, for ever.
        cite_us: That instant.
        embed_href: Address of the small page that other sites may show; empty where the terms do not allow that.
    """

    plain_href: str
    cite_href: str
    cite_us: int
    embed_href: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a choice."""

    value: str
    label: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Which series a list shows.

    Attributes:
        text: What their names hold, or empty.
        quantities: What is measured, the first one all of it.
        states: How they are, the first one any.
        found: How many series that are, or None where nothing was chosen.
        all_href: Address of the whole list.
    """

    text: str = ""
    quantities: tuple[Option, ...] = field(default=())
    states: tuple[Option, ...] = field(default=())
    found: int | None = None
    all_href: str = ""
