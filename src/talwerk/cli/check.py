"""``talwerk check``: whether connectors and profiles are what they have to be, before a city starts with them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, format_instant
from talwerk.core.units import symbol
from talwerk.sdk.connector import Connector
from talwerk.sdk.profile import Source
from talwerk.services.sources.checking import check_connector, difference, update_expected
from talwerk.services.sources.discovery import Found, discover, discover_in
from talwerk.services.sources.feed import feed
from talwerk.services.sources.fetching import Fetcher
from talwerk.services.sources.state import Health
from talwerk.services.sources.trial import Trial, trial
from talwerk.settings import Settings

from .check_city import Checked, check_city
from .options import with_settings

SHOWN = 20


@click.group()
def check() -> None:
    """Check connectors and profiles before a city starts with them."""


@check.command()
@click.argument("what", required=False)
@click.option("--update", is_flag=True, help="Write what is read as what is expected, after showing the difference.")
@click.option("--live", metavar="ADDRESS", help="Ask this address once and show what would be read; writes nothing.")
@click.option(
    "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="With --live: as a profile would set it."
)
@click.option("--thing", "things", metavar="ID", multiple=True, help="With --live: only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_settings("city", "data")
def connectors(  # noqa: PLR0913 - one argument per option
    settings: Settings,
    what: str | None,
    live: str | None,
    parameters: tuple[str, ...],
    things: tuple[str, ...],
    *,
    update: bool,
    as_json: bool,
) -> None:
    """Check declarations and recordings of WHAT: a connector's key, a folder of connectors, or all there are."""
    found = _chosen(what, settings)
    if live is not None:
        if len(found) != 1:
            raise click.UsageError("--live needs one connector: its key, or a folder that holds only one.")
        _try(next(iter(found.values())), live, parameters, things, settings, as_json=as_json)
        return
    if update:
        for key, each in found.items():
            _update(key, each)
    flaws = {key: check_connector(each) for key, each in found.items()}
    if as_json:
        click.echo(msgspec.json.encode(flaws).decode())
    else:
        for key, told in flaws.items():
            click.echo(f"{key}: {'in order' if not told else ''}".rstrip())
            for flaw in told:
                click.echo("  " + flaw.replace("\n", "\n  "))
    if any(flaws.values()):
        raise click.exceptions.Exit(1)


def _chosen(what: str | None, settings: Settings) -> dict[str, Found]:
    """The connectors that are meant.

    Raises:
        DomainError: there is none.
    """
    if what is not None and Path(what).expanduser().is_dir():
        found = discover_in(Path(what).expanduser())
        if not found:
            raise DomainError(Fault.NOT_FOUND, f"The folder {what} holds no connector that can be loaded.")
        return found
    found = discover(cities.folder(settings.city) / cities.CONNECTORS)
    if what is None:
        return found
    if what not in found:
        known = ", ".join(sorted(found))
        raise DomainError(Fault.NOT_FOUND, f"There is neither a connector nor a folder {what!r}. Known: {known}.")
    return {what: found[what]}


def _update(key: str, found: Found) -> None:
    for text in difference(found):
        click.echo(f"{key}: {text}", err=True)
        update_expected(found)
        click.echo(f"{key}: this is now what is expected.", err=True)


def _try(
    found: Found,
    address: str,
    pairs: tuple[str, ...],
    things: tuple[str, ...],
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Ask once, show what would be read."""
    connector = found.connector
    try:
        source = Source(
            key=connector.key,
            connector=connector.key,
            address=address.rstrip("/"),
            things=things,
            parameters=dict(_parameter(pair, connector) for pair in pairs),
        )
        msgspec.convert(msgspec.to_builtins(source), Source)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    profile = msgspec.structs.replace(cities.load(settings.city), sources=(source,), axis=None, points=())
    made = feed(source, profile, {connector.key: found})

    async def ask() -> Trial:
        clock = SystemClock()
        # Nothing is written: a twin may well stand in for a source that is tried.
        fetcher = Fetcher(settings.egress, clock, simulated=True)
        try:
            return await trial(made, fetcher, clock)
        finally:
            await fetcher.close()

    tried = asyncio.run(ask())
    for line in [msgspec.json.encode(tried).decode()] if as_json else _lines(tried):
        click.echo(line)
    if tried.health not in {Health.FRESH, Health.STALE}:
        raise click.exceptions.Exit(1)


def _parameter(pair: str, connector: Connector) -> tuple[str, str | int | float | bool]:
    """A parameter as TOML would have it: of the kind of its default."""
    name, equals, text = pair.partition("=")
    if not equals:
        raise ValueError(f"The parameter {pair!r} is not NAME=VALUE")
    default = connector.parameters.get(name)
    if isinstance(default, bool):
        return name, text == "true"
    if isinstance(default, int | float) and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return name, type(default)(float(text))
    return name, text


def _lines(tried: Trial) -> Iterator[str]:
    for attempt in tried.attempts:
        brought = f"{attempt.values} values, {attempt.things} things, {attempt.follows} requests follow"
        yield f"{attempt.request}  {attempt.address}"
        yield f"  {attempt.error or brought}"
    if tried.unasked:
        yield f"{tried.unasked} further requests would follow."
    for line in tried.series[:SHOWN]:
        unit = f" {symbol(line.unit)}".rstrip()
        flagged = f", {line.values - line.good} of them failed" if line.good < line.values else ""
        newest = f"newest {line.value:g}{unit}" if not isinstance(line.value, str) else f"newest {line.value}"
        number = f"{line.values} values{flagged}"
        yield f"{line.entity} {line.attribute}: {number}, {newest} of {format_instant(line.newest)}"
    for id_, name in list(tried.things.items())[:SHOWN]:
        yield f"{id_}{': ' if name else ''}{name}"
    hidden = max(0, len(tried.series) - SHOWN) + max(0, len(tried.things) - SHOWN)
    if hidden:
        yield f"... and {hidden} more"
    for reason, count in tried.left_out.items():
        yield f"left out: {count} times {reason}"
    yield f"The source would be {tried.health}. Nothing was written."


@check.command()
@click.argument("path", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_settings("city")
def city(settings: Settings, path: str | None, *, as_json: bool) -> None:
    """Check the profile PATH (a folder, or the key of one that comes with Talwerk) with all that belongs to it."""
    checked = check_city(path or settings.city)
    if as_json:
        click.echo(msgspec.json.encode(checked).decode())
    else:
        _tell(checked)
    if checked.flaws:
        raise click.exceptions.Exit(1)


def _tell(checked: Checked) -> None:
    for line in checked.holds:
        click.echo(line)
    for title, lines in (("Not confirmed by a source:", checked.unconfirmed), ("To know:", checked.notes)):
        if lines:
            click.echo(title)
            for line in lines:
                click.echo(f"  {line}")
    for flaw in checked.flaws:
        click.echo(f"WRONG: {flaw}")
    click.echo("The profile is in order." if not checked.flaws else f"{len(checked.flaws)} wrong.")
