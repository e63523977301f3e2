"""@contexts that lie elsewhere: fetched, nested, bounded, kept over a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from talwerk.core.errors import DomainError, Fault
from talwerk.protocols.http.outgoing import Fetched, Outgoing, UnreachableError
from talwerk.protocols.ngsild import context_library
from talwerk.protocols.ngsild.context_documents import FRESH_S, Documents
from talwerk.protocols.ngsild.context_library import DEPTH_MAX, DOCUMENTS_MAX, Contexts
from talwerk.protocols.ngsild.contexts import CORE_ADDRESS
from tests.protocols.city import FixedClock

SITE = "https://contexts.example/"


class Web(Outgoing):
    """An internet that holds only what a test puts there."""

    def __init__(self, documents: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.documents = documents or {}
        self.asked: list[str] = []

    async def fetch(self, address: str, *, accept: str, bytes_max: int, timeout_s: float) -> Fetched:
        self.asked.append(address)
        await asyncio.sleep(0)
        if address not in self.documents:
            raise UnreachableError("it answers 404")
        content = self.documents[address]
        return Fetched(address, content if isinstance(content, bytes) else json.dumps({"@context": content}).encode())


class MovingClock(FixedClock):
    """Goes on by as many seconds as a test says, on both of its faces."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def go_on(self, seconds: float) -> None:
        self.passed_s += seconds
        self.at += int(seconds * 1_000_000)  # type: ignore[assignment]

    def monotonic_s(self) -> float:
        return self.passed_s


def contexts(web: Web, directory: Path | None = None, clock: FixedClock | None = None) -> Contexts:
    clock = clock or FixedClock()
    return Contexts(Documents(clock, web, directory), clock)


async def refused(web: Web, reference: object) -> DomainError:
    with pytest.raises(DomainError) as raised:
        await contexts(web).resolve(reference)
    return raised.value


def held(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_documents_name_others_and_the_later_win() -> None:
    web = Web({
        f"{SITE}all.jsonld": ["parts/cars.jsonld", {"pace": "ex:velocity"}, CORE_ADDRESS],
        f"{SITE}parts/cars.jsonld": {"ex": "https://example.org/", "Car": "ex:Car", "pace": "ex:pace"},
    })  # fmt: skip
    context = await contexts(web).resolve(f"{SITE}all.jsonld")
    assert context.expand("Car") == "https://example.org/Car"
    assert context.expand("pace") == "https://example.org/velocity"
    assert context.compact("https://example.org/Car") == "Car"
    assert context.reference == [f"{SITE}all.jsonld", CORE_ADDRESS]
    assert context.address == f"{SITE}all.jsonld"


async def test_one_document_is_fetched_once_however_many_ask() -> None:
    web = Web({f"{SITE}a": {"a": "urn:x:a"}})
    library = contexts(web)
    await asyncio.gather(*(library.resolve([f"{SITE}a", {f"b{n}": "urn:x:b"}]) for n in range(20)))
    assert web.asked == [f"{SITE}a"]


async def test_a_restart_without_network_still_knows_them(tmp_path: Path) -> None:
    web = Web({f"{SITE}a": {"a": "urn:x:a"}})
    assert (await contexts(web, tmp_path / "contexts").resolve(f"{SITE}a")).expand("a") == "urn:x:a"
    offline = Web()
    assert (await contexts(offline, tmp_path / "contexts").resolve(f"{SITE}a")).expand("a") == "urn:x:a"
    assert offline.asked == []


async def test_an_old_document_is_fetched_again_and_serves_on_when_that_fails(tmp_path: Path) -> None:
    clock = MovingClock()
    web = Web({f"{SITE}a": {"a": "urn:x:a"}})
    library = contexts(web, tmp_path, clock)
    await library.resolve(f"{SITE}a")
    web.documents[f"{SITE}a"] = {"a": "urn:x:new"}
    clock.go_on(FRESH_S - 10)
    assert (await library.resolve(f"{SITE}a")).expand("a") == "urn:x:a"
    clock.go_on(3_700)
    assert (await library.resolve(f"{SITE}a")).expand("a") == "urn:x:new"
    web.documents.clear()
    clock.go_on(FRESH_S + 3_700)
    assert (await library.resolve(f"{SITE}a")).expand("a") == "urn:x:new"
    assert len(web.asked) == 3


async def test_broken_files_in_the_cache_are_as_good_as_none(tmp_path: Path) -> None:
    web = Web({f"{SITE}a": {"a": "urn:x:a"}})
    await contexts(web, tmp_path).resolve(f"{SITE}a")
    (file,) = held(tmp_path)
    for content in (b"", b"{}", b'{"address": 1}', b"\x00" * 100):
        file.write_bytes(content)
        assert (await contexts(web, tmp_path).resolve(f"{SITE}a")).expand("a") == "urn:x:a"
    assert held(tmp_path) == [file]


async def test_a_refusal_is_remembered_for_a_moment() -> None:
    clock = MovingClock()
    web = Web()
    library = contexts(web, clock=clock)
    for _ in range(3):
        with pytest.raises(DomainError):
            await library.resolve(f"{SITE}a")
    assert len(web.asked) == 1
    clock.go_on(6)
    web.documents[f"{SITE}a"] = {"a": "urn:x:a"}
    assert (await library.resolve(f"{SITE}a")).expand("a") == "urn:x:a"


@pytest.mark.parametrize(
    "content, fault, said",
    [
        (b"<html>", Fault.CONTEXT_NOT_AVAILABLE, "no @context document"),
        (b"{}", Fault.CONTEXT_NOT_AVAILABLE, "no @context document"),
        (b"[]", Fault.CONTEXT_NOT_AVAILABLE, "no @context document"),
        ({"Car": {"@id": "urn:x:Car", "@context": {"a": "urn:x:a"}}}, Fault.BAD_REQUEST_DATA, "@context"),
        ([None], Fault.BAD_REQUEST_DATA, "neither an address"),
        ({"a": {"@id": "urn:x:y", "@container": "@nowhere"}}, Fault.BAD_REQUEST_DATA, "@container"),
        ({"a": {"@id": "urn:x:y", "@type": 7}}, Fault.BAD_REQUEST_DATA, "@type"),
        ("a", Fault.BAD_REQUEST_DATA, "includes itself"),
        ("ftp://contexts.example/a", Fault.BAD_REQUEST_DATA, "neither an http"),
        ("http://[/", Fault.BAD_REQUEST_DATA, "no address"),
        ("https://a b/", Fault.BAD_REQUEST_DATA, "neither an http"),
        ("missing", Fault.CONTEXT_NOT_AVAILABLE, f"{SITE}missing is not available: it answers 404"),
    ],
)
async def test_documents_that_cannot_be_used(content: Any, fault: Fault, said: str) -> None:
    error = await refused(Web({f"{SITE}a": content}), f"{SITE}a")
    assert error.fault is fault
    assert said in error.detail
    assert SITE in str(error), "the document at fault is named"


async def test_depth_and_number_are_bounded() -> None:
    chain = {f"{SITE}{n}": f"{SITE}{n + 1}" for n in range(DEPTH_MAX + 1)}
    assert "nested deeper" in (await refused(Web(chain), f"{SITE}0")).detail
    wide = {f"{SITE}{n}": {f"t{n}": "urn:x:y"} for n in range(20)}
    assert f"more than {DOCUMENTS_MAX}" in (await refused(Web(wide), list(wide))).detail
    assert (await contexts(Web(wide)).resolve(list(wide)[:DOCUMENTS_MAX])).expand("t15") == "urn:x:y"
    bush: dict[str, Any] = {f"{SITE}{n}": [f"{SITE}{n + 1}"] * 20 for n in range(5)}
    bush[f"{SITE}5"] = [{}]
    assert "more than" in (await refused(Web(bush), f"{SITE}0")).detail


async def test_a_request_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = asyncio.Event()

    class Slow(Web):
        async def fetch(self, address: str, *, accept: str, bytes_max: int, timeout_s: float) -> Fetched:
            if address != f"{SITE}0":
                await answering.wait()
            return await super().fetch(address, accept=accept, bytes_max=bytes_max, timeout_s=timeout_s)

    monkeypatch.setattr(context_library, "REQUEST_S", 0.3)
    library = contexts(Slow({f"{SITE}{n}": {"a": "urn:x:a"} for n in range(9)}))
    request = library.of_request()
    assert (await request.resolve(f"{SITE}0")).expand("a") == "urn:x:a"
    for number in range(1, 9):
        with pytest.raises(DomainError, match=r"took 0\.3 s already"):
            await request.resolve(f"{SITE}{number}")
    assert (await request.resolve(f"{SITE}0")).expand("a") == "urn:x:a", "what is known costs no time"
    answering.set()
    assert (await library.of_request().resolve(f"{SITE}8")).expand("a") == "urn:x:a"


async def test_files_stand_for_addresses(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonld"
    file.write_text('{"@context": {"a": "urn:x:a"}}')
    web = Web()
    clock = FixedClock()
    library = Contexts(Documents(clock, web, given={f"{SITE}a": file}), clock)
    assert (await library.resolve(f"{SITE}a")).expand("a") == "urn:x:a"
    assert web.asked == []


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "nothing"])
def test_files_that_hold_no_context_are_refused_at_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "a.jsonld"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DomainError, match=r"a\.jsonld cannot stand for the @context https://contexts\.example/a"):
        Documents(FixedClock(), given={f"{SITE}a": file})
