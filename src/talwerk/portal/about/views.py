"""What the pages around the city show: who answers for them, what happens with data, barriers, credits, help."""

from __future__ import annotations

from dataclasses import dataclass

from talwerk.portal.frame.place import Link
from talwerk.portal.site.contact import Fact, OfficeFacts


@dataclass(frozen=True, slots=True)
class ImprintView:
    """Who runs the portal.

    Attributes:
        operator: who runs it.
        represented_by: who speaks for the operator.
        responsible: who answers for what is written.
        code_href: where the source code lies, or empty.
    """

    operator: OfficeFacts
    represented_by: Fact
    responsible: Fact
    code_href: str = ""


@dataclass(frozen=True, slots=True)
class PrivacyView:
    """What happens with a visitor's data.

    Attributes:
        operator: who answers for it.
        officer: who watches over it within the operator.
        supervision: the authority for complaints.
        server_logs: what a server before the city keeps.
        here_href: address of "Mein Ort", or empty where there is none.
        usage_href: address of the page that tells how often pages are shown, or empty.
    """

    operator: OfficeFacts
    officer: OfficeFacts
    supervision: OfficeFacts
    server_logs: Fact
    here_href: str = ""
    usage_href: str = ""


@dataclass(frozen=True, slots=True)
class AccessibilityView:
    """How accessible the pages are.

    Attributes:
        operator: to whom barriers are reported.
        enforcement: who decides when that does not help.
        result: of the last examination by people: ``full``, ``part``, ``none``, or empty.
        assessed_on: its day, as people write it.
        assessed_by: who examined.
        gaps: keys of the known gaps (``accessibility.gap_*``).
    """

    operator: OfficeFacts
    enforcement: OfficeFacts
    gaps: tuple[str, ...]
    result: str = ""
    assessed_on: str = ""
    assessed_by: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """Something that others have made and the pages show or use.

    Attributes:
        title: what it is called.
        what: key of the word for what it is (``images.*``).
        by: who made it.
        licence: its licence.
        href: where it comes from, or empty.
    """

    title: str
    what: str
    by: str
    licence: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class ImagesView:
    """Whose drawings, letters and maps the pages show.

    Attributes:
        works: fonts and libraries that every visitor loads.
        maps: official files that maps are drawn from.
        data_href: address of the page with all sources.
    """

    works: tuple[Work, ...]
    maps: tuple[Work, ...]
    data_href: str


@dataclass(frozen=True, slots=True)
class HelpView:
    """How to read these pages.

    Attributes:
        pages: the kinds of pages, each with the key of a sentence about it.
        legend_href: signs and words.
        accessibility_href: how to report a barrier.
        operator: whom to ask.
    """

    pages: tuple[tuple[Link, str], ...]
    legend_href: str
    accessibility_href: str
    operator: OfficeFacts


@dataclass(frozen=True, slots=True)
class Signed:
    """A video in sign language.

    Attributes:
        topic: key of what it explains (``signing.*``).
        video_href: the file.
        video_type: its media type.
        captions_href: what is signed, as captions.
        minutes: how long it is, as people write it.
        checked: whether somebody who signs has checked it.
    """

    topic: str
    video_href: str
    video_type: str
    captions_href: str
    minutes: str
    checked: bool


@dataclass(frozen=True, slots=True)
class SigningView:
    """Videos in sign language.

    Attributes:
        videos: those that the reader may see.
        captions_lang: language of their captions.
    """

    videos: tuple[Signed, ...]
    captions_lang: str


@dataclass(frozen=True, slots=True)
class LegendView:
    """Signs and words of these pages, explained."""
