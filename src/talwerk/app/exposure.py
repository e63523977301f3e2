"""Before others than this machine can reach a city: everything that is still missing, at once, and what to do."""

from __future__ import annotations

from talwerk.core.errors import DomainError, Fault
from talwerk.privacy.enrolment import enrolment
from talwerk.privacy.principals import Credentials
from talwerk.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Refuse to be reached from outside without TLS, without a name, or without anybody who answers for it.

    Raises:
        DomainError: Forbidden, with a line for each thing that is missing; whatever is wrong with the token's file.
    """
    if not settings.exposed:
        return
    missing = []
    if settings.tls_certificate is None and not settings.behind_proxy:
        missing.append(
            "TLS: set tls_certificate and tls_key to the city's certificate and its key, or behind_proxy = true when "
            "a proxy in front of the city speaks TLS."
        )
    if not settings.hosts:
        missing.append('A name: set hosts = ["city.example"] to the names under which browsers reach the city.')
    if enrolment(settings.data, Credentials.open(settings.data).operator_token) is None:
        where = f" --data {settings.data}" if settings.data != Settings().data else ""
        missing.append(f"An operator who holds its token: run `talwerk operator enroll NAME{where}` once.")
    if missing:
        why = "a proxy passes requests on to it" if settings.loopback else f"it listens on {settings.host}"
        head = f"Others could reach this city ({why}), and it is not ready for that:"
        raise DomainError(Fault.FORBIDDEN, "\n  - ".join([head, *missing]))
