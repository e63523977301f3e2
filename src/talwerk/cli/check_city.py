"""What can be said of a profile without starting a city with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.portal.frame.look import unreadable
from talwerk.sdk.contact import missing_facts
from talwerk.sdk.profile import Profile
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.sdk.territory import Territory
from talwerk.services.indicators.themes import Themes
from talwerk.services.sources.checking import check_connector
from talwerk.services.sources.discovery import discover, discover_in, references_in
from talwerk.services.sources.feed import feed

MAPPINGS = "mappings"
SIGN = "sign"
SHOWN = 8


class Checked(msgspec.Struct, kw_only=True):
    """What is there, what nobody confirmed, what one should know, and what is wrong.

    Attributes:
        holds: what the profile holds, a line each.
        unconfirmed: facts that it marks so.
        notes: what keeps nobody from starting.
        flaws: what does.
    """

    holds: list[str] = []
    unconfirmed: list[str] = []
    notes: list[str] = []
    flaws: list[str] = []


def check_city(key: str) -> Checked:
    """Check a profile with its territory, sources, connectors, mappings and themes.

    Args:
        key: of a profile that comes with Talwerk, or the path of a folder.
    """
    checked = Checked()
    try:
        # A bare name may be a folder beside the one who asks.
        key = f"./{key}" if key not in cities.available() and "/" not in key and Path(key).is_dir() else key
        folder, profile = cities.folder(key), cities.load(key)
    except DomainError as error:
        checked.flaws.append(str(error))
        return checked
    city = profile.city
    checked.holds.append(f"{city.name}: key {city.key}, AGS {city.ags}, ARS {city.ars}")
    checked.unconfirmed += _unconfirmed(profile)
    _check_pages(folder, profile, checked)
    _check_territory(key, profile, checked)
    _check_sources(folder, profile, checked)
    _check_mappings(folder, checked)
    try:
        themes = Themes.load(key).themes
        checked.holds.append(f"themes: {len(themes)}")
    except DomainError as error:
        checked.flaws.append(str(error))
    return checked


def _check_pages(folder: Path, profile: Profile, checked: Checked) -> None:
    """What the pages have to say and show: who answers for them, colours that can be read, videos that are there."""
    missing = ", ".join(missing_facts(profile.contact, profile.legal))
    if missing:
        checked.notes.append(f"The pages say of these facts that they are missing: {missing}")
    checked.flaws += [f"look: {sentence}" for sentence in unreadable(profile.look)]
    for video in profile.sign_videos:
        absent = [name for name in (video.file, video.captions) if not (folder / SIGN / name).is_file()]
        checked.flaws += [f"The file {SIGN}/{name} of a video in sign language is not there." for name in absent]
        if not video.checked:
            checked.notes.append(
                f"sign language, {video.topic}: nobody has checked it, so that the public does not see it"
            )


def _check_territory(key: str, profile: Profile, checked: Checked) -> None:
    try:
        territory = cities.territory(key)
    except DomainError as error:
        checked.flaws.append(str(error))
        return
    if territory is None:
        checked.notes.append(f"There is no {cities.TERRITORY}: no boroughs, quarters and address search.")
        return
    parts = f"boroughs: {len(territory.boroughs)}, quarters: {len(territory.quarters)}"
    checked.holds.append(f"{parts}, official files to fetch: {len(territory.layers)}")
    checked.unconfirmed += _unconfirmed(territory)
    for reach in territory.reaches:
        if profile.point(reach.point) is None:
            checked.flaws.append(
                f"The reach {reach.key} names the measuring point {reach.point!r}, which is not there."
            )


def _check_sources(folder: Path, profile: Profile, checked: Checked) -> None:
    own = folder / cities.CONNECTORS
    local = discover_in(own)
    for reference in references_in(own):
        if reference not in {each.reference for each in local.values()}:
            checked.flaws.append(f"The connector {reference} cannot be loaded, the log says why.")
    for key, each in local.items():
        checked.flaws += [f"connector {key}: {flaw}" for flaw in check_connector(each)]
    found = discover(own)
    for source in profile.sources:
        try:
            made = feed(source, profile, found, folder)
        except DomainError as error:
            checked.flaws.append(error.detail)
            continue
        if not source.polled:
            checked.notes.append(f"source {source.key}: prepared, and not asked (polled = false)")
        if made.licence in {"unknown", "restricted"}:
            checked.notes.append(
                f"source {source.key}: its licence is {made.licence}, so that it is not exported in bulk"
            )
    checked.holds.append(f"sources: {len(profile.sources)}, connectors of its own: {len(local)}")
    _check_points(profile, checked)


def _check_points(profile: Profile, checked: Checked) -> None:
    """Whether somebody delivers what measuring points want."""
    checked.holds.append(f"measuring points: {len(profile.measuring_points)}")
    sources = {source.key for source in profile.sources}
    for point in profile.measuring_points:
        named = [reference.partition(":")[0] for reference in point.entities]
        if not any(name in sources or name in {"urn", "http", "https"} for name in named):
            wanted = f" (it names {', '.join(named)})" if named else ""
            checked.notes.append(f"measuring point {point.key}: no source of the profile delivers it{wanted}")


def _check_mappings(folder: Path, checked: Checked) -> None:
    files = sorted((folder / MAPPINGS).glob("*.toml"))
    for path in files:
        try:
            read_mapping(path)
        except DomainError as error:
            checked.flaws.append(str(error))
    checked.holds.append(f"mappings for files: {len(files)}")


def _unconfirmed(declared: Profile | Territory) -> Iterator[str]:
    """Facts that a declaration marks as confirmed by no source; equal ones of many parts on one line."""
    named: dict[tuple[str, str], list[str]] = {}
    for kind in declared.__struct_fields__:
        for place, facts in _marked(getattr(declared, kind), ""):
            named.setdefault((kind, ", ".join(facts)), []).append(place)
    for (kind, unknown), places in named.items():
        shown = ", ".join(places) if len(places) <= SHOWN else f"{len(places)} of them"
        yield f"{kind} ({shown}): {unknown}"


def _marked(value: Any, where: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(value, tuple):
        for part in value:
            yield from _marked(part, where)
    elif isinstance(value, msgspec.Struct):
        where = str(getattr(value, "key", "") or getattr(value, "name", "") or where)
        if marked := getattr(value, "unconfirmed", ()):
            yield where, marked
        for field in value.__struct_fields__:
            yield from _marked(getattr(value, field), where)
