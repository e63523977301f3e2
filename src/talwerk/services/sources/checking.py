"""Whether a connector declares what it has to, and reads its recording as expected.

One implementation for ``talwerk check connectors`` and for the tests: what is green here is green there.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from talwerk.core.errors import DomainError, bad_data
from talwerk.core.instants import Instant, instant_or_none
from talwerk.core.units import symbol
from talwerk.sdk.connector import PLACEHOLDER, QUERY, Connector
from talwerk.sdk.profile import City, Profile, Source
from talwerk.sdk.push import PUSH
from talwerk.sdk.reading import MOMENTS, Ask, Context, Finding, Reading, Thing, Whole
from talwerk.sdk.recording import EXPECTED, RECORDING, Exchange, Recording, read_recording

from .answers import exception_in, read_answer
from .beside import beside
from .discovery import Found, recordings_of
from .feed import feed

Read = dict[str, list[Finding]]
"""What was found in each answer of a recording, by its path; in what a source sent by itself, by its file."""

DIFF_LINES_MAX = 60

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-+]*")
_TERMS_LEAST = 20


def check_connector(found: Found) -> list[str]:
    """What is wrong with a connector and its recording, in sentences; empty when nothing is."""
    flaws = [*_declaration_flaws(found.connector)]
    try:
        recording = read_recording(recordings_of(found))
        read = read_all(found, recording)
        return [
            *flaws,
            *_recording_flaws(found, recording, read),
            *_fit_flaws(found, recording, read),
            *difference(found),
        ]
    except DomainError as error:
        return [*flaws, str(error)]


def _declaration_flaws(connector: Connector) -> Iterator[str]:
    if not _SPDX.fullmatch(connector.licence):
        yield f"The licence {connector.licence!r} is neither an SPDX identifier nor 'unknown' nor 'restricted'."
    if len(connector.terms) < _TERMS_LEAST:
        yield "Where the terms were found, or why they are unknown, is not said (terms)."
    if connector.every_s > connector.stale_s:
        yield f"It is asked every {connector.every_s} s, and its values are stale after {connector.stale_s} s."
    for quantity in connector.quantities:
        if quantity.unit and symbol(quantity.unit) == quantity.unit:
            yield f"The unit {quantity.unit!r} of {quantity.attribute} has no symbol that pages could write."


def read_all(found: Found, recording: Recording) -> Read:
    """What the connector finds in the answers of its recording.

    Raises:
        DomainError: an answer is not there, or cannot be read.
    """
    folder, connector = recordings_of(found), found.connector
    read = {}
    for exchange in recording.exchange:
        where = f"{folder / exchange.file}"
        try:
            content = (folder / exchange.file).read_bytes()
            request = connector.request(exchange.request)
            known = context(found, recording, exchange)
            read[_label(exchange)] = read_answer(connector, request, content, "", known)
        except OSError as error:
            raise bad_data(f"The answer cannot be read: {error.strerror}.", where) from None
        except KeyError as error:
            raise bad_data(f"{error.args[0]}.", str(folder / RECORDING)) from None
        except DomainError as error:
            raise bad_data(f"The answer cannot be used: {error.detail}{exception_in(error)}.", where) from None
    return read


def _label(exchange: Exchange) -> str:
    return exchange.file if exchange.request == PUSH else exchange.path


def context(found: Found, recording: Recording, exchange: Exchange) -> Context:
    """What a connector's function knows when it reads an answer of its recording.

    Raises:
        DomainError: the recording's moment is none, or a file that it names is not there.
    """
    connector = found.connector
    parameters = {**connector.parameters, **recording.parameters, **exchange.parameters}
    parameters |= beside(connector, parameters, recordings_of(found))
    return Context(now=_moment(recording), zone=connector.zone, wanted=recording.wanted, parameters=parameters)


def _moment(recording: Recording) -> Instant:
    at = instant_or_none(recording.at)
    if at is None:
        raise bad_data(f"The moment {recording.at!r} is no time.", RECORDING)
    return at


def _path(found: Found, recording: Recording, exchange: Exchange) -> str:
    """What the platform would ask for at the moment of the recording."""
    connector = found.connector
    given = {name: value for name, value in recording.parameters.items() if name in connector.parameters}
    city = City(key="stadt", name="Stadt", ags="00000000", ars="000000000000")
    source = Source(key="quelle", connector=connector.key, address="http://127.0.0.1", parameters=given)
    made = feed(source, Profile(city=city, sources=(source,)), {connector.key: found})
    return made.url(connector.request(exchange.request), exchange.parameters, _moment(recording))[len(source.address) :]


def _recording_flaws(found: Found, recording: Recording, read: Read) -> Iterator[str]:
    """Whether each request is recorded, and follows from an answer before it."""
    connector = found.connector
    asked = {_asked(request.key, {}) for request in connector.requests[:1]}
    for exchange in recording.exchange:
        if exchange.request == PUSH:
            continue
        if _asked(exchange.request, exchange.parameters) not in asked:
            yield f"No answer before it asks for {exchange.path} (request {exchange.request!r} with these parameters)."
        path = connector.request(exchange.request).path
        missing = {*PLACEHOLDER.findall(path), *QUERY.findall(path)} - {
            *exchange.parameters,
            *connector.parameters,
            *MOMENTS,
        }
        if missing:
            yield f"The path {path!r} has placeholders that nothing fills: {', '.join(sorted(missing))}."
        elif (path := _path(found, recording, exchange)) != exchange.path:
            yield f"The platform would ask for {path}, the recording has {exchange.path}."
        asked |= {_asked(each.request, each.parameters) for each in read[_label(exchange)] if isinstance(each, Ask)}
    recorded = {exchange.request for exchange in recording.exchange}
    for key in (*(request.key for request in connector.requests), *([PUSH] if connector.push else [])):
        if key not in recorded:
            yield f"The request {key!r} is not recorded."


def _asked(request: str, parameters: dict[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return request, tuple(sorted(parameters.items()))


def _fit_flaws(found: Found, recording: Recording, read: Read) -> Iterator[str]:
    """Whether what is read fits what is declared."""
    findings = [each for exchange in recording.exchange for each in read[_label(exchange)]]
    readings = [each for each in findings if isinstance(each, Reading)]
    if not readings and not any(isinstance(each, Thing) for each in findings):
        yield "Nothing is found in the recording: neither readings nor things."
    whole = {
        (exchange.request, each.type)
        for exchange in recording.exchange
        for each in read[_label(exchange)]
        if isinstance(each, Whole)
    }
    if len({kind for _, kind in whole}) != len(whole):
        yield "Two requests say of one type that their things are all that there are; each would end the other's."
    yield from sorted({flaw for each in readings if (flaw := _reading_flaw(found.connector, each))})
    strangers = {each.native for each in readings} - set(recording.wanted) if recording.wanted else set()
    if strangers:
        yield f"Values of things that nobody wanted are read: {', '.join(sorted(strangers)[:5])}."


def _reading_flaw(connector: Connector, reading: Reading) -> str:
    quantity = connector.quantity(reading.attribute)
    if quantity is None and not reading.type:
        return f"Nothing is declared about {reading.attribute!r}, and its readings name no type."
    unit = reading.unit or (quantity.unit if quantity else "")
    is_text = isinstance(reading.value, str)
    # Sources that tell units themselves (no quantity is declared) may tell none.
    if is_text == bool(unit) and (quantity is not None or is_text):
        return f"{reading.attribute} is a {'text with' if is_text else 'number without'} a unit."
    return ""


def difference(found: Found) -> list[str]:
    """How what is read differs from what is expected of it, as one readable text; empty when it does not.

    Raises:
        DomainError: the recording cannot be read.
    """
    path = recordings_of(found) / EXPECTED
    expected = path.read_text(encoding="utf-8") if path.is_file() else ""
    read = _jsonable(read_all(found, read_recording(path.parent)))
    try:
        if expected and json.loads(expected) == read:
            return []
    except ValueError:
        return [f"{path} is not JSON."]
    lines = list(difflib.unified_diff(_lines(expected), written(read).splitlines(), EXPECTED, "read", lineterm="", n=1))
    more = [f"... and {len(lines) - DIFF_LINES_MAX} more lines"] if len(lines) > DIFF_LINES_MAX else []
    return ["\n".join(["It reads other things than expected:", *lines[:DIFF_LINES_MAX], *more])]


def _lines(expected: str) -> list[str]:
    return written(json.loads(expected)).splitlines() if expected else []


def update_expected(found: Found) -> None:
    """Write what is read as what is expected.

    Raises:
        DomainError: the recording cannot be read.
    """
    folder = recordings_of(found)
    read = _jsonable(read_all(found, read_recording(folder)))
    (folder / EXPECTED).write_text(written(read), encoding="utf-8")


def _jsonable(read: Read) -> Any:
    return msgspec.json.decode(msgspec.json.encode(read))


def written(read: Any) -> str:
    """Findings as a file that people can compare: one finding a line."""
    answers = []
    for path, findings in read.items():
        rows = ",\n".join(f"    {json.dumps(finding, ensure_ascii=False)}" for finding in findings)
        answers.append(f"  {json.dumps(path, ensure_ascii=False)}: [" + (f"\n{rows}\n  ]" if rows else "]"))
    return "{\n" + ",\n".join(answers) + "\n}\n"


def unclaimed(folder: Path, found: dict[str, Found]) -> list[str]:
    """Names of recordings in a folder that belong to no connector."""
    claimed = {recordings_of(each) for each in found.values()}
    return [path.parent.name for path in sorted(folder.glob(f"*/{RECORDING}")) if path.parent not in claimed]
