"""A city whose values nobody measured says so with every answer: who reads it would else keep them as measured."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talwerk.services.outgoing import SIMULATED

from .answers import Header

_HEADER: Header = (SIMULATED.encode(), b"true")


def marked(app: ASGIApp, simulated: Callable[[], bool]) -> ASGIApp:
    """The application, with the header :data:`~talwerk.services.outgoing.SIMULATED` on its answers, errors included.

    Args:
        app: the application behind its guard.
        simulated: whether nobody measured what the city holds; asked with each answer.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and simulated():
                message["headers"] = [*message.get("headers", ()), _HEADER]
            await send(message)

        await app(scope, receive, telling)

    return answer
