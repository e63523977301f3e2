"""Measuring points: their list, one point with its history, and the small page for other sites."""
