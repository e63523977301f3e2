"""Conditions joined by and and or, with parentheses: what the query languages of the standard have in common.

``;`` is and and binds tighter than or, which each language writes with signs of its own.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from talwerk.core.errors import DomainError, Fault
from talwerk.core.query import And, Filter, Or


class Conditions(ABC):
    """Reads one expression by recursive descent; a language says what its terms are.

    Args:
        text: the expression.

    Attributes:
        name: the parameter that the expression stands in, for errors.
        or_signs: each of these characters joins alternatives.
        length_max: characters that an expression may have.
        nesting_max: levels of parentheses.
        text: the expression.
        at: the position in it.
    """

    name: ClassVar[str]
    or_signs: ClassVar[str]
    length_max: ClassVar[int]
    nesting_max: ClassVar[int]

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Filter:
        """The filter that the whole text stands for.

        Raises:
            DomainError: what :meth:`broken` makes when the text breaks the grammar; TooComplexQuery when it is too
                long or too deep.
        """
        if len(self.text) > self.length_max:
            raise self.too_complex(f"has {len(self.text)} characters; {self.length_max} is the most")
        condition = self._alternatives(0)
        if self.at < len(self.text):
            raise self.broken(f"one of ; {' '.join(self.or_signs)} was expected")
        return condition

    @abstractmethod
    def term(self) -> Filter:
        """Read what stands between two joining signs, parentheses aside."""

    @abstractmethod
    def broken(self, why: str) -> DomainError:
        """The error for a text that breaks the grammar at the position."""

    def either(self, items: list[Filter]) -> Filter:
        """The filter of two or more alternatives."""
        return Or(tuple(items))

    def too_complex(self, why: str) -> DomainError:
        """The error for an expression that asks for too much."""
        return DomainError(Fault.TOO_COMPLEX, f"The {self.name} {why}.", self.name)

    def take(self, signs: str) -> bool:
        """Step over one of these characters; whether one was there."""
        if self.at < len(self.text) and self.text[self.at] in signs:
            self.at += 1
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Step over what a pattern matches here; None when it does not."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def _alternatives(self, depth: int) -> Filter:
        if depth > self.nesting_max:
            raise self.too_complex(f"is nested deeper than {self.nesting_max} levels")
        items = [self._sequence(depth)]
        while self.take(self.or_signs):
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else self.either(items)

    def _sequence(self, depth: int) -> Filter:
        items = [self._grouped(depth)]
        while self.take(";"):
            items.append(self._grouped(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _grouped(self, depth: int) -> Filter:
        if not self.take("("):
            return self.term()
        condition = self._alternatives(depth + 1)
        if not self.take(")"):
            raise self.broken("a closing parenthesis was expected")
        return condition
