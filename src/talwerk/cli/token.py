"""``talwerk token``: the operator's token, for commands and scripts that write."""

from __future__ import annotations

import click

from talwerk.privacy.principals import Credentials
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@with_settings("data")
def token(settings: Settings) -> None:
    """Print the operator's token; it is made when there is none yet."""
    click.echo(Credentials.open(settings.data).operator_token)
