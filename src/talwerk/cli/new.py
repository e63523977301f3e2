"""``talwerk new``: a connector or a city to begin with, in order from the first moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from string import Template

import click

from talwerk import cities
from talwerk.core.errors import DomainError, Fault
from talwerk.services.sources.checking import check_connector, update_expected
from talwerk.services.sources.discovery import discover_in

from .check_city import check_city

TEMPLATES = "templates"
GERMANY = "5.87, 47.27, 15.04, 55.06"
"""Bounds that hold every German city, for one whose own are not stated."""

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@click.group()
def new() -> None:
    """Begin a connector or a city; what is there already is never replaced."""


@new.command()
@click.argument("name")
@click.option("--city", metavar="KEY", help="Into the profile of this city: its key, or the folder that holds it.")
@click.option(
    "--folder", metavar="DIR", type=click.Path(path_type=Path), help="Into this folder; ./connectors when not given."
)
def connector(name: str, city: str | None, folder: Path | None) -> None:
    """Begin the connector NAME: its file, a recording, what is expected of it, and a test."""
    key = _key(name)
    try:
        into = cities.folder(city) / cities.CONNECTORS if city is not None else folder or Path(cities.CONNECTORS)
        made = _connector(key, name, into)
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    for path in made:
        click.echo(f"made {path}")
    click.echo(f"talwerk check connectors {into}")


def _connector(key: str, title: str, into: Path) -> list[Path]:
    """Write a connector's files, and what it reads now as what is expected of it."""
    module = key.replace("-", "_")
    recording = into / "recordings" / module
    texts = {
        into / f"{module}.py": "connector.py",
        into / f"test_{module}.py": "test_connector.py",
        recording / "recording.toml": "recording.toml",
        recording / "stations.json": "stations.json",
    }
    made = _written({path: _text("connector", name, key=key, title=_plain(title)) for path, name in texts.items()})
    found = discover_in(into)[key]
    update_expected(found)
    if flaws := check_connector(found):
        raise DomainError(Fault.INTERNAL, f"The scaffold is not in order: {' '.join(flaws)}")
    return [*made, recording / "expected.json"]


@new.command("city")
@click.argument("name")
@click.option("--ags", required=True, metavar="AGS", help="Official municipality key, 8 digits.")
@click.option(
    "--ars", metavar="ARS", help="Official regional key, 12 digits; that of a city of its own, when not given."
)
@click.option("--bounds", metavar="W,S,E,N", help="West, south, east and north of the city, degrees (WGS 84).")
@click.option(
    "--to", "to", metavar="DIR", type=click.Path(path_type=Path), help="Folder to make; ./KEY when not given."
)
def city_(name: str, ags: str, ars: str | None, bounds: str | None, to: Path | None) -> None:
    """Begin the profile of the city NAME: valid at once, to be filled with facts."""
    key = _key(name)
    folder = to or Path(key)
    if not re.fullmatch(r"\d{8}", ags):
        raise click.UsageError(f"The AGS {ags!r} does not have 8 digits.")
    values = {
        "key": key,
        "name": _plain(name),
        "ags": ags,
        # A city that belongs to no district has no association of municipalities either.
        "ars": ars or f"{ags[:5]}0000{ags[5:]}",
        "bounds": ", ".join(bounds.split(",")) if bounds else GERMANY,
        "comment": "# As stated when the profile was made."
        if bounds
        else "# Of the whole country, until its own are known.",
        "path": _shown(folder),
    }
    texts = {
        folder / cities.PROFILE: "profile.toml",
        folder / cities.TERRITORY: "territory.toml",
        folder / cities.CONNECTORS / "README.md": "connectors.md",
        folder / "themes" / "README.md": "themes.md",
    }
    missing = {parent for path in texts for parent in path.parents if not parent.exists()}
    try:
        made = _written({path: _text("city", template, **values) for path, template in texts.items()})
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    if flaws := check_city(_shown(folder)).flaws:
        _undo(made, missing)
        for flaw in flaws:
            click.echo(f"WRONG: {flaw}", err=True)
        raise click.ClickException("Nothing was made.")
    for path in made:
        click.echo(f"made {path}")
    click.echo(f"talwerk check city {_shown(folder)}")
    click.echo(f"talwerk up --city {_shown(folder)}")


def _undo(made: Iterable[Path], folders: Iterable[Path]) -> None:
    """Remove files, and the folders that were made for them."""
    for path in made:
        path.unlink()
    for folder in sorted(folders, key=lambda each: -len(each.parts)):
        folder.rmdir()


def _plain(name: str) -> str:
    """A name without what would end a text in the files that hold it."""
    return " ".join(re.sub(r"[\\\"\x00-\x1f]", " ", name).split())


def _shown(folder: Path) -> str:
    """A folder as ``--city`` understands it: a bare name would be a key."""
    return str(folder) if folder.is_absolute() or "/" in str(folder) else f"./{folder}"


def _key(name: str) -> str:
    """A name as a key: lower case, dashes.

    Raises:
        UsageError: nothing of it can be part of a key.
    """
    words = re.findall(r"[a-z0-9]+", name.lower().translate(_LETTERS))
    key = "-".join(words)
    if not _KEY.fullmatch(key) or len(key) > 60:
        raise click.UsageError(f"The name {name[:80]!r} makes no key: letters and digits, beginning with a letter.")
    return key


def _text(kind: str, template: str, /, **values: str) -> str:
    """A template, filled."""
    source = resources.files(__package__) / TEMPLATES / kind / f"{template}.txt"
    return Template(source.read_text(encoding="utf-8")).substitute(values)


def _written(texts: dict[Path, str]) -> list[Path]:
    """Write files that are not there yet; all of them or none.

    Raises:
        DomainError: one is there already, or cannot be written.
    """
    there = [path for path in texts if path.exists()]
    if there:
        raise DomainError(Fault.ALREADY_EXISTS, f"{there[0]} is there already and is not replaced.")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise DomainError(Fault.NOT_FOUND, f"{path} cannot be written: {error.strerror}.") from None
    return list(texts)
