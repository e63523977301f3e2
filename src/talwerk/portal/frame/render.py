"""From a view to the bytes of a page."""

from functools import cache
from typing import TYPE_CHECKING

from talwerk.portal.frame.coordinate import coordinate
from talwerk.portal.frame.pages import page
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame
from talwerk.portal.frame.states import gauge_state
from talwerk.portal.frame.static import has_vendor, mark_href, static_href
from talwerk.portal.frame.views import PageView
from talwerk.texts import catalogue

if TYPE_CHECKING:
    from jinja2 import Environment

CONTENT_TYPE = "text/html; charset=utf-8"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Everything comes from here; only the signs of KERN are pictures within its stylesheet."""


@cache
def environment() -> "Environment":
    """Build the template environment, once per process."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    built = Environment(
        loader=PackageLoader("talwerk.portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    built.filters["xy"] = coordinate
    built.globals["gauge_state"] = gauge_state
    built.globals["static"] = static_href
    built.globals["has_vendor"] = has_vendor()
    return built


def render(view: PageView, frame: Frame, language: str = "de") -> bytes:
    """Return a page as UTF-8 HTML.

    Args:
        view: What the page shows.
        frame: What stands around it, and the instant for which it is true.
        language: Catalogue to speak; the value of the page's `lang`.
    """
    p = Phrasebook(catalogue(language), frame.city.zone)
    made = page(view, frame, p)
    html = (
        environment()
        .get_template(made.template)
        .render(
            view=view,
            frame=frame,
            p=p,
            now_us=frame.now_us,
            title=made.title,
            icon=mark_href(frame.city.mark),
            **made.content,
        )
    )
    return html.encode()
