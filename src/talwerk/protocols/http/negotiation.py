"""Media types: what a body is, and what a client wants to read (RFC 9110 sections 8.3 and 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from talwerk.core.errors import DomainError, Fault

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a grammar, no secret
_TYPE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})\s*((?:;[^,]*)?)", re.ASCII)
_PARAMETER = re.compile(rf";\s*({_TOKEN})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|{_TOKEN})", re.ASCII)
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_HEADER_MAX = 1_000


@lru_cache(maxsize=256)
def content_type(header: bytes | None, accepted: tuple[str, ...]) -> str:
    """The media type of a body.

    Args:
        header: the Content-Type header.
        accepted: media types that can be read.

    Raises:
        DomainError: UnsupportedMediaType when it is missing, another one, or not in UTF-8.
    """
    text = (header or b"").decode("latin-1")
    found = _TYPE.fullmatch(text[:_HEADER_MAX])
    media_type = found[1].lower() if found else ""
    if media_type not in accepted:
        given = f"The body's media type {text[:80]!r} is not read here" if text else "The request has no Content-Type"
        raise DomainError(Fault.UNSUPPORTED_MEDIA_TYPE, f"{given}; it may be {' or '.join(accepted)}.", "Content-Type")
    charset = _parameters(found[2] if found else "").get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        detail = f"The body's character set {charset[:40]!r} is not read here; JSON is UTF-8."
        raise DomainError(Fault.UNSUPPORTED_MEDIA_TYPE, detail, "Content-Type")
    return media_type


@lru_cache(maxsize=256)
def preferred(header: bytes | None, offered: tuple[str, ...]) -> str:
    """Which of the offered media types the client likes best; the first one when it has no opinion.

    Raises:
        DomainError: NotAcceptable when it likes none of them.
    """
    text = (header or b"*/*").decode("latin-1").strip() or "*/*"
    ranges = _ranges(text[:_HEADER_MAX])
    weights = [_weight(media_type, ranges) for media_type in offered]
    best = max(weights)
    if best <= 0:
        detail = f"The answer cannot be {text[:80]!r}; it may be {' or '.join(offered)}."
        raise DomainError(Fault.NOT_ACCEPTABLE, detail, "Accept")
    return offered[weights.index(best)]


def _parameters(text: str) -> dict[str, str]:
    return {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(text)}


def _ranges(text: str) -> list[tuple[str, float]]:
    """Media ranges with their weights; what cannot be read is left out, as if it had not been said."""
    ranges = []
    for part in text.split(","):
        found = _TYPE.fullmatch(part)
        if found is None:
            continue
        weight = _parameters(found[2]).get("q", "1")
        ranges.append((found[1].lower(), float(weight) if _WEIGHT.fullmatch(weight) else 0.0))
    return ranges


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight by the most specific range that covers the type."""
    family = media_type.partition("/")[0]
    for wanted in (media_type, f"{family}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == wanted]
        if weights:
            return max(weights)
    return 0.0
