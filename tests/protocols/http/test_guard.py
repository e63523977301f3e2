from __future__ import annotations

import logging
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from talwerk.core.errors import DomainError, Fault
from talwerk.privacy.principals import Credentials
from talwerk.protocols.http import guarded, marked
from talwerk.protocols.http.tally import LIVE, OTHER, Tally, protocol_of
from tests.protocols.city import ENTITIES, City, FixedClock, client_of, open_city, send_raw


class TickingClock(FixedClock):
    seconds = 0.0

    def monotonic_s(self) -> float:
        return self.seconds


HOST = (b"host", b"localhost:8080")
GET = ENTITIES + "?local=true"
BENCH = {"id": "urn:ngsi-ld:Bench:1", "type": "Bench"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "city.example", "localhost."]
)
async def test_hosts_that_are_ours(city: City, host: str) -> None:
    assert (await city.public.get(GET, headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host, status",
    [
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.io:8080", 421),
        ("192.0.2.1:8080", 421),
        ("[::2]", 421),
        ("0.0.0.0:8080", 421),
        ("localhost:x", 400),
        ("localhost@evil.example", 400),
        ("localhost, evil.example", 400),
        ("", 400),
    ],
)
async def test_hosts_that_are_not(city: City, host: str, status: int) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = await send_raw(city, method, GET, [(b"host", host.encode())], [b""])
        assert answer.status == status


async def test_one_host_and_no_more(city: City) -> None:
    assert (await send_raw(city, "GET", GET, [], [b""])).status == 400
    assert (await send_raw(city, "GET", GET, [HOST, HOST], [b""])).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "unheard-of"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:9999"},
        {"origin": "null"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "http://localhost:8080", "sec-fetch-site": "cross-site"},
    ],
)
async def test_other_sites_cannot_write(city: City, headers: dict[str, str]) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        answer = await city.operator.request(method, ENTITIES, json=BENCH, headers=headers)
        assert answer.status_code == 403
    assert (await city.public.get(GET, headers=headers)).status_code == 200, "open data may be read from anywhere"
    assert (await city.public.get(GET)).json() == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"}, {"sec-fetch-site": "none"}],
)
async def test_programs_and_our_own_pages_can(city: City, headers: dict[str, str]) -> None:
    assert (await city.operator.post(ENTITIES, json=BENCH, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    "value", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", "Bearer ", "token", "Bearer x.y", "Bearer \xff", ""]
)
async def test_a_wrong_token_is_never_the_public(city: City, value: str) -> None:
    answer = await send_raw(
        city, "GET", GET, [HOST, (b"authorization", value.encode("latin-1"))], [b""], operator=False
    )
    assert (answer.status, answer.fault()) == (401, "Unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_two_tokens_are_none(city: City) -> None:
    answer = await send_raw(city, "GET", GET, [HOST, (b"authorization", b"Bearer x")], [b""], operator=True)
    assert answer.status == 400


async def test_the_scheme_is_read_in_any_case(city: City) -> None:
    token = city.credentials.operator_token
    answer = await city.public.post(ENTITIES, json=BENCH, headers={"authorization": f"bEaReR  {token} "})
    assert answer.status_code == 201


async def test_a_device_writes_its_own_types_only(city: City) -> None:
    vocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"
    key = city.credentials.devices.add("gauge-1", (vocabulary + "Gauge",), city.clock.now())
    async with client_of(city.app, key) as device:
        gauge = await device.post(ENTITIES, json={"id": "urn:x:1", "type": "Gauge", "level": 1})
        assert gauge.status_code == 201, gauge.text
        bench = await device.post(ENTITIES, json=BENCH)
        assert bench.status_code in {403, 404}, bench.text
        city.credentials.devices.revoke("gauge-1")
        assert (await device.get(GET)).status_code == 401


async def test_open_writes_for_development(tmp_path: Path) -> None:
    async with open_city(tmp_path, dev_open_writes=True) as city:
        assert (await city.public.post(ENTITIES, json=BENCH)).status_code == 201
        wrong = await city.public.post(ENTITIES, json=BENCH, headers={"authorization": "Bearer wrong"})
        assert wrong.status_code == 401


async def test_every_answer_is_hardened(city: City) -> None:
    answers = [
        await city.public.get(GET),
        await city.public.get("/nothing"),
        await city.public.get(GET, headers={"host": "evil.example"}),
        await city.public.post(ENTITIES, json=BENCH),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


# An application that misbehaves in every way.


async def page(_request: Request) -> Response:
    return PlainTextResponse("x", headers={"content-security-policy": "default-src 'self'"})


async def refuse(_request: Request) -> Response:
    raise DomainError(Fault.NOT_FOUND, "The gauge urn:x:1 does not exist.", "id")


async def break_down(_request: Request) -> Response:
    raise RuntimeError("the password is 1234")


async def break_in_the_middle(_request: Request) -> Response:
    async def half() -> object:
        yield b"half"
        raise RuntimeError("broken")

    return StreamingResponse(half())  # type: ignore[arg-type]


@pytest.fixture
def broken(tmp_path: Path) -> httpx2.AsyncClient:
    routes = [
        Route("/page", page),
        Route("/refuse", refuse),
        Route("/break", break_down),
        Route("/half", break_in_the_middle),
    ]
    return client_of(guarded(Starlette(routes=routes), credentials=Credentials.open(tmp_path)))


async def test_every_answer_of_a_simulated_city_says_so(tmp_path: Path) -> None:
    simulated = False
    routes = [Route("/page", page), Route("/refuse", refuse), Route("/break", break_down)]
    app = guarded(Starlette(routes=routes), credentials=Credentials.open(tmp_path))
    async with client_of(marked(app, lambda: simulated)) as client:
        # As soon as the first simulated value lies there, and not before.
        assert "talwerk-simulated" not in (await client.get("/page")).headers
        simulated = True
        for path in ("/page", "/refuse", "/break", "/nothing"):
            assert (await client.get(path)).headers["talwerk-simulated"] == "true"
        for headers in ({"host": "evil.example"}, {"origin": "null"}):
            refused = await client.post("/page", headers=headers)
            assert refused.headers["talwerk-simulated"] == "true"


async def test_pages_bring_their_own_policy(broken: httpx2.AsyncClient) -> None:
    answer = await broken.get("/page")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]


async def test_domain_errors_become_problems(broken: httpx2.AsyncClient) -> None:
    answer = await broken.get("/refuse")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json() == {
        "type": "urn:talwerk:fault:ResourceNotFound",
        "title": "The resource does not exist",
        "status": 404,
        "detail": "The gauge urn:x:1 does not exist.",
        "where": "id",
    }


async def test_the_frameworks_errors_become_problems(broken: httpx2.AsyncClient) -> None:
    missing = await broken.get("/nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:talwerk:fault:ResourceNotFound")
    wrong = await broken.post("/page")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:talwerk:fault:MethodNotAllowed")
    assert "GET" in wrong.headers["allow"]


async def test_what_nobody_foresaw_is_logged_and_not_told(
    broken: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await broken.get("/break")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "1234" not in answer.text
    assert "Traceback" not in answer.text
    request_id = answer.headers["x-request-id"]
    assert answer.json()["request"] == request_id
    records = [record for record in caplog.records if getattr(record, "request_id", "") == request_id]
    assert len(records) == 1
    assert records[0].exc_info is not None
    assert "1234" in str(records[0].exc_info[1]), "the log has the cause"


async def test_half_an_answer_breaks_the_connection(broken: httpx2.AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="broken"):
        await broken.get("/half")


@pytest.mark.parametrize("given", ["abc-1", "a" * 64, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
async def test_a_callers_own_request_id_is_kept(broken: httpx2.AsyncClient, given: str) -> None:
    answer = await broken.get("/break", headers={"x-request-id": given})
    assert answer.headers.get_list("x-request-id") == [given]
    assert answer.json()["request"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "meier@example.org", "x\ty", "{}", "ä"])
async def test_a_request_id_that_could_do_harm_is_replaced(broken: httpx2.AsyncClient, given: str) -> None:
    answer = await broken.get("/page", headers={b"x-request-id": given.encode()})
    assert answer.headers["x-request-id"] not in {"", given}


async def test_what_failed_or_was_slow_is_logged_without_what_may_name_a_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = TickingClock()

    async def slow(_request: Request) -> Response:
        clock.seconds += 2
        return PlainTextResponse("late")

    async def busy(_request: Request) -> Response:
        raise DomainError(Fault.BUSY, "Not now.")

    tally = Tally()
    routes = [Route("/api/v1/stations/{id:path}", slow), Route("/busy", busy), Route("/page", page)]
    app = guarded(Starlette(routes=routes), credentials=Credentials.open(tmp_path), tally=tally, clock=clock)
    client = client_of(app)
    with caplog.at_level(logging.INFO, "talwerk"):
        await client.get("/api/v1/stations/urn:ngsi-ld:Person:Meier?q=Meier")
        await client.get("/busy")
        await client.get("/page")
    told = [(record.levelname, record.getMessage()) for record in caplog.records if record.name.startswith("talwerk")]
    assert told == [
        ("INFO", "GET /api/v1/stations/… answered 200"),
        ("WARNING", "GET /busy answered 503"),
    ]
    counts = {(c.protocol, c.method, c.status): c.took for c in tally.counts()}
    assert {key: took.total for key, took in counts.items()} == {
        ("plain", "GET", "2xx"): 1,
        ("other", "GET", "5xx"): 1,
        ("other", "GET", "2xx"): 1,
    }
    assert counts["plain", "GET", "2xx"].sum_s == 2
    assert set(tally.answering().values()) == {0}


async def test_counts_are_bounded_whatever_strangers_ask(tmp_path: Path) -> None:
    tally = Tally()
    app = guarded(Starlette(), credentials=Credentials.open(tmp_path), tally=tally)
    client = client_of(app)
    for number in range(50):
        await client.request(f"BREW{number}", f"/{number}", headers={"sec-fetch-site": "none"})
    assert [(c.protocol, c.method, c.status, c.took.total) for c in tally.counts()] == [("other", "other", "4xx", 50)]


def test_every_address_of_the_city_is_counted_under_a_protocol() -> None:
    addresses = ["/", "/de", "/de/messstelle/x", "/ngsi-ld/v1/entities", "/api/v1/stations", "/health/live", "/metrics"]
    assert OTHER not in {protocol_of(address) for address in addresses}
    assert protocol_of("/api/v1/changes") == LIVE
    assert protocol_of("/wp-login.php") == OTHER


async def test_a_slash_at_the_end_leads_to_the_path_whatever_a_proxy_made_of_the_address(tmp_path: Path) -> None:
    async def here(request: Request) -> Response:
        return PlainTextResponse(request.url.query)

    app = guarded(
        Starlette(routes=[Route("/a/b", here, methods=["GET", "POST"]), Route("/c/{name}", here)]),
        credentials=Credentials.open(tmp_path),
    )
    async with client_of(app) as client:
        for path, leads in {
            "/a/b/": "/a/b",
            "/a/b//": "/a/b",
            "/a/b/?q=1&r=%20": "/a/b?q=1&r=%20",
            "/c/%C3%A4%3F/": "/c/%C3%A4%3F",
        }.items():
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (308, leads), path
        assert (await client.post("/a/b/")).status_code == 308
        for path in ("/", "/nowhere/", "//evil.example/a/b/", "//a/b/"):
            assert (await client.get(f"http://localhost{path}")).status_code == 404, path
