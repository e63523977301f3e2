"""``talwerk restore``: put a backup or the continuous copy in the place of the city's data."""

from __future__ import annotations

from pathlib import Path

import click

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.processes.copies import backup
from talwerk.processes.copies.line import lines_in
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move data that are there aside instead of refusing.")
@with_settings("city", "data")
def restore(settings: Settings, folder: Path, replace: bool) -> None:
    """Put what FOLDER holds in the place of the city's data, after checking it. The city must not run.

    FOLDER is a backup, or the second place of the continuous copy: then the furthest moment that is whole.
    """
    key = cities.load(settings.city).city.key
    if not (folder / backup.MANIFEST).is_file() and not any(lines_in(place) for place in (folder, folder / key)):
        raise DomainError(Fault.INVALID_REQUEST, f"{folder} is neither a backup nor the second place of a city.")
    restored = backup.restore(
        folder, settings.data / key, SystemClock(), city=key, replace=replace, second=settings.copy_folder
    )
    proof = restored.proof
    click.echo(f"{settings.data / key}: {restored.city} as of {restored.as_of}, position {proof.position}")
    click.echo(f"From the {restored.source}: {proof.entities:,} entities, {proof.observations:,} values, checked")
    for note in restored.notes:
        click.echo(f"Note: {note}")
