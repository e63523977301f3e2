"""``talwerk up``: start the city and keep it running."""

from __future__ import annotations

from typing import Any

import click

from talwerk.app.run import run
from talwerk.settings import FIELDS, Settings, load

from .options import with_settings


@click.command()
@with_settings(
    "city",
    "data",
    "host",
    "port",
    "feeds",
    "single",
    "dev_open_writes",
    "dev_allow_loopback",
    "context_map",
    "log_level",
)
def up(settings: Settings) -> None:
    """Start the city and keep it running until it is asked to stop (Ctrl-C)."""
    given: dict[str, Any] = click.get_current_context().params

    def reread() -> Settings:
        return load({name: given[name] for name in FIELDS if name in given}, file=given["config"])

    run(settings, reread)
