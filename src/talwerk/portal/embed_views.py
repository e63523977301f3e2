"""A measuring point on somebody else's page."""

from dataclasses import dataclass

from talwerk.portal.views import PointView


@dataclass(frozen=True, slots=True)
class EmbedView:
    """A measuring point in a few square centimetres.

    Attributes:
        point: The measuring point with its chart.
        href: Address of its own page.
    """

    point: PointView
    href: str
