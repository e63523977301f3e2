"""The twin: serves the wire format of every source over real HTTP, from a simulated city day and from recordings."""
