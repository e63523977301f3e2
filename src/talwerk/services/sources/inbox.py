"""Files that people or programs lay into the city's inbox: each is read once, and put where its fate can be seen.

``inbox/<source>/`` in the city's data directory. What was read moves to ``done``; what cannot be read moves to
``refused``, with the reason in a file beside it. A file that grows is left alone until it rests.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SECOND, Clock, datetime_of
from talwerk.core.scope import Scope
from talwerk.sdk.push import DEVICE

from .feed import Feed
from .pushed import Intake, Sender, Taken

FOLDER = "inbox"
DONE, REFUSED = "done", "refused"
REASON = ".reason.txt"
LOOK_EVERY_S = 2.0
REST_S = 2.0
"""A file that was changed more lately may still be written to."""
FILES_AT_ONCE = 100
_PASSING = frozenset({Fault.BUSY, Fault.STORAGE_FULL, Fault.TIMED_OUT, Fault.INTERNAL})

logger = logging.getLogger(__name__)


class Inbox:
    """Reads what lies in the inboxes; a duty of the engine.

    Args:
        folder: of all inboxes, one for each source.
        intake: reads and writes, and knows the sources.
        scope: on whose behalf.
        clock: the source of time.
    """

    name = "inbox"

    def __init__(self, folder: Path, intake: Intake, scope: Scope, clock: Clock) -> None:
        self._folder = folder
        self._intake = intake
        self._sender = Sender(scope, None)
        self._clock = clock
        self._stuck: set[tuple[str, int]] = set()

    async def run(self) -> None:
        """Look until cancelled; return when no source takes files."""
        sources = [source for source in self._intake.feeds.values() if _takes_files(source)]
        for source in sources:
            (self._folder / source.key).mkdir(parents=True, exist_ok=True, mode=0o750)
        while sources:
            for source in sources:
                for path in await asyncio.to_thread(self._waiting, source.key):
                    await self._read(source, path)
            await asyncio.sleep(LOOK_EVERY_S)

    def _waiting(self, key: str) -> list[Path]:
        """Files that rest, the oldest first."""
        rested = self._clock.now() - round(REST_S * SECOND)
        found = []
        try:
            for path in (self._folder / key).iterdir():
                status = path.stat()
                is_draft = path.name.startswith(".") or path.suffix in {".part", ".tmp"}
                changed = status.st_mtime_ns // 1_000
                if path.is_file() and not is_draft and changed <= rested and (path.name, changed) not in self._stuck:
                    found.append((changed, path))
        except OSError as error:
            logger.warning("the inbox of %s cannot be looked at: %s", key, error.strerror)
        return [path for _, path in sorted(found)[:FILES_AT_ONCE]]

    async def _read(self, source: Feed, path: Path) -> None:
        try:
            content = await asyncio.to_thread(_content, path, source.connector.size_max)
            taken = await self._intake.take(source, content, {DEVICE: {"name": path.stem}}, self._sender)
        except DomainError as error:
            if error.fault not in _PASSING:
                logger.warning("a file in the inbox of %s was refused: %s", source.key, error.detail)
                await asyncio.to_thread(self._put, path, REFUSED, f"{error.detail}\n")
            return
        except OSError as error:
            # Somebody took it away again, or it is not readable for us.
            self._leave(path, error)
            return
        await asyncio.to_thread(self._put, path, DONE, _told(taken))

    def _put(self, path: Path, where: str, told: str) -> None:
        """Move a file aside, with what is to be said of it; a name that is taken gets a time before it."""
        folder = path.parent / where
        target = folder / path.name
        try:
            folder.mkdir(exist_ok=True, mode=0o750)
            if target.exists():
                target = folder / f"{datetime_of(self._clock.now()):%Y%m%dT%H%M%S%f}-{path.name}"
            if told:
                target.with_name(target.name + REASON).write_text(told, encoding="utf-8")
            path.rename(target)
        except OSError as error:
            self._leave(path, error)

    def _leave(self, path: Path, error: OSError) -> None:
        """Leave a file that cannot be moved where it is, and do not read it again as long as it stays the same."""
        logger.warning("a file in an inbox cannot be handled: %s", error.strerror)
        try:
            self._stuck.add((path.name, path.stat().st_mtime_ns // 1_000))
        except OSError:
            return


def _takes_files(source: Feed) -> bool:
    return source.connector.push is not None and source.connector.push.files


def _content(path: Path, size_max: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(size_max + 1)
    if len(content) > size_max:
        detail = f"It has more than {size_max} bytes; `talwerk replay` reads files of any size."
        raise DomainError(Fault.BAD_REQUEST_DATA, detail)
    return content


def _told(taken: Taken) -> str:
    """What was not usable, a line each; empty when everything was."""
    return "".join(f"{count} x {reason}\n" for reason, count in taken.left_out.items())
