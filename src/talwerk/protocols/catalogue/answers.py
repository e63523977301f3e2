"""Answers of the catalogue: open data as JSON, tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import Instant, format_instant
from talwerk.core.scope import Scope

_OPEN = {"access-control-allow-origin": "*"}
"""Browsers of other sites may read: everything here is open data."""


def scope_of(request: Request) -> Scope:
    """The Scope that the guard put into the request; parameters are refused, for nobody reads any.

    Raises:
        DomainError: InvalidRequest naming the parameter.
    """
    for name in request.query_params:
        raise invalid(f"There is no parameter {name!r}; there are none.")
    scope: Scope = request.scope["talwerk.scope"]
    return scope


def not_found(what: str) -> DomainError:
    """The error for something that is not there."""
    return DomainError(Fault.NOT_FOUND, f"There is no {what}.")


def told(instant: Instant | None) -> str | None:
    """An instant, or nothing."""
    return None if instant is None else format_instant(instant)


def as_json(content: Any) -> Response:
    """A JSON answer."""
    return JSONResponse(content, headers=_OPEN)


def as_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A small table as a file (RFC 4180)."""
    headers = {"content-disposition": f'attachment; filename="{name}"', **_OPEN}
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
