"""What every page shares: the city, its mark, navigation, credits and the banner."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Link:
    """A labelled address.

    Attributes:
        label: What it says.
        href: Where it leads.
        current: Whether it is the page that the person is looking at.
        lang: The catalogue of the page it leads to, where that is another one; else empty.
        short: The label for narrow places, where there is one.
    """

    label: str
    href: str
    current: bool = False
    lang: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class MarkStroke:
    """One shape of a city's mark.

    Attributes:
        path: SVG path data in the mark's own coordinates.
        role: `act`, `paper` or `river`, the colour family that the stroke takes.
        width: Stroke width in the mark's units; 0 fills the shape instead.
    """

    path: str
    role: str = "paper"
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """The small drawn sign beside the portal's name; decoration, so it has no text of its own."""

    strokes: tuple[MarkStroke, ...]
    width: int = 32
    height: int = 24


NEUTRAL_MARK = Mark(
    (
        MarkStroke("M2 12 L10 4 L17 11 L22 6 L30 13", "act", 2.5),
        MarkStroke("M2 20 q3.5 -4 7 0 t7 0 t7 0 t7 0", "river", 2.5),
    )
)
"""Hills over water, for a city whose profile names no mark."""


@dataclass(frozen=True, slots=True)
class City:
    """The city whose portal this is.

    Attributes:
        name: The city's name as people say it.
        zone: IANA name of the city's time zone; display only.
        product: Name of the platform in front of the city's name.
        mark: The sign in the header.
    """

    name: str
    zone: str = "Europe/Berlin"
    product: str = "Talwerk"
    mark: Mark = NEUTRAL_MARK

    @property
    def portal_name(self) -> str:
        """Name of the portal, as header and page title show it."""
        return f"{self.product} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose data a page shows and on which terms.

    Attributes:
        source: Name of the source.
        attribution: The wording that the licence asks for; empty if there is none.
        licence: Name of the licence as people read it; empty says "Lizenz nicht angegeben".
        source_href: Address of the source, or empty.
        licence_href: Address of the licence text, or empty.
    """

    source: str
    attribution: str = ""
    licence: str = ""
    source_href: str = ""
    licence_href: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around a page's own content.

    Attributes:
        city: The city whose portal this is.
        now_us: Instant for which the page is true, in microseconds UTC.
        home_href: Address of the start page.
        navigation: Entries of the header; only what exists.
        credits: Sources of the numbers on this page.
        banner: One line about simulated or example data, or empty.
        api_href: Address of the interface's description, or empty while there is none.
        code_href: Address of the source code, or empty.
        languages: The same page in other languages.
        foot: Entries of the footer.
        find_href: Where the search for a place is sent, or empty while there is none.
        live_href: Address of the script that keeps the page current, or empty.
        look_href: Address of the stylesheet with the city's own colours, or empty.
        contact: How to reach those who run the portal, and how to report a barrier.
        software_licence: Licence of the software, as the footer names it.
    """

    city: City
    now_us: int
    home_href: str = "/de/"
    navigation: tuple[Link, ...] = ()
    credits: tuple[Credit, ...] = field(default=())
    banner: str = ""
    api_href: str = ""
    code_href: str = ""
    languages: tuple[Link, ...] = ()
    foot: tuple[Link, ...] = ()
    find_href: str = ""
    live_href: str = ""
    look_href: str = ""
    contact: tuple[Link, ...] = ()
    software_licence: str = "EUPL-1.2"
