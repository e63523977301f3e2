"""Checks of the settings that decide who can reach the city."""

from __future__ import annotations

from collections.abc import Iterator

from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY, Instant
from talwerk.processes.tls import open_tls
from talwerk.settings import Settings

from .finding import Finding, error, note, ok, warning

CERTIFICATE_SOON_DAYS, CERTIFICATE_VERY_SOON_DAYS = 30, 7


def check_edges(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Whether the city is reached only as it should be."""
    if settings.dev_open_writes:
        yield warning("settings", "dev_open_writes lets everybody on this machine write.", "Remove it in a real city.")
    if settings.tls_certificate is not None:
        yield check_certificate(settings, now)
    elif not settings.loopback and not settings.behind_proxy:
        what = f"The city listens on {settings.host} without TLS: tokens would cross the network readable."
        yield error("settings", what, "Set tls_certificate and tls_key, or behind_proxy with a proxy that speaks TLS.")
    else:
        yield ok("settings", f"The city listens on {settings.host}.")
    if not settings.loopback and not settings.hosts:
        what = "hosts is empty: browsers and clients elsewhere are refused under every name."
        yield warning("settings", what, "Set hosts to the names under which the city is reached.")
    if settings.feeds == "off":
        yield note("settings", "feeds is off: no source is polled.")


def check_certificate(settings: Settings, now: Instant) -> Finding:
    """Whether the certificate can be used, and for how long."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return note("certificate", "There is none.")
    advice = "Renew it; the city takes the new one when it is told to reload."
    try:
        tls = open_tls(certificate, key, settings.hosts)
    except DomainError as problem:
        return error("certificate", str(problem), advice)
    days = (tls.until - now) / DAY
    if days < CERTIFICATE_SOON_DAYS:
        what = f"The certificate of {tls.name} ends in {days:.0f} days."
        very_soon = days < CERTIFICATE_VERY_SOON_DAYS
        return error("certificate", what, advice) if very_soon else warning("certificate", what, advice)
    if tls.unnamed:
        what = f"The certificate of {tls.name} does not carry {', '.join(tls.unnamed)} of hosts."
        return warning("certificate", what, "Have it issued for every name under which the city is reached.")
    return ok("certificate", f"The certificate of {tls.name} is valid for {days:.0f} more days.")
