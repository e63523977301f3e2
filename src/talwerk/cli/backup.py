"""``talwerk backup``: a proven copy of the city's data, made while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from talwerk import cities
from talwerk.core.instants import SystemClock
from talwerk.processes.copies.backup import back_up
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@with_settings("city", "data")
def backup(settings: Settings, folder: Path) -> None:
    """Copy the city's data into the new FOLDER, while it runs or not, and check the copy page by page."""
    directory = settings.data / cities.load(settings.city).city.key
    manifest = back_up(directory, folder, SystemClock())
    proof = manifest.proof
    click.echo(f"{folder}: {manifest.city} as of {manifest.created}, position {proof.position}")
    click.echo(f"{proof.entities:,} entities, {proof.observations:,} values, {manifest.bytes:,} bytes, checked")
