"""Following a twin: another scenario is another world, at which the city looks at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .fetching import Fetcher, UnfitError, UnreachableError

PATH = "twin/scenario"
"""Beside the sources of a twin; the answer changes when a scenario begins, and only then."""
LOOK_EVERY_S = 2.0
ANSWER_BYTES_MAX = 4_096


async def follow(address: str, fetcher: Fetcher, changed: Callable[[], None]) -> None:
    """Say whenever another scenario begins, until cancelled.

    Args:
        address: where the twin answers instead of a source.
        fetcher: asks.
        changed: called when a scenario has begun.
    """
    told, known = f"{address.rpartition('/')[0]}/{PATH}", b""
    while True:
        try:
            answer = await fetcher.fetch(told, ANSWER_BYTES_MAX)
        except (UnreachableError, UnfitError):
            # That nobody answers the sources say themselves.
            pass
        else:
            if known and answer.content != known:
                changed()
            known = answer.content or known
        await asyncio.sleep(LOOK_EVERY_S)
