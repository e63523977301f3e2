"""What the templates of the pages about data get besides the view."""

from talwerk.portal.data.views import DatasetPageView, DataView, DoorsView, StatisticsView, StatusView, ViewsDay
from talwerk.portal.frame.coordinate import coordinate
from talwerk.portal.frame.pages import Page, page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame

BARS_WIDTH_PX, BARS_HEIGHT_PX = 720, 120


@page.register
def _data(_view: DataView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("daten.html", p.text("data.title"), {})


@page.register
def _dataset(view: DatasetPageView, _frame: Frame, _p: Phrasebook) -> Page:
    return Page("datensatz.html", view.dataset.title, {})


@page.register
def _doors(_view: DoorsView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("schnittstellen.html", p.text("doors.title"), {})


@page.register
def _status(view: StatusView, _frame: Frame, p: Phrasebook) -> Page:
    states = {service.state for service in view.services}
    worst = next((state for state in ("bad", "late") if state in states), "good")
    return Page("dienste.html", p.text("status.title"), {"worst": worst})


@page.register
def _statistics(view: StatisticsView, _frame: Frame, p: Phrasebook) -> Page:
    kinds = [(_kind(kind, p), views) for kind, views in view.kinds]
    content = {"bars": _bars(view.days), "kinds": kinds, "width": BARS_WIDTH_PX, "height": BARS_HEIGHT_PX}
    return Page("nutzung.html", p.text("statistics.title"), content)


def _kind(name: str, p: Phrasebook) -> str:
    """What people call a kind of page; one without words keeps its name, as after an upgrade that took it away."""
    return next((p.text(key) for key in (f"page_kind.{name}", f"frame.nav_{name}") if key in p.texts), name)


def _bars(days: tuple[ViewsDay, ...]) -> str:
    """Path data of one bar per day, as high as its views; nothing where there is nothing to compare."""
    most = max((day.views for day in days), default=0)
    if len(days) < 2 or not most:
        return ""
    wide = BARS_WIDTH_PX / len(days)
    pieces = []
    for index, day in enumerate(days):
        if day.views:
            left, width = coordinate(index * wide), coordinate(max(wide - 3, 1))
            top = coordinate(BARS_HEIGHT_PX * (1 - day.views / most))
            pieces.append(f"M{left} {BARS_HEIGHT_PX}V{top}h{width}V{BARS_HEIGHT_PX}Z")
    return "".join(pieces)
