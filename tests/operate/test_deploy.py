"""What deploy/ offers fits the city: commands, settings, addresses and files exist; the service manager is told."""

from __future__ import annotations

import configparser
import itertools
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from starlette.routing import Route

from talwerk.app import open_city, routes
from talwerk.cli import COMMANDS, main
from talwerk.protocols.http.bodies import BATCH_BYTES_MAX
from talwerk.settings import FIELDS, PREFIX, Settings, load
from tests.conftest import ROOT
from tests.served import TALWERK, free_port

DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "operate" / "install.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(bash|console|toml)\n(.*?)```", GUIDE, re.DOTALL)
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(DEPLOY.iterdir())}


def commands_in(text: str) -> Iterator[list[str]]:
    """Every `talwerk ...` that stands in a text, as words."""
    for found in re.finditer(r"(?:^|[\s=(\"/])talwerk((?: +[a-zA-Z][\w.-]*| +--[\w-]+)+)", text, re.MULTILINE):
        # A container's name may stand before the program's.
        words = list(itertools.dropwhile(lambda word: word == "talwerk", found[1].split()))
        if words and words[0][0].isalpha():
            yield words


def known(words: list[str]) -> bool:
    """Whether a command with these sub-commands and options exists."""
    if words[0] not in COMMANDS:
        return False
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    if isinstance(command, click.Group):
        if words[1] not in command.commands:
            return False
        command = command.commands[words[1]]
    options = {name for parameter in command.params for name in parameter.opts}
    return all(word in options for word in words if word.startswith("--"))


def test_what_there_is() -> None:
    assert set(TEXTS) == {"Containerfile", "nginx.conf", "talwerk", "talwerk.service", "talwerk.toml"}


@pytest.mark.parametrize("script", [DEPLOY / "talwerk", ROOT / "tools" / "wheelhouse"])
def test_scripts_can_be_run_and_read(script: Path) -> None:
    assert os.access(script, os.X_OK)
    shell = script.read_text().partition("\n")[0].removeprefix("#!")
    assert subprocess.run([shell, "-n", script], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("name", TEXTS)
def test_every_setting_exists(name: str) -> None:
    for variable in re.findall(rf"\b{PREFIX}([A-Z_]+)\b", TEXTS[name]):
        assert variable == "CONFIG" or variable.lower() in FIELDS, variable


def test_the_settings_can_be_used(tmp_path: Path) -> None:
    settings = load(environment={}, file=DEPLOY / "talwerk.toml")
    assert settings.exposed
    assert settings.hosts
    assert settings.feeds == "live", "nobody who reaches it from elsewhere may take simulated values for measured ones"
    behind, _, own = TEXTS["talwerk.toml"].partition("# Instead of a proxy")
    behind = re.sub(r"^(host|port|behind_proxy) = .*\n", "", behind, flags=re.MULTILINE)
    offered = [line.removeprefix("# ") for line in own.splitlines()[1:]]
    (tmp_path / "talwerk.toml").write_text("\n".join([behind, *offered]))
    instead = load(environment={}, file=tmp_path / "talwerk.toml")
    assert (instead.host, instead.port, instead.behind_proxy) == ("::", 443, False)
    assert instead.tls_certificate == Path("/etc/talwerk/tls/fullchain.pem")


@pytest.fixture
def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(TEXTS["talwerk.service"])
    return parsed


def test_the_unit_starts_and_reloads_the_city(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/talwerk")
    assert known(words)
    assert shlex.split(service["ExecReload"])[1:] == ["-HUP", "$MAINPID"]
    data = tomllib.loads(TEXTS["talwerk.toml"])["data"]
    assert data == service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    # The supervisor kills who does not listen after twelve seconds, first those who serve, then the engine.
    assert int(service["TimeoutStopSec"]) > 2 * 12


def test_systemd_understands_the_unit(needs: Callable[[str], str], tmp_path: Path) -> None:
    analyze = needs("systemd-analyze")
    # The same unit with a program and a user that this machine has.
    text = TEXTS["talwerk.service"].replace("/opt/talwerk/bin/talwerk", shutil.which("sleep") or "/bin/sleep")
    (tmp_path / "talwerk.service").write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    done = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / "talwerk.service"], check=False, capture_output=True, text=True
    )
    complaints = [line for line in done.stderr.splitlines() if "talwerk.service" in line]
    assert complaints == []


async def test_the_proxy_leads_to_the_city(tmp_path: Path) -> None:
    text = TEXTS["nginx.conf"]
    settings = load(environment={}, file=DEPLOY / "talwerk.toml")
    assert f"server {settings.host}:{settings.port};" in text
    assert set(re.findall(r"server_name (\S+);", text)) == set(settings.hosts)
    assert f"client_max_body_size {BATCH_BYTES_MAX >> 20}m;" in text
    async with open_city(Settings(data=tmp_path)) as city:
        paths = {route.path for route in routes(city) if isinstance(route, Route)}
    assert set(re.findall(r"location = (\S+)", text)) <= paths
    assert text.count("{") == text.count("}")
    feed = text.partition("location = /api/v1/changes")[2].partition("}")[0]
    assert "proxy_buffering off;" in feed


async def test_the_container_fits(tmp_path: Path) -> None:
    text = TEXTS["Containerfile"]
    set_ = {name.lower(): value for name, value in re.findall(rf"{PREFIX}([A-Z_]+)=(\S+)", text)}
    environment = {PREFIX + name.upper(): value for name, value in set_.items()}
    settings = load(environment=environment)
    assert settings.exposed
    assert settings.behind_proxy
    assert ["operator", "enroll", "NAME"] in list(commands_in(text))
    path = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)'", text)
    assert path is not None
    assert int(path[1]) == settings.port
    async with open_city(Settings(data=tmp_path)) as city:
        assert path[2] in {route.path for route in routes(city) if isinstance(route, Route)}
    instructions = {line.split()[0] for line in text.splitlines() if re.match(r"[A-Z]+ ", line)}
    assert {"FROM", "USER", "VOLUME", "HEALTHCHECK", "CMD"} <= instructions
    assert text.index("USER talwerk") < text.index('CMD ["talwerk", "up"]')
    assert "readonly PYTHON=.venv/bin/python TO=dist/wheelhouse" in (ROOT / "tools" / "wheelhouse").read_text()


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_exists(name: str) -> None:
    assert [words for words in commands_in(TEXTS[name]) if not known(words)] == []


def test_the_guide_fits() -> None:
    """Its commands, settings and files exist; the paths are those of the unit and of the settings that it installs."""
    shell = "\n".join(text for kind, text in BLOCKS if kind != "toml")
    assert [words for words in commands_in(shell) if not known(words)] == []
    for _, text in (block for block in BLOCKS if block[0] == "toml"):
        assert set(tomllib.loads(text)) <= set(FIELDS)
    files = set(re.findall(r"(?:wheelhouse/| |`)deploy/([\w.]+)", GUIDE))
    assert files == set(TEXTS)
    for made in ("/var/lib/talwerk", "/etc/talwerk/talwerk.toml", "/opt/talwerk"):
        assert made in shell
        assert made in TEXTS["talwerk.service"]
    assert set(re.findall(r"make ([a-z-]+)", shell)) <= set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    )


@pytest.mark.parametrize("flags", [(), ("--single",)])
def test_the_service_manager_is_told(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        manager.settimeout(30)
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(tmp_path / "n"),
            "TALWERK_DATA": str(tmp_path / "data"),
            "TALWERK_PORT": str(free_port()),
        }
        with subprocess.Popen([TALWERK, "up", *flags], env=environment, stdout=subprocess.DEVNULL) as city:
            try:
                assert manager.recv(1_000) == b"READY=1"
                if not flags:
                    city.send_signal(signal.SIGHUP)
                    assert manager.recv(1_000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
                    assert manager.recv(1_000) == b"READY=1"
            finally:
                city.terminate()
            if not flags:
                assert manager.recv(1_000) == b"STOPPING=1"
            assert city.wait(20) == 0
