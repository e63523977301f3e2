from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.instants import parse_instant
from talwerk.processes.logs import LogHandler, clean
from talwerk.protocols.http.request_ids import request_id
from tests.protocols.city import FixedClock


class MovingClock(FixedClock):
    seconds = 0.0

    def monotonic_s(self) -> float:
        return self.seconds


class Log:
    def __init__(self, form: Literal["text", "json"]) -> None:
        self.clock, self.stream = MovingClock(), io.StringIO()
        self.handler = LogHandler(self.stream, form, self.clock)
        self.logger = logging.Logger("talwerk.test")
        self.logger.addHandler(self.handler)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log("json")
    yield log
    log.handler.close()


@pytest.fixture
def text() -> Iterator[Log]:
    log = Log("text")
    yield log
    log.handler.close()


def test_an_event_is_one_line_with_its_fields(log: Log) -> None:
    token = request_id.set("abc-1")
    try:
        log.logger.info("%d batches", 3, extra={"took_ms": 1.5, "level": "forged"})
    finally:
        request_id.reset(token)
    (event,) = log.events()
    assert parse_instant(event["time"])
    assert (event["level"], event["logger"], event["message"]) == ("info", "talwerk.test", "3 batches")
    assert (event["request_id"], event["took_ms"]) == ("abc-1", 1.5)
    assert event["process"]


def test_where_an_exception_came_from_stands_in_the_same_line(log: Log, text: Log) -> None:
    for one in (log, text):
        error = ValueError("broken\nin two lines")
        one.logger.error("it failed", exc_info=error)
    (event,) = log.events()
    assert "ValueError: broken" in str(event["exception"])
    first, *others = text.lines()
    assert "it failed" in first
    assert others
    assert all(line.startswith("  ") for line in others)


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_message_forges_no_line(message: str, field: str) -> None:
    log = Log("text")
    log.logger.info("%s", message, extra={"field": field})
    assert len(log.stream.getvalue().splitlines()) == 1
    log.handler.close()


@pytest.mark.parametrize(
    "secret, told",
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer …"),
        ("GET https://user:pass@feeds.example/x?key=1&name=Meier failed", "GET https://…@feeds.example/x?… failed"),
        ("http://feeds.example/x?key=1", "http://feeds.example/x?…"),
        ("http://feeds.example/x is silent", "http://feeds.example/x is silent"),
    ],
)
def test_secrets_stay_out(secret: str, told: str) -> None:
    assert clean(secret) == told


def test_secrets_stay_out_of_traces_and_fields_too(log: Log) -> None:
    fields = {"address": "https://a.example/?token=abc.def"}
    log.logger.error("it failed", exc_info=ValueError("Bearer abc.def"), extra=fields)
    assert "abc.def" not in log.stream.getvalue()


def test_the_same_failure_is_counted_and_not_repeated(log: Log) -> None:
    for _ in range(1_000):
        log.logger.error("the disk is full")
        log.logger.error("the other disk is full")
    assert [event["message"] for event in log.events()] == ["the disk is full", "the other disk is full"]
    log.clock.seconds = 61
    log.logger.error("the disk is full")
    assert log.events()[-1]["repeated"] == 999
    log.handler.tell_repeats()
    last = log.events()[-1]
    assert (last["message"], last["repeated"]) == ("the other disk is full", 999)
    assert len(log.events()) == 4


def test_news_are_never_left_out(log: Log) -> None:
    for _ in range(5):
        log.logger.info("a visitor")
    assert len(log.events()) == 5


def test_what_cannot_be_written_ends_nothing(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.logger.warning("%d batches", "three")
    log.logger.warning("after it")
    assert [event["message"] for event in log.events()] == ["after it"]
    assert "Logging error" in capsys.readouterr().err
