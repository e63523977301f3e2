"""``talwerk sample``: write an example file of measurements and its mapping."""

from __future__ import annotations

from pathlib import Path

import click

from talwerk import cities
from talwerk.cities import DEFAULT_CITY
from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import SystemClock, parse_instant
from talwerk.services.replay.sample import MARKER, make_sample
from talwerk.settings import Settings

from .options import with_settings

TABLE, MAPPING = "sample.csv", "sample.toml"


@click.command()
@click.option("--to", "folder", metavar="DIR", type=click.Path(path_type=Path), default=Path(), help="Where to write.")
@click.option("--days", type=click.IntRange(7, 3_660), default=60, show_default=True, help="Days that it covers.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one gives another season.")
@click.option("--stream", metavar="NAME", default="", help="Gauges of an invented stream, beside the city's own.")
@click.option("--end", metavar="TIME", help="Last stamp (RFC 3339); now, when not given.")
@with_settings("city")
def sample(settings: Settings, folder: Path, days: int, seed: int, stream: str, end: str | None) -> None:
    """Write sample.csv and sample.toml: invented values every 15 minutes.

    They are those of the city's own measuring points, for a city that shows no others, or with --stream those of a
    stream that is invented as well, which may stand beside others. The same seed, days and end give the same bytes.
    Files that this command did not write are never replaced.
    """
    last = SystemClock().now() if end is None else parse_instant(end, "end")
    made = make_sample(cities.load(settings.city), last, days=days, seed=seed, stream=stream)
    _write(folder, made.table, made.mapping)
    table, mapping = folder / TABLE, folder / MAPPING
    click.echo(f"{table}: {made.rows:,} rows, {len(made.points)} measuring points ({', '.join(made.points)})")
    click.echo(f"{mapping}: what its columns are")
    city = "" if settings.city == DEFAULT_CITY else f" --city {settings.city}"
    click.echo(f"Next: talwerk replay {table} --mapping {mapping}{city}")


def _write(folder: Path, table: str, mapping: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = (folder / MAPPING).is_file() and (folder / MAPPING).read_bytes().startswith(MARKER.encode())
        for path in () if ours else (folder / TABLE, folder / MAPPING):
            if path.exists():
                detail = f"{path} exists and was not written by this command; --to DIR names another place."
                raise DomainError(Fault.ALREADY_EXISTS, detail)
        (folder / TABLE).write_text(table, encoding="utf-8", newline="\n")
        (folder / MAPPING).write_text(mapping, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DomainError(Fault.INVALID_REQUEST, f"{folder} cannot be written: {reason}.") from None
