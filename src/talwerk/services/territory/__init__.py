"""The city's parts: boroughs and quarters, generated cells until official boundaries are loaded, who lies where."""

from .areas import FOLDER, Area, Areas, Kind, Origin

__all__ = ["FOLDER", "Area", "Areas", "Kind", "Origin"]
