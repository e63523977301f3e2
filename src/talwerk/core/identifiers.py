"""Identifiers: IRIs, entity ids, tenants, and the URNs of our own making."""

from __future__ import annotations

import re
from typing import NewType

from .errors import invalid

Iri = NewType("Iri", str)
"""An absolute IRI: the full name of a type or attribute, or the id of an entity."""

Tenant = NewType("Tenant", str)
"""The name of a tenant; the empty name is the city itself."""

LENGTH_MAX = 2_000

# A scheme, a colon, and none of the characters that RFC 3987 excludes: white space, controls, <>"{}|\^`
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f-\x9f<>\"{}|\\^`]+")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_\-]{0,62}")
_PART = re.compile(r"[A-Za-z0-9._~\-]+")


def is_iri(text: str) -> bool:
    """Whether the text is an absolute IRI (RFC 3987 in the lenient form that NGSI-LD clients need)."""
    # Lone surrogates pass the pattern and could never be encoded as UTF-8.
    return len(text) <= LENGTH_MAX and _IRI.fullmatch(text) is not None and text.isprintable()


def iri(text: str, what: str = "identifier") -> Iri:
    """The text as an IRI.

    Raises:
        DomainError: InvalidRequest, when it is not an absolute IRI of at most 2,000 characters.
    """
    if not isinstance(text, str) or not is_iri(text):
        shown = repr(text)[:80]
        raise invalid(f"The {what} {shown} is not a URI.")
    return Iri(text)


def tenant(text: str) -> Tenant:
    """The text as a tenant's name: lower-case letters, digits, ``-`` and ``_``, at most 63.

    Raises:
        DomainError: InvalidRequest for any other text.
    """
    if text and not _TENANT.fullmatch(text):
        raise invalid(f"The tenant {text[:80]!r} is not a valid name.")
    return Tenant(text)


def city_urn(kind: str, authority: str, source: str, native: str) -> Iri:
    """The id of an entity that we name ourselves: ``urn:ngsi-ld:<kind>:<authority>:<source>:<native>``.

    Args:
        kind: short type name, for example ``WaterObserved``.
        authority: key of the responsible authority, for example the AGS of the municipality.
        source: key of the source; it stays the same when a connector is renamed.
        native: the source's own id of the thing.

    Raises:
        DomainError: InvalidRequest when a part holds anything but letters, digits and ``. _ ~ -``.
    """
    for part in (kind, authority, source, native):
        if not _PART.fullmatch(part):
            raise invalid(f"The identifier part {part[:80]!r} holds other characters than letters, digits, . _ ~ -")
    return Iri(f"urn:ngsi-ld:{kind}:{authority}:{source}:{native}")
