"""How numbers of drawings are written."""


def coordinate(value: float) -> str:
    """Write a coordinate with one decimal, which is finer than a pixel."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")
