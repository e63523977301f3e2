"""What each principal may do: the only issuer of a Scope.

Until identity is built the rules are short: everybody reads open data, the operator writes, a device writes entities of
the types its key was made for. Where a request comes from grants nothing.
"""

from __future__ import annotations

from functools import lru_cache

from talwerk.core.query import OfType
from talwerk.core.scope import Principal, Role, Scope

PUBLIC = Principal(role=Role.PUBLIC)


@lru_cache(maxsize=1_024)
def scope_for(principal: Principal, *, dev_open_writes: bool = False, types: tuple[str, ...] = ()) -> Scope:
    """The Scope of a request.

    Args:
        principal: who asks.
        dev_open_writes: whether everybody may write; for conformance and load tests on loopback only.
        types: IRIs of the entity types that a device's key was made for.

    Returns:
        What the request may see and do. A device sees and writes entities of its types alone; one without types
        reads open data like everybody.

    Raises:
        ValueError: for a principal that no request can be.
    """
    if principal.role is Role.SYSTEM:
        raise ValueError(f"no request comes from the city's own writer {principal.name}")
    if principal.role is Role.DEVICE and types:
        return Scope._issue(principal, may_write=True, predicate=OfType(types))
    return Scope._issue(principal, may_write=dev_open_writes or principal.role is Role.OPERATOR)


@lru_cache(maxsize=1_024)
def system_scope(name: str) -> Scope:
    """The Scope of one of the city's own writers, for example ``replay`` or a connector."""
    return Scope._issue(Principal(role=Role.SYSTEM, name=name), may_write=True)
