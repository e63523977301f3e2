"""Finding an address by what somebody typed: exact before begun before similar."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .question import Question, folded
from .register import House, Register

SIMILAR_LEAST = 72.0
"""Of 100: about one wrong letter in four. Below that, a suggestion is a guess that helps nobody."""
BEGUN = 90.0
"""For a name of which somebody has typed the beginning; the rest up to :data:`WHOLE` is the share that was typed."""
WHOLE = 100.0
_SHORTEST = 2


class Precision(StrEnum):
    """How exactly a place answers the question."""

    HOUSE = "house"
    """The very house."""
    NEIGHBOUR = "neighbour"
    """The house does not exist; this is the one with the nearest number on the same side of the street."""
    STREET = "street"
    """Nobody asked for a number: a house in the middle of the street."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        house: the address.
        precision: how exactly it answers.
        score: how similar the street's name is, 0 to 100.
    """

    house: House
    precision: Precision
    score: float


def resemblance(one: str, other: str) -> float:
    """How similar two folded names are, 0 to 100."""
    from rapidfuzz import fuzz

    return float(fuzz.ratio(one, other))


class Search:
    """Searches a register.

    Args:
        register: the city's addresses.
    """

    def __init__(self, register: Register) -> None:
        self.register = register
        self._names = [folded(street) for street in register.streets]

    def find(self, text: str, limit: int = 5) -> tuple[Found, ...]:
        """The addresses that a text may mean, best first; nothing for a text that resembles no street.

        Args:
            text: as typed; up to 200 characters are read.
            limit: answers at most.
        """
        question = Question.of(text)
        found = [self._answer(street, score, question) for street, score in self._streets(question, limit)]
        order = {precision: rank for rank, precision in enumerate(Precision)}
        return tuple(
            sorted(found, key=lambda f: (-f.score, order[f.precision], self.register.streets.index(f.house.street)))
        )

    def _streets(self, question: Question, limit: int) -> list[tuple[int, float]]:
        """Positions of the likeliest streets with their scores."""
        from rapidfuzz import fuzz, process

        best: dict[int, float] = {}
        for name in question.streets:
            if len(name) < _SHORTEST:
                continue
            for _, score, street in process.extract(
                name, self._names, scorer=fuzz.ratio, score_cutoff=SIMILAR_LEAST, limit=limit
            ):
                best[street] = max(best.get(street, 0.0), score)
            begun = (street for street, known in enumerate(self._names) if known.startswith(name))
            for street, _ in zip(begun, range(limit), strict=False):
                # The more of the name was typed, the surer.
                share = len(name) / len(self._names[street])
                best[street] = max(best.get(street, 0.0), BEGUN + (WHOLE - BEGUN) * share)
            if any(score == WHOLE for score in best.values()):
                break
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def _answer(self, street: int, score: float, question: Question) -> Found:
        houses = list(self.register.houses(street))
        within = [house for house in houses if self.register.postcode(house) == question.postcode]
        houses = within or houses
        if question.number is None:
            return self._found(street, houses[len(houses) // 2], Precision.STREET, score)
        wanted = (question.number, question.suffix)
        exact = next((house for house in houses if self.register.number(house) == wanted), None)
        if exact is not None:
            return self._found(street, exact, Precision.HOUSE, score)
        nearest = min(houses, key=lambda house: self._distance(house, wanted))
        return self._found(street, nearest, Precision.NEIGHBOUR, score)

    def _distance(self, house: int, wanted: tuple[int, str]) -> tuple[int, int, str]:
        """How far a house number lies from another; the other side of the street counts as farther."""
        number, suffix = self.register.number(house)
        other_side = (number - wanted[0]) % 2
        return abs(number - wanted[0]) + 4 * other_side, other_side, suffix

    def _found(self, street: int, house: int, precision: Precision, score: float) -> Found:
        return Found(house=self.register.house(street, house), precision=precision, score=round(score, 1))
