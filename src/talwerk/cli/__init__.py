"""The command line: ``talwerk COMMAND``. Exit codes: 0 done, 1 failed, 2 wrong usage or settings."""

from __future__ import annotations

import importlib

import click

from talwerk import __version__

# Each command lies in the module of its name (with _ for -); only the one that is called is imported.
COMMANDS = {
    "up": "Start the city.",
    "reload": "Let the running city read its settings and certificate anew.",
    "status": "Show how the city is, running or not.",
    "doctor": "Say what is wrong and what to do about it.",
    "replay": "Write a file of measurements into the city.",
    "twin": "Serve all sources from a simulated city, and let them fail.",
    "sample": "Write an example file of measurements and its mapping.",
    "backup": "Copy the city's data, while it runs, and check the copy.",
    "restore": "Put a backup or the continuous copy in the place of the city's data.",
    "drill": "Restore the copies into a temporary folder, and prove them.",
    "upgrade": "Bring the city's data to this version, with a way back.",
    "accept-loss": "Go on without acknowledged changes that are missing.",
    "device": "Make, list and revoke the keys of sensors and webhooks.",
    "operator": "Say who holds the operator's token.",
    "token": "Print the operator's token.",
    "check": "Check connectors and profiles before a city starts with them.",
    "new": "Begin a connector or a city.",
    "profile": "Show the city's profile, and fetch its official open files.",
    "settings": "Show every setting and its value.",
}


class _Commands(click.Group):
    """A group that knows its commands' names and imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """The command of that name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), module)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="talwerk")
def main() -> None:
    """Talwerk, the operating platform of a smart city."""
