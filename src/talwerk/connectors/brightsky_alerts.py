"""Warnings of the German weather service for a place, by Bright Sky: those in force.

An answer names all warnings that there are for the place, so that one which it no longer names has ended. Tests and
exercises never become warnings here. Severity, urgency and certainty keep the words of CAP 1.2 (minor, moderate,
severe, extreme): a relayed warning is not reworded. Shape after Bright Sky's own descriptions; never reached from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talwerk.core.instants import format_instant
from talwerk.sdk.connector import Connector, Request
from talwerk.sdk.paging import native_of
from talwerk.sdk.reading import Context, Finding, Thing, Unusable, Whole, row_by_row

TYPE = "WeatherAlert"
SOURCE = "Deutscher Wetterdienst"
LANGUAGES = ("de", "en")
TIMES = {"effective": "dateIssued", "onset": "validFrom", "expires": "validTo"}
TEXTS = ("event", "headline", "description", "instruction")
WORDS = {
    "severity": "severity",
    "urgency": "urgency",
    "certainty": "certainty",
    "response_type": "responseType",
    "category": "category",
}


def alerts(payload: Any, context: Context) -> Iterator[Finding]:
    """All warnings for the place."""
    place = payload.get("location")

    def read(row: Any) -> Iterator[Finding]:
        expires = context.instant(row["expires"])
        if not isinstance(row["alert_id"], str) or not isinstance(row["status"], str):
            yield Unusable(reason="a warning has no id or no status")
        elif row["status"].lower() != "actual":
            yield Unusable(reason="a test or exercise", gap=True)
        elif row.get("response_type") == "allclear":
            yield Unusable(reason="an all-clear is no warning", gap=True)
        elif expires is not None and expires <= context.now:
            yield Unusable(reason="a warning has expired", gap=True)
        else:
            yield _warning(row, place if isinstance(place, dict) else {}, context)

    yield from row_by_row(payload["alerts"], read)
    yield Whole(type=TYPE)


def _warning(row: dict[str, Any], place: dict[str, Any], context: Context) -> Thing:
    times = {told: context.instant(row.get(field)) for field, told in TIMES.items()}
    code, cell = row.get("event_code"), place.get("warn_cell_id")
    statements: dict[str, Any] = {
        "alertSource": SOURCE,
        "status": "actual",
        **{told: format_instant(at) for told, at in times.items() if at is not None},
        **{told: _text(row.get(field)) for field, told in WORDS.items()},
        "eventCode": code if isinstance(code, int) else None,
        "warnCell": cell if isinstance(cell, int) else None,
        "areaServed": _text(place.get("name")),
    }
    wordings = {
        name: {language: text for language in LANGUAGES if (text := _text(row.get(f"{name}_{language}")))}
        for name in TEXTS
    }
    return Thing(
        native=native_of(row["alert_id"]),
        type=TYPE,
        name=_text(row.get("headline_de")) or "",
        statements={name: value for name, value in statements.items() if value is not None},
        wordings={name: texts for name, texts in wordings.items() if texts},
    )


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


CONNECTOR = Connector(
    key="brightsky-alerts",
    title="Wetterwarnungen des Deutschen Wetterdienstes (über Bright Sky)",
    publisher=SOURCE,
    short="DWD",
    licence="unknown",
    terms="Bright Sky is free software (MIT); the weather service's own terms for its warnings were not seen. Whoever "
    "has read them sets the licence in the profile.",
    attribution="Deutscher Wetterdienst, über Bright Sky",
    requests=(Request(key="alerts", path="/alerts?lat={latitude}&lon={longitude}", parse=alerts),),
    every_s=300,
    cadence_s=300,
    stale_s=1_800,
    parameters={"latitude": None, "longitude": None},
    warns=True,
)
