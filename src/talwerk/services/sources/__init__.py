"""Sources: polls what connectors declare, and knows how each source is."""
