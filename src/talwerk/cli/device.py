"""``talwerk device``: keys for sensors and webhooks, each for the entity types that it may write."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from talwerk import cities
from talwerk.app.feeds import settled
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, format_instant
from talwerk.core.terms import compact, expand
from talwerk.privacy.devices import FILE, DeviceKeys
from talwerk.privacy.principals import Credentials
from talwerk.processes.directory import directory_of, prepare
from talwerk.sdk.reading import point
from talwerk.settings import Settings

from .options import with_settings


def _keys(settings: Settings) -> DeviceKeys:
    """The keys that the running city knows: a simulated one has keys of its own. Says so where it is not the real one.

    Raises:
        DomainError: as ``Credentials.open``, and when the directory belongs to another city.
    """
    settings = settled(settings)
    if settings.feeds != "twin":
        return Credentials.open(settings.data).devices
    city = cities.load(settings.city).city
    directory = directory_of(settings.data, city.key, twin=True)
    prepare(directory, city.key, twin=True)
    text = f"This is about the simulated {city.name}, which has keys of its own ({directory / FILE})."
    click.echo(f"{text} --feeds live means the real city.", err=True)
    return Credentials.open(settings.data, directory).devices


class _Place(click.ParamType[tuple[float, float]]):
    """A place as maps tell it, latitude first; longitude and latitude as a result."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        latitude, _, longitude = str(value).partition(",")
        found = point(longitude, latitude)
        if found is None:
            self.fail(f"{value!r} is no place; it is written as 51.26,7.15, the latitude first.", param, ctx)
        return found["coordinates"][0], found["coordinates"][1]


PLACE = _Place()


@click.group()
def device() -> None:
    """Make, list and revoke the keys of sensors and webhooks."""


@device.command()
@click.argument("name")
@click.option("--type", "types", multiple=True, required=True, metavar="TYPE", help="Entity type that it may write.")
@click.option("--source", default="", metavar="KEY", help="Source of the profile; the key opens its door alone.")
@click.option("--title", default="", help="What people call the device.")
@click.option("--at", type=PLACE, metavar="LAT,LON", help="Where it stands, in degrees, as maps tell it.")
@with_settings("data", "city", "feeds")
def add(
    settings: Settings, name: str, types: tuple[str, ...], source: str, title: str, at: tuple[float, float] | None
) -> None:
    """Make a key for the device NAME in the city that runs and print it, this once.

    It is sent as `Authorization: Bearer KEY`, or as password of the user NAME. A simulated city and the real one have
    keys of their own; --feeds twin and --feeds live choose.
    """
    if source:
        _check_sends(settings, source)
    kinds = tuple(expand(type_) for type_ in types)
    click.echo(_keys(settings).add(name, kinds, SystemClock().now(), source=source, title=title, at=at))


def _check_sends(settings: Settings, key: str) -> None:
    """Refuse a source that the profile has not, or that does not send."""
    senders = [source.key for source in cities.load(settings.city).sources if not source.address]
    if key not in senders:
        known = f"those that send are {', '.join(senders)}" if senders else "none of its sources sends"
        raise DomainError(Fault.NOT_FOUND, f"The profile of {settings.city} has no source {key!r} that sends: {known}.")


@device.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_settings("data", "city", "feeds")
def list_(settings: Settings, as_json: bool) -> None:
    """List the devices that have a key."""
    rows: list[dict[str, Any]] = [
        {
            "name": held.name,
            "types": [compact(type_) for type_ in held.types],
            "added": format_instant(held.added),
            "source": held.source,
            "title": held.title,
            "at": held.at,
        }
        for held in _keys(settings).devices()
    ]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        for_source = f"  for {row['source']}" if row["source"] else ""
        click.echo(f"{row['name']}  {', '.join(row['types'])}{for_source}  since {row['added']}")


@device.command()
@click.argument("name")
@with_settings("data", "city", "feeds")
def revoke(settings: Settings, name: str) -> None:
    """Take the key of the device NAME away; a running city refuses it from the next request on."""
    _keys(settings).revoke(name)
    click.echo(f"{name} has no key any more.")
