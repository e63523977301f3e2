"""Options that commands share: the settings as flags, and errors as exit codes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from talwerk.core.errors import DomainError
from talwerk.settings import Settings, SettingsError, load, pairs

P = ParamSpec("P")


def _pairs(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str] | None:
    """``URL=FILE`` options as a table, None when there are none."""
    try:
        return pairs(texts, "--context-map", "URL=FILE") or None
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


_FLAGS: dict[str, Any] = {
    "city": click.option("--city", metavar="KEY", help="City profile: its key, or the folder that holds it."),
    "data": click.option("--data", metavar="DIR", type=click.Path(path_type=Path), help="Directory of the data."),
    "host": click.option("--host", metavar="ADDRESS", help="Address to listen on."),
    "port": click.option("--port", metavar="PORT", type=int, help="Port to listen on, 0 for any free one."),
    "feeds": click.option("--feeds", metavar="MODE", help="Where measurements come from: auto, live, twin or off."),
    "single": click.option("--single", is_flag=True, default=None, help="Everything in one process."),
    "dev_open_writes": click.option(
        "--dev-open-writes", is_flag=True, default=None, help="Let everybody write; for tests on this machine only."
    ),
    "dev_allow_loopback": click.option(
        "--dev-allow-loopback",
        is_flag=True,
        default=None,
        help="Let @contexts come from this machine; only together with --dev-open-writes.",
    ),
    "context_map": click.option(
        "--context-map",
        metavar="URL=FILE",
        multiple=True,
        callback=_pairs,
        help="Let a file stand for an @context; may be repeated.",
    ),
    "log_level": click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error."),
}


def refusal(error: OSError) -> str:
    """What the system refused, as a sentence that names the path: ``The path /a/b cannot be used: No space left``."""
    paths = [os.fsdecode(path) for path in (error.filename, error.filename2) if isinstance(path, str | bytes | Path)]
    reason = error.strerror or str(error) or type(error).__name__
    if not paths:
        return f"The system refused what the command needs: {reason}."
    return f"The path {' to '.join(paths)} cannot be used: {reason}."


def with_settings(*flags: str) -> Callable[[Callable[Concatenate[Settings, P], None]], Callable[P, None]]:
    """Give a command the settings, with these flags (and ``--config``) on its command line.

    A setting that cannot be used ends the command with exit code 2, a domain error and whatever the system refuses (no
    permission, no room, a name that is taken) with 1.
    """

    def decorate(command: Callable[Concatenate[Settings, P], None]) -> Callable[P, None]:
        @click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Settings file (TOML).")
        @functools.wraps(command)
        def wrapped(*args: P.args, **options: P.kwargs) -> None:
            given = {name: options.pop(name) for name in flags}
            config: Any = options.pop("config")
            try:
                settings = load(given, file=config)
            except SettingsError as error:
                raise click.UsageError(str(error)) from error
            try:
                command(settings, *args, **options)
            except DomainError as error:
                raise click.ClickException(str(error)) from error
            except BrokenPipeError:
                # Who reads has enough; click ends quietly then.
                raise
            except OSError as error:
                raise click.ClickException(refusal(error)) from error

        for name in reversed(flags):
            wrapped = _FLAGS[name](wrapped)
        return wrapped

    return decorate
