"""The schema's numbered steps, as package data."""
