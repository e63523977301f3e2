"""Answers of the catalogue: open data as JSON, tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Instant, format_instant
from talwerk.core.scope import Scope

LANGUAGE = "lang"
LANGUAGES = ("de", "en")
"""In which answers there are words; the first one for whoever asks for none of them."""
_OPEN = {"access-control-allow-origin": "*"}
"""Browsers of other sites may read: everything here is open data."""
_OFFERS_MAX = 20


class Asked(msgspec.Struct, frozen=True):
    """Who asks, and in which language.

    Attributes:
        scope: the Scope that the guard put into the request.
        language: one of those that there are.
    """

    scope: Scope
    language: str


def asked(request: Request) -> Asked:
    """What a request says of itself: the language by ``lang``, otherwise by Accept-Language.

    Raises:
        DomainError: InvalidRequest naming a parameter that there is not, or a language.
    """
    for name in request.query_params:
        if name != LANGUAGE:
            raise invalid(f"There is no parameter {name!r}; there is {LANGUAGE!r}.")
    given = request.query_params.get(LANGUAGE)
    if given is not None and given not in LANGUAGES:
        raise invalid(f"There are no words in the language {given[:20]!r}; there are: {', '.join(LANGUAGES)}.")
    return Asked(request.scope["talwerk.scope"], given or _preferred(request.headers.get("accept-language", "")))


def _preferred(header: str) -> str:
    """The language that a client likes best of those that there are (RFC 9110, 12.5.4)."""
    liked: dict[str, float] = {}
    for offer in header.split(",")[:_OFFERS_MAX]:
        name, _, weight = offer.strip().partition(";")
        try:
            liked.setdefault(name.strip().lower().partition("-")[0], float(weight.strip()[2:]) if weight else 1.0)
        except ValueError:
            continue
    best = max(LANGUAGES, key=lambda language: liked.get(language, 0.0))
    return best if liked.get(best, 0.0) > 0 else LANGUAGES[0]


def spoken(language: str) -> dict[str, str]:
    """Headers of an answer with words: in which language they are, and that another would get others."""
    return {**_OPEN, "content-language": language, "vary": "accept-language"}


def not_found(what: str) -> DomainError:
    """The error for something that is not there."""
    return DomainError(Fault.NOT_FOUND, f"There is no {what}.")


def told(instant: Instant | None) -> str | None:
    """An instant, or nothing."""
    return None if instant is None else format_instant(instant)


def as_json(content: Any, language: str) -> Response:
    """A JSON answer with words of a language."""
    return JSONResponse(content, headers=spoken(language))


def as_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], language: str) -> Response:
    """A small table as a file (RFC 4180)."""
    headers = {"content-disposition": f'attachment; filename="{name}"', **spoken(language)}
    return Response(
        table_bytes([columns, *rows]), media_type="text/csv; charset=utf-8; header=present", headers=headers
    )


def table_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Lines of a table; texts that a spreadsheet would take for a formula get a quote in front."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
