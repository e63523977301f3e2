"""A city under constant load: nobody notices when its settings change, and at its end nothing is cut or lost."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.served import Served, served

CLIENTS = 8


@dataclass
class Load:
    """What clients saw: every answer's status, every entity that was acknowledged, every request that failed."""

    statuses: list[int] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    over: bool = False


async def client(city: Served, load: Load, numbers: itertools.count[int]) -> None:
    loop = asyncio.get_running_loop()
    headers = {"Authorization": f"Bearer {city.token}"}
    trust = city.trust or True
    async with httpx2.AsyncClient(
        base_url=city.url, headers=headers, timeout=20, trust_env=False, verify=trust
    ) as asking:
        connected_before = False
        while not load.over:
            entity = f"urn:ngsi-ld:Bench:{next(numbers)}"
            began = loop.time()
            try:
                # Created, not updated: a batch that was written twice would be refused.
                answer = await asking.post("/ngsi-ld/v1/entities", json={"id": entity, "type": "Bench"})
                load.statuses.append(answer.status_code)
                if answer.status_code == 201:
                    load.acknowledged.append(entity)
                load.statuses.append((await asking.get("/api/v1/stations")).status_code)
                connected_before = True
            except httpx2.TransportError as error:
                if load.over or not connected_before:
                    return
                load.failures.append(repr(error))
            load.slowest_s = max(load.slowest_s, loop.time() - began)


@asynccontextmanager
async def under_load(city: Served) -> AsyncIterator[Load]:
    load = Load()
    numbers = itertools.count(1)
    clients = [asyncio.create_task(client(city, load, numbers)) for _ in range(CLIENTS)]
    await until(lambda: len(load.acknowledged) > 50)
    yield load
    load.over = True
    await asyncio.gather(*clients)


async def until(what: Callable[[], object], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.02)


def parts(pid: int) -> dict[str, list[int]]:
    """The processes of a city by name; several while one leaves."""
    found: dict[str, list[int]] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            name = Path(f"/proc/{child}/comm").read_text().strip()
        except OSError:
            continue
        found.setdefault(name, []).append(int(child))
    return found


def count(city: Served) -> int:
    answer = city.get("/ngsi-ld/v1/entities?type=Bench&limit=0&count=true")
    return int(answer.headers["NGSILD-Results-Count"])


async def test_new_settings_cost_no_request(tmp_path: Path) -> None:
    settings = tmp_path / "talwerk.toml"
    settings.write_text("serve_processes = 2\n")
    log = tmp_path / "log"
    with served(tmp_path / "data", config=str(settings), log_file=log) as city:
        before = parts(city.pid)
        assert sorted(before) == ["tw engine", "tw serve 1", "tw serve 2"]
        async with under_load(city) as load:
            for queue_max, processes in ((900, 2), (800, 3), (700, 1)):
                old = parts(city.pid)
                settings.write_text(f'serve_processes = {processes}\nqueue_max = {queue_max}\nhost = "127.0.0.2"\n')
                os.kill(city.pid, signal.SIGHUP)
                names = ["tw engine", *(f"tw serve {n}" for n in range(1, processes + 1))]
                await until(lambda old=old, names=names: renewed(city.pid, old, names))  # type: ignore[misc]
                done = len(load.statuses)
                await until(lambda done=done: len(load.statuses) > done + 100)  # type: ignore[misc]
        assert load.failures == []
        assert set(load.statuses) == {200, 201}
        assert load.slowest_s < 5
        assert count(city) == len(load.acknowledged)
    told = log.read_text()
    assert told.count("Settings and certificate were read anew; changed settings: queue_max") >= 1
    assert "Only a restart changes host" in told
    assert "Traceback" not in told


def renewed(pid: int, old: dict[str, list[int]], names: list[str]) -> bool:
    """Whether every process is another one, and there are no others."""
    now = parts(pid)
    before = {number for numbers in old.values() for number in numbers}
    numbers = [number for found in now.values() for number in found]
    return sorted(now) == sorted(names) and len(numbers) == len(names) and not before & set(numbers)


async def test_the_end_cuts_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "data") as city:
        async with under_load(city) as load:
            os.kill(city.pid, signal.SIGTERM)
            # New connections are refused from now on; those that were there are answered to their end.
            await until(lambda: load.failures or not alive(city.pid))
            load.over = True
    assert not [failure for failure in load.failures if not failure.startswith("ConnectError")]
    assert set(load.statuses) == {200, 201}
    with served(tmp_path / "data") as city:
        assert count(city) == len(load.acknowledged)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("prot = 1\n", "there is no setting 'prot'"),
        ("serve_processes = 0\n", "serve_processes are at least 1"),
        ('host = "0.0.0.0"\nbehind_proxy = true\n', "it is not ready for that"),
        ('ca_file = "nothing.pem"\n', "nothing.pem"),
    ],
)
async def test_settings_that_are_wrong_change_nothing(tmp_path: Path, text: str, complaint: str) -> None:
    settings = tmp_path / "talwerk.toml"
    settings.write_text("")
    log = tmp_path / "log"
    with served(tmp_path / "data", config=str(settings), log_file=log) as city:
        before = parts(city.pid)
        settings.write_text(text)
        done = city.run("reload", folder=tmp_path)
        if done.returncode == 2:
            # The command reads the settings itself, and says what is wrong with them.
            assert complaint in done.stderr
            os.kill(city.pid, signal.SIGHUP)
        await until(lambda: "the city goes on with the old ones" in log.read_text())
        assert complaint in log.read_text()
        assert parts(city.pid) == before
        assert city.get("/health/ready").status_code == 200


async def test_settings_that_do_not_start_are_taken_back(tmp_path: Path) -> None:
    settings = tmp_path / "talwerk.toml"
    settings.write_text("")
    log = tmp_path / "log"
    with served(tmp_path / "data", config=str(settings), log_file=log) as city:
        async with under_load(city) as load:
            # Only the serving process finds out that the file is not there.
            settings.write_text('[context_map]\n"https://city.example/a" = "nothing.jsonld"\n')
            os.kill(city.pid, signal.SIGHUP)
            await until(lambda: "The new settings do not work" in log.read_text())
            done = len(load.statuses)
            await until(lambda: len(load.statuses) > done + 100)
        assert load.failures == []
        assert set(load.statuses) == {200, 201}
        assert sorted(parts(city.pid)) == ["tw engine", "tw serve 1"]


async def test_a_city_in_one_process_says_what_only_a_restart_changes(tmp_path: Path) -> None:
    settings = tmp_path / "talwerk.toml"
    settings.write_text("single = true\n")
    log = tmp_path / "log"
    with served(tmp_path / "data", config=str(settings), log_file=log) as city:
        settings.write_text('single = true\nqueue_max = 7\nlog_level = "debug"\n')
        assert city.run("reload", folder=tmp_path).returncode == 0
        await until(lambda: "Only a restart changes queue_max" in log.read_text())
        assert "changed settings: log_level" in log.read_text()
        assert city.get("/health/ready").status_code == 200


def test_nobody_to_reload(tmp_path: Path) -> None:
    with served(tmp_path / "data") as city:
        pass
    done = city.run("reload", folder=tmp_path)
    assert done.returncode == 1
    assert "No city runs on" in done.stderr


async def test_a_new_token_is_taken_with_a_reload_and_ends_the_old_one(tmp_path: Path) -> None:
    def written_with(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        entity = {"id": "urn:ngsi-ld:Bench:1", "type": "Bench"}
        return httpx2.post(f"{city.url}/ngsi-ld/v1/entityOperations/upsert", headers=headers, json=[entity]).status_code

    with served(tmp_path / "data") as city:
        new = city.run("operator", "enroll", "IT", "--new-token", folder=tmp_path).stdout.strip()
        assert (written_with(city.token), written_with(new)) == (201, 401)
        assert city.run("reload", folder=tmp_path).returncode == 0
        await until(lambda: written_with(new) == 204)
        assert written_with(city.token) == 401
