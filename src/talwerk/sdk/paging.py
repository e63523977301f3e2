"""Lists that come in pages: how the next one is asked for, and when that has to end."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from .reading import Ask, Context, Unusable

PAGES_MAX = 100
"""Pages of one list, unless the connector has a parameter ``pages``."""

_STRANGE = re.compile(r"[^A-Za-z0-9._\-]")


def next_page(request: str, mark: str, context: Context, **parameters: str) -> Ask | Unusable:
    """The request for the page that follows this one, or why it is not asked for.

    Args:
        request: key of the request.
        mark: what tells this page from the next one, for example the id of its first thing. A server that ignores
            where a page shall begin sends the same one for ever.
        context: of this page.
        parameters: of the request.
    """
    page = int(context.parameters.get("page", 1))
    pages_max = int(context.parameters.get("pages", PAGES_MAX))
    if context.parameters.get("mark") == mark:
        return Unusable(reason="a page comes again instead of the next one")
    if page >= pages_max:
        return Unusable(reason=f"there are more than {pages_max} pages")
    return Ask(request=request, parameters={**parameters, "page": str(page + 1), "mark": mark})


def query_of(link: object, ending: str) -> str | None:
    """The query of a link to a next page, None when the link leads to something else.

    A link's host is not followed: servers behind a proxy often name themselves wrongly, and what somebody else's server
    writes shall not decide whom the city asks. The query is asked of the source's own address.

    Args:
        link: as the answer holds it, absolute or not.
        ending: how its path has to end.
    """
    try:
        parts = urlsplit(link if isinstance(link, str) else "")
    except ValueError:
        return None
    return parts.query if parts.query and unquote(parts.path).rstrip("/").endswith(ending) else None


def native_of(text: object) -> str:
    """An id of a source as it can be part of ids: other characters become ``~`` and their bytes in hexadecimal.

    Different ids stay different.
    """
    return _STRANGE.sub(lambda found: "".join(f"~{byte:02X}" for byte in found[0].encode(errors="replace")), str(text))
