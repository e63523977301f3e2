"""``talwerk profile``: what a city's profile says, and the official open files that complete it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.sdk.territory import Layer, Territory
from talwerk.services.places import FILE, Register
from talwerk.services.places.register import houses_of
from talwerk.services.territory import FOLDER, Areas, Kind, Origin
from talwerk.services.territory.layers import read_layer
from talwerk.services.territory.update import Update, fetched
from talwerk.settings import Settings

from .options import with_settings

LAYERS = ("outline", "boroughs", "quarters", "addresses")


@click.group()
def profile() -> None:
    """Show the city's profile and complete it by official open files."""


@profile.command()
@with_settings("city", "data")
def show(settings: Settings) -> None:
    """Show what the profile says of the city, and where its boundaries come from."""
    city = cities.load(settings.city).city
    click.echo(f"{city.name}, key {city.ags}, {city.ars}")
    territory = cities.territory(settings.city)
    if territory is None:
        return
    folder = settings.data / city.key / FOLDER
    areas = Areas.load(territory, folder)
    for kind in Kind:
        found = areas.of(kind)
        official = sum(area.origin is Origin.OFFICIAL for area in found)
        click.echo(f"{len(found)} {kind.value}s, {official} with an official boundary")
    for figure in territory.populations:
        click.echo(f"{figure.value:,} people on {figure.date}: {figure.method} ({figure.source})")
    for entry in fetched(folder).values():
        click.echo(f"{entry.layer}: {entry.features:,} features of {entry.fetched}, {entry.attribution}")


@profile.command()
@click.option("--layer", "keys", multiple=True, type=click.Choice(LAYERS), help="Only this one; may be repeated.")
@with_settings("city", "data")
def update(settings: Settings, keys: tuple[str, ...]) -> None:
    """Fetch the city's official open files; go on where an earlier attempt stopped."""
    city = cities.load(settings.city).city
    territory = cities.territory(settings.city)
    layers = [layer for layer in territory.layers if not keys or layer.key in keys] if territory else []
    if territory is None or not layers:
        raise DomainError(Fault.NOT_FOUND, f"The profile of {city.name} names no such files.")
    folder = settings.data / city.key / FOLDER
    updating = Update(territory, folder, settings.egress, SystemClock(), _progress)
    failed = asyncio.run(_fetch_all(updating, layers))
    _register(territory, folder)
    _announce(territory, settings, failed)
    if failed:
        raise click.exceptions.Exit(1)


async def _fetch_all(updating: Update, layers: list[Layer]) -> int:
    """Fetch one after the other; returns how many failed. What is there stays when one does."""
    failed = 0
    for layer in layers:
        try:
            news = await updating.fetch(layer)
        except DomainError as error:
            failed += 1
            click.echo(f"\r{layer.key}: {error}", err=True)
        else:
            click.echo(f"\r{layer.key}: {'fetched' if news else 'nothing new'}" + " " * 20)
    return failed


def _register(territory: Territory, folder: Path) -> None:
    """Make the register of addresses from what is there now: new addresses, or quarters that they lie in."""
    layer = next((layer for layer in territory.layers if layer.key == "addresses"), None)
    path = folder / "addresses.geojson"
    if layer is None or not path.is_file():
        return
    features = read_layer(path, layer, territory)
    houses = houses_of(features, layer, Areas.load(territory, folder))
    register = Register.build(houses)
    register.save(folder / FILE)
    left_out = len(features) - len(houses)
    click.echo(f"{len(houses):,} addresses in {len(register.streets):,} streets can be searched, {left_out:,} left out")


def _progress(layer: Layer, done: int, total: int | None) -> None:
    """One line that grows, on a terminal only."""
    if sys.stderr.isatty():
        of = f" of {total / 1e6:.1f}" if total else ""
        click.echo(f"\r{layer.key}: {done / 1e6:.1f}{of} MB", nl=False, err=True)


def _announce(territory: Territory, settings: Settings, failed: int) -> None:
    """What is to be done next."""
    if failed:
        click.echo(f"{failed} of {len(territory.layers)} not fetched; the same command goes on where it stopped.")
    else:
        click.echo(f"talwerk profile show --city {settings.city} tells what is there now.")
