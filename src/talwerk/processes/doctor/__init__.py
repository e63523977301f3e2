"""What is wrong with a city, and what to do about it; for one that runs, one that does not, and one that cannot."""

from .examination import Examined, State, examine
from .finding import Finding, Level

__all__ = ["Examined", "Finding", "Level", "State", "examine"]
