"""Workers: processes that do what would keep an event loop from its other callers, within limits."""
