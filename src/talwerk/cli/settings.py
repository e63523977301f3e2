"""``talwerk settings``: what is set, and what is the default."""

from __future__ import annotations

import click
import msgspec

from talwerk.settings import FIELDS, Settings

from .options import with_settings


@click.command()
@with_settings("city", "data", "host", "port", "feeds", "log_level")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings(settings: Settings, as_json: bool) -> None:
    """Show every setting and its value, whatever it comes from."""
    values = {name: msgspec.to_builtins(getattr(settings, name), enc_hook=str) for name in FIELDS}
    if as_json:
        click.echo(msgspec.json.encode(values).decode())
        return
    for name, value in values.items():
        parts = [f"{key}={part}" for key, part in value.items()] if isinstance(value, dict) else value
        click.echo(f"{name:<18} {parts if not isinstance(parts, list) else ', '.join(parts) or '-'}")
