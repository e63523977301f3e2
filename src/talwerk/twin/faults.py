"""Everything that goes wrong with other people's servers, as faults that can be switched on for a source."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec

from talwerk.core.instants import DAY

from .replies import Reply, moved

MIB = 1 << 20
SNAPSHOT_MIB = 72
LATE_S = 600.0
DRIP_S = 2.0

Fault = Callable[[str, Reply], Reply]
"""From the path that was asked for and the right answer to the wrong one."""

_NUMBER = re.compile(rb'(?<=[,:\[\s])(?:-?\d{1,7}(?:\.\d+)?|"-?\d{1,7}\.\d+")(?=\s*[,\]}])')
_NAME = re.compile(rb'"([^"\\]{1,60})"(\s*:)')


class Kind(msgspec.Struct, frozen=True):
    """A fault that can be switched on: what people read of it, and what it does."""

    meaning: str
    fault: Fault


def status(code: int, **headers: str) -> Fault:
    """Another status, with an empty body."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _path, _reply: Reply(b"", code, named)


def body(content: bytes, **headers: str) -> Fault:
    """Another body under the status 200."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _path, _reply: Reply(content, 200, named)


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """The right body, changed."""
    return lambda _path, reply: replace(reply, body=change(reply.body))


def late(seconds: float) -> Fault:
    """The right answer, too late."""
    return lambda _path, reply: replace(reply, before_s=seconds)


def drip(pause_s: float) -> Fault:
    """The right answer, byte by byte."""
    return lambda _path, reply: replace(reply, pause_s=pause_s)


def reset(after: int) -> Fault:
    """A connection that is reset after so many bytes."""
    return lambda _path, reply: replace(reply, cut=after)


def huge(mebibytes: int) -> Fault:
    """A body that never seems to end."""
    return lambda _path, _reply: Reply(b" " * MIB, repeat=mebibytes)


def redirect_loop(path: str, _reply: Reply) -> Reply:
    """Leads to where it was asked."""
    return Reply(b"", 302, {"location": path})


def gzip_bomb(mebibytes: int) -> Fault:
    """A few kilobytes that become many megabytes."""

    @cache
    def packed() -> bytes:
        return gzip.compress(b" " * (mebibytes * MIB))

    def bomb(_path: str, reply: Reply) -> Reply:
        return Reply(packed(), 200, {**reply.headers, "content-encoding": "gzip"})

    return bomb


def numbers(text: bytes) -> Fault:
    """Another text in the place of every number."""
    return rewritten(lambda content: _NUMBER.sub(text, content))


def renamed(content: bytes) -> bytes:
    """The same with other names of fields."""
    return _NAME.sub(rb'"neu_\1"\2', content)


def every_list(change: Callable[[list[Any]], list[Any]]) -> Fault:
    """JSON whose lists of rows are changed; anything else stays as it is."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: walk(inner) for name, inner in value.items()}
        if isinstance(value, list):
            rows = [walk(inner) for inner in value]
            return change(rows) if rows and all(isinstance(row, list | dict) for row in rows) else rows
        return value

    def changed(content: bytes) -> bytes:
        try:
            return json.dumps(walk(json.loads(content))).encode()
        except ValueError:
            return content

    return rewritten(changed)


def snapshot(mebibytes: int) -> Fault:
    """The rows of the right answer over and over, until the body has that size."""

    def grown(content: bytes) -> bytes:
        row = content.strip()
        if row[:1] == b"[" and row[-1:] == b"]" and row[1:-1].strip():
            row = row[1:-1]
        times = mebibytes * MIB // max(len(row) + 1, 1) + 1
        return b"[" + b",".join([row] * times) + b"]"

    return rewritten(grown)


KINDS: dict[str, Kind] = {
    "time-out": Kind("the answer does not come", late(LATE_S)),
    "slow-drip": Kind("the answer comes byte by byte", drip(DRIP_S)),
    "reset": Kind("the connection is reset in the middle", reset(20)),
    "500": Kind("the server fails", status(500)),
    "404": Kind("there is nothing any more", status(404)),
    "redirect-loop": Kind("it leads to itself", redirect_loop),
    "empty": Kind("the body is empty", body(b"")),
    "html": Kind("a page instead of data", body(b"<!DOCTYPE html><title>Wartung</title>", content_type="text/html")),
    "wrong-encoding": Kind(
        "two bytes a letter, declared as UTF-8",
        rewritten(lambda content: content.decode("utf-8", "replace").encode("utf-16-le")),
    ),
    "gzip-bomb": Kind("a few kilobytes that become many megabytes", gzip_bomb(200)),
    "100-mb": Kind("100 MB of nothing", huge(100)),
    "72-mb-snapshot": Kind("the right rows, 72 MB of them", snapshot(SNAPSHOT_MIB)),
    "nan": Kind("NaN instead of every number", numbers(b"NaN")),
    "nulls": Kind("null instead of every number", numbers(b"null")),
    "out-of-range": Kind("values that nobody can measure", numbers(b"9999999")),
    "duplicates": Kind("every row twice", every_list(lambda rows: rows + rows)),
    "out-of-order": Kind("the newest row first", every_list(lambda rows: rows[::-1])),
    "future-stamps": Kind("stamps that lie two days ahead", lambda _path, reply: ahead(reply)),
    "renamed-fields": Kind("fields have other names", rewritten(renamed)),
}

SENDING: dict[str, str] = {
    "dropped": "nothing arrives",
    "twice": "every message is delivered twice",
    "late": "messages are an hour old when they arrive",
    "wrong-key": "the key is nobody's",
    "cut-off": "messages break off in the middle",
}
"""Faults of sources that send by themselves, with what people read of them."""


def ahead(reply: Reply) -> Reply:
    """The right answer, as if two days later; the newest number among its stamps tells what they are about."""
    found = [int(text) for text in re.findall(rb"(?<![\d.])(1\d{9})(?:\d{3})?(?![\d.])", reply.body)]
    return replace(reply, body=moved(reply.body, 2 * DAY, max(found, default=0) * 1_000_000))
