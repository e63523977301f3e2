"""``talwerk replay``: write a file of measurements into the city."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from talwerk import cities
from talwerk.app import open_city
from talwerk.app.feeds import settled
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock
from talwerk.core.series import Nature
from talwerk.processes.directory import DATABASE, directory_of
from talwerk.sdk.tables.file import TableFile
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.services.replay import replay as service
from talwerk.services.replay.plan import Plan, plan
from talwerk.services.replay.provenance import MixedError
from talwerk.services.replay.report import Report
from talwerk.settings import Settings
from talwerk.store.sqlite import SqliteStore

from .options import with_settings

SKIPPED = 3
"""Exit code when the file is in, but some of its rows or values were left out."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, metavar="MAP.toml", help="What the columns are; a file, or one of the profile."
)
@click.option("--check", "check_only", is_flag=True, help="Read and report everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@with_settings("city", "data", "feeds")
def replay(settings: Settings, file: Path, mapping: str, check_only: bool, as_json: bool) -> None:
    """Write the measurements of FILE (a CSV table, - for standard input) into the city.

    The whole file is checked before anything is written. Repeating the command changes nothing.

    Exit codes: 0 everything is in, 1 nothing usable or refused, 2 wrong usage, 3 done, but some rows or values were
    left out; the report names their lines.
    """
    settings = settled(settings)
    with _recording(file) as recording, _bar() as progress:
        report = asyncio.run(_run(settings, recording, mapping, check_only, progress))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        click.echo(report.text())
        if not check_only:
            simulated = ", the simulated one" if settings.feeds == "twin" else ""
            click.echo(f"City: {cities.load(settings.city).city.name}{simulated}, data: {_directory(settings)}")
    if not report.complete:
        click.get_current_context().exit(SKIPPED)


async def _run(
    settings: Settings, recording: TableFile, mapping: str, check_only: bool, progress: Callable[[str, int, int], None]
) -> Report:
    declared = read_mapping(_mapping_path(settings.city, mapping))
    made = plan(declared, cities.load(settings.city))
    _check_nature(settings, made, recording.name)
    if check_only:
        return await service.check(recording, made, clock=SystemClock(), progress=progress)
    async with open_city(settings) as city:
        try:
            scope = city.system_scope("replay")
            return await service.replay(recording, made, city.broker, scope, clock=city.clock, progress=progress)
        except MixedError as error:
            detail = f"{error.detail} {_other_place(settings, made)}"
            raise DomainError(error.fault, detail, recording.name) from None


def _directory(settings: Settings) -> Path:
    return directory_of(settings.data, cities.load(settings.city).city.key, twin=settings.feeds == "twin")


def _check_nature(settings: Settings, made: Plan, name: str) -> None:
    """Refuse what the directory would not take, before the file is read and also where nothing is to be written.

    Raises:
        DomainError: Forbidden for measured values in a simulated city, and the other way round.
    """
    directory = _directory(settings)
    if settings.feeds == "twin" and not made.simulated:
        detail = (
            f"The mapping does not say that these values are simulated, and {directory} is the simulated city's. "
            "For invented values: simulated = true in [source]. For measured ones: --feeds live names the real city."
        )
        raise DomainError(Fault.FORBIDDEN, detail, name)
    if not (directory / DATABASE).is_file():
        return
    with contextlib.closing(SqliteStore.open(directory / DATABASE, SystemClock(), readonly=True)) as store:
        nature = store.nature()
    if nature is (Nature.MEASURED if made.simulated else Nature.SIMULATED):
        ours = "simulated" if made.simulated else "measured"
        detail = f"The data directory holds {nature} values; {ours} ones never go beside them."
        raise DomainError(Fault.FORBIDDEN, f"{detail} {_other_place(settings, made)}", name)


def _other_place(settings: Settings, made: Plan) -> str:
    """Where the values of a file that a directory does not take may go."""
    if settings.feeds == "twin":
        other = "talwerk doctor says how the simulated city gets rid of them."
    else:
        other = "--feeds twin names the simulated city's." if made.simulated else "--data DIR names another one."
    return f"The directory is {_directory(settings)}; {other}"


def _mapping_path(city: str, name: str) -> Path:
    """The file of that name, or the mapping of that name that comes with the city's profile."""
    path = Path(name)
    if path.exists() or path.name != name:
        return path
    shipped = cities.folder(city) / "mappings"
    known = sorted(found.stem for found in shipped.glob("*.toml"))
    if name.removesuffix(".toml") in known:
        return shipped / f"{name.removesuffix('.toml')}.toml"
    detail = f"There is no mapping {name!r} here, and the profile has {', '.join(known) or 'none of its own'}."
    raise DomainError(Fault.NOT_FOUND, detail)


@contextlib.contextmanager
def _recording(file: Path) -> Iterator[TableFile]:
    """The file; standard input is kept in a temporary one, because a file is read twice."""
    if str(file) != "-":
        yield TableFile(file, str(file))
        return
    with tempfile.NamedTemporaryFile(prefix="talwerk-replay-") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        yield TableFile(Path(spool.name), "standard input")


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error; nothing where nobody watches."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=2_000, label="Checking", file=sys.stderr, show_eta=False, hidden=hidden) as bar:

        def progress(stage: str, done: int, total: int) -> None:
            bar.label = "Checking" if stage == "check" else "Writing "
            reached = (1_000 if stage == "write" else 0) + done * 1_000 // max(total, 1)
            bar.update(max(0, reached - bar.pos))

        yield progress
