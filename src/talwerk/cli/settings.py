"""``talwerk settings``: what is set, and what is the default."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

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
    values["proxy"] = _without_password(settings.proxy)
    if as_json:
        click.echo(msgspec.json.encode(values).decode())
        return
    for name, value in values.items():
        # TOML has no word for nothing: the line stands there as a comment.
        click.echo(f"# {name} is not set" if value is None else f"{name} = {toml(value)}")


def toml(value: Any) -> str:
    """A value as a settings file has it.

    Args:
        value: of the kinds that JSON has, without null.
    """
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{toml(key)} = {toml(part)}" for key, part in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    # Texts, numbers and switches look alike in both; only TOML wants the one control character escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _without_password(address: str) -> str:
    """A proxy's address as others may see it: with its user, not with the password."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}").geturl()
