"""``talwerk operator``: who holds the operator's token."""

from __future__ import annotations

import click

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, format_instant
from talwerk.privacy.enrolment import enroll as record
from talwerk.privacy.enrolment import enrolment
from talwerk.privacy.principals import Credentials
from talwerk.settings import Settings

from .options import with_settings


@click.group()
def operator() -> None:
    """Say who holds the operator's token; a city that others can reach needs it."""


@operator.command()
@click.argument("name")
@click.option("--new-token", is_flag=True, help="Make a new token; the old one ends with the city's next reload.")
@with_settings("data")
def enroll(settings: Settings, name: str, *, new_token: bool) -> None:
    """Record that NAME holds the operator's token, and print the token."""
    credentials = (Credentials.renew if new_token else Credentials.open)(settings.data)
    held = record(settings.data, name, credentials.operator_token, SystemClock().now())
    click.echo(f"{held.name} is the operator of {settings.data} from now on and holds this token:", err=True)
    click.echo(credentials.operator_token)


@operator.command()
@with_settings("data")
def show(settings: Settings) -> None:
    """Print who holds the operator's token and since when."""
    held = enrolment(settings.data, Credentials.open(settings.data).operator_token)
    if held is None:
        raise DomainError(Fault.NOT_FOUND, f"Nobody is the operator of {settings.data}: talwerk operator enroll NAME")
    click.echo(f"{held.name}  since {format_instant(held.enrolled)}")
