"""Full names of types and attributes without any user context (NGSI-LD clause 5.2.2 and Annex B).

A short name expands into the default vocabulary, except for the few that the core context defines on entities.
Contexts of users belong to the protocol; this is what every layer may rely on.
"""

from __future__ import annotations

from .errors import bad_data
from .identifiers import Iri, is_iri

CORE = "https://uri.etsi.org/ngsi-ld/"
DEFAULT_VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"

LOCATION = Iri(CORE + "location")
OBSERVATION_SPACE = Iri(CORE + "observationSpace")
OPERATION_SPACE = Iri(CORE + "operationSpace")

_CORE_ATTRIBUTES = {
    "location": LOCATION,
    "observationSpace": OBSERVATION_SPACE,
    "operationSpace": OPERATION_SPACE,
}
_CORE_NAMES = {full: short for short, full in _CORE_ATTRIBUTES.items()}


def expand(name: str) -> Iri:
    """The IRI of a short name; a name that is an IRI already stays as it is.

    Raises:
        DomainError: BadRequestData when the name could not be part of an IRI.
    """
    core = _CORE_ATTRIBUTES.get(name)
    if core is not None:
        return core
    full = name if ":" in name else DEFAULT_VOCABULARY + name
    if not name or not is_iri(full):
        raise bad_data(f"The name {name[:80]!r} is neither a short name nor a URI.")
    return Iri(full)


def compact(full: str) -> str:
    """The short name of an IRI, or the IRI itself when no short name is certain to expand to it again."""
    core = _CORE_NAMES.get(Iri(full))
    if core is not None:
        return core
    short = full.removeprefix(DEFAULT_VOCABULARY)
    return full if ":" in short or short in _CORE_ATTRIBUTES else short
