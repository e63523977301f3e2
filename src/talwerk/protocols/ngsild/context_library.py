"""From what a request names as its @context to the compiled context: lists, nested documents, limits (clause 5.5.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data
from talwerk.core.identifiers import is_iri
from talwerk.core.instants import Clock
from talwerk.protocols.http.outgoing import Outgoing

from .context_documents import Documents
from .contexts import CORE_ADDRESS, Context, core_context, is_core_address
from .term_definitions import Definitions

DOCUMENTS_MAX = 16
DEPTH_MAX = 8
REQUEST_S = 10.0
_LIST_MAX = 20
_COMPILED_MAX = 200
_COMPILED_TERMS_MAX = 100_000
_COMPILED_S = 3_600.0
_KEY_BYTES_MAX = 100_000


class Contexts:
    """Finds and compiles the contexts that requests name, and remembers the latest.

    Args:
        documents: finds the documents that addresses stand for.
        clock: the source of time.
    """

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._compiled: dict[bytes, tuple[Context, float]] = {}

    @classmethod
    def closed(cls, clock: Clock) -> Self:
        """Contexts of a city that never fetches any."""
        return cls(Documents(clock), clock)

    @classmethod
    def open(cls, clock: Clock, directory: Path, given: Mapping[str, Path], outgoing: Outgoing) -> Self:
        """Contexts of a city that fetches what it does not know.

        Args:
            clock: the source of time.
            directory: where fetched documents are kept.
            given: files that stand for addresses.
            outgoing: how documents are fetched.
        """
        return cls(Documents(clock, outgoing, directory, given), clock)

    async def resolve(self, reference: object) -> Context:
        """The context that a Link header or an ``@context`` member stands for.

        Args:
            reference: an address, an object of term definitions, or a list of both.

        Raises:
            DomainError: BadRequestData when it is no context; LdContextNotAvailable when an address leads nowhere.
        """
        known = self.known(reference)
        if known is not None:
            return known
        assembly = _Assembly(self._documents)
        context = await assembly.context(reference if isinstance(reference, list) else [reference])
        key = msgspec.json.encode(reference)
        if len(key) <= _KEY_BYTES_MAX:
            self._remember(key, context)
        return context

    def known(self, reference: object) -> Context | None:
        """The context that a reference stands for, when that needs no work."""
        if is_core_address(reference):
            return core_context()
        kept = self._compiled.get(msgspec.json.encode(reference))
        return kept[0] if kept is not None and self._clock.monotonic_s() < kept[1] else None

    def of_request(self) -> RequestContexts:
        """The same for one request, which does not wait forever for all its contexts together."""
        return RequestContexts(self)

    def _remember(self, key: bytes, context: Context) -> None:
        self._compiled.pop(key, None)
        self._compiled[key] = (context, self._clock.monotonic_s() + _COMPILED_S)
        while len(self._compiled) > 1 and (
            len(self._compiled) > _COMPILED_MAX
            or sum(kept.size for kept, _ in self._compiled.values()) > _COMPILED_TERMS_MAX
        ):
            self._compiled.pop(next(iter(self._compiled)))


class RequestContexts:
    """The contexts of one request: however many it names, it waits for them only so long.

    Args:
        contexts: finds each of them.
    """

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._until: float | None = None

    async def resolve(self, reference: object) -> Context:
        """The context that a Link header or an ``@context`` member stands for.

        Raises:
            DomainError: BadRequestData when it is no context; LdContextNotAvailable when an address leads nowhere, or
                the request has waited long enough.
        """
        known = self._contexts.known(reference)
        if known is not None:
            return known
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + REQUEST_S
        try:
            async with asyncio.timeout_at(self._until):
                return await self._contexts.resolve(reference)
        except TimeoutError as error:
            shown = str(reference)[:300]
            detail = f"The @context {shown} is not available: the contexts of the request took {REQUEST_S:g} s already."
            raise DomainError(Fault.CONTEXT_NOT_AVAILABLE, detail) from error


class _Assembly:
    """One context on its way together."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._definitions = Definitions()
        self._count = 0

    async def context(self, parts: list[Any]) -> Context:
        await self._add_all(parts, "", ())
        own = [part for part in parts if part != {} and not is_core_address(part)]
        if not own:
            return core_context()
        return Context(self._definitions.terms, self._definitions.prefixes, [*own, CORE_ADDRESS])

    async def _add_all(self, parts: list[Any], base: str, trail: tuple[str, ...]) -> None:
        if len(parts) > _LIST_MAX:
            raise bad_data(f"The @context has {len(parts)} parts; {_LIST_MAX} is the most.", "/@context")
        for part in parts:
            await self._add(part, base, trail)

    async def _add(self, part: object, base: str, trail: tuple[str, ...]) -> None:
        if isinstance(part, str):
            await self._add_document(_absolute(base, part), trail)
        elif isinstance(part, dict):
            self._definitions.add(part)
        else:
            raise bad_data("The @context is neither an address nor an object nor a list of them.", "/@context")

    async def _add_document(self, address: str, trail: tuple[str, ...]) -> None:
        if is_core_address(address):
            self._definitions.add_core()
            return
        if not address.startswith(("https://", "http://")) or not is_iri(address):
            raise bad_data(f"The @context {address[:80]!r} is neither an http nor an https address.", "/@context")
        if address in trail:
            raise bad_data(f"The @context {address[:300]} includes itself.", "/@context")
        self._count += 1
        if self._count > DOCUMENTS_MAX:
            raise bad_data(f"The @context stands for more than {DOCUMENTS_MAX} documents.", "/@context")
        if len(trail) >= DEPTH_MAX:
            raise bad_data(f"The documents of the @context are nested deeper than {DEPTH_MAX} levels.", "/@context")
        document = await self._documents.get(address)
        content = document.content if isinstance(document.content, list) else [document.content]
        try:
            await self._add_all(content, document.base, (*trail, address))
        except DomainError as error:
            if not (error.where or "").startswith("/"):
                raise
            raise DomainError(error.fault, error.detail, f"{address[:300]}#{error.where}") from error


def _absolute(base: str, address: str) -> str:
    """An address, relative to the document that names it."""
    try:
        return urljoin(base, address) if base else address
    except ValueError as error:
        raise bad_data(f"The @context {address[:80]!r} is no address.", "/@context") from error
