"""Indicators: numbers that tell how the city does, computed from what it knows and kept as entities with history."""
