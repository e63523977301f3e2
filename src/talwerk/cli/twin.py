"""``talwerk twin``: serve every source of a city from simulation and recordings, and let sources fail."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

import click

from talwerk import cities
from talwerk.app.feeds import twin_address
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, parse_instant
from talwerk.processes import logs
from talwerk.settings import Settings
from talwerk.twin.faults import KINDS, SENDING
from talwerk.twin.pace import Pace
from talwerk.twin.run import run
from talwerk.twin.scenario import NORMAL
from talwerk.twin.server import address, listening
from talwerk.twin.twin import Twin

from .options import with_settings

PORT = 8_090
PATIENCE_S = 10.0
NONE = "none"


@click.group(invoke_without_command=True)
@click.option("--port", type=int, default=PORT, show_default=True, help="Port on loopback, 0 for any free one.")
@click.option(
    "--speed", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Simulated seconds a second."
)
@click.option("--scenario", default=NORMAL, show_default=True, metavar="NAME", help="What happens; or a TOML file.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one gives other weather.")
@click.option("--start", metavar="TIME", help="Simulated time at the start (RFC 3339); now, when not given.")
@with_settings("city", "log_level")
def twin(settings: Settings, port: int, speed: float, scenario: str, seed: int, start: str | None) -> None:
    """Serve every source of the city's profile on this machine, until Ctrl-C."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    logs.configure(settings.log_level, settings.log_format)
    clock = SystemClock()
    pace = Pace(clock, None if start is None else parse_instant(start, "start"), speed)
    made = Twin(settings.city, pace, seed, scenario, as_dated=start is not None)
    door = listening(port)

    def ready() -> None:
        base = address(door)
        click.echo(f"The twin of {made.land.profile.city.name} answers on {base}, scenario {scenario}.")
        for source in made.sources.values():
            if source.address:
                click.echo(f"  {base}/{source.key}  {made.manner(source)}")
        click.echo(f"Stop with Ctrl-C; faults: talwerk twin fault SOURCE KIND --at {base}")

    asyncio.run(run(made, [door], clock, ready))


@twin.command()
@click.argument("source")
@click.argument("kind", type=click.Choice([*KINDS, *SENDING, NONE]), metavar="KIND")
@click.option("--at", metavar="ADDRESS", help="Where the twin answers; that of the running city, when not given.")
@with_settings("city", "data")
def fault(settings: Settings, source: str, kind: str, at: str | None) -> None:
    """Let SOURCE fail in the way of KIND; `none` ends that. `talwerk twin show` lists the kinds."""
    end = "" if kind == NONE else f"/{kind}"
    state = _asked("DELETE" if kind == NONE else "PUT", f"/twin/fault/{quote(source, safe='')}{end}", at, settings)
    click.echo("\n".join(f"{key}: {name}" for key, name in state["faults"].items()) or "No source has a fault.")


@twin.command(name="play")
@click.argument("name")
@click.option("--at", metavar="ADDRESS", help="Where the twin answers; that of the running city, when not given.")
@with_settings("city", "data")
def play(settings: Settings, name: str, at: str | None) -> None:
    """Begin the scenario NAME now."""
    state = _asked("PUT", f"/twin/scenario/{quote(name, safe='')}", at, settings)
    click.echo(f"Scenario {state['scenario']} since {state['now']}")


@twin.command()
@click.option("--at", metavar="ADDRESS", help="Where the twin answers; that of the running city, when not given.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
@with_settings("city", "data")
def show(settings: Settings, at: str | None, as_json: bool) -> None:
    """Show what the running twin does, and which faults and scenarios there are."""
    state = _asked("GET", "/twin", at, settings)
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False, indent=2))
        return
    click.echo(f"{state['city']}, {state['now']}, scenario {state['scenario']} (of {', '.join(state['scenarios'])})")
    for key, manner in state["sources"].items():
        broken = f", fault: {state['faults'][key]}" if key in state["faults"] else ""
        sent = "".join(f", {count} answered {status}" for status, count in state["sent"].get(key, {}).items())
        click.echo(f"  {key}: {manner}{sent}{broken}")
    for title, kinds in (("Faults", "kinds"), ("Faults of sources that send", "sending_kinds")):
        click.echo(f"{title}:")
        for name, meaning in state[kinds].items():
            click.echo(f"  {name}: {meaning}")


def _asked(method: str, path: str, at: str | None, settings: Settings) -> dict[str, Any]:
    """What a running twin answers."""
    base = at or twin_address(settings.data, cities.load(settings.city).city.key) or f"http://127.0.0.1:{PORT}"
    parts = urlsplit(base)
    try:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
        connection.request(method, path)
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DomainError(Fault.NOT_FOUND, f"No twin answers on {base}: {error}.") from None
    if answer.status != 200:
        raise DomainError(Fault.NOT_FOUND, str(told.get("detail")))
    return told
