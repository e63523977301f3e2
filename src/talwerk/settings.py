"""Settings: one TOML file, the environment, flags; the later wins. An unknown key is an error that names its place."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from talwerk.cities import DEFAULT_CITY
from talwerk.services.outgoing import Egress

PREFIX = "TALWERK_"
FILE = "talwerk.toml"
STANDING = ("city", "data", "host", "port", "feeds", "single")
"""What a running city cannot change; a reload leaves it as it is."""


class SettingsError(Exception):
    """A setting that cannot be used; the text names where it stands and what would do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator can set. ``docs/settings.md`` explains each for operators.

    Attributes:
        city: key of the city profile, or the path of a folder that holds one.
        data: directory of the data; each city has a folder of its own in it.
        host: address to listen on.
        port: port to listen on, 0 for any free one.
        hosts: names, besides localhost, under which browsers and clients reach the city.
        feeds: where measurements come from: ``auto``, ``live``, ``twin`` or ``off``.
        single: everything in one process, for small devices and tests.
        serve_processes: processes that answer HTTP; one fills a core.
        dev_open_writes: lets everybody write; for conformance and load tests, on loopback only.
        dev_allow_loopback: lets @contexts come from this machine; only together with dev_open_writes.
        context_map: files that stand for the addresses of @contexts, which are then never fetched.
        log_level: how much is logged.
        queue_max: batches that may wait for the writer; more are refused with 503.
        query_budget_ms: milliseconds that one query may take before it is refused as too complex.
        delete_history_with_entity: whether deleting an entity erases its history; otherwise the history stays.
        tls_certificate: PEM file with the certificate and its chain; with tls_key the city speaks https itself.
        tls_key: PEM file with the certificate's private key.
        behind_proxy: whether a proxy in front of the city speaks TLS; lets it listen on other addresses than loopback.
        proxy: address of the proxy for every outgoing request, empty for none.
        proxy_except: hosts that are reached without the proxy; ``.example`` stands for all hosts below it.
        ca_file: PEM file with further certificate authorities for outgoing requests.
        log_format: ``text`` for people, ``json`` for programs.
        backup_folder: where daily backups go, ``backups`` in the data directory when None.
        backup_at: time of day of the daily backup in the city's zone, ``HH:MM``; empty for none.
        backup_keep: how many daily, weekly and monthly backups are kept.
        copy_folder: second place to which every change is copied within seconds, None for none.
        copy_every_s: seconds between two such copies.
        raw_days: days for which raw values are kept, 0 for ever; hourly sums always stay.
        raw_days_of: other numbers of days, by attribute (short name or IRI).
        log_days: days for which the change log is kept.
        disk_reserve_mb: free megabytes of the disk below which writes are refused.
        wal_mb_max: megabytes that the write-ahead log may reach.
        workers_max: processes for large payloads and exports, started when needed.
        worker_mb_max: megabytes of memory that one of them may take.
    """

    city: str = DEFAULT_CITY
    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8080
    hosts: tuple[str, ...] = ()
    feeds: Literal["auto", "live", "twin", "off"] = "auto"
    single: bool = False
    serve_processes: int = 1
    dev_open_writes: bool = False
    dev_allow_loopback: bool = False
    context_map: dict[str, Path] = {}
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    queue_max: int = 1_000
    query_budget_ms: int = 2_000
    delete_history_with_entity: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    proxy: str = ""
    proxy_except: tuple[str, ...] = ()
    ca_file: Path | None = None
    log_format: Literal["text", "json"] = "text"
    backup_folder: Path | None = None
    backup_at: str = "03:15"
    backup_keep: tuple[int, int, int] = (7, 5, 12)
    copy_folder: Path | None = None
    copy_every_s: int = 20
    raw_days: int = 0
    raw_days_of: dict[str, int] = {}
    log_days: int = 14
    disk_reserve_mb: int = 200
    wal_mb_max: int = 256
    workers_max: int = 2
    worker_mb_max: int = 1_024

    def __post_init__(self) -> None:
        """Refuse what could never work, and what would be dangerous."""
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"port is {self.port}; it lies between 0 and 65535")
        if min(self.queue_max, self.query_budget_ms, self.serve_processes) < 1:
            raise ValueError("queue_max, query_budget_ms and serve_processes are at least 1")
        if self.dev_open_writes and not self.loopback:
            raise ValueError(f"dev_open_writes lets everybody write; it needs a loopback host, not {self.host!r}")
        if self.dev_open_writes and self.behind_proxy:
            raise ValueError("dev_open_writes lets everybody write; it needs a city without behind_proxy")
        if self.dev_allow_loopback and not self.dev_open_writes:
            raise ValueError("dev_allow_loopback opens this machine to requests; it needs dev_open_writes")
        self._check_edges()
        self._check_copies()
        for address in self.context_map:
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"context_map has {address!r}, which is neither an http nor an https address")

    def _check_edges(self) -> None:
        if not self.host.strip():
            raise ValueError("host is empty; every address of this machine is 0.0.0.0, or :: with IPv6")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together: it needs both or neither")
        if self.proxy:
            _check_proxy(self.proxy)

    def _check_copies(self) -> None:
        if self.backup_at:
            try:
                time.fromisoformat(self.backup_at)
            except ValueError:
                raise ValueError(f"backup_at is {self.backup_at!r}, which is no time of day like 03:15") from None
        if min(self.backup_keep) < 0 or self.copy_every_s < 1:
            raise ValueError("the numbers of backup_keep are at least 0, copy_every_s is at least 1")
        if self.wal_mb_max < 16:
            raise ValueError(f"wal_mb_max is {self.wal_mb_max}; a log of less than 16 MB would be written back all day")

    @property
    def loopback(self) -> bool:
        """Whether the city listens to this machine alone."""
        return _is_loopback(self.host)

    @property
    def exposed(self) -> bool:
        """Whether others than this machine reach the city, by themselves or through a proxy."""
        return self.behind_proxy or not self.loopback

    @property
    def egress(self) -> Egress:
        """The policy for every outgoing request."""
        return Egress(proxy=self.proxy, proxy_except=self.proxy_except, ca_file=self.ca_file)


def _is_loopback(host: str) -> bool:
    """Whether it is an address of the machine to itself; a name other than localhost may point anywhere."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost"
    carried = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (carried or address).is_loopback


def _check_proxy(address: str) -> None:
    """Refuse what is no proxy, without repeating its password."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and parts.path in {"", "/"}
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("proxy is not of the form http://HOST:PORT or https://HOST:PORT")


_SWITCHES = ("single", "dev_open_writes", "dev_allow_loopback", "delete_history_with_entity", "behind_proxy")
_LISTS = ("hosts", "backup_keep", "proxy_except")
_TABLES = {"context_map": "URL=FILE", "raw_days_of": "NAME=DAYS"}
FIELDS = tuple(field.name for field in msgspec.structs.fields(Settings))


def load(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """The settings from file, environment and flags.

    Args:
        flags: values from the command line; None values were not given.
        environment: the process's environment, that of ``os`` when None.
        file: the settings file; when None, ``TALWERK_CONFIG`` or ``talwerk.toml`` here, if it exists.

    Raises:
        SettingsError: a key is unknown or a value unusable; the text names file and line, variable or flag.
    """
    env = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    path = file or (Path(env[PREFIX + "CONFIG"]) if env.get(PREFIX + "CONFIG") else None)
    if path is not None or _is_there(Path(FILE)):
        values.update(_from_file(path or Path(FILE)))
    values.update(_from_environment(env))
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    for name, value in given.items():
        _check(name, value, f"--{name.replace('_', '-')}")
    values.update(given)
    return _converted(values, "settings")


def _is_there(path: Path) -> bool:
    """Whether a file exists; in a folder that may not be looked into nobody left settings for us."""
    try:
        return path.exists()
    except OSError:
        return False


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    for key, value in table.items():
        place = f"{path}, line {_line_of(text, key)}"
        if key not in FIELDS:
            raise SettingsError(f"{place}: there is no setting {key!r}; there are {', '.join(FIELDS)}")
        _check(key, value, place)
    return table


def _line_of(text: str, key: str) -> int:
    """The line that sets a top-level key, 1 when it is written in a way that we do not recognise."""
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.split("=", 1)[0].strip().strip("[]").strip().strip("\"'")
        if name == key:
            return number
    return 1


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in env.items():
        if not variable.startswith(PREFIX) or variable == PREFIX + "CONFIG":
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in FIELDS:
            known = ", ".join(PREFIX + name.upper() for name in FIELDS)
            raise SettingsError(f"{variable}: there is no such setting; there are {known}")
        value = _from_text(key, text, variable)
        _check(key, value, variable)
        values[key] = value
    return values


def _from_text(key: str, text: str, place: str) -> Any:
    """A value as variables write it: lists separated by commas, tables as ``KEY=VALUE`` pairs."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if key in _LISTS:
        return parts
    if key in _TABLES:
        return pairs(parts, place, _TABLES[key])
    if key in _SWITCHES:
        return {"": False, "no": False, "off": False, "yes": True, "on": True}.get(text.lower(), text)
    return text


def pairs(texts: Iterable[str], place: str, form: str) -> dict[str, str]:
    """``KEY=VALUE`` texts (``URL=FILE``) as a table; the key may hold ``=`` itself; ``form`` explains it.

    Raises:
        SettingsError: a text has no ``=``.
    """
    table: dict[str, str] = {}
    for text in texts:
        address, equals, file = text.rpartition("=")
        if not (equals and address and file):
            raise SettingsError(f"{place}: {text!r} is not of the form {form}")
        table[address] = file
    return table


def _check(key: str, value: Any, place: str) -> None:
    """Try the one value by itself, so that the message can name where it came from."""
    try:
        _converted({key: value}, place)
    except SettingsError as error:
        # Values that are only wrong together (a certificate and no key) are judged when all are known.
        if key in {"dev_open_writes", "dev_allow_loopback", "tls_certificate", "tls_key"} and "it needs" in str(error):
            return
        raise


def _converted(values: Mapping[str, Any], place: str) -> Settings:
    try:
        return msgspec.convert(dict(values), Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: {_plainly(error)}") from error


_EXPECTED = re.compile(r"Expected `([^`]+)`(.*?)(?:, got `[^`]+`)?(?: - at `[^`]*`)?")
_CHOICE = re.compile(r"Invalid enum value (.*) - at `\$\.(\w+)`")
_CHOICES = {field.name: get_args(field.type) for field in msgspec.structs.fields(Settings)}
_KINDS = {"int": "a whole number", "float": "a number", "bool": "yes or no", "str": "text", "array": "a list"}


def _plainly(error: msgspec.ValidationError) -> str:
    """What is wrong with a value, without the names of programmers."""
    if chosen := _CHOICE.fullmatch(str(error)):
        return f"it is {chosen[1]}, which is none of {', '.join(_CHOICES[chosen[2]])}"
    found = _EXPECTED.fullmatch(str(error))
    if found is None:
        return str(error)
    kinds = [_KINDS.get(kind.strip(), kind.strip()) for kind in found[1].split("|")]
    return f"it has to be {' or '.join(kinds)}{found[2]}"


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value).expanduser()
    raise ValueError(f"{value!r} is not a path")
