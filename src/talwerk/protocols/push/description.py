"""The door for machines (OpenAPI)."""

from __future__ import annotations

from talwerk.core.errors import Fault
from talwerk.protocols.http.description import SENDING, TEXT, Described, Description, Outcome, Resource, Schema

from .door import PATH

_JSON = "application/json"


def description() -> Description:
    """The door, for the API's description."""
    taken: Schema = {
        "type": "object",
        "required": ["values", "things", "leftOut"],
        "properties": {
            "values": {"type": "integer", "minimum": 0},
            "things": {"type": "integer", "minimum": 0},
            "leftOut": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }
    return Description(
        resources=(
            Resource(
                method="POST",
                path=PATH,
                name="push",
                title="Take what a source sends by itself",
                tag="Sensors and webhooks",
                parameters=(
                    Described(name="connector", schema=TEXT, meaning="how the source writes", place="path"),
                    Described(name="source", schema=TEXT, meaning="key of the source in the profile", place="path"),
                ),
                body={_JSON: {"type": "object"}},
                outcomes={
                    200: Outcome(meaning="what became of it; it is on disk", content={_JSON: taken}),
                    204: Outcome(meaning="it holds nothing for the city, a join for example"),
                },
                faults=(
                    Fault.BAD_REQUEST_DATA,
                    Fault.NOT_FOUND,
                    Fault.TOO_MANY_REQUESTS,
                    Fault.BUSY,
                    Fault.STORAGE_FULL,
                    *SENDING,
                ),
                note="With the key of a device as bearer token, or as password of the device's name.",
            ),
        )
    )
