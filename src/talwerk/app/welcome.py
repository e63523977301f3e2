"""What the operator reads when the city is up: its address and five things to try."""

from __future__ import annotations

from enum import Enum

from talwerk.core.instants import format_instant
from talwerk.processes.tls import Tls
from talwerk.settings import Settings

from .city import City


class Greeting(Enum):
    """What an operator has to be told when a process is ready."""

    NONE = "none"
    WELCOME = "welcome"
    GONE_OVER = "gone over"
    """The city goes on as its twin."""


def welcome(city: City, port: int, tls: Tls | None, greeting: Greeting = Greeting.WELCOME) -> str:
    """The text.

    Args:
        city: the city that is up.
        port: where it listens.
        tls: its certificate, None when it speaks plain HTTP.
        greeting: which.
    """
    settings = city.settings
    base = _address(settings, port, tls)
    flags = "" if settings.city == Settings().city else f" --city {settings.city}"
    where = f" --data {settings.data}" if settings.data != Settings().data else ""
    reached = ""
    if settings.behind_proxy:
        reached = f"Behind a proxy: {', '.join(f'https://{name}' for name in settings.hosts)}\n"
    elif tls is not None:
        reached = f"Certificate: {tls.name}, until {format_instant(tls.until)}\n"
    if settings.feeds == "twin":
        reached += "Simulated: nobody measured these values; what the twin does, `talwerk twin show` tells\n"
    if greeting is Greeting.GONE_OVER:
        return (
            f"\nNo source answers: {city.profile.city.name} shows its twin on {base}\n{reached}Data: {city.directory}\n"
            f"  Give it an example       {_second(settings, flags, where)[1]}\n"
        )
    title, command = _second(settings, flags, where)
    return f"""
Talwerk {city.profile.city.name} is up: {base}
{reached}Data: {city.directory}

Five things to try:
  1  Look at the city          {base}/de
  2  {title:<25} {command}
  3  Ask what there is         curl {base}/ngsi-ld/v1/types
  4  Read what it measures     curl {base}/api/v1/stations
  5  Write as the operator     curl {base}/ngsi-ld/v1/entities -H "Authorization: Bearer $(talwerk token{where})" \\
                                 -H 'Content-Type: application/json' \\
                                 -d '{{"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "seats": {{"value": 4}}}}'
"""


def _second(settings: Settings, flags: str, where: str) -> tuple[str, str]:
    """What to try second, with its command: example values only where they are seen, and beside no measured ones."""
    if settings.feeds in {"live", "auto"}:
        return "Ask how it is", f"talwerk status{flags}{where}"
    # In a city that polls nothing they are those of its own measuring points; a twin has values of these.
    stream = " --stream Musterbach" if settings.feeds == "twin" else ""
    replay = f"talwerk replay sample.csv --mapping sample.toml{flags}{where}"
    return "Give it an example", f"talwerk sample{stream}{flags}\n{'':31}{replay}"


def _address(settings: Settings, port: int, tls: Tls | None) -> str:
    """Where the city is reached from this machine, under a name that it answers to."""
    everywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
    local = settings.loopback or everywhere
    if tls is None:
        return f"http://{'localhost' if local or not settings.hosts else settings.hosts[0]}:{port}"
    named = next((name for name in settings.hosts if name not in tls.unnamed), "localhost")
    return f"https://{named}" if port == 443 else f"https://{named}:{port}"
