"""Fetching a city's official open files: resumed where it stopped, checked before it replaces anything."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import Clock, format_instant
from talwerk.sdk.territory import Layer, Territory
from talwerk.services.outgoing import Egress, client

from .layers import read_layer

if TYPE_CHECKING:
    import httpx2

MANIFEST = "layers.json"
REDIRECTS_MAX = 3
_CONNECT_S, _READ_S = 10.0, 30.0
_CHUNK_BYTES = 1 << 16

Progress = Callable[[Layer, int, int | None], None]
"""Told after each piece: the layer, its bytes so far, and how many there will be when that is known."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file that was fetched.

    Attributes:
        layer: what it holds.
        address: where it came from.
        fetched: when, RFC 3339.
        etag: the server's name for this version, empty without one.
        sha256: of the file.
        bytes: its size.
        features: how many things it holds.
        licence: SPDX identifier.
        attribution: the credit line.
    """

    layer: str
    address: str
    fetched: str
    etag: str
    sha256: str
    bytes: int
    features: int
    licence: str
    attribution: str


class Unfinished(msgspec.Struct, frozen=True):
    """What the beginning of a file on disk belongs to."""

    address: str
    etag: str


def fetched(folder: Path) -> dict[str, Fetched]:
    """What was fetched into a folder, by layer."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Fetched])
    except (OSError, msgspec.DecodeError):
        return {}


class Update:
    """Brings the official files of a city into a folder.

    Args:
        territory: the city and its layers.
        folder: where the files go.
        egress: the operator's policy for outgoing requests.
        clock: stamps what was fetched.
        progress: told after each piece.
    """

    def __init__(self, territory: Territory, folder: Path, egress: Egress, clock: Clock, progress: Progress) -> None:
        self._territory = territory
        self._folder = folder
        self._egress = egress
        self._clock = clock
        self._progress = progress

    async def fetch(self, layer: Layer) -> bool:
        """Fetch one layer; False when it is what is there already. A repetition goes on where an earlier one stopped.

        Raises:
            DomainError: Busy when the server gives no usable answer; TooLarge; BadRequestData for a file that is not
                what the profile declares (then what was there stays); InsufficientStorage.
        """
        import httpx2

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        known = fetched(self._folder).get(layer.key)
        same = known is not None and known.address == layer.address and self._path(layer).is_file()
        try:
            etag = await self._receive(layer, known.etag if known is not None and same else "")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise DomainError(Fault.BUSY, f"The layer {layer.key!r} is not reached: {reason}.", layer.address) from None
        except OSError as error:
            detail = f"The layer {layer.key!r} cannot be stored in {self._folder}: {error.strerror}."
            raise DomainError(Fault.STORAGE_FULL, detail) from None
        if etag is None:
            return False
        await asyncio.to_thread(self._accept, layer, etag)
        return True

    def _path(self, layer: Layer, ending: str = ".geojson") -> Path:
        return self._folder / (layer.key + ending)

    async def _receive(self, layer: Layer, etag: str) -> str | None:
        """Bring the whole file to its unfinished place; returns its etag, None when ``etag`` is still the newest."""
        import httpx2

        url = httpx2.URL(layer.address)
        for _ in range(REDIRECTS_MAX + 1):
            async with client(self._egress, url.host, connect_s=_CONNECT_S, read_s=_READ_S) as http:
                request = http.build_request("GET", url, headers=self._headers(layer, etag))
                answer = await http.send(request, stream=True)
                try:
                    if answer.has_redirect_location:
                        url = url.join(answer.headers["location"])
                        continue
                    return await self._store(layer, answer)
                finally:
                    await answer.aclose()
        raise DomainError(Fault.BUSY, f"The layer {layer.key!r} redirects more than {REDIRECTS_MAX} times.")

    def _headers(self, layer: Layer, etag: str) -> dict[str, str]:
        """Ask for what is missing only; bytes as they are stored, so that a part can be continued."""
        headers = {"accept": "application/geo+json, application/json", "accept-encoding": "identity"}
        begun = self._begun(layer)
        if begun is not None:
            size = self._path(layer, ".part").stat().st_size
            headers |= {"range": f"bytes={size}-", "if-range": begun.etag}
        elif etag:
            headers["if-none-match"] = etag
        return headers

    def _begun(self, layer: Layer) -> Unfinished | None:
        """What an earlier attempt left, if it can be continued."""
        try:
            begun = msgspec.json.decode(self._path(layer, ".part.json").read_bytes(), type=Unfinished)
            size = self._path(layer, ".part").stat().st_size
        except (OSError, msgspec.DecodeError):
            return None
        return begun if begun.address == layer.address and begun.etag and size else None

    async def _store(self, layer: Layer, answer: httpx2.Response) -> str | None:
        if answer.status_code == 304:
            return None
        if answer.status_code == 416:
            # The part on disk is not the beginning of what is there now: the next attempt starts anew.
            self._forget(layer)
        if answer.status_code not in {200, 206}:
            raise DomainError(
                Fault.BUSY, f"The layer {layer.key!r} is answered with {answer.status_code}.", layer.address
            )
        part, etag = self._path(layer, ".part"), answer.headers.get("etag", "")
        continued = answer.status_code == 206
        done = part.stat().st_size if continued else 0
        # A weak etag does not promise the same bytes: such a file cannot be continued.
        strong = "" if etag.startswith("W/") else etag
        self._path(layer, ".part.json").write_bytes(msgspec.json.encode(Unfinished(layer.address, strong)))
        length = answer.headers.get("content-length", "")
        total = done + int(length) if length.isdigit() else None
        with part.open("ab" if continued else "wb") as file:
            async for piece in answer.aiter_bytes(_CHUNK_BYTES):
                done += len(piece)
                if done > layer.size_mb_max << 20:
                    detail = f"The layer {layer.key!r} is larger than {layer.size_mb_max} MiB."
                    raise DomainError(Fault.TOO_LARGE, detail, layer.address)
                file.write(piece)
                self._progress(layer, done, total)
            file.flush()
            os.fsync(file.fileno())
        return etag

    def _forget(self, layer: Layer) -> None:
        for ending in (".part", ".part.json"):
            self._path(layer, ending).unlink(missing_ok=True)

    def _accept(self, layer: Layer, etag: str) -> None:
        """Put the file in its place if it is what it should be."""
        part = self._path(layer, ".part")
        try:
            features = read_layer(part, layer, self._territory)
        except DomainError:
            self._forget(layer)
            raise
        entry = Fetched(
            layer=layer.key,
            address=layer.address,
            fetched=format_instant(self._clock.now()),
            etag=etag,
            sha256=hashlib.sha256(part.read_bytes()).hexdigest(),
            bytes=part.stat().st_size,
            features=len(features),
            licence=layer.licence,
            attribution=layer.attribution,
        )
        part.rename(self._path(layer))
        self._forget(layer)
        manifest = self._folder / MANIFEST
        arriving = manifest.with_suffix(".part")
        arriving.write_bytes(msgspec.json.format(msgspec.json.encode(fetched(self._folder) | {layer.key: entry})))
        arriving.rename(manifest)
