"""Connectors: one small module each that holds a ``CONNECTOR``, found by looking; nothing to register."""
