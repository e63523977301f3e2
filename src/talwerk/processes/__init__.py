"""The processes of a running city: the engine that alone writes, and those that serve."""
