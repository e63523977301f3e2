"""The operator's background map: one PMTiles file (version 3), of which browsers read ranges.

What is drawn from it needs its credit beside it, so that a file which names none is not used.
"""

from __future__ import annotations

import gzip
import html
import io
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from struct import Struct
from typing import Any

import msgspec

from talwerk.core.errors import bad_data

FILE = "map.pmtiles"
"""Its name in the folder of official files."""
METADATA_BYTES_MAX = 1 << 20
CREDIT_MAX = 200
_MAGIC = b"PMTiles\x03"
_HEADER = Struct("<8s11Q6B4iB2i")
"""Magic and version; offsets, lengths and counts; clustered, compressions, tile type, zooms; bounds; centre."""
_PLAIN, _GZIP = 1, 2


class TileKind(Enum):
    """What the tiles are."""

    VECTOR = "vector"
    RASTER = "raster"


_KINDS = {1: TileKind.VECTOR, 2: TileKind.RASTER, 3: TileKind.RASTER, 4: TileKind.RASTER}
"""MVT; PNG, JPEG, WebP."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """What a file of tiles says of itself.

    Attributes:
        kind: What the tiles are.
        credit: The credit line in plain text.
        zoom_least: The lowest zoom that it holds.
        zoom_most: The highest.
        layers: Names of the layers of vector tiles.
    """

    kind: TileKind
    credit: str
    zoom_least: int
    zoom_most: int
    layers: tuple[str, ...] = ()


def read_tiles(path: Path) -> Tiles:
    """What a file of tiles says of itself.

    Raises:
        DomainError: BadRequestData when it is no PMTiles file of version 3, damaged, or names no credit.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(_MAGIC):
            raise bad_data(f"The file {path.name} is no PMTiles file of version 3.")
        fields = _HEADER.unpack(head)
        offset, length = fields[3], fields[4]
        _clustered, packing, _tile_packing, kind, least, most = fields[12:18]
        if kind not in _KINDS:
            raise bad_data(f"The tiles of {path.name} are of the kind {kind}, which maps do not show.")
        metadata = _metadata(file, offset, length, packing, path.name)
    credit = _credit(metadata.get("attribution"))
    if not credit:
        raise bad_data(f"The file {path.name} names no attribution, and no map may be shown without one.")
    told = metadata.get("vector_layers")
    layers = [one.get("id") for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return Tiles(_KINDS[kind], credit, least, most, tuple(name for name in layers if isinstance(name, str)))


def _metadata(file: io.BufferedReader, offset: int, length: int, packing: int, name: str) -> dict[str, Any]:
    if length > METADATA_BYTES_MAX or packing not in {_PLAIN, _GZIP}:
        raise bad_data(f"The metadata of {name} cannot be read: too large, or packed in a way that is not gzip.")
    file.seek(offset)
    packed = file.read(length)
    try:
        plain = packed if packing == _PLAIN else gzip.GzipFile(fileobj=io.BytesIO(packed)).read(METADATA_BYTES_MAX)
        metadata = msgspec.json.decode(plain or b"{}", type=dict[str, Any])
    except (OSError, EOFError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_data(f"The metadata of {name} cannot be read: {error}.") from None
    return metadata


def _credit(attribution: Any) -> str:
    """A credit line without the markup that such files carry."""
    if not isinstance(attribution, str):
        return ""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", attribution)).split())[:CREDIT_MAX]
