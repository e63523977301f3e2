"""The crisis page: everything that counts in a few kilobytes, without script, font or picture, written beforehand.

A page is whole in itself: its style stands in it and is allowed by its hash. Two marks lead whoever serves the file:
the instant for which it is true, and the place where it is said when the page has grown old.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace

from talwerk.core.instants import MINUTE, Instant, instant_or_none
from talwerk.portal.easy.dangers import Danger, advice, danger_of
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.render import environment
from talwerk.portal.frame.states import NOT_CURRENT, State, gauge_state
from talwerk.portal.frame.views import Gauge
from talwerk.portal.lage.page import validity
from talwerk.portal.lage.situation import unknown_warnings
from talwerk.portal.lage.warnings import Warned
from talwerk.texts import EASY

BYTES_MAX = 14_000
"""What a first answer brings without waiting for an acknowledgement, less its headers."""
NOTICES_MAX = 4
GAUGES_MAX = 8
OLD_HERE = b"<!--alter-->"
EMERGENCY = "112"

_STYLE = re.compile(rb"<style>(.*?)</style>", re.S)
_STAND = re.compile(rb'<meta name="stand" content="([^"]+)">')
_SIMULATED = b'<meta name="simulation" content="ja">'


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody to call: who it is, and the number as people write it."""

    name: str
    number: str

    @property
    def href(self) -> str:
        """The address that dials."""
        return "tel:" + re.sub(r"[^+0-9]", "", self.number)


@dataclass(frozen=True, slots=True)
class CrisisView:
    """What the crisis page shows.

    Attributes:
        city: The city's name.
        now_us: Instant for which it is true.
        warned: What is known of official warnings.
        gauges: Gauges with levels, along the axis.
        phones: Of the city.
        start_href: Address of the start page.
        here_href: Where the form for a place goes, or empty.
        languages: The same page in other languages.
        unchecked: Whether nobody for whom its words were written has checked them.
    """

    city: str
    now_us: int
    warned: Warned
    gauges: tuple[Gauge, ...]
    phones: tuple[Phone, ...]
    start_href: str
    here_href: str
    languages: tuple[Link, ...] = ()
    unchecked: bool = False


def crisis_page(view: CrisisView, p: Phrasebook) -> bytes:
    """The page as UTF-8 HTML; further warnings give way when it would grow too large.

    Args:
        view: What it shows.
        p: Language and zone.
    """
    for most in range(NOTICES_MAX, 0, -1):
        html = _rendered(view, most, p)
        if len(html) <= BYTES_MAX:
            return html
    # One text alone is too long for the page: its title stays, and where all of it stands is said.
    bare = tuple(replace(notice, instruction=notice.instruction[:3]) for notice in view.warned.notices)
    return _rendered(replace(view, warned=replace(view.warned, notices=bare)), 1, p)


def _rendered(view: CrisisView, most: int, p: Phrasebook) -> bytes:
    grave = view.warned.grave
    states = {id(gauge): gauge_state(gauge, view.now_us) for gauge in view.gauges}
    raised = [gauge for gauge in view.gauges if states[id(gauge)].stage]
    highest = [gauge for gauge in raised if states[id(gauge)] is State.STAGE_3]
    # A gauge that falls silent in a flood says more than most that speak.
    silent = [gauge for gauge in view.gauges if states[id(gauge)] in NOT_CURRENT and gauge.latest is not None]
    calm = [gauge for gauge in view.gauges if states[id(gauge)] is State.NORMAL]
    shown = [*raised, *silent, *([] if raised else calm)] if raised or grave else []
    content = {
        "view": view,
        "p": p,
        "now_us": view.now_us,
        "grave": grave,
        "notices": grave[:most],
        "left_out": len(grave[most:]),
        "lesser": tuple(notice for notice in view.warned.notices if notice not in grave),
        "highest": highest,
        "gauges": shown[:GAUGES_MAX],
        # It is written when the minute turns.
        "next_page_us": (view.now_us // MINUTE + 1) * MINUTE,
        "next_us": min((one.next_us for one in view.warned.notices if one.next_us is not None), default=None),
        "emergency": EMERGENCY,
    }
    if p.language == EASY:
        dangers = [*map(danger_of, grave[:most]), *([Danger.FLOOD] if highest else [])]
        own: dict[str, object] = {"danger_of": danger_of, "advice": advice(dangers, p) if dangers else ()}
        return environment().get_template("krise_leicht.html").render(**content, **own).encode()
    own = {
        "unknown": unknown_warnings(view.warned, view.now_us, p),
        "validity": lambda notice: validity(notice, view.now_us, p),
    }
    return environment().get_template("krise.html").render(**content, **own).encode()


def policy(html: bytes) -> str:
    """The content security policy of a page: nothing but its own style, and forms to the city itself."""
    style = _STYLE.search(html)
    digest = base64.b64encode(hashlib.sha256(style[1] if style else b"").digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


def stand(html: bytes) -> Instant | None:
    """The instant for which a page is true, None for what is no whole crisis page."""
    found = _STAND.search(html)
    if found is None or not html.rstrip().endswith(b"</html>"):
        return None
    return instant_or_none(found[1].decode())


def is_simulated(html: bytes) -> bool:
    """Whether the page speaks of simulated values."""
    return _SIMULATED in html


def aged(html: bytes, age_s: float, p: Phrasebook) -> bytes:
    """The page with a line that says how old it is."""
    from markupsafe import escape

    told = escape(p.text("crisis.old", age=p.duration(age_s)))
    return html.replace(OLD_HERE, f'<p class="old" role="status">{told}</p>'.encode(), 1)


def unwritten(p: Phrasebook, city: str, start_href: str) -> bytes:
    """What is shown where no page was ever written."""
    view = {"city": city, "start_href": start_href}
    return environment().get_template("krise_fehlt.html").render(view=view, p=p, emergency=EMERGENCY).encode()
