"""Who asks, and what that allows: decided once per request, then carried by every read and write."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import msgspec

from .identifiers import Tenant
from .query import Filter


class Role(StrEnum):
    """The first principals; identity brings more."""

    PUBLIC = "public"
    OPERATOR = "operator"
    DEVICE = "device"
    SYSTEM = "system"
    """The city's own writers: replay, connectors, rules. No request ever becomes one."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        role: what they are to the city.
        name: stable name within the role, for the log; empty for the public.
    """

    role: Role
    name: str = ""


CITY = Tenant("")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a request may see and do. Only ``privacy`` issues one, see :meth:`_issue`.

    Attributes:
        tenant: the tenant it is about; a query never spans tenants.
        principal: who asks.
        may_write: whether changes are allowed.
        predicate: condition on every entity that is read or written, None when everything is open.
        attributes: IRIs of the attributes that may be seen, None when all may.
        purpose: why personal data is accessed, empty for open data.
        obligations: what must be done beside the access, for example ``log``.
    """

    tenant: Tenant
    principal: Principal
    may_write: bool = False
    predicate: Filter | None = None
    attributes: frozenset[str] | None = None
    purpose: str = ""
    obligations: tuple[str, ...] = ()

    @property
    def sight(self) -> tuple[Tenant, Filter | None, frozenset[str] | None]:
        """All that decides what is seen: what was read for one Scope may be kept for others of the same sight."""
        return self.tenant, self.predicate, self.attributes

    @classmethod
    def _issue(
        cls,
        principal: Principal,
        *,
        tenant: Tenant = CITY,
        may_write: bool = False,
        predicate: Filter | None = None,
        attributes: frozenset[str] | None = None,
    ) -> Self:
        """Issue a Scope. Called by ``talwerk.privacy`` alone; an architecture test watches over it."""
        return cls(
            tenant=tenant,
            principal=principal,
            may_write=may_write,
            predicate=predicate,
            attributes=attributes,
        )
