"""Places by name: a search over the city's addresses that forgives typing errors and needs no network."""

from .question import Question, folded
from .register import FILE, House, Register
from .search import Found, Precision, Search

__all__ = ["FILE", "Found", "House", "Precision", "Question", "Register", "Search", "folded"]
