"""Replaying recorded measurements from tables, and making example ones."""
