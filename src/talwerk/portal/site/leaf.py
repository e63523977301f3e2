"""One kind of page: where it is, who makes it, and what of a request it reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from talwerk.portal.frame.views import PageView
from talwerk.portal.site.scene import Place, Scene

Places = tuple[Place, ...]
"""Whose numbers a page shows; their sources stand in its footer."""
Found = tuple[PageView, Places]
"""A page, and the places whose numbers it shows."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a visitor asks of a page; everything else in a request changes nothing.

    Attributes:
        path: Named parts of the address.
        query: Fields of the query that this page reads.
        form: Fields of a form that was sent, each at most once; None where nothing was sent.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] | None = None


Handler = Callable[[Ask, Scene], Found]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One kind of page.

    Attributes:
        name: Of its address in every language (``address.*``); a language without it has no such page.
        handler: Gathers what it shows.
        section: Name of the page under which it stands in the navigation, or empty.
        tail: What follows its address for single things, e.g. ``/{key}``.
        reads: Fields of the query that change it.
        takes: Fields of a form that it answers; with any, it may be sent to by POST. Such answers are never kept,
            neither here nor by the browser.
        lists: Those of the fields of the query that a form sends several times; they are read as one, with commas.
        moves: Whether its own parts are renewed while somebody looks at it (``data-live``).
        framed: Whether other sites may show it within theirs; such a page has no form.
        slow: Whether making it may take seconds in a large city; it is made in a thread, so that others are answered
            meanwhile.
        before: Awaited before the page is made, for what has to be asked of another process.
    """

    name: str
    handler: Handler
    section: str = ""
    tail: str = ""
    reads: tuple[str, ...] = ()
    takes: tuple[str, ...] = field(default=())
    lists: tuple[str, ...] = ()
    moves: bool = True
    framed: bool = False
    slow: bool = False
    before: Callable[[], Awaitable[None]] | None = None


def fields_of(request: Request, reads: Iterable[str], lists: Container[str] = ()) -> dict[str, str]:
    """Those fields of an address's query that are read; of several of one name the last one, or all with commas."""
    given = request.query_params
    return {name: ",".join(given.getlist(name)) if name in lists else given[name] for name in reads if name in given}
