"""``talwerk doctor``: what is wrong with the city, and what to do about it."""

from __future__ import annotations

import asyncio

import click
import msgspec

from talwerk.app.feeds import settled
from talwerk.core.instants import SystemClock
from talwerk.processes.doctor import Level, examine
from talwerk.settings import Settings

from .options import with_settings


@click.command()
@with_settings("city", "data", "feeds")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--pages", is_flag=True, help="Also read every page of the database.")
@click.option("--all", "everything", is_flag=True, help="Also what is in order.")
def doctor(settings: Settings, *, as_json: bool, pages: bool, everything: bool) -> None:
    """Look for what is wrong, and say what to do. Works without a running city. Exit codes: 0 no errors, 1 errors."""
    findings = asyncio.run(examine(settled(settings), SystemClock(), thorough=True, pages=pages)).findings
    ordered = sorted(findings, key=lambda finding: -finding.level.weight)
    if as_json:
        click.echo(msgspec.json.encode(ordered).decode())
    else:
        for finding in ordered:
            if everything or finding.level is not Level.OK:
                click.echo(f"{finding.level.upper():7}  {finding.about}: {finding.what}")
                if finding.advice:
                    click.echo(f"         {finding.advice}")
        fine = sum(finding.level is Level.OK for finding in findings)
        click.echo(f"{fine} of {len(findings)} checks found everything in order.")
    raise SystemExit(int(any(finding.level is Level.ERROR for finding in findings)))
