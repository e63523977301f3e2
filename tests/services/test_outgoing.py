"""Which way requests leave the city."""

from __future__ import annotations

from pathlib import Path

import pytest

from talwerk.core.errors import DomainError
from talwerk.services.outgoing import Egress, certificates, client


@pytest.mark.parametrize(
    "host, direct",
    [
        ("example.org", False),
        ("city.example", True),
        ("CITY.example.", True),
        ("sub.city.example", False),
        ("a.intern.example", True),
        ("intern.example", False),
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
    ],
)
def test_exceptions_from_the_proxy(host: str, direct: bool) -> None:
    egress = Egress(proxy="http://proxy.example:3128", proxy_except=("city.example", ".Intern.example"))
    assert egress.proxy_for(host) == (None if direct else "http://proxy.example:3128")


def test_no_proxy_is_no_proxy() -> None:
    assert Egress().proxy_for("example.org") is None


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "absent.pem"):
        with pytest.raises(DomainError, match=name):
            certificates(tmp_path / name)


async def test_the_environment_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with client(Egress(), "example.org", connect_s=1, read_s=2) as made:
        assert not made.trust_env
        assert (made.timeout.connect, made.timeout.read) == (1, 2)
