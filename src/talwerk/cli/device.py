"""``talwerk device``: keys for sensors and webhooks, each for the entity types that it may write."""

from __future__ import annotations

import click
import msgspec

from talwerk.core.instants import SystemClock, format_instant
from talwerk.core.terms import compact, expand
from talwerk.privacy.devices import DeviceKeys
from talwerk.privacy.principals import Credentials
from talwerk.settings import Settings

from .options import with_settings


def _keys(settings: Settings) -> DeviceKeys:
    return Credentials.open(settings.data).devices


@click.group()
def device() -> None:
    """Make, list and revoke the keys of sensors and webhooks."""


@device.command()
@click.argument("name")
@click.option("--type", "types", multiple=True, required=True, metavar="TYPE", help="Entity type that it may write.")
@with_settings("data")
def add(settings: Settings, name: str, types: tuple[str, ...]) -> None:
    """Make a key for the device NAME and print it, this once. It sends it as `Authorization: Bearer KEY`."""
    click.echo(_keys(settings).add(name, tuple(expand(type_) for type_ in types), SystemClock().now()))


@device.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_settings("data")
def list_(settings: Settings, as_json: bool) -> None:
    """List the devices that have a key."""
    rows = [
        {"name": held.name, "types": [compact(type_) for type_ in held.types], "added": format_instant(held.added)}
        for held in _keys(settings).devices()
    ]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        click.echo(f"{row['name']}  {', '.join(row['types'])}  since {row['added']}")


@device.command()
@click.argument("name")
@with_settings("data")
def revoke(settings: Settings, name: str) -> None:
    """Take the key of the device NAME away; a running city refuses it from the next request on."""
    _keys(settings).revoke(name)
    click.echo(f"{name} has no key any more.")
