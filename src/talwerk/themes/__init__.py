"""The nine themes: one folder each with a ``theme.toml``, found by looking; and the four Zielbilder that they serve."""
