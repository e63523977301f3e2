"""The start page: what is worded and drawn from its facts."""

from talwerk.portal.lage_views import EmptyView, LageView
from talwerk.portal.pages import Page, page
from talwerk.portal.phrases import Phrasebook
from talwerk.portal.place import Frame
from talwerk.portal.situation import situation
from talwerk.portal.talband import draw_band


@page.register
def _lage(view: LageView, frame: Frame, p: Phrasebook) -> Page:
    on_axis = view.talband.gauges if view.talband else ()
    told = situation(on_axis + view.tiles + view.further, view.series_silent, frame.now_us, p)
    content = {
        "situation": told,
        "columns": _tile_columns(len(view.tiles) + 1),
        "band": draw_band(view.talband, frame.now_us, p) if view.talband else None,
    }
    return Page("lage.html", p.text("lage.title"), content)


def _tile_columns(tiles: int) -> int:
    """Return how many tiles stand side by side: full rows if possible, never a single one in the last."""
    if tiles <= 5:
        return tiles
    even = [columns for columns in (4, 3, 5) if tiles % columns == 0]
    return next(columns for columns in (*even, 4, 3, 5) if tiles % columns != 1)


@page.register
def _empty(_view: EmptyView, _frame: Frame, p: Phrasebook) -> Page:
    return Page("leer.html", p.text("lage.title"), {})
