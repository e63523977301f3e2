"""What simulated devices send to the city by themselves: real messages, with keys of their own, at the twin's pace.

The keys are made when the twin starts and lie in its own directory: none of them opens a door of the real city, and
devices of the real city are not known to the simulated one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import HOUR, SECOND, Clock, Instant
from talwerk.core.terms import expand
from talwerk.privacy.devices import DeviceKeys

from .simulator.chance import uniform
from .told import Compose, Message, Told, Unit
from .twin import Twin

PATIENCE_S = 15.0
AGAIN_S = 1.0
"""Before the second attempt of a device that the city never took anything of; then twice as long each time."""
FIRST_WITHIN_S = 3.0
LATE = HOUR
NOT_ANSWERED = "none"

logger = logging.getLogger(__name__)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the city answers.

    Attributes:
        host: that it listens on.
        port: likewise.
        certificate: PEM file that it shows, None when it speaks plain HTTP.
    """

    host: str
    port: int
    certificate: Path | None = None

    def trust(self) -> ssl.SSLContext | None:
        """Trusts the city's own certificate, whoever signed it and for which name; read anew, as it may be replaced."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


class Sending:
    """Sends for every source of a profile that sends by itself.

    Args:
        twin: what is simulated, and which faults are switched on.
        target: the city.
        keys: of the twin's directory; those of before are replaced.
        clock: the source of time.
    """

    def __init__(self, twin: Twin, target: Target, keys: DeviceKeys, clock: Clock) -> None:
        self._twin = twin
        self._target = target
        self._keys = keys
        self._clock = clock

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            for key, (told, units, compose) in self._twin.sending().items():
                try:
                    keys = self._made(told, units)
                except DomainError as error:
                    # The twin still answers for all other sources.
                    logger.error("nothing is sent for %s: %s", key, error)  # noqa: TRY400 - the text says it all
                    continue
                for unit in units:
                    group.create_task(self._keep_sending(unit, compose, keys, key))

    def _made(self, told: Told, units: tuple[Unit, ...]) -> dict[str, str]:
        """The keys of a source's devices, by name."""
        known = {device.name for device in self._keys.devices()}
        made = {}
        for unit in {unit.key: unit for unit in units}.values():
            if unit.key in known:
                self._keys.revoke(unit.key)
            types = tuple(expand(kind) for kind in unit.types)
            made[unit.key] = self._keys.add(
                unit.key, types, self._clock.now(), source=told.source.key, title=unit.title, at=unit.at
            )
        return made

    async def _keep_sending(self, unit: Unit, compose: Compose, keys: Mapping[str, str], source: str) -> None:
        # The first one at once, so that nobody waits for a demonstration; then each at its own moment.
        pause_s, again_s, taken = FIRST_WITHIN_S * uniform(0, f"first {unit.name}", 0), AGAIN_S, False
        rhythm = unit.every_s * SECOND
        phase = round(uniform(0, f"phase {unit.name}", 0) * rhythm)
        while True:
            if await self._twin.another(pause_s):
                # A scenario begins: what devices measure is another world, and nobody shall wait for it.
                await asyncio.sleep(FIRST_WITHIN_S * uniform(0, f"first {unit.name}", 0))
            taken |= await self._send(unit, compose, keys[unit.key], source)
            due = Instant((self._twin.now() - phase) // rhythm * rhythm + rhythm + phase)
            pause_s = self._twin.wait_s(due)
            if not taken:
                # The city is only starting, or the one of before has not gone yet.
                pause_s, again_s = min(pause_s, again_s), 2 * again_s

    async def _send(self, unit: Unit, compose: Compose, key: str, source: str) -> bool:
        """Send what is due; whether the city took everything."""
        told = self._twin.told(source)
        taken = True
        try:
            for message, sent_with in befallen(self._twin.fault(source), told, unit, compose, key, self._twin.now()):
                path = f"/push/{told.source.connector}/{quote(source)}"
                status = await self._posted(path, message, unit, sent_with)
                self._twin.sent[source][status] += 1
                taken &= status.startswith("2")
        except Exception:
            # A fault of one sender is a fault of one source.
            logger.exception("the simulated device %s cannot send", unit.name)
        return taken

    async def _posted(self, path: str, message: Message, unit: Unit, key: str) -> str:
        """The status of the answer, or that there was none."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await post(self._target, path, message, _authorization(message, unit, key))
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            logger.debug("the city does not take what %s sends: %s", unit.name, error)
            return NOT_ANSWERED


@contextlib.asynccontextmanager
async def sent_beside(sending: Sending | None) -> AsyncIterator[None]:
    """Send while the context lasts; nothing where there is nothing to send."""
    if sending is None:
        yield
        return
    task = asyncio.create_task(sending.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def befallen(fault: str, told: Told, unit: Unit, compose: Compose, key: str, at: Instant) -> list[tuple[Message, str]]:
    """What is sent, each message with its key, when something may go wrong on the way.

    Args:
        fault: key of one of :data:`talwerk.twin.faults.SENDING`, empty for none; any other fault of a source means that
            nothing comes through.
        told: the source.
        unit: the device.
        compose: writes its messages.
        key: the device's.
        at: the simulated present.
    """
    match fault:
        case "":
            return [(compose(told, unit, at), key)]
        case "twice":
            return [(compose(told, unit, at), key)] * 2
        case "late":
            return [(compose(told, unit, Instant(at - LATE)), key)]
        case "wrong-key":
            return [(compose(told, unit, at), key[:-1] + ("a" if key[-1] != "a" else "b"))]
        case "cut-off":
            message = compose(told, unit, at)
            return [(msgspec.structs.replace(message, body=message.body[: len(message.body) // 2]), key)]
        case _:
            return []


def _authorization(message: Message, unit: Unit, key: str) -> str:
    if message.scheme == "bearer":
        return f"Bearer {key}"
    return f"Basic {base64.b64encode(f'{unit.key}:{key}'.encode()).decode()}"


async def post(target: Target, path: str, message: Message, authorization: str) -> str:
    """Send a message; the status of the answer.

    Raises:
        OSError: there is no connection, or none that can be trusted.
        EOFError: the answer breaks off.
        ValueError: it is none.
    """
    reader, writer = await asyncio.open_connection(target.host, target.port, ssl=target.trust())
    try:
        head = (
            f"POST {path}{'?' if message.query else ''}{message.query} HTTP/1.1",
            f"Host: localhost:{target.port}",
            "Content-Type: application/json",
            f"Content-Length: {len(message.body)}",
            f"Authorization: {authorization}",
            "Connection: close",
        )
        writer.write("\r\n".join((*head, "", "")).encode() + message.body)
        await writer.drain()
        first = (await reader.readuntil(b"\r\n")).decode("latin-1").split(" ")
        if len(first) < 3 or not first[1].isdigit():
            raise ValueError(f"the answer begins with {' '.join(first)[:60]!r}")
        return first[1]
    finally:
        writer.close()
