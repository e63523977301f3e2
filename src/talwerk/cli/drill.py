"""``talwerk drill``: restore the copies into a temporary folder and see whether they are good."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from talwerk import cities
from talwerk.core.instants import SystemClock
from talwerk.privacy.policy import system_scope
from talwerk.processes.copies import drill as copies
from talwerk.processes.copies.keep import backups_of
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@click.option("--in", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Where to restore to.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_settings("city", "data")
def drill(settings: Settings, folder: Path | None, as_json: bool) -> None:
    """Restore the newest backup and the continuous copy into a temporary folder, and prove them.

    The city may run; it is only read. Exit code 0 when every copy is good, 1 otherwise.
    """
    city = cities.load(settings.city).city.key
    sources = copies.Sources(
        city=city,
        directory=settings.data / city,
        backups=backups_of(settings.data, settings.backup_folder, city),
        second=settings.copy_folder,
        scope=system_scope("drill"),
    )
    result = copies.drill(sources, SystemClock(), folder)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"passed": result.passed, **msgspec.to_builtins(result)})))
    else:
        for restoring in result.restorings:
            _show(restoring)
        for finding in result.findings:
            click.echo(f"Wrong: {finding}")
        click.echo("Every copy is good." if result.passed else "The drill failed.")
    sys.exit(0 if result.passed else 1)


def _show(restoring: copies.Restoring) -> None:
    proof = restoring.proof
    if proof is None:
        return
    click.echo(f"{restoring.folder}: {restoring.source} as of {restoring.as_of}, position {proof.position}")
    click.echo(
        f"  {restoring.age_s:,.0f} s old, restored in {restoring.lasted_s:.1f} s, {restoring.bytes:,} bytes, "
        f"{proof.entities:,} entities, {proof.observations:,} values"
    )
    if restoring.compared:
        same = restoring.compared - restoring.differing
        click.echo(f"  newest values of {restoring.compared} series: {same} as in the city, {restoring.differing} not")
