"""The few pages that there are in easy language (Leichte Sprache)."""

from __future__ import annotations

from .leaf import Leaf

LEAVES: tuple[Leaf, ...] = ()
