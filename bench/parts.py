"""``python -m bench.parts``: parts of a city by themselves: finding addresses, reading sources' answers."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

from talwerk.sdk.reading import Reading, Thing
from talwerk.sdk.recording import read_recording
from talwerk.services.places.register import House, Register
from talwerk.services.places.search import Search
from talwerk.services.sources.checking import read_all
from talwerk.services.sources.discovery import Found, discover, recordings_of

ADDRESSES = 100_000
PER_STREET = 40
QUESTIONS = 1_000
READ_FOR_S = 0.3
_BEGINNINGS = "Alten Birken Dorn Eichen Erlen Garten Hammer Heiden Höhen Kapellen Linden Mühlen Nord Ober Rosen Ufer"
_MIDDLES = "berg bach feld grund hof kamp rain stein tal weiher wiesen winkel"
_ENDS = "straße weg platz allee gasse ring stieg pfad ufer steig damm hang"


def houses(chance: random.Random) -> list[House]:
    """Addresses on streets with made-up names, as many to a street as a large city has."""
    names = [a + b + c for a in _BEGINNINGS.split() for b in _MIDDLES.split() for c in _ENDS.split()]
    names += [f"{first} {name}" for first in ("Am", "Im") for name in names[:200]]
    return [
        House(
            street=street,
            number=number,
            suffix="",
            postcode="42103",
            longitude=7.05 + chance.random() / 5,
            latitude=51.2 + chance.random() / 10,
        )
        for street in chance.sample(names, ADDRESSES // PER_STREET)
        for number in range(1, PER_STREET + 1)
    ]


def address_rows() -> Iterator[tuple[str, str, str]]:
    """Questions as people type them: whole, begun, and with a wrong letter."""
    chance = random.Random(1)  # noqa: S311 - the same addresses in every run
    known = houses(chance)
    search = Search(Register.build(known))
    picked = [chance.choice(known) for _ in range(QUESTIONS)]
    asked = {
        "whole": [f"{house.street} {house.number}" for house in picked],
        "begun": [house.street[: len(house.street) // 2] for house in picked],
        "one wrong letter": [_misspelt(house.street, chance) + f" {house.number}" for house in picked],
    }
    for name, texts in asked.items():
        lasted_ms, found = [], 0
        for text in texts:
            began = time.perf_counter()
            answers = search.find(text)
            lasted_ms.append((time.perf_counter() - began) * 1_000)
            found += bool(answers)
        slow = statistics.quantiles(lasted_ms, n=100)[98]
        row = f"address among {len(known):,}, {name}"
        yield row, f"{statistics.median(lasted_ms):.2f} ms", f"p99 {slow:.2f} ms, {found / QUESTIONS:.0%} answered"


def _misspelt(text: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(text))
    return text[:at] + chance.choice("aeinrst") + text[at + 1 :]


def reading_rows() -> Iterator[tuple[str, str, str]]:
    """Every connector on its own recording: small answers, so that what an answer costs by itself counts too."""
    for key, found in discover().items():
        recording = read_recording(recordings_of(found))
        size = sum((recordings_of(found) / each.file).stat().st_size for each in recording.exchange)
        began, rounds, findings = time.perf_counter(), 0, 0
        while (lasted_s := time.perf_counter() - began) < READ_FOR_S:
            findings += _findings(found)
            rounds += 1
        beside = f"{rounds * size / lasted_s / 1e6:.1f} MB/s, {findings // rounds} in {size / 1e3:.1f} kB"
        yield f"values and things read, {key}", f"{findings / lasted_s:,.0f}/s", beside


def _findings(found: Found) -> int:
    read = read_all(found, read_recording(recordings_of(found)))
    return sum(isinstance(each, Reading | Thing) for findings in read.values() for each in findings)


def main() -> None:
    """Measure and print a table."""
    print("| what | figure | beside it |\n|---|---|---|")
    for rows in (address_rows(), reading_rows()):
        for row in rows:
            print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
