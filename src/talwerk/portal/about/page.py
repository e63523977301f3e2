"""Templates and titles of the pages around the city."""

from talwerk.portal.about.views import (
    AccessibilityView,
    HelpView,
    ImagesView,
    ImprintView,
    LegendView,
    PrivacyView,
    SigningView,
)
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import State
from talwerk.portal.frame.views import ErrorView
from talwerk.portal.site.contact import Fact, OfficeFacts
from talwerk.texts import EASY

PASSING = frozenset({500, 503})
"""Errors that may be over when somebody tries again."""
LOST = frozenset({404, 410})
"""Errors after which somebody looks for another page."""


@page.register
def _imprint(view: ImprintView, _frame: Frame, p: Phrasebook) -> Page:
    doubtful = _doubtful((view.operator,), view.represented_by, view.responsible)
    return Page("impressum.html", p.text("imprint.title"), {"doubtful": doubtful})


@page.register
def _privacy(view: PrivacyView, _frame: Frame, p: Phrasebook) -> Page:
    doubtful = _doubtful((view.operator, view.officer, view.supervision), view.server_logs)
    return Page("datenschutz.html", p.text("privacy.title"), {"doubtful": doubtful})


@page.register
def _accessibility(view: AccessibilityView, _frame: Frame, p: Phrasebook) -> Page:
    doubtful = _doubtful((view.operator, view.enforcement))
    return Page("barrierefreiheit.html", p.text("accessibility.title"), {"doubtful": doubtful})


@page.register
def _images(_view: ImagesView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("bildnachweise.html", p.text("images.title"), {})


@page.register
def _help(_view: HelpView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("hilfe.html", p.text("help.title"), {})


@page.register
def _signing(_view: SigningView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("gebaerden.html", p.text("signing.title"), {})


@page.register
def _error(view: ErrorView, _frame: Frame, p: Phrasebook) -> Page:
    key = f"error.{view.status}"
    if f"{key}.title" not in p.texts:
        key = "error.other"
    content = {"key": key, "again": view.status in PASSING, "lost": view.status in LOST}
    template = "leicht_fehler.html" if p.language == EASY else "fehler.html"
    return Page(template, p.text(f"{key}.title"), content)


def _doubtful(offices: tuple[OfficeFacts, ...], *facts: Fact) -> bool:
    """Whether something on the page is marked as unconfirmed, so that the word has to be explained."""
    told = [fact for office in offices for fact in (office.name, *(way for _, way in office.ways))]
    return any(fact.unconfirmed for fact in (*told, *facts))


@page.register
def _legend(_view: LegendView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("zeichen.html", p.text("legend.title"), {"states": tuple(State)})
