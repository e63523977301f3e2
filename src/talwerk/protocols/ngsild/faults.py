"""How NGSI-LD writes problems (clauses 5.5.2, 5.5.3 and 6.3.2): RFC 9457 members, its own type URIs, plain JSON."""

from __future__ import annotations

from talwerk.core.errors import Fault
from talwerk.protocols.http.problems import Form

FORM = Form(
    media_type=b"application/json",
    namespace="https://uri.etsi.org/ngsi-ld/errors/",
    faults=frozenset(
        {
            Fault.INVALID_REQUEST,
            Fault.BAD_REQUEST_DATA,
            Fault.ALREADY_EXISTS,
            Fault.NOT_SUPPORTED,
            Fault.NOT_FOUND,
            Fault.INTERNAL,
            Fault.TOO_COMPLEX,
            Fault.TOO_MANY_RESULTS,
            Fault.CONTEXT_NOT_AVAILABLE,
            Fault.NO_MULTI_TENANCY,
            Fault.UNKNOWN_TENANT,
        }
    ),
)
