"""``talwerk reload``: let a running city read its settings and its certificate anew."""

from __future__ import annotations

import os
import signal

import click

from talwerk import cities
from talwerk.app.feeds import settled
from talwerk.core.errors import DomainError, Fault
from talwerk.processes.directory import directory_of
from talwerk.processes.main_process import main_process
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@with_settings("city", "data", "feeds")
def reload(settings: Settings) -> None:
    """Let the running city read its settings, certificate and token anew, without a break."""
    settings = settled(settings)
    key = cities.load(settings.city).city.key
    directory = directory_of(settings.data, key, twin=settings.feeds == "twin")
    pid = main_process(directory)
    if pid is None:
        raise DomainError(Fault.NOT_FOUND, f"No city runs on {directory}.")
    try:
        os.kill(pid, signal.SIGHUP)
    except PermissionError as error:
        detail = f"The city on {directory} runs as another user (process {pid}); only that user and root may ask it."
        raise DomainError(Fault.FORBIDDEN, detail) from error
    click.echo(f"Process {pid} was asked; its log says what has changed, or what is wrong with the settings.")
