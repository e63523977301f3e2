"""Bright Sky's weather warnings: those that the scenario has in force; each says that it is none."""

from __future__ import annotations

from talwerk.core.instants import datetime_of
from talwerk.twin.asked import Asked, json_reply
from talwerk.twin.replies import Reply
from talwerk.twin.scenario import Alert

NO_WARNING = "Simulation: keine echte Warnung. "


def respond(asked: Asked) -> Reply | None:
    """``/alerts``."""
    if asked.path != "/alerts":
        return None
    later = asked.city.played.later if asked.city.played is not None else 0
    alerts = [
        {
            "id": number,
            "alert_id": f"2.49.0.0.276.0.SIM.{alert.start + later}.{alert.code}",
            "status": "actual",
            "effective": datetime_of(alert.start + later).isoformat(),
            "onset": datetime_of(alert.start + later).isoformat(),
            "expires": datetime_of(alert.end + later).isoformat(),
            "category": "met",
            "response_type": "prepare",
            "urgency": "immediate",
            "severity": alert.severity,
            "certainty": "likely",
            "event_code": alert.code,
            "event_en": alert.event,
            "event_de": alert.event,
            "headline_en": alert.headline,
            "headline_de": alert.headline,
            "description_en": _told(alert),
            "description_de": _told(alert),
            "instruction_en": None,
            "instruction_de": alert.instruction or None,
        }
        for number, alert in enumerate(asked.city.alerts(asked.now), start=1)
    ]
    city = asked.land.profile.city
    cell = {"warn_cell_id": 800_000_000 + int(city.ags), "name": f"{city.name} (Simulation)", "state_short": ""}
    return json_reply({"alerts": alerts, "location": cell})


def _told(alert: Alert) -> str:
    """What is to be expected, and where the scenario has it from."""
    return f"{NO_WARNING}{alert.description} {alert.source}".replace("  ", " ")
