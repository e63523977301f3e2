"""Large bodies go to a worker, and nobody can tell from the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.change import Change, Mode
from talwerk.core.entity import Attribute, Attributes, Entity, Kind
from talwerk.core.errors import DomainError, Fault
from talwerk.core.terms import expand
from talwerk.protocols.ngsild import batch_decoding, large
from talwerk.protocols.ngsild.batch_decoding import BATCH_VALUES, CONTEXTS_MAX, PIECE_VALUES
from tests.protocols.city import CREATE, ENTITIES, TEMPORAL, UPSERT, City

Json = dict[str, Any]
JSON_LD = {"content-type": "application/ld+json"}
OPERATIONS = "/ngsi-ld/v1/entityOperations"


def bench(number: int, **members: Any) -> Json:
    return {"id": f"urn:ngsi-ld:Bench:{number}", "type": "Bench", **members}


def large_body(entities: list[Any]) -> bytes:
    """The entities as a body that is a worker's."""
    body = json.dumps(entities).encode()
    return body + b" " * max(0, large.LARGE_BYTES + 1 - len(body))


def mixed() -> list[Any]:
    """Entities of which some are broken in every way that has an own answer."""
    return [
        *(bench(n, seats=n, colour="red" * (n % 3)) for n in range(40)),
        bench(7, seats={"type": "Property"}),
        "text",
        {"id": "no uri", "type": "Bench"},
        bench(8, seats=9, **{"@context": "https://example.org/other.jsonld"}),
        bench(3, seats=5),
    ]


@pytest.mark.parametrize(
    "operation", ["create", "upsert", "upsert?options=update", "update", "update?options=noOverwrite", "merge"]
)
async def test_a_worker_answers_as_the_loop_does(city: City, operation: str) -> None:
    entities = mixed()
    small = [json.dumps(e).replace("Bench:", "Small:") for e in entities]
    await city.operator.post(UPSERT, content=f"[{','.join(small[:20])}]", headers={"content-type": "application/json"})
    await city.operator.post(UPSERT, json=entities[:20])
    here = await city.operator.post(
        f"{OPERATIONS}/{operation}", content=f"[{','.join(small)}]", headers={"content-type": "application/json"}
    )
    assert not city.workers.pids
    there = await city.operator.post(
        f"{OPERATIONS}/{operation}", content=large_body(entities), headers={"content-type": "application/json"}
    )
    assert len(city.workers.pids) == 1
    assert here.status_code == there.status_code == 207

    def comparable(text: str) -> Any:
        answer = json.loads(text.replace("Small:", "Bench:"))
        return answer["success"], [
            (e.get("entityId"), e["error"]["where"], e["error"]["detail"])
            if "where" in e["error"]
            else (e.get("entityId"), None, e["error"]["detail"])
            for e in answer["errors"]
        ]

    assert comparable(here.text) == comparable(there.text)
    for number in (0, 3, 8, 39):
        read = [await city.public.get(f"{ENTITIES}/urn:ngsi-ld:{kind}:{number}") for kind in ("Small", "Bench")]
        assert read[0].text.replace("Small:", "Bench:") == read[1].text


async def test_deletions_of_many(city: City) -> None:
    await city.operator.post(UPSERT, json=[bench(n, seats=n) for n in range(3)])
    ids = ["urn:ngsi-ld:Bench:1", "no uri", 5, "urn:ngsi-ld:Bench:9", "urn:ngsi-ld:Bench:2"]
    answer = await city.operator.post(
        f"{OPERATIONS}/delete", content=large_body(ids), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 207
    assert answer.json()["success"] == ["urn:ngsi-ld:Bench:1", "urn:ngsi-ld:Bench:2"]
    failed = [(error.get("entityId"), error["error"]["status"]) for error in answer.json()["errors"]]
    assert failed == [("no uri", 400), (None, 400), ("urn:ngsi-ld:Bench:9", 404)]
    assert city.workers.pids


async def test_contexts_come_along(city: City) -> None:
    own = {"seats": "https://example.org/seats", "ex": "https://example.org/"}
    entities = [
        bench(1, seats=1) | {"@context": own},
        bench(2, seats=2) | {"@context": [own, {"seats": "ex:places"}]},
        bench(3, seats=3),
        bench(4, seats=4) | {"@context": "https://example.org/unknown.jsonld"},
        bench(5, **{"ex:colour": "red"}) | {"@context": own},
        bench(6, seats=6) | {"@context": None},
    ]
    answer = await city.operator.post(CREATE, content=large_body(entities), headers=JSON_LD)
    assert answer.status_code == 207
    assert answer.json()["success"] == [f"urn:ngsi-ld:Bench:{n}" for n in (1, 2, 5)]
    assert [error["error"]["status"] for error in answer.json()["errors"]] == [400, 504, 400]
    names = {
        n: sorted((await city.public.get(f"{ENTITIES}/urn:ngsi-ld:Bench:{n}?options=keyValues")).json().keys())
        for n in (1, 2, 5)
    }
    assert names[1][0] == "https://example.org/seats"
    assert names[2][0] == "https://example.org/places"
    assert names[5][0] == "https://example.org/colour"


async def test_too_many_different_contexts_are_refused(city: City) -> None:
    entities = [
        bench(n, seats=n) | {"@context": {"seats": f"https://example.org/{n}"}} for n in range(CONTEXTS_MAX + 1)
    ]
    for body in (json.dumps(entities).encode(), large_body(entities)):
        answer = await city.operator.post(CREATE, content=body, headers=JSON_LD)
        assert answer.status_code == 400
        assert str(CONTEXTS_MAX) in answer.json()["detail"]


@pytest.mark.parametrize(
    "body, status", [(b"[1,", 400), (b'{"id": "urn:a:b"}', 400), (b"[]", 400), (b'[{"a": 1, "a": 2}]', 400)]
)
async def test_what_is_wrong_with_the_whole_body_is_told(city: City, body: bytes, status: int) -> None:
    padded = body + b" " * large.LARGE_BYTES
    here = await city.operator.post(CREATE, content=body, headers={"content-type": "application/json"})
    there = await city.operator.post(CREATE, content=padded, headers={"content-type": "application/json"})
    assert here.status_code == there.status_code == status
    assert here.json()["detail"] == there.json()["detail"]


async def test_ten_thousand_entities_are_written_in_pieces(city: City) -> None:
    before = city.broker.position()
    answer = await city.operator.post(CREATE, json=[bench(n, a=n, b="x" * 20, c=True) for n in range(10_000)])
    assert answer.status_code == 201
    assert answer.json() == [f"urn:ngsi-ld:Bench:{n}" for n in range(10_000)]
    assert city.broker.position() - before >= 10_000
    beyond = await city.operator.post(CREATE, json=[bench(n) for n in range(10_001)])
    assert beyond.status_code == 413


async def test_a_long_history_goes_to_a_worker_and_arrives_whole(city: City) -> None:
    instances = [
        {"value": n, "observedAt": f"2026-11-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:00Z"}
        for n in range(9_000)
    ]
    entity = {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", "level": instances, "name": "Wupper " * 20_000}
    answer = await city.operator.post(TEMPORAL, json=entity)
    assert (answer.status_code, answer.headers["location"]) == (201, f"{TEMPORAL}/urn:ngsi-ld:Gauge:1")
    assert city.workers.pids
    read = await city.public.get(
        f"{TEMPORAL}/urn:ngsi-ld:Gauge:1?options=aggregatedValues&aggrMethods=totalCount,sum"
        "&aggrPeriodDuration=PT0S&timerel=after&timeAt=2026-01-01T00:00:00Z&attrs=level"
    )
    assert read.json()["level"]["totalCount"][0][0] == 9_000
    assert read.json()["level"]["sum"][0][0] == sum(range(9_000))
    again = await city.operator.post(f"{TEMPORAL}/urn:ngsi-ld:Gauge:1/attrs", json={"level": instances})
    assert again.status_code == 204
    missing = await city.operator.post(f"{TEMPORAL}/urn:ngsi-ld:Gauge:2/attrs", json={"level": instances})
    assert missing.status_code == 404
    broken = await city.operator.post(
        TEMPORAL, json=entity | {"level": [*instances[:-1], {"value": 1, "observedAt": "now"}]}
    )
    assert (broken.status_code, broken.json()["where"]) == (400, "/level/8999/observedAt")


class _Refusing:
    """Stands for a writer whose queue is full after the first batch."""

    def __init__(self, city: City) -> None:
        self._submit = city.broker._writer.submit
        self.taken = 0

    async def submit(self, batch: Any, scope: Any) -> Any:
        self.taken += 1
        if self.taken == 2:
            raise DomainError(Fault.BUSY, "1000 batches wait for the writer already.")
        return await self._submit(batch, scope)


async def test_pieces_that_the_writer_refuses_are_told_apart(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city.broker, "_writer", _Refusing(city))
    answer = await city.operator.post(CREATE, json=[bench(n, a=n) for n in range(BATCH_VALUES)])
    assert answer.status_code == 207
    assert answer.json()["success"] == [f"urn:ngsi-ld:Bench:{n}" for n in range(BATCH_VALUES // 2)]
    errors = answer.json()["errors"]
    assert [error["entityId"] for error in errors] == [
        f"urn:ngsi-ld:Bench:{n}" for n in range(BATCH_VALUES // 2, BATCH_VALUES)
    ]
    assert {error["error"]["status"] for error in errors} == {503}


def attributes(lengths: list[int]) -> Attributes:
    return {
        f"{expand('a')}{n}": tuple(Attribute(kind=Kind.PROPERTY, value=i, observed=i + 1) for i in range(length))
        for n, length in enumerate(lengths)
    }


@given(lengths=st.lists(st.integers(1, 3 * PIECE_VALUES), max_size=4))
def test_pieces_hold_everything_once_in_order(lengths: list[int]) -> None:
    whole = attributes(lengths)
    pieces = list(batch_decoding._pieces(whole))
    together: Attributes = {}
    for piece in pieces:
        assert sum(map(len, piece.values())) <= PIECE_VALUES
        for name, instances in piece.items():
            together[name] = together.get(name, ()) + instances
    assert together == whole
    assert len(pieces) == max(1, -(-sum(lengths) // PIECE_VALUES))


@given(lengths=st.lists(st.lists(st.integers(1, PIECE_VALUES), max_size=2), max_size=8))
def test_batches_hold_every_change_once_in_order(lengths: list[list[int]]) -> None:
    changes = [
        Change(mode=Mode.UPDATE, entity=Entity(id=f"urn:a:{n}", types=(), attributes=attributes(each)))
        for n, each in enumerate(lengths)
    ]
    made = list(batch_decoding.batches(changes, PIECE_VALUES))
    assert [change for batch in made for change in batch.changes] == changes
    assert all(batch.changes for batch in made)
    assert all(
        len(batch.changes) == 1
        or sum(1 + sum(map(len, c.entity.attributes.values())) for c in batch.changes if isinstance(c, Change))
        <= PIECE_VALUES
        for batch in made
    )
