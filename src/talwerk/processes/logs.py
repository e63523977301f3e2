"""Logs: one line an event, for people or for programs; never a token, and no failure a thousand times.

What a caller gives as ``extra`` becomes a field of the event. Library loggers go the same way as our own.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from typing import Any, Literal, TextIO

import msgspec

from talwerk.core.instants import SECOND, Clock, SystemClock, format_instant
from talwerk.protocols.http.request_ids import request_id

from .vitals import process_name

REPEATS_S = 60.0
"""The same warning or error within this time is counted instead of written."""
_KEPT_MAX = 500
# They tell of every request, with addresses and queries.
_TALKATIVE = ("uvicorn", "httpx2", "httpcore2", "asyncio")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "repeated"}
_SECRETS = (
    (re.compile(r"(?i)(\bbearer\s+)[^\s'\",;]+"), r"\1…"),
    (re.compile(r"(\bhttps?://)[^\s/@'\"]+@"), r"\1…@"),
    (re.compile(r"(\bhttps?://[^\s?'\"]+)\?[^\s'\"]+"), r"\1?…"),
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAMES = {"WARNING": "warning", "CRITICAL": "error"}


def configure(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send all events of this process, and of those that are forked from it, to a stream.

    Args:
        level: the least that is logged: ``debug``, ``info``, ``warning`` or ``error``.
        form: ``text`` for people, ``json`` for programs.
        stream: standard error when None.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LogHandler)]:
        root.removeHandler(handler)
    root.addHandler(LogHandler(stream or sys.stderr, form))
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes events as lines, the same failure once a minute.

    Args:
        stream: where to.
        form: ``text`` or ``json``.
        clock: measures the minute; the machine's when None.
    """

    def __init__(self, stream: TextIO, form: Literal["text", "json"], clock: Clock | None = None) -> None:
        super().__init__(stream)
        self.setFormatter(JsonLines() if form == "json" else TextLines())
        self._repeats = _Repeats(clock or SystemClock())
        self._timer: threading.Timer | None = None
        self._pid = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the event, or count it when it is the same failure again."""
        if self._repeats.news(record):
            super().emit(record)
        elif self._timer is None or self._pid != os.getpid():
            # A forked process has no timers of its parent.
            self._pid = os.getpid()
            self._timer = threading.Timer(REPEATS_S, self.tell_repeats)
            self._timer.daemon = True
            self._timer.start()

    def tell_repeats(self) -> None:
        """Write how often failures came again; also at the end of their minute, when nothing else happens."""
        with self.lock or threading.RLock():
            self._timer = None
            for record in self._repeats.counted():
                super().emit(record)

    def close(self) -> None:
        """Write what was counted, and end."""
        if self._timer is not None:
            self._timer.cancel()
        self.tell_repeats()
        super().close()


class _Repeats:
    """Knows the failures of the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[object, ...], tuple[float, int, logging.LogRecord]] = {}

    def news(self, record: logging.LogRecord) -> bool:
        """Whether an event is to be written: it is no failure, or one that was not written within the last minute."""
        if record.levelno < logging.WARNING:
            return True
        kind = record.exc_info[0] if record.exc_info else None
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # Its arguments do not fit; the handler says so where it is written.
            message = str(record.msg)
        key = (record.name, record.levelno, message, kind)
        now_s = self._clock.monotonic_s()
        first_s, count, _ = self._seen.get(key, (now_s - REPEATS_S, 0, record))
        if now_s - first_s < REPEATS_S:
            self._seen[key] = (first_s, count + 1, record)
            return False
        if count:
            record.repeated = count
        if len(self._seen) >= _KEPT_MAX:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = (now_s, 0, record)
        return True

    def counted(self) -> list[logging.LogRecord]:
        """The last event of each failure that came again, with how often; they begin anew."""
        found = []
        for key, (first_s, count, record) in list(self._seen.items()):
            if count:
                record.exc_info = record.exc_text = None
                record.repeated = count
                found.append(record)
                self._seen[key] = (first_s, 0, record)
        return found


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, process, logger, message, request_id, and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as JSON."""
        event = _event(record)
        if record.exc_info:
            event["exception"] = clean("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return msgspec.json.encode(event, enc_hook=str).decode()


class TextLines(logging.Formatter):
    """A line for people; only where an exception came from follows it, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as text."""
        event = _event(record)
        head = [event.pop(name) for name in ("time", "level", "process", "logger", "message")]
        line = f"{head[0]} {head[1].upper():7} {head[2]:8} {head[3]}: {_UNPRINTABLE.sub(' ', head[4])}"
        fields = "".join(f" {name}={_UNPRINTABLE.sub(' ', str(value))}" for name, value in event.items())
        if not record.exc_info:
            return line + fields
        lines = clean("".join(traceback.format_exception(*record.exc_info)).rstrip()).splitlines()
        return "\n".join([line + fields, *(f"  {_UNPRINTABLE.sub(' ', text)}" for text in lines)])


def _event(record: logging.LogRecord) -> dict[str, Any]:
    micros = round(record.created * 1_000) * 1_000
    time = format_instant(micros - micros % SECOND).removesuffix("Z")
    event: dict[str, Any] = {
        "time": f"{time}.{micros % SECOND // 1_000:03}Z",
        "level": _NAMES.get(record.levelname, record.levelname).lower(),
        "process": process_name()[0],
        "logger": record.name,
        "message": clean(record.getMessage()),
    }
    if number := request_id.get():
        event["request_id"] = number
    for name, value in vars(record).items():
        if name not in _STANDARD and name not in event:
            event[name] = clean(value) if isinstance(value, str) else value
    if repeated := getattr(record, "repeated", 0):
        event["repeated"] = repeated
    return event


def clean(text: str) -> str:
    """The text without what nobody may read in a log: bearer tokens, user names and queries of addresses."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
