"""``talwerk accept-loss``: go on without changes that were acknowledged and are missing."""

from __future__ import annotations

import click

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.processes.directory import DATABASE, writing_right
from talwerk.settings import Settings
from talwerk.store.sqlite.acknowledged import accept_loss as give_up

from .options import with_settings


@click.command("accept-loss")
@with_settings("city", "data")
def accept_loss(settings: Settings) -> None:
    """Let the city write again without changes that are missing. It must not run; better is to restore a copy."""
    directory = settings.data / cities.load(settings.city).city.key
    if not (directory / DATABASE).is_file():
        raise DomainError(Fault.NOT_FOUND, f"The directory {directory} holds no city.")
    with writing_right(directory) as writing:
        if not writing:
            raise DomainError(Fault.BUSY, f"A Talwerk runs on {directory}; stop it before its loss is accepted.")
        given_up = give_up(directory / DATABASE)
    if given_up:
        click.echo(f"{directory}: goes on without {given_up} acknowledged changes.")
    else:
        click.echo(f"{directory}: nothing that was acknowledged is missing.")
