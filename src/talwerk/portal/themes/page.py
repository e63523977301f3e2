"""What the templates of themes and Zielbilder get besides the view: the drawn course of each indicator."""

from collections.abc import Iterable

from talwerk.portal.drawing.spark import Spark, spark
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.themes.views import GoalView, IndicatorView, ThemesView, ThemeView


@page.register
def _themes(_view: ThemesView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("themen.html", p.text("themes.title"), {})


@page.register
def _goal(view: GoalView, _frame: Frame, _p: Phrasebook) -> Page:
    shown = (one for theme in view.themes for one in theme.indicators)
    return Page("zielbild.html", view.title, {"sparks": _sparks(shown)})


@page.register
def _theme(view: ThemeView, _frame: Frame, _p: Phrasebook) -> Page:
    return Page("thema.html", view.title, {"sparks": _sparks(view.indicators)})


def _sparks(shown: Iterable[IndicatorView]) -> dict[str, Spark | None]:
    """The courses by address of the indicator."""
    return {one.href: spark(one.course, one.decimals) for one in shown}
