"""The city's mark as a file of its own: the icon in the browser's tab."""

from html import escape

from talwerk.portal.frame.place import Mark

_COLOURS = {"act": "#74d0a4", "paper": "#ffffff", "river": "#7cc0f4"}
"""A picture file knows no stylesheet, so the header's colours stand here once more."""
_GROUND = "#1d282e"


def mark_svg(mark: Mark) -> bytes:
    """Return the mark on a square slate ground."""
    side = max(mark.width, mark.height) + 8
    left, top = (mark.width - side) / 2, (mark.height - side) / 2
    strokes = "".join(
        f'<path d="{escape(stroke.path)}" {_paint(_COLOURS[stroke.role], stroke.width)}/>' for stroke in mark.strokes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {side} {side}">'
        f'<rect x="{left:g}" y="{top:g}" width="{side}" height="{side}" rx="6" fill="{_GROUND}"/>'
        f"{strokes}</svg>"
    ).encode()


def _paint(colour: str, width: float) -> str:
    if width <= 0:
        return f'fill="{colour}"'
    return f'fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linecap="round"'
