"""How good the air is, by the index of the German environment agency (Luftqualitätsindex, hourly means, 2025).

Of the substances measured, the worst decides. Upper ends of the classes in µg/m³, as the agency publishes them.
"""

CLASSES = ("very_good", "good", "moderate", "poor", "very_poor")
"""Keys of their words (``air.<class>``)."""
_ENDS = {
    "pm10": (9, 27, 54, 90),
    "pm2_5": (5, 15, 30, 50),
    "ozone": (24, 72, 144, 240),
    "no2": (10, 30, 60, 100),
}
SUBSTANCES = tuple(_ENDS)


def air_class(quantity: str, value: float) -> int:
    """The class of an hourly mean, 0 the best.

    Args:
        quantity: one of :data:`SUBSTANCES`.
        value: in µg/m³; judged as the agency shows it, in whole numbers.
    """
    whole = int(max(value, 0.0) + 0.5)
    return sum(whole > end for end in _ENDS[quantity])
