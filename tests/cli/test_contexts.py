"""@contexts of a started city: fetched over HTTP, still known after a restart, closed to this machine by default."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from tests.served import Served, served

ENTITIES = "/ngsi-ld/v1/entities"
OPEN = ("--dev-open-writes", "--dev-allow-loopback")
DOCUMENT = json.dumps({"@context": {"Bench": "https://terms.example/Bench", "seats": "https://terms.example/seats"}})


class Host(BaseHTTPRequestHandler):
    """Serves one @context under every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/ld+json")
        self.end_headers()
        self.wfile.write(DOCUMENT.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/terms.jsonld"
        finally:
            server.shutdown()


def link(address: str) -> dict[str, str]:
    return {"link": f'<{address}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


def read(city: Served, address: str) -> httpx2.Response:
    return httpx2.get(f"{city.url}{ENTITIES}/urn:x:1?format=simplified", headers=link(address), timeout=10)


def test_a_fetched_context_outlives_its_host_and_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with host() as address, served(data, *OPEN) as city:
        bench = {"id": "urn:x:1", "type": "Bench", "seats": 4}
        answer = httpx2.post(city.url + ENTITIES, json=bench, headers=link(address), timeout=10)
        assert answer.status_code == 201, answer.text
    with served(data, *OPEN) as city:
        assert read(city, address).json() == bench
        assert city.get(f"{ENTITIES}/urn:x:1").json()["type"] == "https://terms.example/Bench"


def test_this_machine_is_closed_by_default(tmp_path: Path) -> None:
    with host() as address, served(tmp_path / "data") as city:
        answer = read(city, address)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (504, "LdContextNotAvailable")
        assert "no public address" in answer.json()["detail"]


def test_loopback_alone_is_refused(tmp_path: Path) -> None:
    with served(tmp_path / "data") as city:
        done = city.run("up", "--dev-allow-loopback", folder=tmp_path)
        assert (done.returncode, "needs dev_open_writes" in done.stderr) == (2, True)
        done = city.run("up", "--context-map", "https://x.example/", folder=tmp_path)
        assert (done.returncode, "URL=FILE" in done.stderr) == (2, True)
        done = city.run("settings", folder=tmp_path)
        assert (done.returncode, "context_map" in done.stdout) == (0, True)
