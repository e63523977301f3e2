"""What a program of another city does with its client library: run by the Python of that library, not by ours.

Arguments: port and operator's token of a started city, then parts of the day. It ends at the first thing that is wrong.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

from ngsildclient import Client, Entity
from requests.auth import AuthBase


class Bearer(AuthBase):
    """The operator's token on every request."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def bench(number: int, seats: int, hour: int = 10) -> Any:
    entity = Entity("Bench", f"day:{number}")
    entity.prop("seats", seats, observedat=datetime(2026, 11, 20, hour, tzinfo=timezone.utc))  # noqa: UP017
    entity.gprop("location", (51.25, 7.15))
    entity.rel("standsNear", "Tree:1")
    return entity


def check(what: str, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")
    print("ok", what)  # noqa: T201


def entities(client: Any) -> None:
    one = bench(1, 4)
    check("create", client.create(one), True)
    check("exists", client.exists(one), True)
    found = client.get(one)
    check("get", (found.id, found.type, found["seats"]["value"]), (one.id, "Bench", 4))
    check("location", found["location"]["value"]["coordinates"], [7.15, 51.25])
    check("relationship", found["standsNear"]["object"], "urn:ngsi-ld:Tree:1")
    found["seats"]["value"] = 5
    check("update", bool(client.update(found)), True)
    check("updated", client.get(one)["seats"]["value"], 5)
    client.upsert(bench(1, 6))
    check("upserted", client.get(one)["seats"]["value"], 6)


def batches(client: Any) -> None:
    many = [bench(number, number) for number in range(2, 62)]
    result = client.batch.create(many)
    check("batch create", (result.n_ok, result.n_err), (60, 0))
    check("batch create again", client.batch.create(many[:1]).n_err, 1)
    check("batch upsert", client.batch.upsert([*many, bench(62, 62)]).ok, True)
    check("count", client.entities.count(type="Bench"), 62)
    most = {found.id for found in client.query(type="Bench", q="seats>=61")}
    check("q", most, {f"urn:ngsi-ld:Bench:day:{number}" for number in (61, 62)})
    check("every page", len(list(client.query(type="Bench", limit=25))), 62)
    check("types", "Bench" in client.types.list(), True)


def histories(client: Any) -> None:
    for hour in range(6):
        check(f"value {hour}", client.batch.upsert([bench(70, hour, hour)], update=True).ok, True)
    found = client.temporal.get("Bench:day:70", attrs=["seats"])
    found = found[0] if isinstance(found, list) else found
    expected = [[hour, f"2026-11-20T0{hour}:00:00Z"] for hour in range(6)]
    check("history", found["seats"]["values"], expected)


def changes(client: Any) -> None:
    some = [bench(number, 100) for number in (2, 3)]
    check("batch update", client.batch.update(some).ok, True)
    check("batch updated", client.get(some[0])["seats"]["value"], 100)


def deletions(client: Any) -> None:
    check("delete", client.delete(bench(1, 4)), True)
    check("deleted", client.exists(bench(1, 4)), False)
    check("batch delete", client.batch.delete([bench(number, 0) for number in range(2, 63)]).ok, True)
    check("one is left", client.entities.count(type="Bench"), 1)


PARTS = {part.__name__: part for part in (entities, batches, histories, changes, deletions)}

if __name__ == "__main__":
    port, token, *names = sys.argv[1:]
    with Client(port=int(port), custom_auth=Bearer(token)) as opened:
        for name in names:
            PARTS[name](opened)
