"""Fetching official files: from a real server that breaks off, redirects, answers nonsense and has nothing new."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from click.testing import CliRunner

from talwerk.cli import main
from talwerk.core.errors import DomainError
from talwerk.core.instants import SystemClock
from talwerk.sdk.territory import Layer, Part, Territory
from talwerk.services.outgoing import Egress
from talwerk.services.territory import Areas, Kind, Origin
from talwerk.services.territory.update import Update, fetched

RING = [[7.10, 51.20], [7.20, 51.20], [7.20, 51.25], [7.10, 51.25], [7.10, 51.20]]


def collection(padding: int = 0) -> bytes:
    polygon = {"type": "Polygon", "coordinates": [RING]}
    features = [{"type": "Feature", "geometry": polygon, "properties": {"QUARTIER": "01", "note": "x" * padding}}]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


class Files(BaseHTTPRequestHandler):
    """Serves one file with ranges and an etag; a class attribute says how it misbehaves."""

    body: ClassVar[bytes] = b""
    etag: ClassVar[str] = '"1"'
    breaks_after: ClassVar[int | None] = None
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        cls = type(self)
        cls.asked.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/moved":
            self._head(302, {"location": "/file"})
            return
        if self.path == "/loop":
            self._head(302, {"location": "/loop"})
            return
        if self.path == "/error":
            self._head(503, {})
            return
        if self.headers.get("if-none-match") == cls.etag:
            self._head(304, {"etag": cls.etag})
            return
        start = 0
        if (wanted := self.headers.get("range")) and self.headers.get("if-range") == cls.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        piece = cls.body[start:]
        self._head(206 if start else 200, {"etag": cls.etag, "content-length": str(len(piece))})
        if cls.breaks_after is not None:
            self.wfile.write(piece[: cls.breaks_after])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(piece)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """The test says what matters."""


@pytest.fixture
def server() -> Iterator[str]:
    Files.body, Files.etag, Files.breaks_after, Files.asked = collection(), '"1"', None, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{service.server_address[1]}"
        service.shutdown()


def territory(address: str, size_mb_max: int = 80) -> Territory:
    layer = Layer(key="quarters", address=address, names={"key": "QUARTIER"}, size_mb_max=size_mb_max)
    parts = (Part(key="01", name="Mitte", borough="0", centre=(7.15, 51.22)),)
    return Territory(
        bounds=(7.0, 51.1, 7.4, 51.4), boroughs=(Part(key="0", name="Stadt"),), quarters=parts, layers=(layer,)
    )


def fetch(city: Territory, folder: Path) -> bool:
    update = Update(city, folder, Egress(), SystemClock(), lambda *_: None)
    return asyncio.run(update.fetch(city.layers[0]))


def test_official_boundaries_arrive_and_a_second_call_finds_nothing_new(server: str, tmp_path: Path) -> None:
    city = territory(server + "/moved")
    assert fetch(city, tmp_path)
    found = Areas.load(city, tmp_path).area(Kind.QUARTER, "01")
    assert found is not None
    assert found.origin is Origin.OFFICIAL
    entry = fetched(tmp_path)["quarters"]
    assert (entry.features, entry.bytes, entry.etag) == (1, len(Files.body), '"1"')
    assert not fetch(city, tmp_path)
    assert Files.asked[-1]["if-none-match"] == '"1"'


def test_a_broken_line_is_continued_where_it_stopped(server: str, tmp_path: Path) -> None:
    city = territory(server + "/file")
    Files.body = collection(300_000)
    Files.breaks_after = 100_000
    with pytest.raises(DomainError, match="is not reached"):
        fetch(city, tmp_path)
    have = (tmp_path / "quarters.part").stat().st_size
    assert 0 < have <= 100_000
    Files.breaks_after = None
    assert fetch(city, tmp_path)
    assert Files.asked[-1]["range"] == f"bytes={have}-"
    assert (tmp_path / "quarters.geojson").read_bytes() == Files.body
    assert [path.name for path in tmp_path.glob("*.part*")] == []


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: str, tmp_path: Path) -> None:
    city = territory(server + "/file")
    Files.body, Files.breaks_after = collection(300_000), 100_000
    with pytest.raises(DomainError):
        fetch(city, tmp_path)
    Files.body, Files.etag, Files.breaks_after = collection(10), '"2"', None
    assert fetch(city, tmp_path)
    assert (tmp_path / "quarters.geojson").read_bytes() == Files.body


@pytest.mark.parametrize("path, reason", [("/loop", "redirects more than 3"), ("/error", "answered with 503")])
def test_a_server_without_a_usable_answer(server: str, path: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=reason):
        fetch(territory(server + path), tmp_path)


def test_nonsense_never_replaces_what_is_there(server: str, tmp_path: Path) -> None:
    city = territory(server + "/file")
    assert fetch(city, tmp_path)
    good = (tmp_path / "quarters.geojson").read_bytes()
    Files.body, Files.etag = b"<html>Wartung</html>", '"3"'
    with pytest.raises(DomainError, match="no GeoJSON"):
        fetch(city, tmp_path)
    assert (tmp_path / "quarters.geojson").read_bytes() == good
    assert [path.name for path in tmp_path.glob("*.part*")] == []


def test_a_file_that_is_too_large_is_given_up(server: str, tmp_path: Path) -> None:
    Files.body = collection(1_200_000)
    with pytest.raises(DomainError, match="larger than 1 MiB"):
        fetch(territory(server + "/file", size_mb_max=1), tmp_path)


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="is not reached"):
        fetch(territory("http://127.0.0.1:9/file"), tmp_path)


def test_the_command_fetches_and_shows(server: str, tmp_path: Path) -> None:
    profile = tmp_path / "stadt"
    profile.mkdir()
    (profile / "profile.toml").write_text(
        '[city]\nkey = "stadt"\nname = "Stadt"\nags = "00000000"\nars = "000000000000"\n', encoding="utf-8"
    )
    layer = f'[[layers]]\nkey = "quarters"\naddress = "{server}/file"\nnames = {{ key = "QUARTIER" }}\n'
    parts = '[[boroughs]]\nkey = "0"\nname = "Stadt"\n[[quarters]]\nkey = "01"\nname = "Mitte"\nborough = "0"\n'
    (profile / "territory.toml").write_text("bounds = [7.0, 51.1, 7.4, 51.4]\n" + layer + parts, encoding="utf-8")
    flags = ["--city", str(profile), "--data", str(tmp_path / "data")]
    runner = CliRunner()
    before = runner.invoke(main, ["profile", "show", *flags])
    assert "1 quarters, 0 with an official boundary" in before.output
    done = runner.invoke(main, ["profile", "update", *flags])
    assert (done.exit_code, "quarters: fetched" in done.output) == (0, True), done.output
    after = runner.invoke(main, ["profile", "show", *flags])
    assert "1 quarters, 1 with an official boundary" in after.output
    Files.body, Files.etag = b"[]", '"4"'
    failed = runner.invoke(main, ["profile", "update", *flags])
    assert failed.exit_code == 1
    assert (
        msgspec.json.decode((tmp_path / "data/stadt/territory/layers.json").read_bytes())["quarters"]["etag"] == '"1"'
    )
