"""The settings with which a city runs, and what became of them at its edges; a reload reads both anew."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from talwerk.core.errors import DomainError
from talwerk.core.instants import SECOND, SystemClock, format_instant
from talwerk.processes import logs
from talwerk.processes.tls import Tls, open_tls
from talwerk.services.outgoing import certificates
from talwerk.settings import FIELDS, STANDING, Settings, SettingsError

from .exposure import check_exposure

logger = logging.getLogger(__name__)

_ENDS_SOON = 14 * 86_400 * SECOND
_OF_ONE_PROCESS = ("tls_certificate", "tls_key", "log_level", "log_format")
"""What a city in one process can change; one of several processes replaces them for everything else."""


class Running:
    """The city as it runs, with the settings of its start or of the last reload.

    Args:
        settings: as they were at the start.
        reread: the settings as they are now.

    Raises:
        DomainError: the city cannot run with these settings.
    """

    def __init__(self, settings: Settings, reread: Callable[[], Settings]) -> None:
        self._reread = reread
        self.settings = settings
        self.tls = _prepared(settings)

    def renew(self) -> bool:
        """Take the settings as they are now; whether they can be used. What a running city cannot change stays."""
        old = self.settings
        standing = [name for name in FIELDS if name not in _OF_ONE_PROCESS] if old.single else STANDING
        try:
            fresh = self._reread()
            kept = [name for name in standing if getattr(fresh, name) != getattr(old, name)]
            fresh = msgspec.structs.replace(fresh, **{name: getattr(old, name) for name in standing})
            tls = _prepared(fresh)
        except (DomainError, SettingsError, ValueError) as error:
            logger.error("The settings cannot be used, the city goes on with the old ones: %s", error)  # noqa: TRY400
            return False
        changed = [name for name in FIELDS if getattr(fresh, name) != getattr(old, name)]
        logs.configure(fresh.log_level, fresh.log_format)
        logger.info("Settings and certificate were read anew; changed settings: %s", ", ".join(changed) or "none")
        if kept:
            logger.warning("Only a restart changes %s", ", ".join(kept))
        self.settings, self.tls = fresh, tls
        return True


def _prepared(settings: Settings) -> Tls | None:
    """Find what is wrong at the city's edges before anybody relies on them."""
    check_exposure(settings)
    # Read anew at a reload, and refused here instead of with the first request that leaves the city.
    certificates.cache_clear()
    if settings.ca_file is not None:
        certificates(settings.ca_file)
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    tls = open_tls(settings.tls_certificate, settings.tls_key, settings.hosts)
    if tls.unnamed:
        logger.warning("tls_certificate %s is not for %s", settings.tls_certificate, ", ".join(tls.unnamed))
    if tls.until - SystemClock().now() < _ENDS_SOON:
        logger.warning("tls_certificate %s ends at %s", settings.tls_certificate, format_instant(tls.until))
    return tls
