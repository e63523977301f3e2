"""The one domain error.

Every layer raises :class:`DomainError`; each protocol turns it into its own form (RFC 9457 for HTTP).
Wording: subject, verb, context; always with the identifier or the place; never "you".
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What kind of fault it is; the values are the error names of NGSI-LD (clause 5.5.2) where it has one."""

    INVALID_REQUEST = "InvalidRequest"
    BAD_REQUEST_DATA = "BadRequestData"
    ALREADY_EXISTS = "AlreadyExists"
    NOT_FOUND = "ResourceNotFound"
    NOT_SUPPORTED = "OperationNotSupported"
    TOO_COMPLEX = "TooComplexQuery"
    TOO_MANY_RESULTS = "TooManyResults"
    CONTEXT_NOT_AVAILABLE = "LdContextNotAvailable"
    NO_MULTI_TENANCY = "NoMultiTenantSupport"
    UNKNOWN_TENANT = "NonexistentTenant"
    UNAUTHENTICATED = "Unauthenticated"
    FORBIDDEN = "Forbidden"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    NOT_ACCEPTABLE = "NotAcceptable"
    TIMED_OUT = "RequestTimeout"
    LENGTH_REQUIRED = "LengthRequired"
    TOO_LARGE = "RequestEntityTooLarge"
    UNSUPPORTED_MEDIA_TYPE = "UnsupportedMediaType"
    MISDIRECTED = "MisdirectedRequest"
    TOO_MANY_REQUESTS = "TooManyRequests"
    BUSY = "Busy"
    STORAGE_FULL = "InsufficientStorage"
    INTERNAL = "InternalError"


class DomainError(Exception):
    """A fault that a caller can understand and usually mend.

    Args:
        fault: the kind of fault.
        detail: one sentence that names what is wrong, with its identifier.
        where: the place (a JSON pointer, a line number, a parameter name), if there is one.
    """

    def __init__(self, fault: Fault, detail: str, where: str | None = None) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}" if self.where else self.detail


def invalid(detail: str, where: str | None = None) -> DomainError:
    """The error for a request that is malformed as such (a parameter, an id, broken JSON)."""
    return DomainError(Fault.INVALID_REQUEST, detail, where)


def bad_data(detail: str, where: str | None = None) -> DomainError:
    """The error for well-formed data that breaks a rule of the information model."""
    return DomainError(Fault.BAD_REQUEST_DATA, detail, where)
