"""The city's parts: boroughs and quarters, generated cells until official boundaries are loaded, who lies where."""

from .areas import Area, Areas, Kind, Origin

__all__ = ["Area", "Areas", "Kind", "Origin"]
