"""What each template gets: the view, and what is drawn and worded from it."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.place import Frame


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its title and its own variables."""

    template: str
    title: str
    content: dict[str, Any]


@singledispatch
def page(view: Any, _frame: Frame, _p: Phrasebook) -> Page:
    """Return template and content of a view; whoever adds a kind of view registers its own.

    Raises:
        TypeError: Nobody has registered this kind of view.
    """
    raise TypeError(f"there is no page for {type(view).__name__}")
