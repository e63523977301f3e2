"""Connectors without Python: a TOML file that says where in an answer (JSON or CSV) what stands.

``rows`` names the places that each tell of one thing at one time; everything else is seen from there
(:mod:`talwerk.sdk.pointers`). Of a CSV the rows are tables by column: ``rows = "/*"``, ``stamp = "/Zeit"``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from talwerk.core.errors import DomainError, bad_data
from talwerk.core.instants import Instant

from .connector import MIB, SIZE_MAX, Connector, Quantity, Request
from .declaration import read_declaration
from .paging import native_of
from .pointers import Pattern, Pointer, Spot, seen_from, spots
from .profile import Key, Name
from .reading import Ask, Context, Finding, Reading, Thing, Unusable, epoch_ms, measured_at, number, point

ISO, SECONDS, MILLISECONDS = "iso", "epoch-s", "epoch-ms"


class ValueAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of a row.

    Attributes:
        attribute: short name of a declared quantity.
        value: where it stands.
        factor: from the source's unit to the declared one.
        offset: added afterwards.
        missing: texts and numbers that mean "no value"; null and an empty text always do.
    """

    attribute: Name
    value: Pointer
    factor: float = 1.0
    offset: float = 0.0
    missing: tuple[str | int | float, ...] = ()


class ThingAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row says about its thing.

    Attributes:
        type: short entity type.
        name: where its name stands, empty for nowhere.
        place: where it is, in words.
        longitude: degrees, WGS 84.
        latitude: degrees, WGS 84.
        statements: further attributes by short name.
    """

    type: Name
    name: Pointer = ""
    place: Pointer = ""
    longitude: Pointer = ""
    latitude: Pointer = ""
    statements: dict[str, Pointer] = {}


class AskAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that follows from a row.

    Attributes:
        request: its key.
        parameters: for its path, by name.
    """

    request: Key
    parameters: dict[str, Pointer]


class Answered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, and how its answer is read.

    Attributes:
        key: names it.
        path: follows the source's address; ``{name}`` stands for a parameter.
        format: of the answer.
        delimiter: between two cells of a CSV.
        decimal: decimal sign of numbers that are texts.
        rows: places that each tell of one thing at one time.
        where: texts that must stand there for a row to count, by place.
        native: where the source's own id of the thing stands; empty where ``native_parameter`` names it.
        native_parameter: parameter that holds the id, for answers about one thing.
        stamp: where the time stands; empty when there are no values.
        stamp_format: ``iso``, ``epoch-s``, ``epoch-ms``, or one of ``strptime`` such as ``%d.%m.%Y %H:%M``.
        values: what was measured.
        thing: what the row says about its thing, None for nothing.
        asks: requests that follow from it.
        every_s: seconds between two of them, None for the connector's.
        optional: whether the source may have no answer to it.
    """

    key: Key
    path: str
    format: Literal["json", "csv"] = "json"
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    rows: Pattern = "/*"
    where: dict[Pointer, str] = {}
    native: Pointer = ""
    native_parameter: str = ""
    stamp: Pointer = ""
    stamp_format: Name = ISO
    values: tuple[ValueAt, ...] = ()
    thing: ThingAt | None = None
    asks: tuple[AskAt, ...] = ()
    every_s: Annotated[int, Meta(ge=1)] | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        if (self.values or self.thing) and bool(self.native) == bool(self.native_parameter):
            raise ValueError(f"The request {self.key!r} needs either native or native_parameter")
        if self.values and not self.stamp:
            raise ValueError(f"The request {self.key!r} has values and no stamp")
        if self.stamp_format not in (ISO, SECONDS, MILLISECONDS) and "%" not in self.stamp_format:
            known = f'"{ISO}", "{SECONDS}", "{MILLISECONDS}"'
            raise ValueError(f'The format {self.stamp_format!r} is none of {known} nor like "%d.%m.%Y %H:%M"')


class Simple(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connector as a file; its keys mean what those of :class:`~talwerk.sdk.connector.Connector` mean."""

    key: Key
    title: Name
    publisher: Name
    short: str = ""
    licence: Name
    terms: Annotated[str, Meta(min_length=1)]
    attribution: Name
    quantities: tuple[Quantity, ...] = ()
    requests: Annotated[tuple[Answered, ...], Meta(min_length=1)]
    every_s: Annotated[int, Meta(ge=1)]
    cadence_s: Annotated[int, Meta(ge=1)]
    stale_s: Annotated[int, Meta(ge=1)]
    zone: str = "UTC"
    stamp: Literal["start", "end"] = "end"
    size_max: Annotated[int, Meta(gt=0, le=SIZE_MAX)] = 10 * MIB
    parameters: dict[str, str | int | float | bool] = {}
    required: tuple[str, ...] = ()
    """Parameters that a profile has to set."""

    def __post_init__(self) -> None:
        known = {quantity.attribute for quantity in self.quantities}
        keys = {request.key for request in self.requests}
        for request in self.requests:
            for value in request.values:
                if value.attribute not in known:
                    raise ValueError(f"Nothing is declared about {value.attribute!r} among the quantities")
            for ask in request.asks:
                if ask.request not in keys:
                    raise ValueError(f"There is no request {ask.request!r} that could follow")

    def connector(self) -> Connector:
        """The same as a connector.

        Raises:
            ValueError: parts of it contradict each other.
        """
        told = {name: getattr(self, name) for name in self.__struct_fields__ if name not in {"requests", "required"}}
        requests = tuple(
            Request(
                key=each.key,
                path=each.path,
                parse=partial(_read, each),
                format="text" if each.format == "csv" else "json",
                every_s=each.every_s,
                optional=each.optional,
            )
            for each in self.requests
        )
        parameters = {**self.parameters, **dict.fromkeys(self.required)}
        return Connector(**{**told, "parameters": parameters, "requests": requests})


def read_simple(path: Path) -> Connector:
    """The connector that a file declares.

    Raises:
        DomainError: BadRequestData, with file and line, when it is none.
    """
    try:
        return read_declaration(path, Simple).connector()
    except ValueError as error:
        raise bad_data(f"{error}.", str(path)) from None
    except DomainError as error:
        raise DomainError(error.fault, error.detail, error.where or str(path)) from None


def _read(answered: Answered, payload: Any, context: Context) -> Iterator[Finding]:
    """What an answer says.

    Raises:
        ValueError: it has another shape.
    """
    document = _table(payload, answered.delimiter) if answered.format == "csv" else payload
    # An empty list is silence; that it is not there at all means another shape.
    fixed = answered.rows.partition("/*")[0]
    if next(spots(document, fixed), None) is None:
        raise ValueError(f"nothing stands at {fixed!r}")
    for spot in spots(document, answered.rows):
        if all(_text(seen_from(spot, place)) == text for place, text in answered.where.items()):
            yield from _row(answered, spot, context)


def _table(text: str, delimiter: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    return [{str(name).strip(): cell for name, cell in row.items()} for row in reader]


def _row(answered: Answered, spot: Spot, context: Context) -> Iterator[Finding]:
    for ask in answered.asks:
        yield Ask(
            request=ask.request,
            parameters={name: _text(seen_from(spot, place)) for name, place in ask.parameters.items()},
        )
    if not answered.values and answered.thing is None:
        return
    named = seen_from(spot, answered.native) if answered.native else context.parameters.get(answered.native_parameter)
    if not isinstance(named, str | int) or named == "":
        yield Unusable(reason="a row has no id")
        return
    native = native_of(named)
    if context.wanted and native not in context.wanted:
        return
    if answered.thing is not None:
        yield _thing(answered.thing, native, spot)
    observed = _instant(seen_from(spot, answered.stamp), answered.stamp_format, context) if answered.values else None
    for value in answered.values:
        yield _value(answered, value, native, observed, spot)


def _thing(told: ThingAt, native: str, spot: Spot) -> Thing:
    def at(place: str) -> Any:
        return seen_from(spot, place) if place else None

    stated = {name: found for name, place in told.statements.items() if (found := at(place)) not in (None, "")}
    return Thing(
        native=native,
        type=told.type,
        name=_text(at(told.name)),
        place=_text(at(told.place)),
        location=point(at(told.longitude), at(told.latitude)),
        statements=stated,
    )


def _value(answered: Answered, told: ValueAt, native: str, observed: Instant | None, spot: Spot) -> Reading | Unusable:
    value = seen_from(spot, told.value)
    if isinstance(value, str):
        value = value.strip()
        value = value.replace(".", "").replace(",", ".") if answered.decimal == "," else value
    if value in told.missing:
        value = None
    figure = number(value)
    if figure is None:
        return measured_at(native, told.attribute, observed, value)
    return measured_at(native, told.attribute, observed, round(figure * told.factor + told.offset, 9))


def _instant(stamp: Any, form: str, context: Context) -> Instant | None:
    if form in (SECONDS, MILLISECONDS):
        figure = number(stamp)
        return epoch_ms(figure * 1_000 if form == SECONDS and figure is not None else figure)
    if form == ISO:
        return context.instant(stamp)
    try:
        return context.instant(datetime.strptime(str(stamp).strip(), form).isoformat())  # noqa: DTZ007 - the zone follows
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    """A value as a text; nothing and what is no single value are empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if isinstance(value, str | int | float) else ""
