"""``talwerk up``: start the city and keep it running."""

from __future__ import annotations

import click

from talwerk.app.run import run
from talwerk.settings import Settings

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
    run(settings)
