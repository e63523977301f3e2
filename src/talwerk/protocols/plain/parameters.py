"""Parameters of the short door: known ones only, each with a clear error."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from talwerk.core.errors import DomainError, Fault, invalid
from talwerk.core.instants import parse_instant
from talwerk.core.query import Window
from talwerk.core.scope import Scope


def scope_of(request: Request) -> Scope:
    """The Scope that the guard put into the request."""
    scope: Scope = request.scope["talwerk.scope"]
    return scope


def known(request: Request, *names: str) -> None:
    """Refuse parameters that nobody reads.

    Raises:
        DomainError: InvalidRequest naming the parameter and the known ones.
    """
    for name in request.query_params:
        if name not in names:
            raise invalid(f"There is no parameter {name!r}; there are {', '.join(names) or 'none'}.")


def window_of(request: Request) -> Window:
    """The window ``from`` (inclusive) to ``to`` (exclusive), as it was known at ``stand``; each may be left out."""
    edges = {
        name: parse_instant(text, f"parameter {name}") if (text := request.query_params.get(name)) else None
        for name in ("from", "to", "stand")
    }
    return Window(start=edges["from"], end=edges["to"], known=edges["stand"])


def whole_number(request: Request, name: str, default: int | None, most: int) -> int | None:
    """A parameter that is a number from 1 to ``most``.

    Raises:
        DomainError: InvalidRequest when it is anything else.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise invalid(f"The parameter {name} is {text[:40]!r}; it is a whole number from 1 to {most}.")
    return int(text)


def not_found(what: str) -> DomainError:
    """The error for something that is not there."""
    return DomainError(Fault.NOT_FOUND, f"There is no {what}.")


def json_answer(content: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that browsers of other sites may read: everything here is open data."""
    return JSONResponse(content, headers={"access-control-allow-origin": "*", **(headers or {})})
