"""The look of a city: colours of its own, in place of the portal's."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Colour = Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$")]
Token = Literal[
    "paper",
    "surface",
    "line",
    "ink",
    "muted",
    "slate",
    "on-slate",
    "on-slate-act",
    "on-slate-river",
    "green",
    "green-soft",
    "on-green",
    "river",
    "river-soft",
]
"""Colours that a city may choose. Those of the Informationsstufen are the same everywhere, so that people know them."""


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Colours that replace the portal's, by token; what is not named stays.

    Attributes:
        light: for the light scheme.
        dark: for the dark one; what only ``light`` names counts for the light one alone.
    """

    light: dict[Token, Colour] = {}
    dark: dict[Token, Colour] = {}
