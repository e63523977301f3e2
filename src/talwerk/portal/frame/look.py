"""A city's own colours as a stylesheet, and whether everything stays readable with them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from talwerk.sdk.look import Look, Token

CONTRAST_MIN = 5.3
"""More than WCAG 2.2 AA asks for (4.5), because old screens and sunlight take some of it away."""
FOREGROUNDS = ("ink", "muted", "green", "river", "stage-1", "stage-2", "stage-3")
GROUNDS = ("paper", "surface", "green-soft", "river-soft", "stage-1-soft", "stage-2-soft", "stage-3-soft")
PAIRS = (
    *((front, ground) for front in FOREGROUNDS for ground in GROUNDS),
    ("on-slate", "slate"),
    ("on-slate-act", "slate"),
    ("on-slate-river", "slate"),
    ("on-green", "green"),
    ("on-stage-3", "stage-3"),
)
"""Which colours meet on the pages."""
_TOKENS = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
_BLOCK = re.compile(r":root \{([^}]*--paper: #[^}]*)\}")


def look_css(look: Look) -> bytes:
    """Return the stylesheet that follows the portal's own; empty when the city has no colours of its own."""
    schemes = (("not all and (prefers-color-scheme: dark)", look.light), ("(prefers-color-scheme: dark)", look.dark))
    return "".join(_rule(condition, colours) for condition, colours in schemes if colours).encode()


def _rule(condition: str, colours: Mapping[Token, str]) -> str:
    told = "".join(f"--{name}:{colour};" for name, colour in sorted(colours.items()))
    return f"@media {condition}{{:root{{{told}}}}}\n"


def colours_of(look: Look) -> dict[str, dict[str, str]]:
    """Return every token by scheme, ``light`` and ``dark``, as a city's pages show it."""
    light, dark = _defaults()
    # What the dark scheme does not name it has from the light one, as the stylesheet says.
    return {"light": light | dict(look.light), "dark": light | dark | dict(look.dark)}


def unreadable(look: Look) -> Iterator[str]:
    """Tell which colours would lie on one another with too little contrast, a sentence each."""
    for scheme, colours in colours_of(look).items():
        for front, ground in PAIRS:
            found = contrast(colours[front], colours[ground])
            if found < CONTRAST_MIN:
                yield f"{scheme}: {front} on {ground} has a contrast of {found:.1f}:1, it needs {CONTRAST_MIN}:1"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, 1.4.3).

    Args:
        one: Written as ``#rrggbb``.
        other: Written likewise.
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def _defaults() -> tuple[dict[str, str], dict[str, str]]:
    css = resources.files("talwerk.portal").joinpath("static", "styles", "10-tokens.css").read_text(encoding="utf-8")
    light, dark = (dict(_TOKENS.findall(block)) for block in _BLOCK.findall(css))
    return light, dark
